# SPDX-License-Identifier: Apache-2.0
"""How the objects of compute live."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

from oaktreemodel.common import v1 as common
from oaktreemodel.compute import v1 as compute
from oaktreemodel.image import v1 as image

from oaktree.clouds.simulated.lifecycle import Action, Fields, Query, Step, Thing
from oaktree.failures import Failure, invalid, violation
from oaktree.shapes import to_change, word_of


def server(after: float, status: str, vm: str, power: str, task: str = "") -> Step:
    return Step(after, {"status": status, "vm_state": vm, "power_state": power, "task_state": task})


def meanwhile(status: str, doing: str, after: float = 0, **others: str) -> Step:
    """What a server goes through that is on or off meanwhile as it was before."""
    return Step(after, {"status": status, "task_state": doing or None, **others})


def _either(on: str, off: str) -> Callable[[Any, Any, Any], str]:
    def word(region: Any, resource: Any, request: Any) -> str:
        return off if resource.power_state == compute.SERVER_POWER_STATE_SHUTDOWN else on

    return word


def rests(after: float) -> Step:
    """A server is ACTIVE again, or SHUTOFF if it was that before."""
    words = {"status": _either("ACTIVE", "SHUTOFF"), "vm_state": _either("ACTIVE", "STOPPED")}
    return Step(after, {**words, "power_state": _either("RUNNING", "SHUTDOWN"), "task_state": None})


RUNNING = ("ACTIVE", "ACTIVE", "RUNNING")
OFF = ("SHUTOFF", "STOPPED", "SHUTDOWN")
FAILED: Fields = {"status": "ERROR", "vm_state": "ERROR", "task_state": None}

# What Nova is made of in each region: a service for each host of servers, and others.
COMPUTE = "nova-compute"
HOSTS = ("compute-1", "compute-2", "compute-3", "compute-4")
CONTROL = ("nova-conductor", "nova-scheduler")
# What each host has for servers: CPUs, memory in MiB, disk in GiB, and what it keeps for itself.
VCPUS, RAM, DISK, RESERVED = 64, 524_288, 8_192, 512


def has_room(flavor: Any) -> bool:
    """Whether hosts are large enough for a flavor, whatever they have on them already."""
    disk = flavor.disk_gib + flavor.ephemeral_gib
    return bool(flavor.vcpus <= VCPUS and flavor.ram_mib <= RAM - RESERVED and disk <= DISK)


def own_zone(region: Any, host: str) -> str:
    """The zone a host is in as long as no aggregate says another."""
    return str(region.zones[HOSTS.index(host) % len(region.zones)])


def _nobodys(region: Any, service: Any, request: Any) -> common.Location:
    """Where a service is: in the zone of its host, and in no project."""
    where = common.Location(cloud=region.location.cloud, region=region.location.region)
    where.zone = own_zone(region, service.host) if service.host in HOSTS else "internal"
    return where


def _place(region: Any) -> common.Location:
    return common.Location(cloud=region.location.cloud, region=region.location.region)


def _service(binary: str, host: str) -> Fields:
    return {"binary": binary, "host": host, "location": _nobodys}


def _hypervisors(region: Any) -> Iterator[Any]:
    """One for each host, with what its servers use."""
    there: dict[str, list[Any]] = defaultdict(list)
    for server in region.store.table(compute.Server):
        there[server.compute_host].append(server)
    for service in region.store.table(compute.ComputeService):
        if service.binary != COMPUTE:
            continue
        servers = there[service.host]
        flavors = [each.flavor for each in servers]
        ram = RESERVED + sum(each.ram_mib for each in flavors)
        disk = sum(each.disk_gib + each.ephemeral_gib for each in flavors)
        up = service.state == compute.COMPUTE_SERVICE_STATE_UP
        new = compute.Hypervisor()
        fields = {
            "location": _place(region),
            "id": f"{service.id[:-12]}{'0' * 12}",
            "name": service.host,
            "host": service.host,
            "state": word_of(service, "state"),
            "status": word_of(service, "status"),
            "disabled_reason": service.disabled_reason,
            "compute_service_id": service.id,
            "ip_address": f"192.0.2.{100 + HOSTS.index(service.host)}",
            "hypervisor_type": "QEMU",
            "hypervisor_version": 10_000_000,
            "cpu_info": {"arch": "x86_64", "vendor": "Intel", "model": "Icelake-Server"},
            "vcpus": VCPUS,
            "vcpus_used": sum(each.vcpus for each in flavors),
            "ram_mib": RAM,
            "ram_used_mib": ram,
            "ram_free_mib": RAM - ram,
            "disk_gib": DISK,
            "disk_used_gib": disk,
            "disk_free_gib": DISK - disk,
            "disk_available_gib": DISK - disk,
            "running_servers": len(servers),
            "current_workload": sum(bool(each.task_state_raw) for each in servers),
            "server_ids": [each.id for each in servers],
            "uptime": " 00:00:00 up 100 days,  0 users,  load average: 0.00, 0.00, 0.00"
            if up
            else "",
        }
        region.declare(new, fields)
        yield new


def _zones(region: Any) -> Iterator[Any]:
    """The zones that hosts are in, and those there are without any."""
    hosts: dict[str, list[Any]] = {name: [] for name in region.zones}
    for service in region.store.table(compute.ComputeService):
        if service.binary == COMPUTE:
            hosts.setdefault(service.location.zone, []).append(service)
    for name, services in hosts.items():
        up = [each for each in services if each.state == compute.COMPUTE_SERVICE_STATE_UP]
        fields = {
            "location": common.Location(
                cloud=region.location.cloud,
                region=region.location.region,
                zone=name,
                project=region.location.project,
            ),
            "id": name,
            "name": name,
            "available": bool(up),
            "hosts": [
                {
                    "name": each.host,
                    "services": [{"name": COMPUTE, "active": True, "available": each in up}],
                }
                for each in services
            ],
        }
        new = compute.AvailabilityZone()
        region.declare(new, fields)
        yield new


# The limits of a project that was given none. There are no others.
QUOTA: Fields = {
    "servers": lambda region, quota, request: common.QuotaLimit(limit=region.quirks.server_quota),
    "vcpus": {"unlimited": True},
    "ram_mib": {"unlimited": True},
    "keypairs": {"limit": 100},
    "server_groups": {"limit": 10},
    "server_group_members": {"limit": 10},
    "server_metadata_items": {"limit": 128},
}


def _quota(region: Any) -> list[Any]:
    """The quota of the project, with what it uses."""
    there = compute.ComputeQuota()
    there.CopyFrom(region.single(compute.ComputeQuota))
    for name, number in region.in_use_now().items():
        getattr(there, name).used = number
        getattr(there, name).reserved = 0
    return [only_limits(there)]


def only_limits(quota: Any) -> Any:
    """The quota without what this cloud has no limits on."""
    for field in quota.DESCRIPTOR.fields:
        if field.message_type is not None and field.name not in {"location", *QUOTA}:
            quota.ClearField(field.name)
    quota.user_id = ""
    return quota


def _servers_left(region: Any, server: Any) -> None:
    """What is remembered of a server that is gone."""
    region.moving.pop(server.id, None)
    region.was_there(server)


def _service_left(region: Any, service: Any) -> None:
    for each in region.store.table(compute.Aggregate):
        if service.binary == COMPUTE and service.host in each.hosts:
            region.changed(each, lambda aggregate: aggregate.hosts.remove(service.host))


def _numbered(region: Any, aggregate: Any, request: Any) -> None:
    """An aggregate has a number beside its UUID, and is nobody's."""
    there = [int(each.id) for each in region.store.table(compute.Aggregate)]
    aggregate.uuid, aggregate.id = aggregate.id, str(1 + max(there, default=0))
    aggregate.location.CopyFrom(_place(region))


