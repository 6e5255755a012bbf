# SPDX-License-Identifier: Apache-2.0
"""How the objects of block_storage live."""

from __future__ import annotations

import base64
import functools
import json
import secrets
from collections.abc import Iterable
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp
from oaktreemodel.block_storage import v1 as block_storage
from oaktreemodel.compute import v1 as compute
from oaktreemodel.image import v1 as image

from oaktree.clouds import Outcome
from oaktree.clouds.simulated.lifecycle import Action, Fields, Query, Step, Thing
from oaktree.failures import Code, Failure, invalid, not_found, violation
from oaktree.shapes import reference, spoken, word_of

DRIVER = "cinder.backup.drivers.swift.SwiftBackupDriver"
RESTING = ("AVAILABLE", "ERROR")


def wrong(field: str, text: str) -> Failure:
    return invalid(violation(field, text, "INVALID"))


def _now(region: Any, resource: Any, request: Any) -> Timestamp:
    now = Timestamp()
    now.GetCurrentTime()
    return now


def _rest(region: Any, volume: Any, request: Any) -> str:
    """What a volume is while nothing is done to it."""
    return "IN_USE" if volume.attachments else "AVAILABLE"


def _volume(region: Any, resource: Any) -> Any:
    return region.store.table(block_storage.Volume).get(resource.volume_id)


def busy(region: Any, resource: Any, word: str, seconds: float, what: str = "") -> Any:
    """Has an object be in another status for a while."""
    now = region.changed(resource, lambda each: region.say(each, Step(0, {"status": word})))
    region.goes_through(now, [Step(seconds, {"status": word_of(resource, "status")})], what)
    return now


def check_volume(region: Any, volume: Any, in_use: bool = False) -> None:
    """Refuses a volume that is not AVAILABLE or, where that will do, IN_USE."""
    word = word_of(volume, "status")
    if word == "IN_USE" and not in_use:
        raise region.in_use(volume, f"the server '{volume.attachments[0].server_id}'")
    check_status(region, volume, "AVAILABLE", "IN_USE")


def check_status(region: Any, resource: Any, *allowed: str) -> None:
    if word_of(resource, "status") not in allowed:
        raise region.wrong_state(
            resource, f"{word_of(resource, 'status')}; it has to be {' or '.join(allowed)}"
        )


def _check_delete(region: Any, target: Any, request: Any) -> None:
    if not request.force:
        check_status(region, target, *RESTING)


def _reset(region: Any, target: Any, request: Any) -> Outcome:
    """Writes another status, whatever is going on."""
    region.courses.pop((type(target), region.store.key(target)), None)
    word = word_of(request, "status")
    return Outcome(region.changed(target, functools.partial(region.said, status(word))))


def status(word: str, after: float = 0.0, **others: Any) -> Step:
    return Step(after, {"status": word, **others})


# -- quotas ---------------------------------------------------------------------------------------


def _quota(region: Any) -> Iterable[Any]:
    """The project's quota with what is used of it."""
    kind = block_storage.VolumeQuota
    quota = kind()
    quota.CopyFrom(next(iter(region.store.table(kind)), None) or region.unused(kind))
    volumes, snapshots, backups = (
        list(region.store.table(each))
        for each in (
            block_storage.Volume,
            block_storage.VolumeSnapshot,
            block_storage.VolumeBackup,
        )
    )
    for name, used in (
        ("volumes", len(volumes)),
        ("volume_size_gib", sum(each.size_gib for each in [*volumes, *snapshots])),
        ("snapshots", len(snapshots)),
        ("backups", len(backups)),
        ("backup_size_gib", sum(each.size_gib for each in backups)),
        ("groups", 0),
    ):
        getattr(quota, name).used = used
    for each in quota.volume_types:
        own = [volume for volume in volumes if volume.volume_type_name == each.volume_type]
        each.volumes.used = len(own)
        each.volume_size_gib.used = sum(volume.size_gib for volume in own)
    yield quota


def _quota_updated(region: Any, quota: Any, request: Any) -> Outcome:
    region.update(block_storage.VolumeQuota, quota, request)
    region.derive(block_storage.VolumeQuota)
    return Outcome(region.single(block_storage.VolumeQuota))


