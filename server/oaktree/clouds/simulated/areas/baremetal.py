# SPDX-License-Identifier: Apache-2.0
"""How the objects of baremetal live."""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from google.protobuf.struct_pb2 import Struct
from google.protobuf.timestamp_pb2 import Timestamp
from oaktreemodel.baremetal import v1 as baremetal
from oaktreemodel.common import v1 as common
from oaktreemodel.network import v1 as network

from oaktree.clouds import Outcome
from oaktree.clouds.simulated.lifecycle import Action, Fields, Query, Step, Thing
from oaktree.failures import invalid, violation
from oaktree.shapes import to_change, word_of

# The host of Ironic's that is at work on a node in these states, and lets no other change.
HOST = "ironic-conductor-0"
BUSY = (
    *("VERIFYING", "INSPECTING", "CLEANING", "DEPLOYING", "DELETING"),
    *("RESCUING", "UNRESCUING", "SERVICING", "ADOPTING"),
)
CLEANED = ("CLEANING", "CLEAN_WAIT", "CLEANING")
BOOT_DEVICES = ("pxe", "disk", "cdrom")
SECRET = "******"
MAC_ADDRESS = re.compile(r"([0-9a-f]{2}:){5}[0-9a-f]{2}")
# What a node is told to do when a step is to wait for UnholdNode.
HOLD = "hold"


@dataclass(frozen=True)
class Way:
    """From which states a node goes through which others, to which in the end."""

    allowed: Sequence[str]
    through: Sequence[str]
    end: str
    # Where it goes when that fails.
    failed: str
    # The states in which there is nothing left to do.
    done: Sequence[str] = ()
    # What it has in the end.
    fields: Fields = field(default_factory=dict)
    # Where it waits for UnholdNode, and which field tells the step it is at.
    hold: str = ""
    step: str = ""


def _now(region: Any, node: Any, request: Any) -> Any:
    now = Timestamp()
    now.GetCurrentTime()
    return now


def state(word: str, target: str | None = None, **others: Any) -> Fields:
    return {
        "provision_state": word,
        "target_provision_state": target,
        "provision_update_time": _now,
        "reservation": HOST if word in BUSY else "",
        **others,
    }


def _power_known(region: Any, node: Any, request: Any) -> str:
    known = word_of(node, "power_state")
    return "POWER_OFF" if known == "UNSPECIFIED" else known


def _found_properties(region: Any, node: Any, request: Any) -> Struct:
    found = Struct()
    found.update({"cpus": 16, "cpu_arch": "x86_64", "memory_mb": 65536, "local_gb": 446})
    found.update({"capabilities": "boot_mode:uefi"})
    found.MergeFrom(node.properties)
    return found