THINGS: dict[str, Thing] = {
    "flavor_access": Thing(also_called=["project_id"]),
    "server_interface": Thing(also_called=["port_id port"]),
    "server_volume": Thing(also_called=["volume_id volume"]),
    "server": Thing(
        birth=[
            server(0.0, "BUILD", "BUILDING", "PENDING", "SCHEDULING"),
            server(0.3, "BUILD", "BUILDING", "PENDING", "NETWORKING"),
            server(0.3, "BUILD", "BUILDING", "PENDING", "SPAWNING"),
            server(0.6, *RUNNING),
        ],
        death=[Step(0.0, {"task_state": "DELETING"})],
        dying=0.4,
        failed=dict.fromkeys(("", "create", "delete", "resize", "migrate"), FAILED),
        unmade=_servers_left,
    ),
    "server_group": Thing(lists={"server_ids": "server.server_group_ids"}),
    "compute_service": Thing(
        fields={"state": "UP", "status": "ENABLED"},
        name="{binary}/{host}",
        seeds=[
            *(_service(COMPUTE, host) for host in HOSTS),
            *(_service(binary, "controller-1") for binary in CONTROL),
        ],
        unmade=_service_left,
    ),
    "hypervisor": Thing(derived=_hypervisors, derived_from=["server", "compute_service"]),
    "availability_zone": Thing(derived=_zones, derived_from=["compute_service"]),
    "compute_quota": Thing(fields=QUOTA, derived=_quota),
    "aggregate": Thing(unique=["name"], made=_numbered),
}


