# SPDX-License-Identifier: Apache-2.0
"""What is particular to the area network."""

from __future__ import annotations

from typing import Any

from oaktree.api.ends import End, fails, leaves, reaches, vanishes
from oaktree.shapes import word_of


def _trunk_built(trunk: Any, needs: str) -> bool:
    return word_of(trunk, "status") == "ACTIVE"


# What is down has been built as well.
BUILT = leaves("BUILD")

ENDS = {
    "floating_ip.create": reaches("ACTIVE"),
    "floating_ip.attach": reaches("ACTIVE"),
    "floating_ip.detach": End(lambda value, needs: not value.port_id, fails("status", ())),
    "floating_ip.delete": vanishes(),
    "network.create": BUILT,
    "port.create": BUILT,
    "router.create": reaches("ACTIVE"),
    "router_interface.add": reaches("ACTIVE", "DOWN"),
    **{
        f"trunk.{what}": End(_trunk_built, fails("status", ("DEGRADED", "ERROR")))
        for what in ("create", "add_subports", "remove_subports")
    },
}


def _has_address(resource: Any, wanted: Any) -> bool:
    own = [*getattr(resource, "addresses", ()), *getattr(resource, "fixed_ips", ())]
    return any(each.ip_address in wanted for each in own)


FILTERS = {
    "PortFilter.ip_addresses": _has_address,
    "PortFilter.subnets": "subnet: addresses.subnet_id",
    "SecurityGroupRuleFilter.remote_groups": "security_group: remote_group_id",
    "RouterFilter.external_networks": "network: external_gateway.network_id",
    "RouterInterfaceFilter.subnets": "subnet: addresses.subnet_id",
    "TrunkFilter.subports": "port: subports.port_id",
    # The agents do not tell whom they serve: the cloud has looked at these.
    "NetworkAgentFilter.routers": lambda agent, wanted: True,
    "NetworkAgentFilter.networks": lambda agent, wanted: True,
    "NetworkFilter.provider_network_types": lambda resource, wanted: any(
        each.network_type in wanted for each in resource.provider_segments
    ),
    "NetworkFilter.provider_physical_networks": lambda resource, wanted: any(
        each.physical_network in wanted for each in resource.provider_segments
    ),
    "NetworkFilter.provider_segmentation_ids": lambda resource, wanted: any(
        each.segmentation_id in wanted for each in resource.provider_segments
    ),
}

EXACTLY_ONE = {
    "AttachFloatingIpRequest": [("port", "server")],
    "AddRouterInterfaceRequest": [("subnet", "port")],
    "RemoveRouterInterfaceRequest": [("subnet", "port")],
    "CreateRbacPolicyRequest": [("target_project", "is_for_every_project")],
}
AT_MOST_ONE = {
    "CreateFloatingIpRequest": [("port", "server")],
    "CreateSubnetRequest": [
        ("subnet_pool", "use_default_subnet_pool"),
        ("cidr", "prefix_length"),
        ("gateway_ip_address", "no_gateway"),
    ],
    "CreatePortRequest": [
        ("fixed_ips", "no_fixed_ips"),
        ("security_groups", "no_security_groups"),
    ],
}
NAMED_ONLY = {"QosRuleType": ["drivers"]}
