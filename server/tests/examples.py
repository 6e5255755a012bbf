# SPDX-License-Identifier: Apache-2.0
"""What requests need that their descriptors do not tell, by the names of the messages.

@network is the id of a network, @network.name its name; # is a number that was not taken before; an
enum is named by the end of its value.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

EXAMPLES: Mapping[str, Mapping[str, Any]] = {
    # compute
    "CreateServerRequest": {"name": "walk", "flavor": "small", "image": "debian-13"},
    "AttachServerInterfaceRequest": {"network": "@network"},
    "RemoveServerMetadataRequest": {"all_keys": True},
    "RemoveServerTagsRequest": {"all_tags": True},
    "AddFlavorAccessRequest": {"project": "walk"},
    "RemoveFlavorAccessRequest": {"project": "walk"},
    "ResizeServerRequest": {"flavor": "medium"},
    # image
    "CreateImageRequest": {"name": "walk", "disk_format": "raw"},
    "ImportImageRequest": {"import_method": "web-download"},
    # network
    "CreateSubnetRequest": {"cidr": "10.9.0.0/24"},
    "CreateSecurityGroupRuleRequest": {
        "direction": "INGRESS",
        "protocol": "tcp",
        "port_range_min": "#",
        "port_range_max": "#",
    },
    "AttachFloatingIpRequest": {"server": "@server"},
}