def _wrong(field: str, text: str, reason: str = "INVALID") -> Failure:
    return invalid(violation(field, text, reason))


def _is_compute(region: Any, service: Any, request: Any) -> None:
    if service.binary != COMPUTE:
        raise _wrong("name_or_id", f"is a {service.binary}: only {COMPUTE} can be changed")


def _may_be_up(region: Any, service: Any, request: Any) -> None:
    _is_compute(region, service, request)
    if request.is_forced_down:
        return
    for each in region.store.table(compute.ServerMigration):
        if each.source_host == service.host and word_of(each, "status") == "DONE":
            raise region.wrong_state(service, "not started again since servers were evacuated")


def _may_be_forgotten(region: Any, service: Any, request: Any) -> None:
    if service.binary != COMPUTE:
        return
    migrations = region.store.table(compute.ServerMigration)
    for each in filter(None, map(migrations.get, region.moving.values())):
        if service.host in {each.source_host, each.destination_host}:
            raise region.in_transition(service, f"the server '{each.server_id}' is being moved")
    if region.load[service.host]:
        raise region.in_use(service, f"{region.load[service.host]} servers on its host")


def _no_zone_in_metadata(region: Any, aggregate: Any, request: Any) -> None:
    if "availability_zone" in request.metadata:
        raise _wrong("metadata", "availability_zone is the field zone")


def _may_be_updated(region: Any, aggregate: Any, request: Any) -> None:
    _no_zone_in_metadata(region, aggregate, request)
    changes = to_change(request)
    if "zone" not in changes or changes["zone"] == aggregate.zone:
        return
    if not changes["zone"]:
        raise _wrong("zone", "cannot be taken back: delete the aggregate")
    for host in aggregate.hosts:
        _check_zone(region, aggregate, host, changes["zone"])


def _has_no_hosts(region: Any, aggregate: Any, request: Any) -> None:
    if aggregate.hosts:
        raise region.in_use(aggregate, f"the host '{aggregate.hosts[0]}'")


def _check_zone(region: Any, aggregate: Any, host: str, zone: str) -> None:
    """Refuses what would take a host to another zone that cannot go there."""
    for each in region.store.table(compute.Aggregate):
        if host in each.hosts and each.id != aggregate.id and each.zone not in {"", zone}:
            raise region.in_use(region.compute_service(host), f"the zone '{each.zone}'")
    if region.load[host] and region.compute_service(host).location.zone != zone:
        raise region.in_use(aggregate, f"servers on the host '{host}', whose zone would change")


def _zoned(region: Any, host: str) -> None:
    """Puts a host into the zone of its aggregates, or its own."""
    zones = [
        each.zone
        for each in region.store.table(compute.Aggregate)
        if each.zone and host in each.hosts
    ]
    zone = zones[0] if zones else own_zone(region, host)

    def change(service: Any) -> None:
        service.location.zone = zone

    region.changed(region.compute_service(host), change)


