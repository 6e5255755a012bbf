# SPDX-License-Identifier: Apache-2.0
"""What is particular to the area baremetal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from oaktree.api.ends import End, fails, leaves, reaches, upstream_failed, vanishes
from oaktree.failures import Failure
from oaktree.shapes import word_of

STATE = "provision_state"
FAILED = fails(STATE, ())


def _is_in(node: Any, needs: str) -> bool:
    return word_of(node, STATE) == needs


def _not_managed(node: Any, needs: str) -> Failure | None:
    """What could not be managed is back where it came from, and says why."""
    if node.last_error and word_of(node, STATE) == "ENROLL" and not node.target_provision_state:
        return upstream_failed(node, node.provision_state_raw)
    return FAILED(node, needs)


def _has_failed(node: Any, needs: str) -> Failure | None:
    bad = node.last_error or word_of(node, "power_state") == "ERROR"
    return upstream_failed(node, node.power_state_raw) if bad else None


def _switched(word: str) -> End:
    def done(node: Any, needs: str) -> bool:
        return word_of(node, "power_state") == word and not node.target_power_state

    return End(done, _has_failed)


def _initial(request: Any, node: Any) -> str:
    word = word_of(request, "initial_state")
    return "ENROLL" if word == "UNSPECIFIED" else word


def _inspected(request: Any, node: Any) -> str:
    """What was AVAILABLE becomes that again."""
    return "AVAILABLE" if word_of(node, "target_provision_state") == "AVAILABLE" else "MANAGEABLE"


def _console(node: Any, needs: str) -> bool:
    return bool(node.is_console_enabled) == bool(needs)


ENDS: dict[str, End] = {
    "node.create": End(_is_in, _not_managed, needs=_initial),
    "node.delete": vanishes(),
    "node.power_on": _switched("POWER_ON"),
    "node.power_off": _switched("POWER_OFF"),
    "node.reboot": _switched("POWER_ON"),
    "node.set_console": End(
        _console,
        _has_failed,
        needs=lambda request, node: "open" if request.is_console_enabled else "",
    ),
    "node.manage": End(lambda node, needs: _is_in(node, "MANAGEABLE"), _not_managed),
    "node.provide": reaches("AVAILABLE", field=STATE),
    "node.inspect": End(_is_in, FAILED, needs=_inspected),
    "node.clean": reaches("MANAGEABLE", field=STATE),
    "node.deploy": reaches("ACTIVE", field=STATE),
    "node.undeploy": reaches("AVAILABLE", field=STATE),
    "node.adopt": reaches("ACTIVE", field=STATE),
    "node.rescue": reaches("RESCUE", field=STATE),
    "node.unrescue": reaches("ACTIVE", field=STATE),
    "node.service": reaches("ACTIVE", field=STATE),
    "node.abort": End(lambda node, needs: word_of(node, STATE).endswith("_FAILED")),
    "node.unhold": leaves("CLEAN_HOLD", "DEPLOY_HOLD", "SERVICE_HOLD", field=STATE),
}

FILTERS: dict[str, str | Callable[[Any, Any], bool]] = {
    "NodeFilter.has_instance": lambda node, wanted: bool(node.instance_id) == wanted,
    "NodeFilter.port_mac_addresses": "baremetal_port: id through node_id",
    "NodeFilter.traits": lambda node, wanted: set(wanted) <= set(node.traits),
    "NodeFilter.chassis": lambda node, wanted: node.chassis_id in wanted,
    "NodeFilter.owner_projects": lambda node, wanted: node.location.project.id in wanted,
    "NodeFilter.include_children": lambda node, wanted: True,
}
# Those that are a part of another are left out, unless they are asked for.
DEFAULTS: dict[str, Callable[[Any], bool]] = {
    "NodeFilter.include_children parent_nodes": lambda node: not node.parent_node_id,
}

EXACTLY_ONE = {
    "CleanNodeRequest": [("steps", "runbook")],
    "ServiceNodeRequest": [("steps", "runbook")],
}
AT_MOST_ONE = {"AttachNodeVifRequest": [("baremetal_port", "baremetal_port_group")]}