WAYS = {
    "manage": Way(
        ["ENROLL"],
        ["VERIFYING"],
        "MANAGEABLE",
        "ENROLL",
        ["MANAGEABLE"],
        {"power_state": _power_known},
    ),
    "provide": Way(["MANAGEABLE"], CLEANED, "AVAILABLE", "CLEAN_FAILED", ["AVAILABLE"]),
    "inspect": Way(
        ["MANAGEABLE", "INSPECT_FAILED"],
        ["INSPECTING", "INSPECT_WAIT"],
        "MANAGEABLE",
        "INSPECT_FAILED",
        fields={"properties": _found_properties},
    ),
    "clean": Way(
        ["MANAGEABLE"],
        CLEANED,
        "MANAGEABLE",
        "CLEAN_FAILED",
        hold="CLEAN_HOLD",
        step="clean_step",
    ),
    "deploy": Way(
        ["AVAILABLE", "DEPLOY_FAILED"],
        ["DEPLOYING", "WAIT_CALL_BACK", "DEPLOYING"],
        "ACTIVE",
        "DEPLOY_FAILED",
        fields={"power_state": "POWER_ON"},
        hold="DEPLOY_HOLD",
        step="deploy_step",
    ),
    "undeploy": Way(
        [
            *["ACTIVE", "DEPLOY_FAILED", "ERROR", "WAIT_CALL_BACK"],
            *["RESCUE", "RESCUE_WAIT", "RESCUE_FAILED", "UNRESCUE_FAILED"],
        ],
        ["DELETING", *CLEANED],
        "AVAILABLE",
        "CLEAN_FAILED",
        ["AVAILABLE"],
        {
            "power_state": "POWER_OFF",
            "instance_id": "",
            "instance_name": "",
            "instance_info": None,
        },
    ),
    "adopt": Way(
        ["MANAGEABLE", "ADOPT_FAILED"],
        ["ADOPTING"],
        "ACTIVE",
        "ADOPT_FAILED",
        fields={"power_state": "POWER_ON"},
    ),
    "rescue": Way(
        ["ACTIVE", "RESCUE_FAILED"], ["RESCUING", "RESCUE_WAIT"], "RESCUE", "RESCUE_FAILED"
    ),
    "unrescue": Way(
        ["RESCUE", "UNRESCUE_FAILED"], ["UNRESCUING"], "ACTIVE", "UNRESCUE_FAILED", ["ACTIVE"]
    ),
    "service": Way(
        ["ACTIVE", "SERVICE_FAILED"],
        ["SERVICING", "SERVICE_WAIT"],
        "ACTIVE",
        "SERVICE_FAILED",
        hold="SERVICE_HOLD",
        step="service_step",
    ),
}
# What AbortNode leads to, by where it is called.
ABORTED = {
    "CLEAN_WAIT": "CLEAN_FAILED",
    "CLEAN_HOLD": "CLEAN_FAILED",
    "INSPECT_WAIT": "INSPECT_FAILED",
    "WAIT_CALL_BACK": "DEPLOY_FAILED",
    "DEPLOY_HOLD": "DEPLOY_FAILED",
    "RESCUE_WAIT": "RESCUE_FAILED",
    "SERVICE_WAIT": "SERVICE_FAILED",
    "SERVICE_HOLD": "SERVICE_FAILED",
}
HELD = {way.hold: way for way in WAYS.values() if way.hold}
NO_STEPS: Fields = {"clean_step": None, "deploy_step": None, "service_step": None, "runbook": ""}


def steps_of(way: Way) -> list[Step]:
    first, *others = way.through
    return [
        Step(0, state(first, way.end, last_error="")),
        *(Step(0.1, state(word, way.end)) for word in others),
        Step(0.1, state(way.end, **way.fields, **NO_STEPS)),
    ]


def failure_of(way: Way, what: str) -> Fields:
    faults: Fields = {}
    if way.failed == "CLEAN_FAILED":
        faults = {"is_maintenance": True, "fault": "clean failure"}
    error = f"Failed to {what} the node: this was asked for"
    return state(way.failed, last_error=error, **NO_STEPS, **faults)


def switched(word: str | None, error: str = "") -> Fields:
    return {"power_state": word, "target_power_state": None, "last_error": error}


def not_switched() -> Fields:
    return switched("ERROR", "Failed to change power state: this was asked for")


# -- checks ---------------------------------------------------------------------------------------


def _check_free(region: Any, node: Any, request: Any) -> None:
    """Refuses what nothing of a node in maintenance, or that is being switched, allows."""
    if node.is_maintenance:
        raise region.wrong_state(node, "in maintenance: take it out by SetNodeMaintenance")
    _check_not_switched(region, node, request)


def _check_not_switched(region: Any, node: Any, request: Any) -> None:
    if node.target_power_state:
        raise region.in_transition(node, f"it goes to {node.target_power_state_raw}")


def _check_power(region: Any, node: Any, request: Any) -> None:
    if node.is_maintenance or word_of(node, "provision_state") in CLEANED:
        how = "in maintenance" if node.is_maintenance else node.provision_state_raw
        raise region.wrong_state(node, f"{how}, and cannot be switched")
    if node.target_provision_state:
        raise region.in_transition(node, f"it is in {node.provision_state_raw}")


def _check_provide(region: Any, node: Any, request: Any) -> None:
    _check_free(region, node, request)
    if node.is_retired:
        raise region.wrong_state(node, "retired, and not to be given out any more")


def _check_inspect(region: Any, node: Any, request: Any) -> None:
    _check_free(region, node, request)
    if node.instance_id:
        raise region.in_use(node, f"the instance '{node.instance_id}'")


def _check_deploy(region: Any, node: Any, request: Any) -> None:
    _check_undeploy(region, node, request)
    for each in _validations(region, node, request):
        if not each.get("is_valid", True):
            raise invalid(violation("name_or_id", each["reason"], "INVALID"))


