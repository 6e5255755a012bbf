# SPDX-License-Identifier: Apache-2.0
"""Examples of network."""

from __future__ import annotations

from typing import Any

EXAMPLES: dict[str, dict[str, Any]] = {
    "CreateSubnetRequest": {"cidr": "10.9.0.0/24"},
    "CreateSecurityGroupRuleRequest": {
        "direction": "INGRESS",
        "protocol": "tcp",
        "port_range_min": "#",
        "port_range_max": "#",
    },
    "AttachFloatingIpRequest": {"server": "@server"},
}
