# SPDX-License-Identifier: Apache-2.0
"""What is particular to simulated volumes, which hold nothing."""

from __future__ import annotations

import functools
import string
from collections.abc import Mapping, Sequence
from typing import Any

from google.protobuf.message import Message
from oaktreemodel.block_storage import v1 as block_storage
from oaktreemodel.compute import v1 as compute
from oaktreemodel.image import v1 as image

from oaktree.clouds import Outcome
from oaktree.clouds.simulated.areas.block_storage import (
    ACTIONS,
    check_private,
    check_room,
    check_status,
    connected,
    encryption_of,
)
from oaktree.clouds.simulated.core import Core
from oaktree.clouds.simulated.lifecycle import Step
from oaktree.clouds.simulated.pouring import stamp
from oaktree.failures import Code, Failure, invalid, violation
from oaktree.shapes import Kind, reference, word_of

# What a volume can be made of.
SOURCES: Mapping[str, Kind] = {
    "image": image.Image,
    "snapshot": block_storage.VolumeSnapshot,
    "source_volume": block_storage.Volume,
    "backup": block_storage.VolumeBackup,
}
# What the disk is called that a server boots from.
ROOT = "/dev/vda"


class Volumes(Core):
    """The methods of VolumeService that are not like all others, and attaching to servers."""

    async def page(
        self, kind: Kind, *, parent: Message | None = None, **others: Any
    ) -> Sequence[Message]:
        if kind is block_storage.VolumeTypeAccess:
            check_private(parent)
        return await super().page(kind, parent=parent, **others)

    async def get(
        self, kind: Kind, id_: str, *, fields: frozenset[str] | None = None, **others: Any
    ) -> Message | None:
        if kind is block_storage.VolumeTypeAccess:
            check_private(others["parent"])
        found = await super().get(kind, id_, fields=fields, **others)
        if kind is block_storage.VolumeAttachment and found and "connection_info" in (fields or ()):
            return connected(self, found)  # type: ignore[no-any-return]
        return found

    def new_volume(self, request: Any = None, **fields: Any) -> Any:
        """A volume that nothing is known of but this, not yet in the store."""
        new = self.make(block_storage.Volume, request, **fields)
        table = self.store.table(block_storage.VolumeType)
        type_ = next(each for each in table if each.is_default)
        if request is not None and request.volume_type:
            type_ = self.mean(block_storage.VolumeType, request.volume_type, "volume_type")
        new.volume_type_name, new.volume_type_id = type_.name, type_.id
        new.is_multiattach = type_.is_multiattach
        new.is_encrypted = bool(self.children(block_storage.VolumeTypeEncryption, type_))
        new.is_bootable = bool(request is not None and (request.is_bootable or request.image))
        new.consumes_quota = True
        new.location.zone = self.zones[0]
        return new

    async def create_volume(
        self, request: block_storage.CreateVolumeRequest, target: None
    ) -> Outcome:
        new = self.volume_asked(request)
        check_room(self, volumes=1, volume_size_gib=new.size_gib)
        return Outcome(self.born(new), pending=True)

    def volume_asked(self, request: block_storage.CreateVolumeRequest) -> Any:
        """The volume that a request describes, not yet in the store."""
        new = self.new_volume(request)
        new.location.zone = request.location.zone or self.zones[0]
        for name, kind in SOURCES.items():
            if not getattr(request, name):
                continue
            source = self.mean(kind, getattr(request, name), name)
            setattr(new, f"{name}_id", source.id)
            least = getattr(source, "size_gib", 0) or getattr(source, "min_disk_gib", 0) or 1
            if request.size_gib and request.size_gib < least:
                text = f"is less than the {least} GiB of what it is made of"
                raise invalid(violation("size_gib", text, "OUT_OF_RANGE"))
            new.size_gib = request.size_gib or least
            if kind is image.Image:
                new.image_properties["image_name"] = source.name
            elif kind is not block_storage.VolumeBackup:
                new.is_bootable = new.is_bootable or getattr(source, "is_bootable", False)
        if not new.size_gib:
            raise invalid(violation("size_gib", "must be given without a source", "REQUIRED"))
        return new

    async def delete_volume(
        self, request: block_storage.DeleteVolumeRequest, target: Any
    ) -> Outcome:
        if target.attachments:
            raise self.in_use(target, f"the server '{target.attachments[0].server_id}'")
        if word_of(target, "status") == "AWAITING_TRANSFER":
            raise self.wrong_state(target, "AWAITING_TRANSFER; delete the transfer first")
        for each in self.store.table(block_storage.VolumeSnapshot):
            if each.volume_id == target.id:
                if not request.cascade:
                    raise self.in_use(target, f"the snapshot '{each.name or each.id}'")
                self.gone(each)
        return self.delete(block_storage.Volume, target)

    async def extend_volume(
        self, request: block_storage.ExtendVolumeRequest, target: Any
    ) -> Outcome:
        if request.size_gib == target.size_gib:
            return Outcome(target, pending=target.status == block_storage.VOLUME_STATUS_EXTENDING)
        if request.size_gib < target.size_gib:
            raise Failure(
                Code.INVALID_ARGUMENT,
                "INVALID_REQUEST",
                f"size_gib: the volume has {target.size_gib} GiB and can only grow",
                resource=reference(target),
            )
        check_room(self, volume_size_gib=request.size_gib - target.size_gib)
        outcome = self.act(target, ACTIONS["ExtendVolume"], what="extend")

        def change(each: Any) -> None:
            each.size_gib = request.size_gib

        return Outcome(self.changed(outcome.resource, change), pending=True)

    async def retype_volume(
        self, request: block_storage.RetypeVolumeRequest, target: Any
    ) -> Outcome:
        type_ = self.mean(block_storage.VolumeType, request.volume_type, "volume_type")
        outcome = self.act(target, ACTIONS["RetypeVolume"], what="retype")

        def change(each: Any) -> None:
            each.volume_type_name, each.volume_type_id = type_.name, type_.id

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
        if target.HasField("is_readonly") and target.is_readonly == request.is_readonly:
            return Outcome(target)
        check_status(self, target, "AVAILABLE")

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
        self.derive(block_storage.VolumeQuota)
        quota = next(iter(self.store.table(block_storage.VolumeQuota)))
        limits = block_storage.VolumeLimits(location=self.location, id=self.location.project.id)
        for name in ("volumes", "volume_size_gib", "snapshots", "backups", "backup_size_gib"):
            getattr(limits, name).CopyFrom(getattr(quota, name))
        return Outcome(limits)

    async def get_volume_type_encryption(
        self, request: block_storage.GetVolumeTypeEncryptionRequest, target: Any
    ) -> Outcome:
        return Outcome(encryption_of(self, target))

    # -- servers ----------------------------------------------------------------------------------

    async def attach_server_volume(
        self, request: compute.AttachServerVolumeRequest, target: Any
    ) -> Outcome:
        volume = self.mean(block_storage.Volume, request.volume, "volume")
        for each in target.volumes:
            if each.volume_id == volume.id:
                return Outcome(each, awaited=target)
        self.check_idle(target)
        self.check_attachable(volume)
        if request.device in self.devices(target):
            text = f"{request.device} is what another disk of the server is called"
            raise invalid(violation("device", text, "INVALID"))
        attached = self.attached(target, volume, request, request.device)
        server = self.changed(target, lambda each: each.volumes.append(attached))
        return Outcome(attached, awaited=server)

    def check_attachable(self, volume: Any) -> None:
        """Refuses a volume that cannot be attached to one more server."""
        if volume.attachments and not volume.is_multiattach:
            raise self.in_use(volume, f"the server '{volume.attachments[0].server_id}'")
        check_status(self, volume, "AVAILABLE", "IN_USE")

    def devices(self, server: Any) -> set[str]:
        """What the disks of a server are called."""
        return {ROOT, *(each.device for each in server.volumes)}

    def attached(self, server: Any, volume: Any, wanted: Any, device: str = "") -> Any:
        """Attaches a volume to a server, which has yet to list it.

        wanted: what says how, a request or a part of one.
        """
        free = (f"/dev/vd{letter}" for letter in string.ascii_lowercase[1:])
        taken = self.devices(server)
        device = device or next((each for each in free if each not in taken), "")
        attachment = self.make(
            block_storage.VolumeAttachment,
            volume_id=volume.id,
            server_id=server.id,
            device=device,
            attach_time=stamp(),
        )
        mode = "READ_ONLY" if volume.is_readonly else "READ_WRITE"
        self.declare(attachment, {"status": "ATTACHED", "mode": mode})
        self.born(attachment)
        self.changed(volume, functools.partial(self.said, Step(0, {"status": "IN_USE"})))
        return compute.ServerVolume(
            location=server.location,
            id=f"{server.id}/{volume.id}",
            server_id=server.id,
            volume_id=volume.id,
            attachment_id=attachment.id,
            device=device,
            delete_on_termination=wanted.delete_on_termination,
            tag=getattr(wanted, "tag", ""),
        )

    async def detach_server_volume(
        self, request: compute.DetachServerVolumeRequest, target: Any
    ) -> Outcome:
        server = self.store.table(compute.Server).get(target.server_id)
        if not server.image_id and target.device == ROOT:
            raise self.refused(server, "ROOT_VOLUME", f"boots from the volume '{target.volume_id}'")
        self.check_idle(server)
        new = self.changed(server, lambda each: each.volumes.remove(target))
        self.released(target)
        return Outcome(target, awaited=new)

    def released(self, attached: Any) -> None:
        """The volume is not attached to that server any more."""
        for each in self.store.table(block_storage.VolumeAttachment):
            if (each.volume_id, each.server_id) == (attached.volume_id, attached.server_id):
                self.gone(each)

    def release_volumes(self, server: Any) -> None:
        """What becomes of a server's volumes when it is deleted."""
        for each in server.volumes:
            volume = self.store.table(block_storage.Volume).get(each.volume_id)
            if volume is not None:
                self.released(each)
                if each.delete_on_termination:
                    self.gone(volume)