def _host_added(region: Any, aggregate: Any, request: Any) -> Any:
    region.compute_service(request.host)
    if request.host in aggregate.hosts:
        return aggregate
    if aggregate.zone:
        _check_zone(region, aggregate, request.host, aggregate.zone)
    new = region.changed(aggregate, lambda each: each.hosts.append(request.host))
    _zoned(region, request.host)
    return new


def _host_removed(region: Any, aggregate: Any, request: Any) -> Any:
    if request.host not in aggregate.hosts:
        region.compute_service(request.host)
        return aggregate
    if aggregate.zone:
        others = region.store.table(compute.Aggregate)
        if not any(
            request.host in each.hosts and each.zone and each.id != aggregate.id for each in others
        ):
            _check_zone(region, aggregate, request.host, own_zone(region, request.host))
    new = region.changed(aggregate, lambda each: each.hosts.remove(request.host))
    _zoned(region, request.host)
    return new


def _zone_changed(region: Any, aggregate: Any, request: Any) -> Any:
    outcome = region.update(compute.Aggregate, aggregate, request)
    for host in aggregate.hosts:
        _zoned(region, host)
    return outcome


def _images_cached(region: Any, aggregate: Any, request: Any) -> Any:
    ids = [region.mean(image.Image, name, "images").id for name in request.images]
    if len(set(ids)) < len(ids):
        raise _wrong("images", "names an image twice")
    return aggregate


def _group_fits(region: Any, target: None, request: Any) -> None:
    if request.HasField("max_servers_per_host"):
        if request.policy != compute.SERVER_GROUP_POLICY_ANTI_AFFINITY:
            raise _wrong("max_servers_per_host", "is for the policy ANTI_AFFINITY only")
        if request.max_servers_per_host < 1:
            raise _wrong("max_servers_per_host", "is at least 1")


def _server_fits(region: Any, server: Any, request: Any) -> None:
    region.check_texts(request)
    region.check_metadata(request.metadata)


def _unshelved(region: Any, server: Any, request: Any) -> None:
    if request.zone and request.unpin_zone:
        raise _wrong("unpin_zone", "excludes zone", "EXCLUSIVE")
    if request.host:
        region.compute_service(request.host)
        region.destined[server.id] = request.host


def _state(request: Any) -> str:
    return "DOWN" if request.is_forced_down else "UP"


def _password_cleared(region: Any, server: Any, request: Any) -> Any:
    region.store.untold.pop(("password", server.id), None)
    return server


def _pinned(region: Any, server: Any, request: Any) -> str:
    """The zone a server is bound to once it is unshelved."""
    return request.zone or ("" if request.unpin_zone else str(server.pinned_zone))


