# SPDX-License-Identifier: Apache-2.0
"""Get and List over several clouds at once."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar

from google.protobuf.message import Message
from oaktreemodel.common import v1 as common

from oaktree.api import areas, filters, tokens
from oaktree.api.masks import ReadMask
from oaktree.api.places import Key, Owner, Places, Selection, key, too_slow
from oaktree.api.rules import Predicate
from oaktree.clouds import Region
from oaktree.failures import (
    Code,
    Failure,
    all_unreachable,
    multiple_matches,
    not_found,
    unreachable,
)
from oaktree.shapes import (
    Kind,
    Method,
    area_of,
    kind_meant,
    kinds,
    method_of,
    reference,
    spoken_name,
    type_name,
)

DEFAULT_PAGE = 500
LARGEST_PAGE = 1000
# What the objects of one answer may add up to, which a client takes 4 MiB of without being told to;
# the envelope and the token come on top.
BATCH_BYTES = 1_000_000
# Failures that are the caller's, not the place's: they end the whole call.
CALLERS = {Code.INVALID_ARGUMENT, Code.FAILED_PRECONDITION, Code.UNAUTHENTICATED}

UUID = re.compile(r"[0-9a-f]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12}", re.IGNORECASE)

UNOWNED: Mapping[str, str] = areas.gathered("UNOWNED")

T = TypeVar("T")


class Page:
    """The items of one page: as many as were asked for, or as fit into an answer."""

    def __init__(self, mask: ReadMask, size: int) -> None:
        self.items: list[Any] = []
        self._mask = mask
        self._size = size
        self._bytes = 0

    @property
    def is_full(self) -> bool:
        return len(self.items) == self._size

    def take(self, found: Sequence[Message]) -> int:
        """Takes of these what there is room for, and says how many that was."""
        for taken, each in enumerate(found):
            masked = self._mask.apply(each)
            length = masked.ByteSize()
            if self.is_full or (self.items and self._bytes + length > BATCH_BYTES):
                return taken
            self.items.append(masked)
            self._bytes += length
        return len(found)


class Reader:
    """Finds and lists objects, wherever they are."""

    def __init__(self, places: Places) -> None:
        self._places = places

    async def ask(
        self, regions: Sequence[Region], question: Callable[[Region], Awaitable[T]]
    ) -> tuple[list[tuple[Region, T]], list[common.LocationError]]:
        """Asks all regions at once, and says who answered what and who did not answer."""
        tasks = [asyncio.ensure_future(self.ask_one(each, question)) for each in regions]
        try:
            answers = await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
        good = [
            (region, answer)
            for region, answer in zip(regions, answers, strict=True)
            if not isinstance(answer, common.LocationError)
        ]
        return good, [each for each in answers if isinstance(each, common.LocationError)]

    async def ask_one(
        self, region: Region, question: Callable[[Region], Awaitable[T]]
    ) -> T | common.LocationError:
        """The region's answer, or that it had none."""
        try:
            async with asyncio.timeout(self._places.patience):
                return await question(region)
        except Failure as failure:
            if failure.code in CALLERS:
                raise failure.at(region.location) from None
            return unreachable(region.location, failure)
        except TimeoutError:
            return unreachable(region.location, too_slow(self._places.patience))

    async def find(
        self, kind: Kind, location: common.Location, name_or_id: str, mask: ReadMask | None = None
    ) -> tuple[Region, Message]:
        """The one object that is meant: by its id, or else by its name."""
        selection = await self._places.select([location], kind)
        return await self._find(kind, location, name_or_id, selection, mask)

    async def find_parent(self, method: Method, request: Any) -> tuple[Region, Message] | None:
        """The object that what the request is about lives in; None where it names none."""
        name = getattr(request, method.parent_field) if method.parent is not None else ""
        if method.parent is None or not name:
            return None
        several = method.request_has("locations")
        locations = list(request.locations) if several else [request.location]
        selection = await self._places.select(locations, method.parent)
        location = locations[0] if len(locations) == 1 else common.Location()
        return await self._find(method.parent, location, name, selection, None)

    async def find_target(
        self, method: Method, request: Any, mask: ReadMask | None = None
    ) -> tuple[Region, Message]:
        """The one object that a request names, in the one it lives in where it names that."""
        kind, name_or_id = method.named, request.name_or_id
        within = await self.find_parent(method, request)
        if within is None:
            selection = await self._places.select([request.location], kind)
            selection.owner = owner_of(method, request)
            return await self._find(kind, request.location, name_or_id, selection, mask)
        region, parent = within
        selection = Selection(regions=[region.as_asked(request)])
        _, found = await self._find(kind, request.location, name_or_id, selection, mask, parent)
        return region, found

    async def _find(
        self,
        kind: Kind,
        location: common.Location,
        name_or_id: str,
        selection: Selection,
        mask: ReadMask | None,
        parent: Message | None = None,
    ) -> tuple[Region, Message]:
        fields = mask.fields if mask else None

        async def look(region: Region) -> tuple[Message | None, Sequence[Message]]:
            found = await region.get(kind, name_or_id, parent=parent, fields=fields)
            if found is not None:
                return found, ()
            named = await region.named(kind, name_or_id, parent=parent, fields=fields)
            if named and selection.owner is not None:
                belongs = await self.belongs(region, selection.owner)
                named = [each for each in named if belongs(each)]
            return None, named

        answers, silent = await self.ask(selection.regions, look)
        silent = [*selection.unreachable, *silent]
        if silent and not answers and all(lacks(each) for each in silent):
            raise Failure.of(silent[0].error)
        silent = [each for each in silent if not lacks(each)]

        def in_zone(region: Region, found: Any) -> bool:
            zones = selection.zones_of(region)
            return not zones or in_zones(found, zones)

        by_id = [
            (region, found) for region, (found, _) in answers if found and in_zone(region, found)
        ]
        by_name = [
            (region, each)
            for region, (_, found) in answers
            for each in found
            if in_zone(region, each)
        ]
        matches = by_id or by_name
        what = f"{spoken_name(kind)} '{name_or_id}'"
        if len(matches) > 1:
            raise multiple_matches(what, [reference(each) for _, each in matches])
        if silent and not (by_id and UUID.fullmatch(name_or_id)):
            # Whether there is one, or only one, is not known before all have answered: an id that
            # somebody chose may be chosen elsewhere too.
            raise worst(silent, not answers)
        if not matches:
            raise not_found(what, location)
        return matches[0]

    async def resolve(
        self, region: Region, type_: str, name_or_id: str, through: str = ""
    ) -> frozenset[str]:
        """The ids that a name can mean in a region; an id that nobody has stands for itself.

        through: the field of what is named that has the ids, where they are not its own.
        """
        kind = kinds().get(type_)
        if kind is not None and through:
            found = await region.get(kind, name_or_id)
            meant = [found] if found else await region.named(kind, name_or_id)
            return frozenset(getattr(each, through) for each in meant)
        if kind is None or await region.get(kind, name_or_id, fields=frozenset({"id"})):
            return frozenset({name_or_id})
        named = await region.named(kind, name_or_id, fields=frozenset({"id"}))
        return frozenset(each.id for each in named) or frozenset({name_or_id})  # type: ignore[attr-defined]

    async def get(self, method: Method, request: Any) -> Message:
        mask = ReadMask.of(method.resource, request)
        _, found = await self.find_target(method, request, mask)
        return answer(method.response, mask.apply(found))

    async def page(self, method: Method, request: Any) -> Message:
        """One page, in the order of locations and ids."""
        kind = method.resource
        mask = ReadMask.of(kind, request)
        size = min(request.page_size or DEFAULT_PAGE, LARGEST_PAGE)
        begin: Key = ("", "", "")
        after = ""
        if said := tokens.opened(request, "page_token"):
            *place, after = said
            begin = tuple(place)
        within = await self.find_parent(method, request)
        parent = within[1] if within else None
        selection = await self.selected(method, request, within)
        wanted = filter_of(request)
        regions = [each for each in selection.regions if key(each.location) >= begin]

        async def collect(region: Region) -> tuple[list[Message], bool]:
            start = after if key(region.location) == begin else ""
            return await self._collect(region, kind, wanted, mask, start, size, parent, selection)

        silent = list(selection.unreachable) if not request.page_token else []
        tasks = [asyncio.ensure_future(self.ask_one(each, collect)) for each in regions]
        filled = Page(mask, size)
        answered, next_token = False, ""
        last: tuple[str, ...] = ()
        lacking: list[common.LocationError] = []
        try:
            for region, task in zip(regions, tasks, strict=True):
                got = await task
                if isinstance(got, common.LocationError):
                    (lacking if lacks(got) else silent).append(got)
                    continue
                answered = True
                found, is_all = got
                taken = filled.take(found)
                if taken:
                    last = *key(region.location), filled.items[-1].id
                more = not is_all or region != regions[-1]
                if taken < len(found) or (filled.is_full and more):
                    # Where to go on is said by the region that was asked: an object may have
                    # another location, that of its owner or its zone.
                    next_token = tokens.encode([tokens.bound(request, "page_token"), *last])
                    break
        finally:
            for task in tasks:
                task.cancel()
        if lacking and not answered and not silent:
            raise Failure.of(lacking[0].error)
        if silent and (not answered or getattr(request, "require_all_locations", False)):
            raise worst(silent, not answered)
        page = method.response()
        getattr(page, method.response.DESCRIPTOR.fields_by_number[1].name).extend(filled.items)
        page.next_page_token = next_token  # type: ignore[attr-defined]
        page.unreachable.extend(silent)  # type: ignore[attr-defined]
        return page

    async def selected(
        self, method: Method, request: Any, within: tuple[Region, Message] | None
    ) -> Selection:
        """The places that a List or a Watch asks: that of the parent, where there is one."""
        if within is not None:
            return Selection(regions=[within[0].as_asked(request)])
        several = method.request_has("locations")
        locations = request.locations if several else [request.location]
        selection = await self._places.select(locations, method.resource)
        selection.regions = [each.as_asked(request) for each in selection.regions]
        selection.owner = owner_of(method, request)
        return selection

    async def _collect(
        self,
        region: Region,
        kind: Kind,
        wanted: Any,
        mask: ReadMask,
        after: str,
        size: int,
        parent: Message | None,
        selection: Selection,
    ) -> tuple[list[Message], bool]:
        """What fits, up to one more than size, and whether that is all there is."""
        fits = await self.predicate(region, kind, wanted, selection)
        fields = mask.fields | filter_fields(kind, wanted) if mask.fields is not None else None
        found: list[Message] = []
        while len(found) <= size:
            page = await region.page(
                kind, after=after, limit=LARGEST_PAGE, parent=parent, wanted=wanted, fields=fields
            )
            found += [each for each in page if fits(each)]
            if len(page) < LARGEST_PAGE:
                return found, True
            after = page[-1].id  # type: ignore[attr-defined]
        return found, False

    async def predicate(
        self, region: Region, kind: Kind, wanted: Any, selection: Selection
    ) -> Predicate:
        """Whether an object of a region fits the filter and the zones that were selected."""
        tests = [await filters.predicate(kind, wanted, Here(self, region))]
        zones = selection.zones_of(region)
        if zones:
            tests.append(lambda resource: in_zones(resource, zones))
        if selection.owner is not None:
            tests.append(await self.belongs(region, selection.owner))
        return lambda resource: all(test(resource) for test in tests)

    async def belongs(self, region: Region, owner: Owner) -> Predicate:
        """Whether an object of a region is of the owner that a request names."""
        ids = frozenset({owner.id})
        if owner.name:
            ids = await self.resolve(region, owner.type, owner.name)
        return lambda resource: getattr(resource, owner.path) in ids


