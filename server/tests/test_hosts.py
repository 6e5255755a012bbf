# SPDX-License-Identifier: Apache-2.0
"""Hosts of servers, how servers move between them, and what is recorded of it."""

from __future__ import annotations

from typing import Any

from conftest import NORTH, Calls, Client, refused
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.timestamp_pb2 import Timestamp
from oaktreemodel.compute import v1 as compute

LONG_AGO = Timestamp(seconds=1)
BUSY = {"simulate": "busy"}


async def made(call: Calls, **fields: Any) -> Any:
    given = {"name": "moved", "flavor": "small", "image": "debian-13", "wait": True, **fields}
    return (await call("CreateServer", **given)).server


async def migration_of(call: Calls, server: Any) -> Any:
    wanted = compute.ServerMigrationFilter(servers=[server.id])
    found = await call("ListServerMigrations", filter=wanted)
    return found.server_migrations[-1]


async def host_of(call: Calls, server: Any) -> str:
    found = await call("GetServer", name_or_id=server.id)
    return str(found.server.compute_host)


async def test_servers_are_spread_and_counted(call: Calls) -> None:
    hosts = [(await made(call)).compute_host for _ in range(2)]
    assert hosts[0] != hosts[1]
    mask = FieldMask(paths=["server_ids", "vcpus_used", "running_servers"])
    found = (await call("ListHypervisors", read_mask=mask)).hypervisors
    assert sum(each.running_servers for each in found) == 4
    assert sum(each.vcpus_used for each in found) == 4
    assert not (await call("ListHypervisors")).hypervisors[0].server_ids
    used = (await call("GetComputeQuota")).compute_quota
    assert (used.servers.used, used.vcpus.used, used.ram_mib.used) == (4, 4, 4 * 2048)
    usage = (await call("ListComputeUsages", start_time=LONG_AGO)).compute_usages[0]
    assert usage.vcpu_hours == usage.server_hours > 0


async def test_quotas_are_kept(call: Calls) -> None:
    wrong = {"servers": {"limit": 1}}
    assert await call.reason("UpdateComputeQuota", **wrong) == "IN_USE"
    await call("UpdateComputeQuota", vcpus={"limit": 2})
    request = {"name": "more", "flavor": "small", "image": "debian-13"}
    assert await call.reason("CreateServer", **request) == "QUOTA_EXCEEDED"
    limits = (await call("GetComputeLimits")).compute_limits
    assert limits.vcpus.limit == limits.vcpus.used == 2
    reset = (await call("ResetComputeQuota")).compute_quota
    assert reset.vcpus.unlimited


async def test_a_live_migration_is_given_up_or_forced(call: Calls) -> None:
    server = await made(call, metadata=BUSY)
    begun = await call("MigrateServer", name_or_id=server.id, live=True)
    assert begun.server.status == compute.SERVER_STATUS_MIGRATING
    migration = await migration_of(call, server)
    which = {"server": server.id, "name_or_id": migration.id}
    ended = await call("AbortServerMigration", wait=True, **which)
    assert ended.server_migration.status == compute.SERVER_MIGRATION_STATUS_CANCELLED
    assert await host_of(call, server) == server.compute_host
    await call("AbortServerMigration", **which)
    assert await call.reason("ForceCompleteServerMigration", **which) == "WRONG_STATE"
    await call("RemoveServerMetadata", name_or_id=server.id, all_keys=True)
    moved = await call("MigrateServer", name_or_id=server.id, live=True, wait=True)
    assert moved.server.status == compute.SERVER_STATUS_ACTIVE
    assert moved.server.compute_host != server.compute_host


async def test_a_cold_migration_waits_to_be_confirmed(call: Calls) -> None:
    server = await made(call)
    moved = (await call("MigrateServer", name_or_id=server.id, wait=True)).server
    assert moved.status == compute.SERVER_STATUS_VERIFY_RESIZE
    assert moved.compute_host != server.compute_host
    assert (await migration_of(call, server)).status_raw == "finished"
    back = (await call("RevertServerResize", name_or_id=server.id, wait=True)).server
    assert back.compute_host == server.compute_host
    assert (await migration_of(call, server)).status_raw == "reverted"
    actions = (await call("ListServerActions", server=server.id)).server_actions
    assert [each.action for each in actions] == ["revertResize", "migrate", "create"]
    since = compute.ServerActionFilter(ids=[actions[1].id], updated_since=actions[1].start_time)
    some = await call("ListServerActions", server=server.id, filter=since)
    assert [each.action for each in some.server_actions] == ["migrate"]
    one = await call("GetServerAction", server=server.id, name_or_id=actions[1].id)
    assert one.server_action.action == "migrate"