def _check_undeploy(region: Any, node: Any, request: Any) -> None:
    _check_free(region, node, request)
    region.check_unprotected(node, "is_protected")


def _check_update(region: Any, node: Any, request: Any) -> None:
    word = word_of(node, "provision_state")
    if node.target_provision_state:
        raise region.wrong_state(node, f"{node.provision_state_raw}: wait until that has ended")
    wanted = to_change(request)
    if wanted.get("is_protected") and word not in {"ACTIVE", "RESCUE"}:
        raise region.wrong_state(node, f"{word}; only what is ACTIVE or RESCUE can be protected")
    if wanted.get("is_retired") and word == "AVAILABLE":
        raise region.wrong_state(node, "AVAILABLE; call ManageNode before it is retired")
    instance = wanted.get("instance")
    if instance and node.instance_id and instance != node.instance_id:
        raise region.in_use(node, f"the instance '{node.instance_id}'")


def _check_delete(region: Any, node: Any, request: Any) -> None:
    word = word_of(node, "provision_state")
    if node.is_maintenance:
        return
    if node.instance_id:
        raise region.in_use(node, f"the instance '{node.instance_id}'")
    if word not in {"ENROLL", "MANAGEABLE", "AVAILABLE", "ADOPT_FAILED"}:
        raise region.wrong_state(node, f"{word}; put it into maintenance, or undeploy it")


def _check_no_vif(region: Any, port: Any, request: Any) -> None:
    if "tenant_vif_port_id" in port.internal_info.fields:
        raise region.in_use(port, f"the VIF '{port.internal_info['tenant_vif_port_id']}'")


# -- what is done ---------------------------------------------------------------------------------


def _registered(region: Any, target: None, request: Any) -> Outcome:
    """Makes a node and its ports, and takes it as far as it is to go."""
    node = region.new(baremetal.Node, request)
    if request.id:
        node.id = request.id
    _owned(node, request.owner_project or region.location.project.id)
    region.check_unique(node, THINGS["node"])
    ports = [region.new(baremetal.BaremetalPort, each, node) for each in request.ports]
    node = region.born(node)
    for each in ports:
        region.born(each)
    wanted = word_of(request, "initial_state")
    if wanted not in {"MANAGEABLE", "AVAILABLE"}:
        return Outcome(node)
    what = "provide" if wanted == "AVAILABLE" else "manage"
    steps = [*steps_of(WAYS["manage"])]
    if region.is_to_fail(node, "create"):
        # What cannot be managed is not kept.
        steps = [*steps[:-1], Step(0.2, failure_of(WAYS["manage"], "manage"))]
        region.store.later((0.2 + 2.0) * region.quirks.pace, lambda: region.gone(node))
    elif wanted == "AVAILABLE":
        steps += [Step(0.1, each.fields) for each in steps_of(WAYS["provide"])]
    node = region.changed(node, functools.partial(region.said, steps[0]))
    region.goes_through(node, steps[1:], what)
    return Outcome(node, pending=True)


def _owned(node: Any, project: str) -> None:
    node.location.project.CopyFrom(common.Project(id=project))


def _updated(region: Any, node: Any, request: Any) -> Outcome:
    outcome: Outcome = region.update(baremetal.Node, node, request)
    wanted = to_change(request)
    if "owner_project" not in wanted:
        return outcome
    return Outcome(region.changed(node, lambda each: _owned(each, wanted["owner_project"])))


def _power(end: str, target: str, soft: str, region: Any, node: Any, request: Any) -> Outcome:
    wanted = soft if getattr(request, "soft", False) else target
    what = {"POWER_OFF": "power_off", "POWER_ON": "power_on"}.get(target, "reboot")
    if node.target_power_state:
        if word_of(node, "target_power_state") == wanted:
            return Outcome(node, pending=True)
        raise region.in_transition(node, f"it goes to {node.target_power_state_raw}")
    if target == end and word_of(node, "power_state") == end:
        return Outcome(node)
    begun = {"target_power_state": wanted, "last_error": ""}
    steps = [Step(0, begun), Step(0.3, switched(end))]
    outcome: Outcome = region.act(node, Action(steps=steps), what=what)
    return outcome


