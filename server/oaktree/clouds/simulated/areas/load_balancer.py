# SPDX-License-Identifier: Apache-2.0
"""How the objects of load_balancer live."""

from __future__ import annotations

from typing import Any

from oaktreemodel.load_balancer import v1 as load_balancer

from oaktree.clouds.simulated.lifecycle import Action, Fields, Step, Thing

BUSY = ("PENDING_CREATE", "PENDING_UPDATE", "PENDING_DELETE")
ERROR = {"provisioning_status": "ERROR", "operating_status": "ERROR"}
UPDATE = [
    Step(0, {"provisioning_status": "PENDING_UPDATE"}),
    Step(0.2, {"provisioning_status": "ACTIVE"}),
]


def provisioned(after: float, operating: str = "ONLINE", **others: Any) -> Thing:
    """What Octavia makes in that many seconds, and what holds for all of it."""
    return Thing(
        birth=[
            Step(0, {"provisioning_status": "PENDING_CREATE", "operating_status": "OFFLINE"}),
            Step(after, {"provisioning_status": "ACTIVE", "operating_status": operating}),
        ],
        change=UPDATE,
        death=[Step(0, {"provisioning_status": "PENDING_DELETE"})],
        dying=0.2,
        failed={"create": ERROR, "update": ERROR, "delete": ERROR},
        status="provisioning_status",
        busy=BUSY,
        **others,
    )


def _vip_address(region: Any, balancer: Any, request: Any) -> str:
    return f"192.0.2.{10 + len(region.store.table(type(balancer)))}"


def _replaced(region: Any, pool: Any, request: Any) -> Any:
    """Puts the members of the request in place of those there are."""
    there = region.children(load_balancer.PoolMember, pool)
    wanted = {(each.ip_address, each.protocol_port) for each in request.members}
    for each in there:
        if not request.keep_others and (each.ip_address, each.protocol_port) not in wanted:
            region.gone(each)
    known = {(each.ip_address, each.protocol_port) for each in there}
    for spec in request.members:
        if (spec.ip_address, spec.protocol_port) not in known:
            region.born(region.new(load_balancer.PoolMember, spec, pool))
    return region.fresh(pool)


def _members(region: Any, pool: Any, request: Any) -> list[Any]:
    return list(region.children(load_balancer.PoolMember, pool))


QUOTA: Fields = {
    "load_balancers": {"limit": 10},
    "listeners": {"limit": 100},
    "pools": {"limit": 100},
    "members": {"limit": 1000},
}

THINGS = {
    "load_balancer": provisioned(
        0.8,
        fields={"provider": "amphora", "vip_address": _vip_address},
        refers={"provider": "load_balancer_provider"},
        lists={"listener_ids": "listener.load_balancer_id", "pool_ids": "pool.load_balancer_id"},
    ),
    "listener": provisioned(
        0.2,
        unique=["protocol_port protocol load_balancer_id"],
        lists={"l7_policy_ids": "l7_policy.listener_id"},
    ),
    "pool": provisioned(
        0.2,
        used_by=["l7_policy.redirect_pool_id"],
        lists={
            "member_ids": "pool_member.pool_id",
            "health_monitor_id": "health_monitor.pool_id",
        },
    ),
    "pool_member": provisioned(
        0.2, "NO_MONITOR", fields={"weight": 1}, unique=["ip_address protocol_port pool_id"]
    ),
    "health_monitor": provisioned(0.2, fields={"max_retries_down": 3}, unique=["pool_id"]),
    "l7_policy": provisioned(
        0.2, fields={"position": 1}, lists={"l7_rule_ids": "l7_rule.l7_policy_id"}
    ),
    "l7_rule": provisioned(0.2),
    "load_balancer_provider": Thing(
        seeds=[
            {"id": "amphora", "name": "amphora", "description": "The Octavia Amphora driver."},
            {"id": "ovn", "name": "ovn", "description": "Octavia OVN driver."},
        ]
    ),
    "load_balancer_flavor": Thing(seeds=[{"name": "single"}, {"name": "active-standby"}]),
    "load_balancer_availability_zone": Thing(seeds=[{"id": "az1", "name": "az1"}]),
    "load_balancer_quota": Thing(fields=QUOTA),
}

ACTIONS = {
    "FailoverLoadBalancer": Action(["ACTIVE", "ERROR"], UPDATE),
    "ReplacePoolMembers": Action(does=_replaced, answers={"pool_members": _members}),
}

UPPER = {
    "ProvisioningStatus",
    "OperatingStatus",
    "HealthMonitorType",
    "HealthMonitorHttpMethod",
    "L7PolicyAction",
    "L7RuleType",
    "L7RuleCompareType",
    "ListenerProtocol",
    "ListenerClientAuthentication",
    "PoolProtocol",
    "PoolAlgorithm",
    "PoolSessionPersistenceType",
}
WORDS = {"HealthMonitorType": {"TLS_HELLO": "TLS-HELLO", "UDP_CONNECT": "UDP-CONNECT"}}