ACTIONS = {
    "StartServer": Action(
        ["SHUTOFF"], [server(0, *OFF, "POWERING_ON"), server(0.3, *RUNNING)], ["ACTIVE"]
    ),
    "StopServer": Action(
        ["ACTIVE", "ERROR"],
        [server(0, *RUNNING, "POWERING_OFF"), server(0.3, *OFF)],
        ["SHUTOFF"],
    ),
    "PauseServer": Action(
        ["ACTIVE"],
        [server(0, *RUNNING, "PAUSING"), server(0.2, "PAUSED", "PAUSED", "PAUSED")],
        ["PAUSED"],
    ),
    "UnpauseServer": Action(
        ["PAUSED"],
        [server(0, "PAUSED", "PAUSED", "PAUSED", "UNPAUSING"), server(0.2, *RUNNING)],
        ["ACTIVE"],
    ),
    "SuspendServer": Action(
        ["ACTIVE"],
        [server(0, *RUNNING, "SUSPENDING"), server(0.3, "SUSPENDED", "SUSPENDED", "SUSPENDED")],
        ["SUSPENDED"],
    ),
    "ResumeServer": Action(
        ["SUSPENDED"],
        [server(0, "SUSPENDED", "SUSPENDED", "SUSPENDED", "RESUMING"), server(0.3, *RUNNING)],
        ["ACTIVE"],
    ),
    "RescueServer": Action(
        ["ACTIVE", "SHUTOFF", "ERROR"],
        [server(0, *RUNNING, "RESCUING"), server(0.3, "RESCUE", "RESCUED", "RUNNING")],
    ),
    "UnrescueServer": Action(
        ["RESCUE"],
        [server(0, "RESCUE", "RESCUED", "RUNNING", "UNRESCUING"), server(0.3, *RUNNING)],
        ["ACTIVE"],
    ),
    "ShelveServer": Action(
        ["ACTIVE", "SHUTOFF", "PAUSED", "SUSPENDED"],
        [
            server(0, *RUNNING, "SHELVING"),
            server(0.4, "SHELVED_OFFLOADED", "SHELVED_OFFLOADED", "SHUTDOWN"),
        ],
        ["SHELVED", "SHELVED_OFFLOADED"],
    ),
    "UnshelveServer": Action(
        ["SHELVED", "SHELVED_OFFLOADED"],
        [
            server(0, "SHELVED_OFFLOADED", "SHELVED_OFFLOADED", "SHUTDOWN", "UNSHELVING"),
            server(0.4, *RUNNING),
        ],
        ["ACTIVE"],
        sets={"pinned_zone": _pinned},
        copies={"zone": "", "host": ""},
    ),
    "ResizeServer": Action(
        ["ACTIVE", "SHUTOFF"],
        [
            meanwhile("RESIZE", "RESIZE_PREP"),
            meanwhile("VERIFY_RESIZE", "", 0.5, vm_state="RESIZED"),
        ],
    ),
    "ConfirmServerResize": Action(
        ["VERIFY_RESIZE"],
        [meanwhile("VERIFY_RESIZE", "RESIZE_CONFIRMING"), rests(0.2)],
    ),
    "RevertServerResize": Action(
        ["VERIFY_RESIZE"],
        [meanwhile("REVERT_RESIZE", "RESIZE_REVERTING"), rests(0.3)],
    ),
    "RebuildServer": Action(
        ["ACTIVE", "SHUTOFF", "ERROR"],
        [meanwhile("REBUILD", "REBUILDING"), rests(0.5)],
    ),
    "MigrateServer": Action(
        ["ACTIVE", "SHUTOFF"],
        [
            meanwhile("RESIZE", "RESIZE_PREP"),
            meanwhile("VERIFY_RESIZE", "", 0.5, vm_state="RESIZED"),
        ],
    ),
    "EvacuateServer": Action(
        ["ACTIVE", "SHUTOFF", "ERROR"],
        [server(0, "REBUILD", "ACTIVE", "RUNNING", "REBUILDING"), server(0.5, *OFF)],
    ),
    "TriggerServerCrashDump": Action(["ACTIVE", "PAUSED", "RESCUE", "VERIFY_RESIZE", "ERROR"]),
    "ClearServerPassword": Action(does=_password_cleared),
    "ChangeServerPassword": Action(
        ["ACTIVE"],
        [server(0, "PASSWORD", *RUNNING[1:], "UPDATING_PASSWORD"), server(0.2, *RUNNING)],
    ),
    "RestoreServer": Action(
        ["SOFT_DELETED"],
        [server(0, "SOFT_DELETED", "SOFT_DELETED", "SHUTDOWN", "RESTORING"), server(0.3, *RUNNING)],
        ["ACTIVE"],
    ),
    "EnableComputeService": Action(sets={"status": "ENABLED", "disabled_reason": ""}),
    "DisableComputeService": Action(
        sets={
            "status": "DISABLED",
            "disabled_reason": lambda region, service, request: request.reason,
        }
    ),
    "SetComputeServiceForcedDown": Action(
        sets={
            "is_forced_down": lambda region, service, request: request.is_forced_down,
            "state": lambda region, service, request: _state(request),
        }
    ),
    "UpdateAggregate": Action(does=_zone_changed),
    "AddAggregateHost": Action(does=_host_added),
    "RemoveAggregateHost": Action(does=_host_removed),
    "CacheAggregateImages": Action(does=_images_cached),
}

