# SPDX-License-Identifier: Apache-2.0
"""What is particular to the area load_balancer."""

from __future__ import annotations

from oaktree.api.ends import End, reaches, vanishes

PROVISIONED = (
    "load_balancer",
    "listener",
    "pool",
    "pool_member",
    "health_monitor",
    "l7_policy",
    "l7_rule",
)
ACTIVE = reaches("ACTIVE", field="provisioning_status")

ENDS: dict[str, End] = {
    **{f"{type_}.{what}": ACTIVE for type_ in PROVISIONED for what in ("create", "update")},
    **{f"{type_}.delete": vanishes(field="provisioning_status") for type_ in PROVISIONED},
    "load_balancer.failover": ACTIVE,
    "pool_member.replace": ACTIVE,
}
