# SPDX-License-Identifier: Apache-2.0
"""Clouds in memory: the embedded default, and what tests and tours run on.

They take time, give addresses by their kind, run out of quota and fail, as real ones do. What a
kind of object goes through is declared in areas/.
"""

from __future__ import annotations

from collections.abc import Sequence

from oaktreemodel.cloud import v1 as cloud
from oaktreemodel.common import v1 as common

from oaktree.clouds import Cloud, Region
from oaktree.clouds.simulated.core import key_of
from oaktree.clouds.simulated.quirks import FLOATING, PROVIDER, Quirks
from oaktree.clouds.simulated.region import SimulatedRegion
from oaktree.clouds.simulated.store import Store

__all__ = ["FLOATING", "PROVIDER", "Quirks", "SimulatedCloud"]


class SimulatedCloud(Cloud):
    """A cloud in memory, with regions that are alike."""

    def __init__(self, name: str, quirks: Quirks, regions: Sequence[str] = ("RegionOne",)) -> None:
        self.name = name
        self.quirks = quirks
        shared = Store(key=key_of)
        self._regions = [SimulatedRegion(name, region, quirks, shared=shared) for region in regions]

    def describe(self) -> cloud.Cloud:
        project = self._regions[0].location.project
        return cloud.Cloud(
            location=common.Location(cloud=self.name, project=project),
            id=self.name,
            name=self.name,
            identity_endpoint=f"simulated://{self.name}",
            regions=[region.location.region for region in self._regions],
            reach=cloud.CLOUD_REACH_SIMULATED,
        )

    async def regions(self) -> Sequence[Region]:
        return self._regions