class Here:
    """What there is in a region, for filters that ask for it."""

    def __init__(self, reader: Reader, region: Region) -> None:
        self._reader = reader
        self._region = region

    async def resolve(self, type_: str, name: str, through: str = "") -> frozenset[str]:
        return await self._reader.resolve(self._region, type_, name, through)

    async def all(self, type_: str, parent: Any = None, **asked: Any) -> list[Any]:
        kind = kinds()[type_]
        region = self._region
        listing = method_of(kind, common.VERB_LIST)
        if asked and listing is not None:
            region = region.as_asked(listing.request(**asked))
        return await everything(region, kind, parent)


async def everything(region: Region, kind: Kind, parent: Message | None = None) -> list[Any]:
    """All objects of a kind in a region, or in another object."""
    found: list[Any] = []
    after = ""
    while True:
        page = await region.page(kind, after=after, limit=LARGEST_PAGE, parent=parent)
        found += page
        if len(page) < LARGEST_PAGE:
            return found
        after = found[-1].id


def owner_of(method: Method, request: Any) -> Owner | None:
    """Whose the objects have to be, where field 3 of the request says that and no more."""
    field = method.parent_field
    path = f"{field}_id"
    has_parent = method.parent is not None or not field
    if has_parent or path not in method.resource.DESCRIPTOR.fields_by_name:
        return None
    name = getattr(request, field)
    type_ = type_name(method.resource)
    if not name and type_ not in UNOWNED:
        return None
    kind = kind_meant(field, area_of(method.resource))
    return Owner(type_name(kind) if kind else field, path, name, UNOWNED.get(type_, ""))