def _goes(what: str, region: Any, node: Any, request: Any) -> Outcome:
    """Has steps done, of which one can say that it waits for UnholdNode."""
    way = WAYS[what]
    steps = steps_of(way)
    if request.steps:
        begun = {**steps[0].fields, way.step: request.steps[0], "runbook": ""}
        steps[0] = Step(0, begun)
    if getattr(request, "runbook", ""):
        steps[0] = Step(0, {**steps[0].fields, "runbook": request.runbook})
    if any(each.step == HOLD for each in request.steps):
        steps = [steps[0], Step(0.1, state(way.hold, way.end))]
    rebuilt = getattr(request, "rebuild", False)
    allowed = ["ACTIVE", "DEPLOY_FAILED", "ERROR"] if rebuilt else way.allowed
    outcome: Outcome = region.act(node, Action(allowed, steps), what=what)
    return outcome


def _managed(region: Any, node: Any, request: Any) -> Outcome:
    way = WAYS["manage"]
    failed = ["AVAILABLE", "CLEAN_FAILED", "INSPECT_FAILED", "ADOPT_FAILED"]
    action = Action(way.allowed, steps_of(way), way.done)
    if word_of(node, "provision_state") in failed:
        action = Action(failed, [Step(0, state("MANAGEABLE", last_error=""))])
    outcome: Outcome = region.act(node, action, what="manage")
    return outcome


def _inspected(region: Any, node: Any, request: Any) -> Outcome:
    way = WAYS["inspect"]
    steps, allowed = steps_of(way), way.allowed
    if word_of(node, "provision_state") == "AVAILABLE":
        allowed = ["AVAILABLE"]
        steps = [
            Step(0, state("MANAGEABLE", "AVAILABLE", last_error="")),
            *(Step(0.1, each.fields) for each in steps),
            *(Step(0.1, each.fields) for each in steps_of(WAYS["provide"])),
        ]
    outcome: Outcome = region.act(node, Action(allowed, steps), what="inspect")
    return outcome


def _aborted(region: Any, node: Any, request: Any) -> Outcome:
    failed = ABORTED.get(word_of(node, "provision_state"), "")
    error = "Somebody gave it up"
    steps = [
        Step(0, {"target_provision_state": None}),
        Step(0.1, state(failed, last_error=error, **NO_STEPS)),
    ]
    outcome: Outcome = region.act(node, Action(list(ABORTED), steps))
    return outcome


def _unheld(region: Any, node: Any, request: Any) -> Outcome:
    way = HELD.get(word_of(node, "provision_state"), WAYS["clean"])
    steps = steps_of(way)
    outcome: Outcome = region.act(node, Action(list(HELD), [steps[0], steps[-1]]), what="unhold")
    return outcome


def _boot_device_set(region: Any, node: Any, request: Any) -> Any:
    if request.boot_device not in BOOT_DEVICES:
        text = f"is not one of {', '.join(BOOT_DEVICES)}, which the node has"
        raise invalid(violation("boot_device", text, "INVALID"))
    device, persistent = request.boot_device, request.is_persistent

    def change(each: Any) -> None:
        each.driver_internal_info.update({"boot_device": device, "is_persistent": persistent})

    return region.changed(node, change)


def _console_set(region: Any, node: Any, request: Any) -> Outcome:
    wanted = request.is_console_enabled
    if node.is_console_enabled == wanted:
        return Outcome(node)
    steps = [Step(0, {"last_error": ""}), Step(0.1, {"is_console_enabled": wanted})]
    outcome: Outcome = region.act(node, Action(steps=steps), what="set_console")
    return outcome


def _attached(region: Any, node: Any, request: Any) -> Any:
    if request.baremetal_port and request.baremetal_port_group:
        raise invalid(violation("baremetal_port_group", "excludes baremetal_port", "EXCLUSIVE"))
    port = region.mean(network.Port, request.port, "port")
    there = region.store.table(baremetal.NodeVif).get(port.id)
    if there is not None and there.node_id == node.id:
        return there
    if there is not None or port.device_id:
        raise region.in_use(port, f"'{port.device_id or there.node_id}'")
    kind: Any = baremetal.BaremetalPort
    name = request.baremetal_port
    if request.baremetal_port_group:
        kind, name = baremetal.BaremetalPortGroup, request.baremetal_port_group
    own = region.children(kind, node)
    if name:
        named = region.mean(kind, name, "baremetal_port")
        own = [each for each in own if each.id == named.id]
    free = [each for each in own if "tenant_vif_port_id" not in each.internal_info.fields]
    if not free:
        raise region.in_use(node, "other VIFs: none of its ports is free")
    _note_vif(region, free[0], port.id)
    _give_port(region, port, node.id)
    return region.born(region.make(baremetal.NodeVif, id=port.id, node_id=node.id))


