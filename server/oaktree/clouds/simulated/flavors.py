# SPDX-License-Identifier: Apache-2.0
"""What is particular to simulated flavors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from google.protobuf.message import Message
from oaktreemodel.compute import v1 as compute

from oaktree.clouds import Outcome
from oaktree.clouds.simulated.core import Core
from oaktree.failures import Code, Failure
from oaktree.shapes import Kind, reference


class Flavors(Core):
    """The methods of FlavorService that are not like all others."""

    async def page(
        self, kind: Kind, *, parent: Message | None = None, **others: Any
    ) -> Sequence[Message]:
        if kind is compute.FlavorAccess:
            self.check_private(parent)
        return await super().page(kind, parent=parent, **others)

    async def get(
        self, kind: Kind, id_: str, *, parent: Message | None = None, **others: Any
    ) -> Message | None:
        if kind is compute.FlavorAccess:
            self.check_private(parent)
        return await super().get(kind, id_, parent=parent, **others)

    async def create_flavor(self, request: compute.CreateFlavorRequest, target: None) -> Outcome:
        for each in self.store.table(compute.Flavor):
            if each.name == request.name:
                raise self.already(each)
        new = self.make(compute.Flavor, request)
        new.is_public = request.is_public if request.HasField("is_public") else True
        new.rxtx_factor = request.rxtx_factor if request.HasField("rxtx_factor") else 1.0
        new.is_disabled = False
        return Outcome(self.born(new))

    async def set_flavor_extra_specs(
        self, request: compute.SetFlavorExtraSpecsRequest, target: compute.Flavor
    ) -> Outcome:
        return Outcome(
            self.changed(target, lambda each: each.extra_specs.update(request.extra_specs))
        )

    async def remove_flavor_extra_specs(
        self,
        request: compute.RemoveFlavorExtraSpecsRequest,
        target: compute.Flavor,
    ) -> Outcome:
        def change(flavor: compute.Flavor) -> None:
            for name in request.keys:
                flavor.extra_specs.pop(name, None)

        return Outcome(self.changed(target, change))

    async def add_flavor_access(
        self, request: compute.AddFlavorAccessRequest, target: compute.Flavor
    ) -> Outcome:
        self.check_private(target)
        access = compute.FlavorAccess(
            location=self.location,
            id=f"{target.id}/{request.project}",
            flavor_id=target.id,
            project_id=request.project,
        )
        self.store.table(compute.FlavorAccess).put(access)
        return Outcome(access)

    def check_private(self, flavor: Any) -> None:
        if flavor.is_public:
            raise Failure(
                Code.FAILED_PRECONDITION,
                "FLAVOR_IS_PUBLIC",
                f"the flavor '{flavor.name}' is public: everybody may use it",
                resource=reference(flavor),
            )