def check_room(region: Any, **wanted: int) -> None:
    """Refuses what the quota has no room for."""
    region.derive(block_storage.VolumeQuota)
    quota = region.single(block_storage.VolumeQuota)
    for name, more in wanted.items():
        own = getattr(quota, name)
        if own.HasField("limit") and own.used + more > own.limit:
            raise region.quota(name.replace("_", " "), own.limit, "block-storage")


# -- volumes --------------------------------------------------------------------------------------


def _reverted(region: Any, volume: Any, request: Any) -> Outcome:
    snapshot = region.mean(block_storage.VolumeSnapshot, request.snapshot, "snapshot")
    own = [
        each
        for each in region.store.table(block_storage.VolumeSnapshot)
        if each.volume_id == volume.id
    ]
    latest = max(own, key=lambda each: each.create_time.ToNanoseconds(), default=None)
    if latest is None or snapshot.create_time.ToNanoseconds() < latest.create_time.ToNanoseconds():
        raise wrong("snapshot", "is not the volume's latest")
    if snapshot.volume_id != volume.id or snapshot.size_gib != volume.size_gib:
        raise wrong("snapshot", "is of another volume, or of another size")
    check_volume(region, volume)
    check_status(region, snapshot, "AVAILABLE")
    busy(region, snapshot, "RESTORING", 0.3)
    return Outcome(busy(region, volume, "REVERTING", 0.3, "revert_to_snapshot"), pending=True)


def _uploaded(region: Any, volume: Any, request: Any) -> Outcome:
    """Makes an image of what a volume has."""
    check_volume(region, volume, request.allow_in_use)
    visibility = (request.visibility_raw or "private").upper()
    if visibility not in {"PUBLIC", "COMMUNITY", "SHARED", "PRIVATE"}:
        raise wrong("visibility_raw", f"'{request.visibility_raw}' is no visibility of images")
    new = region.new(image.Image, None, name=request.image_name)
    formats = {"disk_format": "raw", "container_format": "bare"}
    for name, otherwise in formats.items():
        setattr(new, name, getattr(request, name) or otherwise)
    new.min_disk_gib, new.is_protected = volume.size_gib, request.is_protected
    region.declare(new, {"visibility": visibility})
    new = region.has_bytes(region.born(new), b"a copy of " + volume.id.encode()).resource
    now = busy(region, volume, "UPLOADING", 0.2)
    return Outcome(now, pending=True, awaited=new, answer={"image_id": new.id})


def _volume_reset(region: Any, volume: Any, request: Any) -> Outcome:
    word, attached = word_of(request, "status"), word_of(request, "attach_status")
    if word == "IN_USE" and not volume.attachments:
        raise wrong("status", "IN_USE needs an attachment")
    if not any((request.status, request.attach_status, request.migration_status)):
        raise wrong("status", "nothing is given")
    if word in {"DELETING", "ERROR_DELETING", "DETACHING"}:
        raise wrong("status", f"{word} is not for callers to write")
    if attached == "DETACHED":
        for each in volume.attachments:
            region.store.table(block_storage.VolumeAttachment).remove(each.id)
    fields: dict[str, Any] = {}
    if request.status:
        fields["status"] = word
        region.courses.pop((block_storage.Volume, volume.id), None)
    if request.migration_status:
        fields["migration_status"] = word_of(request, "migration_status")
    return Outcome(region.changed(volume, functools.partial(region.said, Step(0, fields))))


# -- snapshots ------------------------------------------------------------------------------------


def _snapshot_made(region: Any, snapshot: Any, request: Any) -> None:
    volume = _volume(region, snapshot)
    check_volume(region, volume, request.allow_in_use)
    snapshot.size_gib = volume.size_gib
    check_room(region, snapshots=1, volume_size_gib=volume.size_gib)


def _check_snapshot(region: Any, snapshot: Any, request: Any) -> None:
    if snapshot.group_snapshot_id:
        raise region.in_use(snapshot, f"the group snapshot '{snapshot.group_snapshot_id}'")
    _check_delete(region, snapshot, request)


# -- backups --------------------------------------------------------------------------------------