async def test_servers_leave_a_host_that_is_down(call: Calls) -> None:
    server = await made(call)
    assert await call.reason("EvacuateServer", name_or_id=server.id) == "WRONG_STATE"
    service = {"name_or_id": f"nova-compute/{server.compute_host}"}
    assert await call.reason("DeleteComputeService", **service) == "IN_USE"
    await call("SetComputeServiceForcedDown", is_forced_down=True, **service)
    evacuated = (await call("EvacuateServer", name_or_id=server.id, wait=True)).server
    assert evacuated.status == compute.SERVER_STATUS_SHUTOFF
    assert evacuated.compute_host not in {"", server.compute_host}
    reason = await call.reason("SetComputeServiceForcedDown", is_forced_down=False, **service)
    assert reason == "WRONG_STATE"
    wrong = {"name_or_id": "nova-scheduler/controller-1"}
    assert await call.reason("DisableComputeService", **wrong) == "INVALID_REQUEST"


async def test_no_host_is_left(call: Calls) -> None:
    for number in range(1, 5):
        await call("DisableComputeService", name_or_id=f"nova-compute/compute-{number}")
    request = {"name": "x", "flavor": "small", "image": "debian-13", "wait": True}
    assert await call.reason("CreateServer", **request) == "NO_VALID_HOST"


async def test_groups_keep_servers_apart(call: Calls) -> None:
    policy = compute.SERVER_GROUP_POLICY_ANTI_AFFINITY
    group = (await call("CreateServerGroup", name="apart", policy=policy)).server_group
    hosts = {(await made(call, server_group="apart")).compute_host for _ in range(2)}
    assert len(hosts) == 2
    found = (await call("GetServerGroup", name_or_id=group.id)).server_group
    assert len(found.server_ids) == 2


async def test_aggregates_make_zones(call: Calls) -> None:
    await call("CreateAggregate", name="gpus", zone="special")
    given = {"name_or_id": "gpus", "host": "compute-4"}
    await call("AddAggregateHost", **given)
    await call("AddAggregateHost", **given)
    zones = (await call("ListAvailabilityZones")).availability_zones
    assert "special" in {each.name for each in zones}
    assert await call.reason("AddAggregateHost", name_or_id="gpus", host="lost") == (
        "REFERENCE_NOT_FOUND"
    )
    # It has a server, whose zone would change.
    assert await call.reason("AddAggregateHost", name_or_id="gpus", host="compute-1") == "IN_USE"
    assert await call.reason("DeleteAggregate", name_or_id="gpus") == "IN_USE"
    await call("RemoveAggregateHost", **given)
    await call("DeleteAggregate", name_or_id="gpus")


async def test_a_backup_replaces_the_oldest_of_its_series(client: Client, call: Calls) -> None:
    given = {"name_or_id": "birch-0", "backup_type": "daily", "rotation": 2, "wait": True}
    for number in range(3):
        await call("CreateServerBackup", name=f"backup-{number}", **given)
    images = (await call("ListImages")).images
    assert {each.name for each in images if each.name.startswith("backup")} == {
        "backup-1",
        "backup-2",
    }
    request = compute.CreateServerBackupRequest(
        location=NORTH, name="x", name_or_id="birch-0", backup_type="daily", rotation=0
    )
    assert (await refused(client.servers.CreateServerBackup(request))).reason == "INVALID_REQUEST"


async def test_a_volume_of_a_server_is_changed_where_it_is(call: Calls) -> None:
    volume = (await call("CreateVolume", name="data", size_gib=1, wait=True)).volume
    await call("AttachServerVolume", server="birch-0", volume=volume.id, wait=True)
    which = {"server": "birch-0", "name_or_id": volume.id}
    await call("UpdateServerVolume", delete_on_termination=True, **which)
    found = (await call("GetServerVolume", **which)).server_volume
    assert found.delete_on_termination
    assert await call.reason("GetServerVolume", server="birch-1", name_or_id=volume.id) == (
        "NOT_FOUND"
    )


async def test_no_host_is_large_enough(call: Calls) -> None:
    server = await made(call)
    resize = {"name_or_id": server.id, "flavor": "too-big"}
    assert await call.reason("ResizeServer", **resize) == "NO_VALID_HOST"
    found = (await call("GetServer", name_or_id=server.id)).server
    assert (found.status, found.flavor.name) == (compute.SERVER_STATUS_ACTIVE, "small")


async def test_what_was_off_stays_off(call: Calls) -> None:
    server = await made(call)
    which: dict[str, Any] = {"name_or_id": server.id, "wait": True}
    off = compute.SERVER_STATUS_SHUTOFF
    await call("StopServer", **which)
    assert (await call("RebuildServer", image="fedora-43", **which)).server.status == off
    await call("ResizeServer", flavor="medium", **which)
    assert (await call("ConfirmServerResize", **which)).server.status == off
    await call("ResizeServer", flavor="small", **which)
    back = (await call("RevertServerResize", **which)).server
    assert (back.status, back.vm_state) == (off, compute.SERVER_VM_STATE_STOPPED)
    assert back.power_state == compute.SERVER_POWER_STATE_SHUTDOWN
    resized = await call("ResizeServer", flavor="small", confirm=True, **which)
    assert resized.server.status == off
    assert (await call("MigrateServer", live=True, **which)).server.status == off
    started = (await call("StartServer", **which)).server
    assert started.power_state == compute.SERVER_POWER_STATE_RUNNING
