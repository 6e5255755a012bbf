# SPDX-License-Identifier: Apache-2.0
"""Snapshots, backups, attachments, types and transfers of volumes, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from conftest import Calls, refused
from oaktreemodel.block_storage import v1 as block_storage
from oaktreemodel.common import v1 as common
from oaktreemodel.compute import v1 as compute
from oaktreemodel.image import v1 as image


@pytest.fixture
async def volume(call: Calls) -> Any:
    return (await call("CreateVolume", name="data", size_gib=10, wait=True)).volume


async def test_a_snapshot_holds_its_volume(call: Calls, volume: Any) -> None:
    made = await call("CreateVolumeSnapshot", volume="data", name="one", wait=True)
    assert made.volume_snapshot.progress_percent == 100
    assert made.volume_snapshot.size_gib == 10
    assert await call.reason("DeleteVolume", name_or_id="data") == "IN_USE"
    revert = {"name_or_id": "data", "snapshot": "one"}
    reverted = await call("RevertVolumeToSnapshot", **revert)
    assert reverted.volume.status_raw == "reverting"
    assert await call.reason("RevertVolumeToSnapshot", **revert) == "WRONG_STATE"
    await call("WaitOperation", operation_id=reverted.operation.id)
    await call("ExtendVolume", name_or_id="data", size_gib=11, wait=True)
    assert await call.reason("RevertVolumeToSnapshot", **revert) == "INVALID_REQUEST"
    copied = await call("CreateVolume", snapshot="one", wait=True)
    assert (copied.volume.size_gib, copied.volume.snapshot_id) == (10, made.volume_snapshot.id)
    small = {"snapshot": "one", "size_gib": 5}
    assert await call.reason("CreateVolume", **small) == "INVALID_REQUEST"
    await call("DeleteVolume", name_or_id="data", cascade=True, wait=True)
    assert await call.reason("GetVolumeSnapshot", name_or_id="one") == "NOT_FOUND"


async def test_a_backup_outlives_its_volume(call: Calls, volume: Any) -> None:
    again = {"volume": "data", "is_incremental": True}
    assert await call.reason("CreateVolumeBackup", **again) == "NO_BASE_BACKUP"
    begun = await call("CreateVolumeBackup", volume="data", name="full")
    seen = (await call("GetVolume", name_or_id="data")).volume
    assert seen.status_raw == "backing-up"
    assert await call.reason("CreateVolumeSnapshot", volume="data") == "WRONG_STATE"
    await call("WaitOperation", operation_id=begun.operation.id)
    await call("CreateVolumeBackup", name="more", wait=True, **again)
    assert await call.reason("DeleteVolumeBackup", name_or_id="full") == "IN_USE"
    await call("DeleteVolumeBackup", name_or_id="more", wait=True)
    await call("DeleteVolume", name_or_id="data", wait=True)
    restored = await call(
        "RestoreVolumeBackup", name_or_id="full", volume_name="restored", wait=True
    )
    made = (await call("GetVolume", name_or_id=restored.volume_id)).volume
    assert made.status == block_storage.VOLUME_STATUS_AVAILABLE
    assert (made.name, made.size_gib) == ("restored", 10)
    assert restored.volume_backup.status == block_storage.VOLUME_BACKUP_STATUS_AVAILABLE
    failing = {"name_or_id": "full", "volume_name": "simulate=restore_error", "wait": True}
    error = await refused(call("RestoreVolumeBackup", **failing))
    assert (error.reason, error.resource.type) == ("UPSTREAM_FAILED", "volume")
    record = await call("ExportVolumeBackupRecord", name_or_id="full")
    taken = {"backup_service": record.backup_service, "backup_url": record.backup_url}
    assert await call.reason("ImportVolumeBackupRecord", **taken) == "ALREADY_EXISTS"
    await call("DeleteVolumeBackup", name_or_id="full", wait=True)
    back = await call("ImportVolumeBackupRecord", wait=True, **taken)
    assert back.volume_backup.id == begun.volume_backup.id
    taken["backup_url"] = "nothing"
    assert await call.reason("ImportVolumeBackupRecord", **taken) == "INVALID_REQUEST"


async def test_an_attachment_is_made_in_steps(call: Calls, volume: Any) -> None:
    made = (await call("CreateVolumeAttachment", volume="data")).volume_attachment
    assert made.status == block_storage.VOLUME_ATTACHMENT_STATUS_RESERVED
    assert (await call("GetVolume", name_or_id="data")).volume.status_raw == "reserved"
    named = {"name_or_id": made.id}
    assert await call.reason("CompleteVolumeAttachment", **named) == "WRONG_STATE"
    connected = await call("ConnectVolumeAttachment", connector={"host": "here"}, **named)
    assert connected.volume_attachment.connection_info["driver_volume_type"] == "rbd"
    there = {"connector": {"host": "there"}, **named}
    assert await call.reason("ConnectVolumeAttachment", **there) == "IN_USE"
    await call("CompleteVolumeAttachment", **named)
    seen = (await call("GetVolume", name_or_id="data")).volume
    assert seen.status == block_storage.VOLUME_STATUS_IN_USE
    assert [each.id for each in seen.attachments] == [made.id]
    plain = (await call("GetVolumeAttachment", **named)).volume_attachment
    assert not plain.HasField("connection_info")
    mask = {"paths": ["connection_info"]}
    told = (await call("GetVolumeAttachment", read_mask=mask, **named)).volume_attachment
    assert told.HasField("connection_info")
    assert await call.reason("CreateVolumeSnapshot", volume="data") == "IN_USE"
    await call("CreateVolumeSnapshot", volume="data", allow_in_use=True, wait=True)
    await call("DeleteVolumeAttachment", **named)
    seen = (await call("GetVolume", name_or_id="data")).volume
    assert seen.status == block_storage.VOLUME_STATUS_AVAILABLE
    server = (await call("ListServers")).servers[0].id
    attached = {"server": server, "volume": "data", "wait": True}
    await call("AttachServerVolume", **attached)
    own = await call("ListVolumeAttachments", filter={"servers": [server]})
    kept = {"name_or_id": own.volume_attachments[0].id}
    assert await call.reason("DeleteVolumeAttachment", **kept) == "IN_USE"


async def test_a_volume_becomes_an_image(call: Calls, volume: Any) -> None:
    wrong = {"name_or_id": "data", "image_name": "copy", "visibility_raw": "secret"}
    assert await call.reason("UploadVolumeToImage", **wrong) == "INVALID_REQUEST"
    uploaded = await call(
        "UploadVolumeToImage", name_or_id="data", image_name="copy", disk_format="qcow2", wait=True
    )
    made = (await call("GetImage", name_or_id=uploaded.image_id)).image
    assert (made.status, made.disk_format) == (image.IMAGE_STATUS_ACTIVE, "qcow2")
    assert (await call("GetVolume", name_or_id="data")).volume.status_raw == "available"


async def test_a_transfer_needs_its_key(call: Calls, volume: Any) -> None:
    made = await call("CreateVolumeTransfer", volume="data", name="gift")
    assert await call.reason("DeleteVolume", name_or_id="data") == "WRONG_STATE"
    assert await call.reason("CreateVolumeTransfer", volume="data") == "WRONG_STATE"
    accept = {"name_or_id": made.volume_transfer.id, "auth_key": "wrong"}
    assert await call.reason("AcceptVolumeTransfer", **accept) == "INVALID_REQUEST"
    accept["auth_key"] = made.auth_key
    await call("AcceptVolumeTransfer", **accept)
    assert (await call("GetVolume", name_or_id="data")).volume.status_raw == "available"
    assert await call.reason("GetVolumeTransfer", name_or_id="gift") == "NOT_FOUND"


async def test_types_are_kept_as_volumes_have_them(call: Calls, volume: Any) -> None:
    assert volume.volume_type_name == "standard"
    assert await call.reason("CreateVolumeType", name="fast") == "ALREADY_EXISTS"
    assert await call.reason("DeleteVolumeType", name_or_id="standard") == "PROTECTED"
    specs = {"name_or_id": "standard", "extra_specs": {"multiattach": "<is> True"}}
    assert await call.reason("SetVolumeTypeExtraSpecs", **specs) == "IN_USE"
    specs["name_or_id"] = "fast"
    changed = await call("SetVolumeTypeExtraSpecs", **specs)
    assert changed.volume_type.name == "fast"
    seen = (await call("GetVolumeType", name_or_id="fast")).volume_type
    assert seen.is_multiattach
    listed = {"volume_type": "fast"}
    for name, named in (("Add", {"project": "other"}), ("Remove", {"name_or_id": "other"})):
        reason = await call.reason(f"{name}VolumeTypeAccess", **named, **listed)
        assert reason == "VOLUME_TYPE_IS_PUBLIC"
    assert await call.reason("ListVolumeTypeAccesses", **listed) == "VOLUME_TYPE_IS_PUBLIC"
    assert await call.reason("GetVolumeTypeEncryption", **listed) == "NOT_FOUND"
    await call("CreateVolumeTypeEncryption", provider="luks", cipher="aes", **listed)
    again = {"provider": "luks", **listed}
    assert await call.reason("CreateVolumeTypeEncryption", **again) == "ALREADY_EXISTS"
    secret = await call("CreateVolume", name="secret", size_gib=1, volume_type="fast", wait=True)
    assert secret.volume.is_encrypted
    assert await call.reason("DeleteVolumeTypeEncryption", **listed) == "IN_USE"
    lost = {"size_gib": 1, "volume_type": "lost"}
    assert await call.reason("CreateVolume", **lost) == "REFERENCE_NOT_FOUND"


async def test_quotas_of_volumes_hold(call: Calls, volume: Any) -> None:
    there = (await call("GetVolumeQuota")).volume_quota
    assert (there.volumes.used, there.volume_size_gib.used) == (1, 10)
    low = {"volume_size_gib": common.QuotaLimit(limit=9)}
    assert await call.reason("UpdateVolumeQuota", **low) == "IN_USE"
    changed = await call("UpdateVolumeQuota", volume_size_gib=common.QuotaLimit(limit=15))
    assert changed.volume_quota.volume_size_gib.used == 10
    assert await call.reason("CreateVolume", size_gib=6) == "QUOTA_EXCEEDED"
    assert await call.reason("CreateVolumeSnapshot", volume="data") == "QUOTA_EXCEEDED"
    assert await call.reason("ExtendVolume", name_or_id="data", size_gib=16) == "QUOTA_EXCEEDED"
    limits = (await call("GetVolumeLimits")).volume_limits
    assert limits.volume_size_gib == changed.volume_quota.volume_size_gib
    await call("ResetVolumeQuota")
    await call("ExtendVolume", name_or_id="data", size_gib=16, wait=True)


async def test_services_are_switched(call: Calls) -> None:
    wanted = {"binaries": ["cinder-volume"]}
    service = (await call("ListBlockStorageServices", filter=wanted)).block_storage_services[0]
    off = await call("DisableBlockStorageService", name_or_id=service.id, reason="repair")
    assert off.block_storage_service.disabled_reason == "repair"
    assert off.block_storage_service.status_raw == "disabled"
    on = await call("EnableBlockStorageService", name_or_id=service.id)
    assert not on.block_storage_service.disabled_reason


async def test_only_a_volume_at_rest_becomes_readonly(call: Calls, volume: Any) -> None:
    which = {"name_or_id": "data"}
    await call("SetVolumeReadonly", is_readonly=True, **which)
    await call("AttachServerVolume", server="birch-0", volume="data", wait=True)
    await call("SetVolumeReadonly", is_readonly=True, **which)
    assert await call.reason("SetVolumeReadonly", is_readonly=False, **which) == "WRONG_STATE"
    attachment = (await call("ListVolumeAttachments")).volume_attachments[0]
    assert attachment.mode_raw == "ro"


async def test_what_cannot_be_attached_changes_no_server(call: Calls, volume: Any) -> None:
    await call("CreateVolumeTransfer", volume="data", name="gift")
    attach = {"server": "birch-0", "volume": "data"}
    for _ in range(2):
        assert await call.reason("AttachServerVolume", **attach) == "WRONG_STATE"
    assert not (await call("GetServer", name_or_id="birch-0")).server.volumes


async def test_disks_of_a_server_have_names_of_their_own(call: Calls, volume: Any) -> None:
    await call("CreateVolume", name="more", size_gib=1, wait=True)
    await call("CreateVolume", name="most", size_gib=1, wait=True)
    attach: dict[str, Any] = {"server": "birch-0", "wait": True}
    await call("AttachServerVolume", volume="data", **attach)
    again = {"volume": "more", "device": "/dev/vdb", **attach}
    assert await call.reason("AttachServerVolume", **again) == "INVALID_REQUEST"
    await call("AttachServerVolume", volume="more", **attach)
    await call("DetachServerVolume", name_or_id="data", **attach)
    last = (await call("AttachServerVolume", volume="most", **attach)).server_volume
    assert last.device == "/dev/vdb"


async def server_with(call: Calls, **fields: Any) -> Any:
    given = {"name": "disks", "flavor": "small", "wait": True, **fields}
    return (await call("CreateServer", **given)).server


async def test_a_server_boots_from_a_volume(call: Calls) -> None:
    boot = {"boot": {"volume": "root"}}
    create = {"name": "x", "flavor": "small", **boot}
    await call("CreateVolume", name="root", size_gib=1, image="debian-13", wait=True)
    await call("SetVolumeBootable", name_or_id="root", is_bootable=False)
    assert await call.reason("CreateServer", **create) == "INVALID_REQUEST"
    await call("SetVolumeBootable", name_or_id="root", is_bootable=True)
    server = await server_with(call, **boot)
    assert not server.image_id
    assert [each.device for each in server.volumes] == ["/dev/vda"]
    assert (await call("GetVolume", name_or_id="root")).volume.status_raw == "in-use"
    assert await call.reason("CreateServer", **create) == "IN_USE"
    which = {"server": server.id, "name_or_id": "root"}
    assert await call.reason("DetachServerVolume", **which) == "ROOT_VOLUME"
    backup = {"name": "b", "backup_type": "daily", "rotation": 1, "name_or_id": server.id}
    assert await call.reason("CreateServerBackup", **backup) == "INVALID_REQUEST"
    rebuilt = await call("RebuildServer", name_or_id=server.id, image="debian-13", wait=True)
    assert not rebuilt.server.image_id
    await call("DeleteServer", name_or_id=server.id, wait=True)
    assert (await call("GetVolume", name_or_id="root")).volume.status_raw == "available"


async def test_volumes_are_made_with_a_server(call: Calls, volume: Any) -> None:
    await call("CreateVolumeSnapshot", volume="data", name="then", wait=True)
    boot = {"from_new_volume": True, "delete_on_termination": True}
    devices = [
        {"image": "fedora-43", "volume_size_gib": 3},
        {"snapshot": "then", "volume_type": "fast", "delete_on_termination": True},
        {"blank_size_gib": 7},
        {"blank_size_gib": 9, "local": True},
        {"volume": "data", "tag": "mine"},
    ]
    server = await server_with(call, image="debian-13", boot=boot, block_devices=devices)
    assert not server.image_id
    there = {each.id: each for each in (await call("ListVolumes")).volumes}
    sizes = [there[each.volume_id].size_gib for each in server.volumes]
    assert sizes == [20, 3, 10, 7, 10]
    assert {there[each.volume_id].status_raw for each in server.volumes} == {"in-use"}
    assert server.volumes[-1].tag == "mine"
    assert len({each.device for each in server.volumes}) == 5
    await call("DeleteServer", name_or_id=server.id, wait=True)
    left = (await call("ListVolumes")).volumes
    assert sorted(each.size_gib for each in left) == [3, 7, 10]
    assert {each.status_raw for each in left} == {"available"}


async def test_what_is_wrong_with_the_disks_of_a_server_is_said(call: Calls, volume: Any) -> None:
    wrong: dict[str, Any] = {
        "block_devices": [
            {"volume": "lost"},
            {},
            {"image": "debian-13", "local": True},
            {"volume": "data"},
            {"volume": volume.id},
            {"blank_size_gib": 0},
            {"snapshot": "lost", "volume_type": "lost"},
            {"volume": "data", "volume_size_gib": 1},
        ],
        "boot": {"volume_size_gib": 4},
    }
    error = await refused(
        call("CreateServer", name="x", flavor="small", image="debian-13", **wrong)
    )
    assert error.reason == "INVALID_REQUEST"
    assert {each.field for each in error.field_violations} == {
        "block_devices[0].volume",
        "block_devices[1].volume",
        "block_devices[2].local",
        "block_devices[4].volume",
        "block_devices[5].blank_size_gib",
        "block_devices[6].volume_type",
        "block_devices[7].volume",
        "block_devices[7].volume_size_gib",
        "boot.volume_size_gib",
    }
    lost = {"boot": {"volume": "lost"}, "name": "x", "flavor": "small"}
    assert await call.reason("CreateServer", **lost) == "REFERENCE_NOT_FOUND"
    assert (await call("GetVolume", name_or_id="data")).volume.status_raw == "available"
    await call("UpdateVolumeQuota", volume_size_gib=common.QuotaLimit(limit=15))
    more = {"name": "x", "flavor": "small", "image": "debian-13"}
    many = [{"blank_size_gib": 3}, {"blank_size_gib": 3}]
    assert await call.reason("CreateServer", block_devices=many, **more) == "QUOTA_EXCEEDED"
    assert len((await call("ListVolumes")).volumes) == 1


async def test_a_server_that_fails_leaves_no_volumes(call: Calls, volume: Any) -> None:
    devices = [{"volume": "data", "delete_on_termination": True}, {"blank_size_gib": 7}]
    request = {"name": "huge", "flavor": "too-big", "image": "debian-13", "wait": True}
    error = await refused(call("CreateServer", block_devices=devices, **request))
    assert error.reason == "NO_VALID_HOST"
    left = (await call("ListVolumes")).volumes
    assert [(each.name, each.status_raw) for each in left] == [("data", "available")]
    server = (await call("GetServer", name_or_id="huge")).server
    assert (server.status, len(server.volumes)) == (compute.SERVER_STATUS_ERROR, 0)


async def test_volumes_wait_for_their_server(call: Calls, volume: Any) -> None:
    attach = {"server": "birch-0", "volume": "data"}
    await call("LockServer", name_or_id="birch-0")
    assert await call.reason("AttachServerVolume", **attach) == "LOCKED"
    await call("UnlockServer", name_or_id="birch-0")
    await call("AttachServerVolume", wait=True, **attach)
    await call("LockServer", name_or_id="birch-0")
    await call("AttachServerVolume", wait=True, **attach)
    detach = {"server": "birch-0", "name_or_id": "data"}
    assert await call.reason("DetachServerVolume", **detach) == "LOCKED"