def _backup_made(region: Any, backup: Any, request: Any) -> None:
    volume = _volume(region, backup)
    snapshot = region.store.table(block_storage.VolumeSnapshot).get(backup.snapshot_id)
    backup.size_gib = volume.size_gib
    if snapshot is not None:
        if snapshot.volume_id != volume.id:
            raise wrong("snapshot", "is of another volume")
        check_status(region, snapshot, "AVAILABLE")
        backup.data_time.CopyFrom(snapshot.create_time)
    else:
        check_volume(region, volume, request.allow_in_use)
    check_room(region, backups=1, backup_size_gib=backup.size_gib)
    if request.is_incremental:
        base = _base(region, backup)
        region.store.untold["base", backup.id] = base.id
        region.changed(base, lambda each: setattr(each, "has_dependent_backups", True))
    busy(region, snapshot or volume, "BACKING_UP", 0.4)


def _base(region: Any, backup: Any) -> Any:
    """The backup that one depends on which has only what has changed."""
    when = backup.data_time.ToNanoseconds()
    there = [
        each
        for each in region.store.table(block_storage.VolumeBackup)
        if each.volume_id == backup.volume_id and word_of(each, "status") == "AVAILABLE"
        # Of a snapshot only what is older will do.
        if not backup.snapshot_id or each.data_time.ToNanoseconds() < when
    ]
    if not there:
        raise Failure(
            Code.FAILED_PRECONDITION,
            "NO_BASE_BACKUP",
            "there is no backup of the volume that this one could depend on",
            resource=reference(_volume(region, backup)),
        )
    return max(there, key=lambda each: each.data_time.ToNanoseconds())


def _check_backup(region: Any, backup: Any, request: Any) -> None:
    if backup.has_dependent_backups:
        raise region.in_use(backup, "incremental backups")
    _check_delete(region, backup, request)


def _backup_gone(region: Any, backup: Any) -> None:
    base = region.store.untold.pop(("base", backup.id), "")
    if base and base not in region.store.untold.values():
        region.store.change(
            block_storage.VolumeBackup,
            base,
            lambda each: setattr(each, "has_dependent_backups", False),
        )


def _restored(region: Any, backup: Any, request: Any) -> Outcome:
    """Puts a backup on a volume, or on a new one."""
    check_status(region, backup, "AVAILABLE")
    back = status("AVAILABLE", 0.3)
    if request.volume:
        volume = region.mean(block_storage.Volume, request.volume, "volume")
        if volume.size_gib < backup.size_gib:
            raise wrong("volume", f"is smaller than the {backup.size_gib} GiB of the backup")
        check_volume(region, volume)
        begun = functools.partial(region.said, status("RESTORING_BACKUP"))
        volume = region.changed(volume, begun)
        steps = [back]
    else:
        check_room(region, volumes=1, volume_size_gib=backup.size_gib)
        name = request.volume_name or f"restore_backup_{backup.id}"
        volume = region.new_volume(name=name, size_gib=backup.size_gib)
        volume.backup_id = backup.id
        region.declare(volume, {"status": "CREATING"})
        region.store.table(block_storage.Volume).put(volume)
        steps = [status("RESTORING_BACKUP", 0.1), back]
    region.goes_through(volume, steps, "restore")
    return Outcome(
        busy(region, backup, "RESTORING", sum(step.after for step in steps)),
        pending=True,
        awaited=volume,
        answer={"volume_id": volume.id, "volume_name": volume.name},
    )


def _check_export(region: Any, backup: Any, request: Any) -> None:
    check_status(region, backup, "AVAILABLE")


def _record(region: Any, backup: Any, request: Any) -> str:
    known = {"id": backup.id, "display_name": backup.name, "size": backup.size_gib}
    return base64.b64encode(json.dumps(known).encode()).decode()


def _imported(region: Any, target: None, request: Any) -> Outcome:
    try:
        known = json.loads(base64.b64decode(request.backup_url, validate=True))
        id_, name, size = str(known["id"]), known.get("display_name", ""), int(known["size"])
    except (ValueError, KeyError, TypeError, AttributeError):
        raise wrong("backup_url", "is no record of a backup") from None
    if request.backup_service != DRIVER:
        raise wrong("backup_service", f"is not {DRIVER}, which this cloud has")
    there = region.store.table(block_storage.VolumeBackup).get(id_)
    if there is not None:
        raise region.already(there)
    check_room(region, backups=1, backup_size_gib=size)
    new = region.new(block_storage.VolumeBackup, None, name=name, size_gib=size)
    new.id = id_
    return Outcome(region.born(new), pending=True)


# -- attachments ----------------------------------------------------------------------------------


