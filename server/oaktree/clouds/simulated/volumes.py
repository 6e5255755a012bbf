# SPDX-License-Identifier: Apache-2.0
"""What is particular to simulated volumes, which hold nothing."""

from __future__ import annotations

from typing import Any

from oaktreemodel.block_storage import v1 as block_storage
from oaktreemodel.common import v1 as common
from oaktreemodel.compute import v1 as compute

from oaktree.clouds import Outcome
from oaktree.clouds.simulated.areas.block_storage import ACTIONS
from oaktree.clouds.simulated.core import Core
from oaktree.clouds.simulated.lifecycle import Step
from oaktree.failures import Code, Failure, not_found
from oaktree.shapes import reference

TYPES = ("fast", "standard")


class Volumes(Core):
    """The methods of VolumeService that are not like all others, and attaching to servers."""

    async def create_volume(
        self, request: block_storage.CreateVolumeRequest, target: None
    ) -> Outcome:
        new = self.make(block_storage.Volume, request)
        new.volume_type = request.volume_type or TYPES[-1]
        new.is_bootable = bool(request.is_bootable or request.image)
        new.is_encrypted = new.is_multiattach = False
        new.location.zone = request.location.zone or self.zones[0]
        return Outcome(self.born(new), pending=True)

    async def delete_volume(
        self, request: block_storage.DeleteVolumeRequest, target: Any
    ) -> Outcome:
        if target.attachments:
            raise self.in_use(target, f"the server '{target.attachments[0].server_id}'")
        return self.delete(block_storage.Volume, target)

    async def extend_volume(
        self, request: block_storage.ExtendVolumeRequest, target: Any
    ) -> Outcome:
        if request.size_gib <= target.size_gib:
            raise Failure(
                Code.INVALID_ARGUMENT,
                "INVALID_REQUEST",
                f"size_gib: the volume has {target.size_gib} GiB and can only grow",
                resource=reference(target),
            )
        outcome = self.act(target, ACTIONS["ExtendVolume"])

        def change(each: Any) -> None:
            each.size_gib = request.size_gib

        return Outcome(self.changed(outcome.resource, change), pending=True)

    async def retype_volume(
        self, request: block_storage.RetypeVolumeRequest, target: Any
    ) -> Outcome:
        outcome = self.act(target, ACTIONS["RetypeVolume"])

        def change(each: Any) -> None:
            each.volume_type = request.volume_type

        return Outcome(self.changed(outcome.resource, change), pending=True)

    async def set_volume_bootable(
        self, request: block_storage.SetVolumeBootableRequest, target: Any
    ) -> Outcome:
        def change(each: Any) -> None:
            each.is_bootable = request.is_bootable

        return Outcome(self.changed(target, change))

    async def set_volume_readonly(
        self, request: block_storage.SetVolumeReadonlyRequest, target: Any
    ) -> Outcome:
        def change(each: Any) -> None:
            each.is_readonly = request.is_readonly

        return Outcome(self.changed(target, change))

    async def set_volume_metadata(
        self, request: block_storage.SetVolumeMetadataRequest, target: Any
    ) -> Outcome:
        return Outcome(self.changed(target, lambda each: each.metadata.update(request.metadata)))

    async def remove_volume_metadata(
        self, request: block_storage.RemoveVolumeMetadataRequest, target: Any
    ) -> Outcome:
        def change(each: Any) -> None:
            for name in list(each.metadata) if request.all_keys else request.keys:
                each.metadata.pop(name, None)

        return Outcome(self.changed(target, change))

    async def get_volume_limits(
        self, request: block_storage.GetVolumeLimitsRequest, target: None
    ) -> Outcome:
        volumes = list(self.store.table(block_storage.Volume))
        size = sum(each.size_gib for each in volumes)
        limits = block_storage.VolumeLimits(
            location=self.location,
            id=self.location.project.id,
            volumes=common.QuotaLimit(unlimited=True, used=len(volumes)),
            volume_size_gib=common.QuotaLimit(unlimited=True, used=size),
        )
        return Outcome(limits)

    # -- servers ----------------------------------------------------------------------------------

    async def attach_server_volume(
        self, request: compute.AttachServerVolumeRequest, target: Any
    ) -> Outcome:
        volume = self.mean(block_storage.Volume, request.volume, "volume")
        for each in target.volumes:
            if each.volume_id == volume.id:
                return Outcome(each, awaited=target)
        if volume.attachments:
            raise self.in_use(volume, f"the server '{volume.attachments[0].server_id}'")
        device = request.device or f"/dev/vd{chr(ord('b') + len(target.volumes))}"
        attached = compute.ServerVolume(
            location=target.location,
            id=volume.id,
            server_id=target.id,
            volume_id=volume.id,
            device=device,
            delete_on_termination=request.delete_on_termination,
            tag=request.tag,
        )
        server = self.changed(target, lambda each: each.volumes.append(attached))

        def change(each: Any) -> None:
            each.attachments.add(id=volume.id, server_id=target.id, device=device)
            self.say(each, Step(0, {"status": "IN_USE"}))

        self.changed(volume, change)
        return Outcome(attached, awaited=server)

    async def detach_server_volume(
        self, request: compute.DetachServerVolumeRequest, target: Any
    ) -> Outcome:
        volume = self.mean(block_storage.Volume, request.volume, "volume")
        own = [each for each in target.volumes if each.volume_id == volume.id]
        if not own:
            raise not_found(f"volume '{volume.id}' of the server '{target.name}'", self.location)
        server = self.changed(target, lambda each: each.volumes.remove(own[0]))
        self.released(volume)
        return Outcome(own[0], awaited=server)

    def released(self, volume: Any) -> None:
        """The volume is attached to no server any more."""

        def change(each: Any) -> None:
            del each.attachments[:]
            self.say(each, Step(0, {"status": "AVAILABLE"}))

        self.changed(volume, change)

    def release_volumes(self, server: Any) -> None:
        """What becomes of a server's volumes when it is deleted."""
        for each in server.volumes:
            volume = self.store.table(block_storage.Volume).get(each.volume_id)
            if volume is not None:
                self.released(volume)
                if each.delete_on_termination:
                    self.gone(volume)
