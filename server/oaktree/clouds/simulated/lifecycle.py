# SPDX-License-Identifier: Apache-2.0
"""What simulated objects go through: states, times in seconds, and what is refused.

This is data, so that a new resource is simulated by saying how it lives.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Step:
    """After this many seconds the fields are as given, enums by their values without the prefix."""

    after: float
    fields: Mapping[str, str]


@dataclass(frozen=True)
class Life:
    """The life of a kind of object."""

    # What a new one goes through.
    birth: Sequence[Step] = ()
    # What one that is being deleted goes through before it is gone.
    death: Sequence[Step] = ()
    # How long the last of that takes.
    dying: float = 0.0


@dataclass(frozen=True)
class Action:
    """What an action leads to."""

    # The statuses in which it is allowed; none means all.
    allowed: Sequence[str] = ()
    steps: Sequence[Step] = ()
    # The statuses in which there is nothing left to do.
    done: Sequence[str] = ()


def server(after: float, status: str, vm: str, power: str, task: str = "") -> Step:
    return Step(after, {"status": status, "vm_state": vm, "power_state": power, "task_state": task})


RUNNING = ("ACTIVE", "ACTIVE", "RUNNING")
OFF = ("SHUTOFF", "STOPPED", "SHUTDOWN")

LIVES: Mapping[str, Life] = {
    "server": Life(
        birth=[
            server(0.0, "BUILD", "BUILDING", "PENDING", "SCHEDULING"),
            server(0.3, "BUILD", "BUILDING", "PENDING", "NETWORKING"),
            server(0.3, "BUILD", "BUILDING", "PENDING", "SPAWNING"),
            server(0.6, *RUNNING),
        ],
        death=[Step(0.0, {"task_state": "DELETING"})],
        dying=0.4,
    ),
    "image": Life(birth=[Step(0.0, {"status": "QUEUED"})], dying=0.1),
    "floating_ip": Life(birth=[Step(0.0, {"status": "DOWN"})], dying=0.1),
    "network": Life(birth=[Step(0.0, {"status": "ACTIVE"})]),
    "port": Life(birth=[Step(0.0, {"status": "DOWN"})]),
    "volume": Life(
        birth=[Step(0.0, {"status": "CREATING"}), Step(0.5, {"status": "AVAILABLE"})],
        death=[Step(0.0, {"status": "DELETING"})],
        dying=0.3,
    ),
}

ACTIONS: Mapping[str, Action] = {
    "StartServer": Action(
        ["SHUTOFF"], [server(0, *OFF, "POWERING_ON"), server(0.3, *RUNNING)], ["ACTIVE"]
    ),
    "StopServer": Action(
        ["ACTIVE", "RESCUE", "ERROR"],
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
    ),
    "ResizeServer": Action(
        ["ACTIVE", "SHUTOFF"],
        [
            server(0, "RESIZE", "ACTIVE", "RUNNING", "RESIZE_PREP"),
            server(0.5, "VERIFY_RESIZE", "RESIZED", "RUNNING"),
        ],
    ),
    "ConfirmServerResize": Action(
        ["VERIFY_RESIZE"],
        [
            server(0, "VERIFY_RESIZE", "RESIZED", "RUNNING", "RESIZE_CONFIRMING"),
            server(0.2, *RUNNING),
        ],
    ),
    "RevertServerResize": Action(
        ["VERIFY_RESIZE"],
        [
            server(0, "REVERT_RESIZE", "RESIZED", "RUNNING", "RESIZE_REVERTING"),
            server(0.3, *RUNNING),
        ],
    ),
    "RebuildServer": Action(
        ["ACTIVE", "SHUTOFF", "ERROR"],
        [server(0, "REBUILD", "ACTIVE", "RUNNING", "REBUILDING"), server(0.5, *RUNNING)],
    ),
    "MigrateServer": Action(
        ["ACTIVE", "SHUTOFF"],
        [
            server(0, "RESIZE", "ACTIVE", "RUNNING", "RESIZE_PREP"),
            server(0.5, "VERIFY_RESIZE", "RESIZED", "RUNNING"),
        ],
    ),
    "ChangeServerPassword": Action(
        ["ACTIVE"],
        [server(0, "PASSWORD", *RUNNING[1:], "UPDATING_PASSWORD"), server(0.2, *RUNNING)],
    ),
    "DeactivateImage": Action(["ACTIVE"], [Step(0, {"status": "DEACTIVATED"})], ["DEACTIVATED"]),
    "ReactivateImage": Action(["DEACTIVATED"], [Step(0, {"status": "ACTIVE"})], ["ACTIVE"]),
}

# A soft reboot and a hard one look different while they last.
SOFT_REBOOT = Action(
    ["ACTIVE"], [server(0, "REBOOT", *RUNNING[1:], "REBOOTING"), server(0.3, *RUNNING)]
)
HARD_REBOOT = Action(
    ["ACTIVE", "SHUTOFF", "ERROR", "PAUSED", "SUSPENDED"],
    [server(0, "HARD_REBOOT", *RUNNING[1:], "REBOOTING_HARD"), server(0.3, *RUNNING)],
)

# What images may be.
DISK_FORMATS = ("raw", "qcow2", "vhd", "vmdk", "iso")
CONTAINER_FORMATS = ("bare", "ovf", "ova")
