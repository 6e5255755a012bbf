# SPDX-License-Identifier: Apache-2.0
"""From the locations of a request to the regions they select."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable, Iterable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field

from oaktreemodel.common import v1 as common

from oaktree.clouds import Cloud, Region
from oaktree.failures import SAME_CALL, Code, Failure, all_unreachable, unreachable
from oaktree.shapes import Kind

Key = tuple[str, str, str]

# How many seconds the call that is being answered has left; None without a deadline.
REMAINING: ContextVar[float | None] = ContextVar("REMAINING", default=None)


def key(location: common.Location) -> Key:
    """What places are ordered by, and told apart."""
    return location.cloud, location.region, location.project.id


@dataclass(frozen=True)
class Owner:
    """Whose objects are meant."""

    type: str
    # The field of the objects that has its id.
    path: str
    # How the request names it; where it does not, the id that is meant.
    name: str
    id: str


@dataclass
class Selection:
    """The regions that were selected, and who could not even say which it has."""

    # The zones that are meant of each region; none means all of it.
    zones: dict[Key, frozenset[str]] = field(default_factory=dict)
    regions: list[Region] = field(default_factory=list)
    unreachable: list[common.LocationError] = field(default_factory=list)
    owner: Owner | None = None

    def zones_of(self, region: Region) -> frozenset[str]:
        return self.zones.get(key(region.location), frozenset())


def unknown(what: str, known: Iterable[str], location: common.Location) -> Failure:
    names = ", ".join(sorted(known)) or "none"
    return Failure(
        Code.INVALID_ARGUMENT,
        "UNKNOWN_LOCATION",
        f"there is no {what}; known are: {names}",
        location=location,
    )


def matches_project(wanted: common.Project, own: common.Project) -> bool:
    if wanted.id:
        return wanted.id == own.id
    pairs = (
        (wanted.name, own.name),
        (wanted.domain_id, own.domain_id),
        (wanted.domain_name, own.domain_name),
    )
    return all(not want or want == have for want, have in pairs)


class Places:
    """All that this oaktree reaches."""

    def __init__(self, clouds: Iterable[Cloud], patience: float = 30.0) -> None:
        self.clouds = {cloud.name: cloud for cloud in sorted(clouds, key=lambda each: each.name)}
        # How long that is without a deadline.
        self.usual_patience = patience

    @property
    def patience(self) -> float:
        """How long a cloud may take to answer before it counts as unreachable, in seconds.

        With a deadline it is a little less than what is left: the answers of the others have to
        arrive in time.
        """
        remaining = REMAINING.get()
        usual = self.usual_patience
        return usual if remaining is None else min(usual, remaining * 0.8)

    async def select(
        self, locations: Sequence[common.Location], kind: Kind | None = None
    ) -> Selection:
        """The regions that fit any of the locations; all regions where there is none.

        kind: what they are to be asked for; what a cloud has as a whole, one of its regions is.
        """

        def identity(region: Region) -> Hashable:
            return region.identity if kind is None else region.identity_of(kind)

        chosen: dict[Key, Region] = {}
        zones: dict[Key, set[str]] = {}
        selection = Selection()
        for location in locations or [common.Location()]:
            for region in await self._matching(location, selection):
                place = key(region.location)
                # The same place under another name is asked once.
                place = next(
                    (at for at, each in chosen.items() if identity(each) == identity(region)), place
                )
                known = chosen.setdefault(place, region) is not region
                if location.zone and (not known or zones.get(place)):
                    zones.setdefault(place, set()).add(location.zone)
                elif not location.zone:
                    zones[place] = set()
        selection.regions = [chosen[place] for place in sorted(chosen)]
        selection.zones = {place: frozenset(names) for place, names in zones.items()}
        return selection

    async def _matching(self, location: common.Location, selection: Selection) -> list[Region]:
        if location.cloud and location.cloud not in self.clouds:
            raise unknown(f"cloud '{location.cloud}'", self.clouds, location)
        asked = [self.clouds[location.cloud]] if location.cloud else list(self.clouds.values())
        answers = await asyncio.gather(*(self._regions(each) for each in asked))
        known: list[Region] = []
        for answer in answers:
            if isinstance(answer, common.LocationError):
                if answer not in selection.unreachable:
                    selection.unreachable.append(answer)
            else:
                known.extend(answer)
        found = known
        if location.region:
            found = [each for each in found if each.location.region == location.region]
            if not found and not selection.unreachable:
                names = {each.location.region for each in known}
                raise unknown(f"region '{location.region}'", names, location)
        if location.HasField("project"):
            own = [each.location.project for each in found]
            found = [
                each for each in found if matches_project(location.project, each.location.project)
            ]
            if not found and not selection.unreachable:
                wanted = location.project.id or location.project.name
                raise unknown(f"project '{wanted}' here", {each.name for each in own}, location)
        if location.zone:
            zones = {zone for each in found for zone in each.zones}
            found = [each for each in found if location.zone in each.zones]
            if not found and not selection.unreachable:
                raise unknown(f"zone '{location.zone}'", zones, location)
        return found

    async def _regions(self, cloud: Cloud) -> Sequence[Region] | common.LocationError:
        try:
            async with asyncio.timeout(self.patience):
                return await cloud.regions()
        except Failure as failure:
            return unreachable(common.Location(cloud=cloud.name), failure)
        except TimeoutError:
            return unreachable(common.Location(cloud=cloud.name), too_slow(self.patience))

    async def one(self, location: common.Location, kind: Kind | None = None) -> Region:
        """The one region that can be meant."""
        selection = await self.select([location], kind)
        if selection.unreachable:
            raise all_unreachable(selection.unreachable)
        if len(selection.regions) != 1:
            names = [" ".join(filter(None, key(each.location)[:2])) for each in selection.regions]
            raise Failure(
                Code.INVALID_ARGUMENT,
                "LOCATION_AMBIGUOUS",
                f"location: {len(names)} places could be meant ({', '.join(names[:5])}): "
                "name the cloud and the region",
                location=location,
            )
        return selection.regions[0]


def too_slow(seconds: float) -> Failure:
    return Failure(
        Code.UNAVAILABLE,
        "LOCATION_UNREACHABLE",
        f"it did not answer within {seconds:g} s",
        retry=SAME_CALL,
    )
