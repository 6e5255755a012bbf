# SPDX-License-Identifier: Apache-2.0
"""What is particular to the area network."""

from __future__ import annotations

from typing import Any

from oaktree.api.ends import End, fails, leaves, reaches, vanishes

# What is down has been built as well.
BUILT = leaves("BUILD")

ENDS = {
    "floating_ip.create": reaches("ACTIVE"),
    "floating_ip.attach": reaches("ACTIVE"),
    "floating_ip.detach": End(lambda value, needs: not value.port_id, fails("status", ())),
    "floating_ip.delete": vanishes(),
    "network.create": BUILT,
    "port.create": BUILT,
}


def _has_address(resource: Any, wanted: Any) -> bool:
    own = [*getattr(resource, "addresses", ()), *getattr(resource, "fixed_ips", ())]
    return any(each.ip_address in wanted for each in own)


FILTERS = {
    "PortFilter.ip_addresses": _has_address,
    "PortFilter.subnets": "subnet: addresses.subnet_id",
    "SecurityGroupRuleFilter.remote_groups": "security_group: remote_group_id",
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
}
AT_MOST_ONE = {
    "CreateFloatingIpRequest": [("port", "server")],
}
