# SPDX-License-Identifier: Apache-2.0
"""Examples of network."""

from __future__ import annotations

from typing import Any

EXAMPLES: dict[str, dict[str, Any]] = {
    "CreateSubnetRequest": {"cidr": "10.9.#.0/24"},
    "CreateSecurityGroupRuleRequest": {
        "direction": "INGRESS",
        "protocol": "tcp",
        "port_range_min": "#",
        "port_range_max": "#",
    },
    "AttachFloatingIpRequest": {"server": "@server"},
    "CreatePortRequest": {"network": "private"},
    "CreateRouterRequest": {"external_network": "public"},
    "RouterRoute": {"destination_cidr": "192.0.2.0/24", "nexthop_ip_address": "203.0.113.99"},
    "AddRouterInterfaceRequest": {"subnet": "!subnet"},
    "RemoveRouterInterfaceRequest": {"subnet": "@subnet"},
    "CreateSubnetPoolRequest": {"name": "walk", "cidrs": ["10.64.0.0/16"]},
    "CreateAddressScopeRequest": {"name": "walk", "ip_version": 4},
    "AddAddressGroupAddressesRequest": {"cidrs": ["192.0.2.1", "198.51.100.0/24"]},
    "RemoveAddressGroupAddressesRequest": {"cidrs": ["192.0.2.1/32"]},
    "CreatePortForwardingRequest": {
        "protocol": "tcp",
        "external_port": "#",
        "internal_port": "#",
        "port": "!port",
    },
    "CreateQosDscpMarkingRuleRequest": {"dscp_mark": 46},
    "UpdateQosDscpMarkingRuleRequest": {"dscp_mark": 48},
    "CreateRbacPolicyRequest": {
        "object_type": "NETWORK",
        "object": "private",
        "is_for_every_project": True,
    },
    "UpdateRbacPolicyRequest": {"target_project": "walk"},
    "TrunkSubportSpec": {"port": "!port", "segmentation_id": "#"},
    "CreateTrunkRequest": {"port": "!port"},
}
