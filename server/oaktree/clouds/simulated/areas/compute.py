# SPDX-License-Identifier: Apache-2.0
"""How the objects of compute live."""

from __future__ import annotations

from oaktree.clouds.simulated.lifecycle import Action, Step, Thing


def server(after: float, status: str, vm: str, power: str, task: str = "") -> Step:
    return Step(after, {"status": status, "vm_state": vm, "power_state": power, "task_state": task})


RUNNING = ("ACTIVE", "ACTIVE", "RUNNING")
OFF = ("SHUTOFF", "STOPPED", "SHUTDOWN")

THINGS = {
    "server": Thing(
        birth=[
            server(0.0, "BUILD", "BUILDING", "PENDING", "SCHEDULING"),
            server(0.3, "BUILD", "BUILDING", "PENDING", "NETWORKING"),
            server(0.3, "BUILD", "BUILDING", "PENDING", "SPAWNING"),
            server(0.6, *RUNNING),
        ],
        death=[Step(0.0, {"task_state": "DELETING"})],
        dying=0.4,
    ),
}

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
    "RestoreServer": Action(
        ["SOFT_DELETED"],
        [server(0, "SOFT_DELETED", "SOFT_DELETED", "SHUTDOWN", "RESTORING"), server(0.3, *RUNNING)],
        ["ACTIVE"],
    ),
}

# A soft reboot and a hard one look different while they last.
SOFT_REBOOT = Action(
    ["ACTIVE"], [server(0, "REBOOT", *RUNNING[1:], "REBOOTING"), server(0.3, *RUNNING)]
)
HARD_REBOOT = Action(
    ["ACTIVE", "SHUTOFF", "ERROR", "PAUSED", "SUSPENDED"],
    [server(0, "HARD_REBOOT", *RUNNING[1:], "REBOOTING_HARD"), server(0.3, *RUNNING)],
)

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