def _note_vif(region: Any, own: Any, port_id: str) -> None:
    def change(each: Any) -> None:
        each.internal_info.fields.pop("tenant_vif_port_id", None)
        if port_id:
            each.internal_info.update({"tenant_vif_port_id": port_id})

    region.changed(own, change)


def _give_port(region: Any, port: Any, node_id: str) -> None:
    owner = {"device_id": node_id, "device_owner": "baremetal:none" if node_id else ""}
    region.changed(port, lambda each: region.declare(each, owner))


def _vif_gone(region: Any, vif: Any) -> None:
    for kind in (baremetal.BaremetalPort, baremetal.BaremetalPortGroup):
        for each in region.store.table(kind):
            info = each.internal_info.fields
            if each.node_id == vif.node_id and info["tenant_vif_port_id"].string_value == vif.id:
                _note_vif(region, each, "")
    port = region.store.table(network.Port).get(vif.id)
    if port is not None:
        _give_port(region, port, "")


# -- what is told ---------------------------------------------------------------------------------


def _validations(region: Any, node: Any, request: Any) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = [
        {"driver_interface": each, "is_valid": True}
        for each in ("bios", "inspect", "management", "network", "power", "raid", "rescue")
    ]
    for each in ("boot", "deploy"):
        known: dict[str, Any] = {"driver_interface": each, "is_valid": True}
        if "image_source" not in node.instance_info.fields:
            known = {**known, "is_valid": False, "reason": "its instance_info has no image_source"}
        told.append(known)
    told.append({"driver_interface": "vendor", "reason": "the driver has no such part"})
    return sorted(told, key=lambda each: str(each["driver_interface"]))


def _boot_device(region: Any, node: Any, request: Any) -> str:
    return node.driver_internal_info.fields["boot_device"].string_value or "disk"


def _boots_always(region: Any, node: Any, request: Any) -> bool:
    fields = node.driver_internal_info.fields
    return "is_persistent" not in fields or bool(fields["is_persistent"].bool_value)


def _console_url(region: Any, node: Any, request: Any) -> str:
    return f"https://console.simulated/{node.id}" if node.is_console_enabled else ""


def _masked(region: Any, node: Any, request: Any) -> Struct:
    told = Struct()
    told.CopyFrom(node.driver_info)
    told.update({key: SECRET for key in told.fields if key.endswith("password")})
    return told


def _mac_address(region: Any, port: Any, request: Any) -> str:
    return str(port.mac_address).lower()


def _port_name(region: Any, port: Any, request: Any) -> str:
    own = not MAC_ADDRESS.fullmatch(port.name.lower())
    return str(port.name if port.name and own else port.mac_address.lower())


THINGS = {
    "node": Thing(
        birth=[Step(0, state("ENROLL", driver_info=_masked))],
        change=[Step(0, {"driver_info": _masked})],
        failed={
            **{what: failure_of(way, what) for what, way in WAYS.items()},
            **{what: not_switched() for what in ("power_on", "power_off", "reboot")},
            "set_console": {"last_error": "Failed to start the console: this was asked for"},
            "unhold": failure_of(WAYS["clean"], "unhold"),
        },
        status="provision_state",
        busy=BUSY,
        fields={
            "conductor": HOST,
            "boot_mode": "uefi",
            "health": "OK",
            "is_automated_clean_enabled": True,
        },
        copies={"chassis": "chassis_id", "lessee_project": "lessee_project_id"},
        unique=["name"],
        seeds=[
            {
                "name": "rack1-node1",
                "driver": "redfish",
                "provision_state": "ACTIVE",
                "power_state": "POWER_ON",
                "resource_class": "baremetal.small",
                "instance_name": "database",
                "instance_id": "7d0f2a34-4c53-4f6b-9d0a-9d3f5d6b8a01",
                "is_console_enabled": True,
            },
            {
                "name": "rack1-node2",
                "driver": "redfish",
                "provision_state": "AVAILABLE",
                "power_state": "POWER_OFF",
                "resource_class": "baremetal.small",
            },
        ],
    ),
    "baremetal_port": Thing(
        birth=[Step(0, {"mac_address": _mac_address, "name": _port_name})],
        change=[Step(0, {"mac_address": _mac_address, "name": _port_name})],
        fields={"is_pxe_enabled": True, "mac_address": _mac_address},
        also_called=["mac_address"],
        unique=["mac_address", "name"],
        seeds=[
            {"node": "rack1-node1", "mac_address": "52:54:00:00:01:01"},
            {"node": "rack1-node2", "mac_address": "52:54:00:00:02:01"},
        ],
    ),
    "baremetal_port_group": Thing(
        fields={"mode": "active-backup", "is_standalone_ports_supported": True},
        unique=["name", "mac_address"],
        used_by=["baremetal_port.baremetal_port_group_id"],
    ),
    "node_vif": Thing(also_called=["id port"], unmade=_vif_gone),
}

