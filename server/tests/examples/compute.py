# SPDX-License-Identifier: Apache-2.0
"""Examples of compute."""

from __future__ import annotations

import asyncio
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp

from oaktree.shapes import kinds, method_named

# Before all that there is.
LONG_AGO = Timestamp(seconds=1)
HOST: dict[str, Any] = {"host": "compute-4"}

EXAMPLES: dict[str, dict[str, Any]] = {
    # One that writes to its memory faster than it can be moved.
    "CreateServerRequest": {
        "name": "walk",
        "flavor": "small",
        "image": "debian-13",
        "metadata": {"simulate": "busy"},
    },
    "AttachServerInterfaceRequest": {"network": "@network"},
    "RemoveServerMetadataRequest": {"all_keys": True},
    "RemoveServerTagsRequest": {"all_tags": True},
    "CreateServerBackupRequest": {"backup_type": "daily", "rotation": 1},
    "CreateFlavorRequest": {"name": "walk-#", "is_public": False},
    "AddFlavorAccessRequest": {"flavor": "!flavor", "project": "walk"},
    "ResizeServerRequest": {"flavor": "medium"},
    "AddAggregateHostRequest": HOST,
    "RemoveAggregateHostRequest": HOST,
    "RemoveAggregateMetadataRequest": {"all_keys": True},
    "ListComputeServicesRequest": {"filter": {"hosts": ["compute-4"]}},
    "GetComputeUsageRequest": {"start_time": LONG_AGO},
    "ListComputeUsagesRequest": {"start_time": LONG_AGO},
}


async def _is_migrating(walker: Any, target: Any) -> dict[str, Any]:
    """A server is on its way to another host."""
    if target is None:
        server = await walker.create(kinds()["server"])
        method = method_named("MigrateServer")
        request = await walker.request(method, server, live=True)
        request.wait = False
        await walker.call(method, request)
    return {}


async def _another_migrates(walker: Any, target: Any) -> dict[str, Any]:
    await _is_migrating(walker, None)
    while True:
        for each in await walker.listed(kinds()["server_migration"], target):
            if each.status_raw == "running":
                return {"name_or_id": each.id, "server": each.server_id}
        await asyncio.sleep(0.01)


async def _host_is_down(walker: Any, server: Any) -> dict[str, Any]:
    method = method_named("SetComputeServiceForcedDown")
    given = {"name_or_id": f"nova-compute/{server.compute_host}", "is_forced_down": True}
    await walker.call(method, await walker.request(method, **given))
    return {}


async def _guest_tells_password(walker: Any, server: Any) -> dict[str, Any]:
    """There is a server with Windows and a key pair."""
    windows = await walker.create_by(method_named("CreateImage"), os_type="windows")
    method = method_named("ImportImage")
    await walker.call(method, await walker.request(method, windows))
    keypair = await walker.create(kinds()["keypair"])
    given = {"image": windows.id, "keypair": keypair.name}
    made = await walker.create_by(method_named("CreateServer"), **given)
    return {"name_or_id": made.id}


async def _is_resized(walker: Any, server: Any) -> dict[str, Any]:
    made = await walker.create(kinds()["server"])
    method = method_named("ResizeServer")
    await walker.call(method, await walker.request(method, made))
    return {"name_or_id": made.id}


BEFORE = {
    "RevertServerResize": _is_resized,
    "ListServerMigrations": _is_migrating,
    "ForceCompleteServerMigration": _another_migrates,
    "EvacuateServer": _host_is_down,
    "GetServerPassword": _guest_tells_password,
}
