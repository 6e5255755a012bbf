# SPDX-License-Identifier: Apache-2.0
"""Regions, zones and services side by side: what follows from what each service tells."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from google.protobuf.message import Message
from oaktreemodel.cloud import v1 as cloud
from oaktreemodel.common import v1 as common
from oaktreemodel.identity import v1 as identity

from oaktree.api.places import Places, Selection
from oaktree.api.reading import everything
from oaktree.clouds import Region, View
from oaktree.failures import Failure
from oaktree.shapes import Kind, kinds

KINDS: tuple[Kind, ...] = (cloud.CloudRegion, cloud.CloudZone, cloud.CatalogService)
# The services that have zones, and what they call them.
ZONES = {
    "compute": "availability_zone",
    "network": "network_availability_zone",
    "block-storage": "volume_availability_zone",
    "load-balancer": "load_balancer_availability_zone",
}


class Catalogue(View):
    """What a region is, and what its services say of it."""

    def __init__(self, region: Region, configured: bool) -> None:
        super().__init__(region, "catalogue", self._all)
        self._configured = configured

    async def _all(self, kind: Kind, parent: Message | None) -> Sequence[Any]:
        if kind is cloud.CloudRegion:
            return [await self._region_itself()]
        if kind is cloud.CloudZone:
            return await zones(self._region)
        return await everything(self._region, kind)

    async def named(
        self,
        kind: Kind,
        name: str,
        *,
        parent: Message | None = None,
        fields: frozenset[str] | None = None,
    ) -> Sequence[Message]:
        found = await self._all(kind, parent)
        if kind is cloud.CatalogService:
            typed = [each for each in found if name in {each.type, each.catalog_type}]
            if typed:
                return typed
        return [each for each in found if each.name == name]

    async def _region_itself(self) -> cloud.CloudRegion:
        place = self.location
        told = cloud.CloudRegion(
            location=place,
            id=f"{place.cloud}/{place.region}",
            name=place.region,
            configured=self._configured,
        )
        known: Any = await self._region.get(identity.Region, place.region)
        if known is not None:
            told.description, told.parent_region = known.description, known.parent_region_id
        services = await everything(self._region, cloud.CatalogService)
        told.service_types.extend(sorted({e.type for e in services if not e.is_disabled}))
        return told


async def zones(region: Region) -> list[cloud.CloudZone]:
    """The zones of all services of a region."""
    found = []
    for service_type, type_ in ZONES.items():
        try:
            own = await everything(region, kinds()[type_])
        except Failure as failure:
            if failure.reason != "NOT_SUPPORTED_BY_CLOUD":
                raise
            continue
        for each in own:
            has = each.DESCRIPTOR.fields_by_name
            zone = cloud.CloudZone(
                location=common.Location(
                    cloud=region.location.cloud, region=region.location.region, zone=each.name
                ),
                name=each.name,
                service_type=service_type,
                resource_type=each.resource_type if "resource_type" in has else "",
            )
            zone.id = f"{service_type}/{zone.resource_type}/{zone.name}"
            field = "available" if "available" in has else "is_enabled"
            if each.HasField(field):
                zone.available = getattr(each, field)
            found.append(zone)
    return found


async def describe(region: Region, known: cloud.Capabilities) -> None:
    """Fills in which services and zones there are."""
    for each in await everything(region, cloud.CatalogService):
        if each.is_disabled:
            continue
        told = known.services.add(type=each.type, name=each.name)
        public = cloud.CATALOG_INTERFACE_PUBLIC
        told.endpoint = next((e.url for e in each.endpoints if e.interface_type == public), "")
        for version in each.versions[:1]:
            told.current_version = version.version
            told.lowest_microversion = version.lowest_microversion
            told.highest_microversion = version.highest_microversion
        if each.type == "network":
            extensions = await everything(region, kinds()["network_extension"])
            told.extensions.extend(extension.id for extension in extensions)
    seen = set()
    for zone in await zones(region):
        own = zone.service_type, zone.name
        if own not in seen:
            seen.add(own)
            told_zone = known.zones.add(service_type=zone.service_type, name=zone.name)
            if zone.HasField("available"):
                told_zone.available = zone.available


class CataloguePlaces(Places):
    """The same places, where regions, zones and services are asked for."""

    def __init__(self, places: Places) -> None:
        super().__init__(places.clouds.values(), places.patience)
        self._places = places

    async def select(
        self, locations: Sequence[common.Location], kind: Kind | None = None
    ) -> Selection:
        selection = await self._places.select(locations, kind)
        selection.regions = [
            Catalogue(each, self._is_configured(each.location)) for each in selection.regions
        ]
        return selection

    def _is_configured(self, location: common.Location) -> bool:
        return location.region in self.clouds[location.cloud].describe().regions
