# SPDX-License-Identifier: Apache-2.0
"""The service catalogue of a simulated region, which administrators change by its endpoints."""

from __future__ import annotations

from typing import Any

from oaktreemodel.cloud import v1 as cloud
from oaktreemodel.identity import v1 as identity

from oaktree.clouds.simulated import seed
from oaktree.clouds.simulated.areas.cloud import SERVICES, Service
from oaktree.clouds.simulated.generic import Generic
from oaktree.clouds.simulated.words import say
from oaktree.shapes import Kind, area_of, kinds, word_of

KNOWN = {each.catalog_type: each for each in SERVICES.values()}
INTERFACES = ("PUBLIC", "INTERNAL", "ADMIN")


class Catalogue(Generic):
    """Which services a region has, and where they are."""

    def seed(self) -> None:
        super().seed()
        there = self.make(identity.Region, id=self.location.region, name=self.location.region)
        self.store.table(identity.Region).put(there)
        for area, service in SERVICES.items():
            if not self.lacks_all(area):
                self.add_service(service)

    def lacks_all(self, area: str) -> bool:
        """Whether the region has no kind of object of an area."""
        own = {type_ for type_, kind in kinds().items() if area_of(kind) == area}
        return own <= self.lacks

    def add_service(self, service: Service) -> None:
        place = self.location
        id_ = seed.uid(place.cloud, "service", service.type)
        if self.store.table(identity.Service).get(id_) is None:
            new = self.new(identity.Service, None, id=id_, name=service.name)
            new.type = service.catalog_type
            self.store.table(identity.Service).put(new)
        for interface in INTERFACES:
            endpoint = self.new(
                identity.Endpoint,
                None,
                id=seed.uid(place.cloud, place.region, "endpoint", service.type, interface),
                service_id=id_,
                region_id=place.region,
                url=f"simulated://{place.cloud}/{place.region}/{service.type}",
            )
            say(endpoint, "interface_type", interface)
            self.store.table(identity.Endpoint).put(endpoint)

    async def answer(self, kind: Kind | None = None) -> None:
        await super().answer(kind)
        if kind is cloud.CatalogService:
            self.look_up()

    def look_up(self) -> None:
        """Brings what is told of the services up to date with their endpoints."""
        table = self.store.table(cloud.CatalogService)
        found = {each.id: each for each in map(self.as_told, self.store.table(identity.Service))}
        now = {id_: each for id_, each in found.items() if each.endpoints}
        for each in table:
            if each.id not in now:
                table.remove(each.id)
        for id_, each in now.items():
            if table.get(id_) != each:
                table.put(each)

    def as_told(self, service: Any) -> cloud.CatalogService:
        """What the catalogue says of a service, with its endpoints in this region."""
        known = KNOWN.get(service.type)
        told = cloud.CatalogService(
            location=self.location,
            id=service.id,
            name=service.name,
            type=known.type if known else service.type,
            catalog_type=service.type,
            is_disabled=False,
        )
        if not service.is_enabled:
            return told
        for each in self.store.table(identity.Endpoint):
            here = each.region_id in {"", self.location.region}
            if each.service_id == service.id and here and each.is_enabled:
                own = told.endpoints.add(id=each.id, url=each.url)
                say(own, "interface_type", word_of(each, "interface_type"))
                own.interface_type_raw = each.interface_type_raw
                own.in_use = own.interface_type == cloud.CATALOG_INTERFACE_PUBLIC
        if known and told.endpoints:
            low, high = known.microversions
            version = told.versions.add(
                version=known.version,
                url=told.endpoints[0].url,
                lowest_microversion=low,
                highest_microversion=high,
            )
            say(version, "status", "CURRENT")
        return told