def _connection(volume_id: str) -> Fields:
    return {
        "driver_volume_type": "rbd",
        "volume_id": volume_id,
        "data": {"name": f"volumes/volume-{volume_id}", "auth_username": "cinder"},
    }


def connected(region: Any, attachment: Any) -> Any:
    """An attachment with how its host reaches the volume."""
    shown = type(attachment)()
    shown.CopyFrom(attachment)
    if attachment.host:
        shown.connection_info.update(_connection(attachment.volume_id))
    return shown


def _attached(region: Any, target: None, request: Any) -> Outcome:
    volume = region.mean(block_storage.Volume, request.volume, "volume")
    if volume.attachments and not volume.is_multiattach:
        raise region.in_use(volume, f"the server '{volume.attachments[0].server_id}'")
    check_volume(region, volume, in_use=True)
    word = "ATTACHING" if request.HasField("connector") else "RESERVED"
    new = region.new(block_storage.VolumeAttachment, request)
    region.declare(new, {"status": word})
    new.host = _host(request)
    new = region.born(new)
    if not volume.attachments:
        _volume_becomes(region, new, word)
    return Outcome(connected(region, new))


def _host(request: Any) -> str:
    return str(dict(request.connector).get("host", "localhost")) if request.connector else ""


def _volume_becomes(region: Any, attachment: Any, word: str) -> None:
    volume = _volume(region, attachment)
    region.changed(volume, functools.partial(region.said, status(word)))


def _connected(region: Any, attachment: Any, request: Any) -> Outcome:
    host = _host(request)
    if attachment.host and attachment.host != host:
        raise region.in_use(attachment, f"the host '{attachment.host}'")
    if not attachment.host:
        _volume_becomes(region, attachment, "ATTACHING")
        wanted = {"status": "ATTACHING", "host": host}
        attachment = region.changed(attachment, lambda each: region.declare(each, wanted))
    return Outcome(connected(region, attachment))


def _completed(region: Any, attachment: Any, request: Any) -> Outcome:
    if word_of(attachment, "status") == "ATTACHED":
        return Outcome(attachment)
    check_status(region, attachment, "ATTACHING")
    _volume_becomes(region, attachment, "IN_USE")
    wanted: Fields = {"status": "ATTACHED", "attach_time": _now}
    return Outcome(region.changed(attachment, lambda each: region.declare(each, wanted)))


def _check_detach(region: Any, attachment: Any, request: Any) -> None:
    server = region.store.table(compute.Server).get(attachment.server_id)
    used = server is not None and any(
        each.volume_id == attachment.volume_id for each in server.volumes
    )
    if used and not request.force:
        raise region.in_use(attachment, f"the server '{server.name}'")


def _detached(region: Any, attachment: Any) -> None:
    """A volume that is attached to nothing any more is available."""
    volume = _volume(region, attachment)
    if volume is not None and not volume.attachments:
        region.changed(volume, functools.partial(region.said, status("AVAILABLE")))


# -- types ----------------------------------------------------------------------------------------


def _check_type(region: Any, target: Any, request: Any) -> None:
    """Refuses to change what volumes of a type rely on."""
    for each in region.store.table(block_storage.Volume):
        if each.volume_type_id == target.id:
            raise region.in_use(target, spoken(each))


def _check_default(region: Any, target: Any, request: Any) -> None:
    if target.is_default:
        raise region.protected(target, "it is the default")


def _follow_specs(region: Any, before: Any, after: Any) -> None:
    """What extra specs say of a type is seen on it."""
    if after is None:
        return
    zones = after.extra_specs.get("RESKEY:availability_zones", "")
    seen = {
        "is_multiattach": after.extra_specs.get("multiattach") == "<is> True",
        "is_replicated": after.extra_specs.get("replication_enabled") == "<is> True",
        "zones": zones.split(",") if zones else [],
    }
    trial = type(after)()
    trial.CopyFrom(after)
    region.declare(trial, seen)
    if trial != after:
        region.store.change(
            block_storage.VolumeType, after.id, lambda each: region.declare(each, seen)
        )


def _check_private(region: Any, type_: Any, request: Any) -> None:
    check_private(type_)


def check_private(type_: Any) -> None:
    if type_.is_public:
        raise Failure(
            Code.FAILED_PRECONDITION,
            "VOLUME_TYPE_IS_PUBLIC",
            f"the volume type '{type_.name}' is public: everybody may use it",
            resource=reference(type_),
        )