def filter_of(request: Any) -> Any:
    """The filter of a request; None where it gives none."""
    given = "filter" in request.DESCRIPTOR.fields_by_name and request.HasField("filter")
    return request.filter if given else None


def filter_fields(kind: Kind, wanted: Any) -> frozenset[str]:
    """The fields a filter looks at, roughly: asking for more costs little, for less is wrong."""
    if wanted is None or not wanted.ListFields():
        return frozenset()
    return frozenset(field.name for field in kind.DESCRIPTOR.fields if field.name != "extra")


def lacks(error: common.LocationError) -> bool:
    """Whether a cloud has no such objects at all: among others, it has said that it has none."""
    return error.error.reason == "NOT_SUPPORTED_BY_CLOUD"


def in_zones(resource: Any, zones: frozenset[str]) -> bool:
    """Whether an object is in one of the zones, or is of a kind that has none."""
    return not resource.location.zone or resource.location.zone in zones


def worst(silent: list[common.LocationError], nobody_answered: bool) -> Failure:
    """What to say where the answer depended on those that did not give any."""
    codes = {each.error.code for each in silent}
    if nobody_answered and len(codes) == 1 and Code.UNAVAILABLE not in codes:
        return Failure.of(silent[0].error)
    return all_unreachable(silent)


def answer(response: Kind, resource: Message | None, **others: Any) -> Message:
    """An answer with the resource in its first field, where that is what it has there."""
    message = response()
    first: Any = response.DESCRIPTOR.fields_by_number.get(1)
    holds = first is not None and not first.is_repeated and first.message_type is not None
    if resource is not None and holds and first.message_type is resource.DESCRIPTOR:
        getattr(message, first.name).CopyFrom(resource)
    for name, value in others.items():
        field = response.DESCRIPTOR.fields_by_name[name]
        if field.is_repeated:
            getattr(message, name).extend(value)
        elif field.message_type is not None:
            getattr(message, name).CopyFrom(value)
        else:
            setattr(message, name, value)
    return message
