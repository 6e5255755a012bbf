# SPDX-License-Identifier: Apache-2.0
"""Examples of load_balancer."""

from __future__ import annotations

from typing import Any

EXAMPLES: dict[str, dict[str, Any]] = {
    "CreateLoadBalancerRequest": {"name": "walk", "vip_subnet": "@subnet"},
    "DeleteLoadBalancerRequest": {"cascade": True},
    "CreateListenerRequest": {"name": "walk", "protocol": "TCP", "protocol_port": "#"},
    "CreatePoolRequest": {"name": "walk", "load_balancer": "@load_balancer"},
    "CreatePoolMemberRequest": {"ip_address": "10.0.0.#", "protocol_port": 80},
    "PoolMemberSpec": {"ip_address": "10.1.0.#", "protocol_port": 80},
    "ReplacePoolMembersRequest": {"members": [{}]},
}