def _access_added(region: Any, type_: Any, request: Any) -> Outcome:
    id_ = f"{type_.id}/{request.project}"
    there = region.store.table(block_storage.VolumeTypeAccess).get(id_)
    if there is not None:
        return Outcome(there)
    new = region.new(block_storage.VolumeTypeAccess, None, type_)
    new.id, new.location.project.id = id_, request.project
    new.location.project.ClearField("name")
    return Outcome(region.born(new))


def _encryption_updated(region: Any, type_: Any, request: Any) -> Outcome:
    kind = block_storage.VolumeTypeEncryption
    outcome: Outcome = region.update(kind, encryption_of(region, type_), request)
    return outcome


def encryption_of(region: Any, type_: Any) -> Any:
    for each in region.children(block_storage.VolumeTypeEncryption, type_):
        return each
    raise not_found(f"encryption of the volume type '{type_.name}'", region.location)


# -- transfers ------------------------------------------------------------------------------------


def _offered(region: Any, transfer: Any, request: Any) -> None:
    volume = _volume(region, transfer)
    check_volume(region, volume)
    if transfer.includes_snapshots:
        for each in region.store.table(block_storage.VolumeSnapshot):
            if each.volume_id == volume.id:
                check_status(region, each, "AVAILABLE")
    region.changed(volume, functools.partial(region.said, status("AWAITING_TRANSFER")))
    region.store.untold["auth_key", transfer.id] = secrets.token_hex(8)


def _auth_key(region: Any, transfer: Any, request: Any) -> str:
    return str(region.store.untold["auth_key", transfer.id])


def _accepted(region: Any, transfer: Any, request: Any) -> Outcome:
    if not secrets.compare_digest(request.auth_key, _auth_key(region, transfer, request)):
        raise wrong("auth_key", "is not that of the transfer")
    region.gone(transfer)
    return Outcome(transfer)


def _offer_ended(region: Any, transfer: Any) -> None:
    region.store.untold.pop(("auth_key", transfer.id), None)
    volume = _volume(region, transfer)
    if volume is not None and word_of(volume, "status") == "AWAITING_TRANSFER":
        region.changed(volume, functools.partial(region.said, status("AVAILABLE")))


# -- what there is --------------------------------------------------------------------------------


def _zones(region: Any) -> Iterable[Any]:
    for name in region.zones:
        zone = region.make(block_storage.VolumeAvailabilityZone, id=name, name=name)
        zone.available, zone.location.zone = True, name
        zone.location.ClearField("project")
        yield zone


def service(binary: str, host: str, **others: Any) -> Fields:
    name = f"{binary}/{host}"
    known = {"binary": binary, "host": host, "state": "UP", "status": "ENABLED"}
    return {"id": name, "name": name, **known, **others}


QUOTA: Fields = {
    "volumes": {"limit": 10000},
    "volume_size_gib": {"limit": 1_000_000},
    "snapshots": {"limit": 10000},
    "backups": {"limit": 1000},
    "backup_size_gib": {"limit": 100_000},
    "groups": {"limit": 10},
}

THINGS = {
    "volume": Thing(
        birth=[status("CREATING"), status("AVAILABLE", 0.5)],
        death=[status("DELETING")],
        dying=0.3,
        failed={
            "delete": {"status": "ERROR_DELETING"},
            "extend": {"status": "ERROR_EXTENDING"},
            "restore": {"status": "ERROR_RESTORING"},
        },
        lists={"attachments": "volume_attachment.volume_id"},
    ),
    "volume_attachment": Thing(fields={"mode": "READ_WRITE"}, unmade=_detached),
    "volume_snapshot": Thing(
        birth=[
            status("CREATING", progress_percent=0),
            status("AVAILABLE", 0.3, progress_percent=100),
        ],
        death=[status("DELETING")],
        dying=0.2,
        failed={"delete": {"status": "ERROR_DELETING"}},
        fields={"consumes_quota": True},
        made=_snapshot_made,
    ),
    "volume_backup": Thing(
        birth=[status("CREATING"), status("AVAILABLE", 0.4)],
        death=[status("DELETING")],
        dying=0.2,
        failed={
            what: {"status": "ERROR", "fail_reason": "this was asked for"}
            for what in ("create", "delete")
        },
        fields={"container": "volumebackups", "object_count": 22, "data_time": _now},
        made=_backup_made,
        unmade=_backup_gone,
    ),
    "volume_type": Thing(
        fields={"is_public": True},
        unique=["name"],
        used_by=["volume.volume_type_id"],
        seeds=[
            {"name": "fast", "is_public": True, "extra_specs": {"volume_backend_name": "ssd"}},
            {
                "name": "standard",
                "is_public": True,
                "is_default": True,
                "extra_specs": {"volume_backend_name": "ceph"},
            },
        ],
        changed=_follow_specs,
    ),
    "volume_type_access": Thing(also_called=["project_id"]),
    "volume_type_encryption": Thing(
        fields={"control_location": "FRONT_END"}, unique=["volume_type_id"]
    ),
    "volume_transfer": Thing(made=_offered, unmade=_offer_ended, answers={"auth_key": _auth_key}),
    "volume_availability_zone": Thing(derived=_zones),
    "block_storage_service": Thing(
        seeds=[
            service("cinder-scheduler", "controller"),
            service("cinder-volume", "controller@ceph", backend_state="UP"),
            service("cinder-backup", "controller"),
        ]
    ),
    "volume_quota": Thing(
        fields=QUOTA,
        derived=_quota,
        derived_from=["volume", "volume_snapshot", "volume_backup", "volume_quota"],
    ),
}