# While a server is moved and runs, it is what it was but for that.
LIVE_SERVER = Action(
    ["ACTIVE", "SHUTOFF", "PAUSED"], [Step(0, {"status": "MIGRATING", "task_state": "MIGRATING"})]
)
# What the records of moves go through; the ends of those that are not live follow from the server.
LIVE_MIGRATION = [
    Step(0, {"status": "QUEUED"}),
    Step(0.1, {"status": "PREPARING"}),
    Step(0.1, {"status": "RUNNING"}),
    Step(0.2, {"status": "RUNNING"}),
    Step(0.2, {"status": "POST_MIGRATING"}),
    Step(0.1, {"status": "COMPLETED"}),
]
COLD_MIGRATION = [
    Step(0, {"status": "PRE_MIGRATING"}),
    Step(0.1, {"status": "MIGRATING"}),
    Step(0.2, {"status": "POST_MIGRATING"}),
]
EVACUATION = [Step(0, {"status": "ACCEPTED"})]
# The statuses in which a move has been made and can still be taken back.
STILL = {"FINISHED", "CONFIRMING", "REVERTING"}

# A soft reboot and a hard one look different while they last.
SOFT_REBOOT = Action(
    ["ACTIVE"], [server(0, "REBOOT", *RUNNING[1:], "REBOOTING"), server(0.3, *RUNNING)]
)
HARD_REBOOT = Action(
    ["ACTIVE", "SHUTOFF", "ERROR", "PAUSED", "SUSPENDED"],
    [server(0, "HARD_REBOOT", *RUNNING[1:], "REBOOTING_HARD"), server(0.3, *RUNNING)],
)


CHECKS = {
    "EnableComputeService": _is_compute,
    "DisableComputeService": _is_compute,
    "SetComputeServiceForcedDown": _may_be_up,
    "DeleteComputeService": _may_be_forgotten,
    "CreateAggregate": _no_zone_in_metadata,
    "SetAggregateMetadata": _no_zone_in_metadata,
    "UpdateAggregate": _may_be_updated,
    "DeleteAggregate": _has_no_hosts,
    "CreateServerGroup": _group_fits,
    "UnshelveServer": _unshelved,
    "UpdateServer": _server_fits,
}

QUERIES = {
    "GetServerPassword": Query(
        {
            "encrypted_password": lambda region, server, request: region.store.untold.get(
                ("password", server.id), ""
            )
        }
    ),
}

# What Nova calls what is done to a server.
RECORDED: dict[str, str | Callable[[Any], str]] = {
    "DeleteServer": "delete",
    "StartServer": "start",
    "StopServer": "stop",
    "RebootServer": "reboot",
    "PauseServer": "pause",
    "UnpauseServer": "unpause",
    "SuspendServer": "suspend",
    "ResumeServer": "resume",
    "LockServer": "lock",
    "UnlockServer": "unlock",
    "RescueServer": "rescue",
    "UnrescueServer": "unrescue",
    "ResizeServer": "resize",
    "ConfirmServerResize": "confirmResize",
    "RevertServerResize": "revertResize",
    "RebuildServer": "rebuild",
    "ShelveServer": "shelve",
    "UnshelveServer": "unshelve",
    "MigrateServer": lambda request: "live-migration" if request.live else "migrate",
    "EvacuateServer": "evacuate",
    "ChangeServerPassword": "changePassword",
    "TriggerServerCrashDump": "trigger_crash_dump",
    "RestoreServer": "restore",
    "CreateServerImage": "createImage",
    "CreateServerBackup": "createBackup",
    "AttachServerInterface": "attach_interface",
    "DetachServerInterface": "detach_interface",
    "AttachServerVolume": "attach_volume",
    "DetachServerVolume": "detach_volume",
    "AbortServerMigration": "live_migration_cancel",
    "ForceCompleteServerMigration": "live_migration_force_complete",
}

UPPER = {"ServerStatus", "ServerDiskConfig"}
WORDS = {
    # Nova's hypervisor states are numbers.
    "ServerPowerState": {
        "PENDING": "0",
        "RUNNING": "1",
        "PAUSED": "3",
        "SHUTDOWN": "4",
        "CRASHED": "6",
        "SUSPENDED": "7",
    },
}
