# SPDX-License-Identifier: Apache-2.0
"""What is particular to the area compute."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from oaktreemodel.common import v1 as common
from oaktreemodel.compute import v1 as compute

from oaktree.api.areas.image import ACTIVE as IMAGE_ACTIVE
from oaktree.api.ends import End, reaches
from oaktree.failures import WHOLE_FLOW, Code, Failure

# What a server is only on the way to something else.
IN_BETWEEN = {
    compute.ServerStatus.Value(f"SERVER_STATUS_{name}")
    for name in (
        "BUILD REBOOT HARD_REBOOT PASSWORD REBUILD MIGRATING RESIZE REVERT_RESIZE UNSPECIFIED OTHER"
    ).split()
}


def _server_failed(server: Any, needs: str) -> Failure | None:
    """Asked when it is not done: failed is what is in ERROR, or what nothing is at work on."""
    if server.status == compute.SERVER_STATUS_ERROR:
        fault = server.fault.message or "the cloud does not say why"
        if "No valid host" in fault:
            return Failure(Code.RESOURCE_EXHAUSTED, "NO_VALID_HOST", fault, retry=WHOLE_FLOW)
        return Failure(Code.INTERNAL, "UPSTREAM_FAILED", f"the server is in ERROR: {fault}")
    if not server.task_state_raw and server.status not in IN_BETWEEN:
        return Failure(
            Code.FAILED_PRECONDITION,
            "WRONG_STATE",
            f"nothing is at work on the server any more, and it is {server.status_raw}",
            retry=WHOLE_FLOW,
        )
    return None


def _server_created(server: Any, needs: str) -> bool:
    return server.status == compute.SERVER_STATUS_ACTIVE and (
        not needs
        or (
            needs == "floating"
            and any(each.kind == common.ADDRESS_KIND_FLOATING for each in server.addresses)
        )
        or (needs == "address" and bool(server.addresses))
    )


def _create_failed(server: Any, needs: str) -> Failure | None:
    if server.status == compute.SERVER_STATUS_ACTIVE and not server.task_state_raw:
        if needs and not server.addresses:
            return Failure(
                Code.FAILED_PRECONDITION,
                "NO_ADDRESS",
                "the server is ACTIVE and got no address",
                retry=WHOLE_FLOW,
            )
        return None  # the oaktree itself is at work, on the floating IP
    return _server_failed(server, needs)


def _delete_failed(server: Any, needs: str) -> Failure | None:
    idle = not server.task_state_raw
    if idle and server.status == compute.SERVER_STATUS_ERROR:
        return _server_failed(server, needs)
    return None


def _resized(server: Any, needs: str) -> bool:
    if needs == "confirmed":
        names = {compute.SERVER_STATUS_ACTIVE, compute.SERVER_STATUS_SHUTOFF}
        return server.status in names and not server.task_state_raw
    return bool(server.status == compute.SERVER_STATUS_VERIFY_RESIZE)


def _old_host(request: Any, server: Any) -> str:
    """What tells the host it was on from others, and whether it moves while it is off."""
    live = getattr(request, "live", True)
    return f"{'' if live else 'resize '}{server.host_id}"


def _moved(server: Any, needs: str) -> bool:
    """What is moved like a resize waits for its confirmation, all else is idle on another host."""
    if needs.startswith("resize "):
        return bool(server.status == compute.SERVER_STATUS_VERIFY_RESIZE)
    idle = server.status not in IN_BETWEEN and not server.task_state_raw
    away = server.host_id != needs
    return idle and away and server.status != compute.SERVER_STATUS_ERROR


def _create_needs(request: Any, server: Any) -> str:
    policy = request.addressing.policy
    if request.no_network:
        return ""
    return "floating" if policy == compute.SERVER_ADDRESS_POLICY_FLOATING else "address"


def _port(request: Any, interface: Any) -> str:
    return str(interface.port_id)


def _volume(request: Any, volume: Any) -> str:
    return str(volume.volume_id)


def _has_port(server: Any, port_id: str) -> bool:
    return any(each.port_id == port_id for each in server.addresses)


def _has_volume(server: Any, volume_id: str) -> bool:
    return any(each.volume_id == volume_id for each in server.volumes)


def _server(*names: str, idle: bool = False) -> End:
    statuses = {compute.ServerStatus.Value(f"SERVER_STATUS_{name}") for name in names}

    def done(server: Any, needs: str) -> bool:
        return server.status in statuses and not (idle and server.task_state_raw)

    return End(done, _server_failed)


def _server_deleted(server: Any, needs: str) -> bool:
    return server.status in {compute.SERVER_STATUS_SOFT_DELETED, compute.SERVER_STATUS_DELETED}


ENDS = {
    "server.create": End(_server_created, _create_failed, needs=_create_needs),
    "server.delete": End(_server_deleted, _delete_failed, gone=True),
    "server.start": _server("ACTIVE", idle=True),
    "server.stop": _server("SHUTOFF"),
    "server.reboot": _server("ACTIVE", idle=True),
    "server.pause": _server("PAUSED"),
    "server.unpause": _server("ACTIVE", idle=True),
    "server.suspend": _server("SUSPENDED"),
    "server.resume": _server("ACTIVE", idle=True),
    "server.rescue": _server("RESCUE"),
    "server.unrescue": _server("ACTIVE", idle=True),
    "server.resize": End(
        _resized,
        _server_failed,
        needs=lambda request, server: "confirmed" if request.confirm else "",
    ),
    "server.confirm_resize": _server("ACTIVE", "SHUTOFF", idle=True),
    "server.revert_resize": _server("ACTIVE", "SHUTOFF", idle=True),
    "server.rebuild": _server("ACTIVE", "SHUTOFF", idle=True),
    "server.shelve": _server("SHELVED_OFFLOADED", "SHELVED", idle=True),
    "server.unshelve": _server("ACTIVE", idle=True),
    "server.migrate": End(_moved, _server_failed, needs=_old_host),
    "server.evacuate": End(_moved, _server_failed, needs=_old_host),
    "server.change_password": _server("ACTIVE", idle=True),
    "server.restore": _server("ACTIVE", idle=True),
    "server.create_image": IMAGE_ACTIVE,
    "server.create_backup": IMAGE_ACTIVE,
    "server_migration.abort": reaches("CANCELLED", bad=["COMPLETED", "FAILED", "ERROR"]),
    "server_migration.force_complete": reaches("COMPLETED", bad=["CANCELLED", "FAILED", "ERROR"]),
    "server_interface.attach": End(_has_port, _server_failed, needs=_port),
    "server_interface.detach": End(
        lambda server, port: not _has_port(server, port), gone=True, needs=_port
    ),
    "server_volume.attach": End(_has_volume, _server_failed, needs=_volume),
    "server_volume.detach": End(
        lambda server, id_: not _has_volume(server, id_), gone=True, needs=_volume
    ),
}

FILTERS: dict[str, str | Callable[[Any, Any], bool]] = {
    "ServerFilter.flavors": "flavor: flavor.id",
    "ServerMigrationFilter.hosts": lambda migration, wanted: bool(
        {migration.source_host, migration.destination_host} & set(wanted)
    ),
    "ServerFilter.keypairs": lambda resource, wanted: resource.keypair_name in wanted,
}

NAMED_ONLY = {
    "ComputeUsage": ["server_usages"],
    "Server": ["user_data"],
    "Hypervisor": ["server_ids", "uptime"],
}

EXACTLY_ONE = {
    "CreateServerRequest": [("image", "boot.volume")],
    "AttachServerInterfaceRequest": [("network", "port")],
    "RemoveServerMetadataRequest": [("keys", "all_keys")],
    "RemoveServerTagsRequest": [("tags", "all_tags")],
    "ServerNetwork": [("network", "port")],
}
AT_MOST_ONE = {
    "CreateServerRequest": [("networks", "no_network")],
}