ACTIONS = {
    "ExtendVolume": Action(
        ["AVAILABLE", "IN_USE"], [status("EXTENDING"), Step(0.3, {"status": _rest})]
    ),
    "RetypeVolume": Action(
        ["AVAILABLE", "IN_USE"], [status("RETYPING"), Step(0.3, {"status": _rest})]
    ),
    "RevertVolumeToSnapshot": Action(does=_reverted),
    "UploadVolumeToImage": Action(does=_uploaded),
    "ResetVolumeStatus": Action(does=_volume_reset),
    "ResetVolumeSnapshotStatus": Action(does=_reset),
    "ResetVolumeBackupStatus": Action(does=_reset),
    "RestoreVolumeBackup": Action(does=_restored),
    "ImportVolumeBackupRecord": Action(does=_imported),
    "CreateVolumeAttachment": Action(does=_attached),
    "ConnectVolumeAttachment": Action(does=_connected),
    "CompleteVolumeAttachment": Action(does=_completed),
    "AcceptVolumeTransfer": Action(does=_accepted),
    "AddVolumeTypeAccess": Action(does=_access_added),
    "UpdateVolumeTypeEncryption": Action(does=_encryption_updated),
    "EnableBlockStorageService": Action(sets={"status": "ENABLED", "disabled_reason": ""}),
    "DisableBlockStorageService": Action(
        sets={"status": "DISABLED"}, copies={"reason": "disabled_reason"}
    ),
    "UpdateVolumeQuota": Action(does=_quota_updated),
}


def _check_reset(region: Any, backup: Any, request: Any) -> None:
    if word_of(request, "status") not in RESTING:
        raise wrong("status", "has to be AVAILABLE or ERROR")


CHECKS = {
    "DeleteVolumeSnapshot": _check_snapshot,
    "DeleteVolumeBackup": _check_backup,
    "ExportVolumeBackupRecord": _check_export,
    "ResetVolumeBackupStatus": _check_reset,
    "DeleteVolumeAttachment": _check_detach,
    "DeleteVolumeType": _check_default,
    **{
        f"{verb}VolumeType{what}": _check_type
        for verb, what in (
            ("Set", "ExtraSpecs"),
            ("Remove", "ExtraSpecs"),
            ("Create", "Encryption"),
            ("Update", "Encryption"),
            ("Delete", "Encryption"),
        )
    },
    "AddVolumeTypeAccess": _check_private,
}

QUERIES = {
    "ExportVolumeBackupRecord": Query({"backup_service": DRIVER, "backup_url": _record}),
}

WORDS = {
    "VolumeStatus": {
        "BACKING_UP": "backing-up",
        "AWAITING_TRANSFER": "awaiting-transfer",
        "ERROR_BACKING_UP": "error_backing-up",
    },
    "VolumeSnapshotStatus": {"BACKING_UP": "backing-up"},
    "VolumeAttachmentMode": {"READ_WRITE": "rw", "READ_ONLY": "ro"},
    "VolumeTypeEncryptionControl": {"FRONT_END": "front-end", "BACK_END": "back-end"},
}