ACTIONS = {
    **{
        f"{what.capitalize()}Node": Action(way.allowed, steps_of(way), way.done)
        for what, way in WAYS.items()
    },
    "CreateNode": Action(does=_registered),
    "UpdateNode": Action(does=_updated),
    "ManageNode": Action(does=_managed),
    "InspectNode": Action(does=_inspected),
    "CleanNode": Action(does=functools.partial(_goes, "clean")),
    "DeployNode": Action(does=functools.partial(_goes, "deploy")),
    "ServiceNode": Action(does=functools.partial(_goes, "service")),
    "AbortNode": Action(does=_aborted),
    "UnholdNode": Action(does=_unheld),
    "PowerOnNode": Action(does=functools.partial(_power, "POWER_ON", "POWER_ON", "POWER_ON")),
    "PowerOffNode": Action(
        does=functools.partial(_power, "POWER_OFF", "POWER_OFF", "SOFT_POWER_OFF")
    ),
    "RebootNode": Action(does=functools.partial(_power, "POWER_ON", "REBOOTING", "SOFT_REBOOTING")),
    "SetNodeMaintenance": Action(
        sets={
            "maintenance_reason": lambda region, node, request: (
                request.reason if node.is_maintenance else ""
            ),
            "fault": lambda region, node, request: node.fault if node.is_maintenance else "",
        }
    ),
    "SetNodeBootDevice": Action(does=_boot_device_set),
    "SetNodeConsole": Action(does=_console_set),
    "AttachNodeVif": Action(does=_attached),
}
CHECKS = {
    **{f"{what.capitalize()}Node": _check_free for what in WAYS},
    "ManageNode": _check_not_switched,
    "UnholdNode": _check_free,
    "ProvideNode": _check_provide,
    "InspectNode": _check_inspect,
    "DeployNode": _check_deploy,
    "UndeployNode": _check_undeploy,
    **{f"{what}Node": _check_power for what in ("PowerOn", "PowerOff", "Reboot")},
    "UpdateNode": _check_update,
    "DeleteNode": _check_delete,
    "DeleteBaremetalPort": _check_no_vif,
    "DeleteBaremetalPortGroup": _check_no_vif,
}
QUERIES = {
    "ValidateNode": Query({"validations": _validations}),
    "GetNodeBootDevice": Query(
        {
            "boot_device": _boot_device,
            "is_persistent": _boots_always,
            "supported_boot_devices": BOOT_DEVICES,
        }
    ),
    "GetNodeConsole": Query(
        {
            "is_console_enabled": lambda region, node, request: bool(node.is_console_enabled),
            "console_type": lambda region, node, request: (
                "shellinabox" if node.is_console_enabled else ""
            ),
            "url": _console_url,
        }
    ),
}


def spaced(enum: Any) -> dict[str, str]:
    """The words of an enum as Ironic writes them: clean failed."""
    names = [name.split("_STATE_", 1)[1] for name in enum.keys()]
    return {name: name.lower().replace("_", " ") for name in names}


WORDS = {
    "NodePowerState": spaced(baremetal.NodePowerState),
    "NodeProvisionState": {
        **spaced(baremetal.NodeProvisionState),
        "WAIT_CALL_BACK": "wait call-back",
    },
}
