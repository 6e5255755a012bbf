# SPDX-License-Identifier: Apache-2.0
"""A simulated region, put together."""

from __future__ import annotations

import time
from collections.abc import Hashable

from oaktreemodel.cloud import v1 as cloud
from oaktreemodel.common import v1 as common

from oaktree.clouds.simulated import seed
from oaktree.clouds.simulated.catalogue import Catalogue
from oaktree.clouds.simulated.flavors import Flavors
from oaktree.clouds.simulated.generic import Generic
from oaktree.clouds.simulated.identity import Identity
from oaktree.clouds.simulated.keypairs import Keypairs
from oaktree.clouds.simulated.objects import Objects
from oaktree.clouds.simulated.quirks import Quirks
from oaktree.clouds.simulated.servers import Servers
from oaktree.clouds.simulated.store import Clock, Store
from oaktree.shapes import area_of, kinds


class SimulatedRegion(Servers, Flavors, Keypairs, Objects, Identity, Catalogue, Generic):
    """One region of a cloud in memory."""

    def __init__(
        self,
        cloud_name: str,
        region: str,
        quirks: Quirks,
        clock: Clock = time.monotonic,
        shared: Store | None = None,
    ) -> None:
        project = common.Project(
            id=seed.uid(cloud_name, "project"),
            name="demo",
            domain_id="default",
            domain_name="Default",
        )
        super().__init__(
            common.Location(cloud=cloud_name, region=region, project=project),
            quirks,
            clock,
            shared,
        )
        self.lacks = frozenset(
            type_ for type_, kind in kinds().items() if area_of(kind) in quirks.without
        )
        if not quirks.floating_ips:
            self.lacks |= {"floating_ip", "floating_ip_pool"}
        if len(quirks.image_stores) == 1:
            self.lacks |= {"image_store"}
        self.identity: Hashable = ("simulated", cloud_name, region)
        self.zones = (f"{region.lower()}-a", f"{region.lower()}-b")
        seed.fill(self)
        self.seed()

    async def capabilities(self) -> cloud.Capabilities:
        await self.answer()
        return seed.capabilities(self)
