# SPDX-License-Identifier: Apache-2.0
"""How the objects of network live."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp
from oaktreemodel.network import v1 as network

from oaktree.clouds import Outcome
from oaktree.clouds.simulated import pools, routing
from oaktree.clouds.simulated.lifecycle import Action, Fields, Step, Thing
from oaktree.clouds.simulated.networks import complete_pairs
from oaktree.clouds.simulated.pools import ranges, wrong
from oaktree.shapes import kinds, spoken, to_change, word_of

DSCP_MARKS = {0, *range(8, 41, 2), 46, 48, 56}
VLANS = range(1, 4095)
# How long an agent that is alive and was deleted takes to report again.
HEARTBEAT = 30.0


def _now(region: Any, resource: Any, request: Any) -> Timestamp:
    now = Timestamp()
    now.GetCurrentTime()
    return now


# -- trunks ---------------------------------------------------------------------------------------


def _trunk_created(region: Any, target: None, request: Any) -> Outcome:
    port = region.mean(network.Port, request.port, "port")
    _check_no_trunk(region, port)
    new = region.new(network.Trunk, request)
    del new.subports[:]
    new.subports.extend(_subports(region, new, request.subports))
    region.declare(new, {"status": "DOWN"})
    return _built(region, region.born(new), "create")


def _subports_added(region: Any, trunk: Any, request: Any) -> Outcome:
    _check_trunk(region, trunk, request)
    if word_of(trunk, "status") == "ERROR":
        raise region.wrong_state(trunk, "in ERROR")
    new = _subports(region, trunk, request.subports)
    return _changed(region, trunk, [*trunk.subports, *new], "add_subports")


def _subports_removed(region: Any, trunk: Any, request: Any) -> Outcome:
    _check_trunk(region, trunk, request)
    ids = {region.mean(network.Port, each, "ports").id for each in request.ports}
    kept = [each for each in trunk.subports if each.port_id not in ids]
    return _changed(region, trunk, kept, "remove_subports")


def _changed(region: Any, trunk: Any, subports: Sequence[Any], what: str) -> Outcome:
    if len(subports) == len(trunk.subports):
        return Outcome(trunk)
    wanted = {"subports": subports, "status": "DOWN"}
    return _built(region, region.changed(trunk, lambda each: region.declare(each, wanted)), what)


def _built(region: Any, trunk: Any, what: str) -> Outcome:
    """A trunk is built when a server has its port, and stays down until then."""
    port = region.store.table(network.Port).get(trunk.port_id)
    if not port.device_id and not region.is_to_fail(trunk, what):
        return Outcome(trunk)
    steps = [Step(0.1, {"status": "BUILD"}), Step(0.2, {"status": "ACTIVE"})]
    region.goes_through(trunk, steps, what)
    return Outcome(trunk, pending=True)


def _subports(region: Any, trunk: Any, wanted: Any) -> list[Any]:
    """The subports that a trunk is to get and has not."""
    own = region.store.table(network.Port).get(trunk.port_id)
    there = {each.port_id: each for each in trunk.subports}
    taken = {(each.segmentation_type, each.segmentation_id) for each in trunk.subports}
    new = []
    for index, spec in enumerate(wanted):
        path = f"subports[{index}]"
        port = region.mean(network.Port, spec.port, f"{path}.port")
        type_, number = spec.segmentation_type or "vlan", spec.segmentation_id
        if (type_ == "inherit") == spec.HasField("segmentation_id") or (
            type_ == "vlan" and number not in VLANS
        ):
            raise wrong(f"{path}.segmentation_id", "goes from 1 to 4094, and not with inherit")
        mine = there.get(port.id)
        if mine and (mine.segmentation_type, mine.segmentation_id) == (type_, number):
            continue
        _check_no_trunk(region, port)
        if port.device_id or port.id == own.id:
            raise region.in_use(port, f"'{port.device_id or trunk.id}'")
        if (type_, number) in taken:
            raise region.in_use(trunk, f"the segmentation {type_} {number} of another subport")
        nets = region.store.table(network.Network)
        if nets.get(port.network_id).mtu_bytes > nets.get(own.network_id).mtu_bytes:
            raise wrong(f"{path}.port", "is on a network with larger packets than the trunk's port")
        taken.add((type_, number))
        new.append(
            network.TrunkSubport(port_id=port.id, segmentation_type=type_, segmentation_id=number)
        )
    return new


def _check_no_trunk(region: Any, port: Any) -> None:
    for trunk in region.store.table(network.Trunk):
        if port.id in {trunk.port_id, *(each.port_id for each in trunk.subports)}:
            raise region.in_use(port, spoken(trunk))


def _check_trunk(region: Any, trunk: Any, request: Any) -> None:
    if not trunk.admin_state_up:
        raise region.wrong_state(trunk, "not wanted up; set admin_state_up to true first")


def _show_trunk(region: Any, before: Any, after: Any) -> None:
    """A port tells which trunk it carries."""
    trunk = after if after is not None else before
    ports = region.store.still(network.Port)

    def show(port: Any) -> None:
        port.ClearField("trunk")
        if after is None:
            return
        port.trunk.trunk_id = after.id
        for each in after.subports:
            mac = getattr(ports.get(each.port_id), "mac_address", "")
            port.trunk.subports.add(
                port_id=each.port_id,
                segmentation_type=each.segmentation_type,
                segmentation_id=each.segmentation_id,
                mac_address=mac,
            )

    region.store.change(network.Port, trunk.port_id, show)


# -- policies -------------------------------------------------------------------------------------


def _check_rule(region: Any, target: Any, request: Any) -> None:
    """Refuses what goes against the other rules of the same policy."""
    is_new = isinstance(target, network.QosPolicy)
    policy = target if is_new else region.store.table(network.QosPolicy).get(target.qos_policy_id)
    kind = type(request).DESCRIPTOR.name
    has = request.DESCRIPTOR.fields_by_name
    if "dscp_mark" in has and request.HasField("dscp_mark"):
        if request.dscp_mark not in DSCP_MARKS:
            raise wrong("dscp_mark", "is no DSCP mark")
    if "direction" not in has:
        return
    word = word_of(request, "direction")
    if word == "UNSPECIFIED":
        word = "EGRESS" if is_new else word_of(target, "direction")
    if "PacketRate" in kind:
        for each in policy.minimum_packet_rate_rules:
            if each.id != target.id and (word == "ANY") != (word_of(each, "direction") == "ANY"):
                raise wrong("direction", "ANY excludes the others")
    elif word == "ANY":
        raise wrong("direction", "ANY is for packet rates only")
    for name, rules, other, greater in (
        ("max_kbps", policy.minimum_bandwidth_rules, "min_kbps", False),
        ("min_kbps", policy.bandwidth_limit_rules, "max_kbps", True),
    ):
        if name in has and request.HasField(name):
            for each in rules:
                there, wanted = getattr(each, other), getattr(request, name)
                if word_of(each, "direction") == word and (
                    wanted > there if greater else wanted < there
                ):
                    raise wrong(name, f"does not go with {other} {there} of the policy")


def _granted(region: Any, policy: Any, request: Any) -> None:
    """Looks for the object of an RBAC policy, and shares it."""
    kind = kinds()[word_of(policy, "object_type").lower()]
    policy.object_id = region.mean(kind, request.object, "object").id
    if request.HasField("is_for_every_project") and not request.is_for_every_project:
        raise wrong("is_for_every_project", "is true, or a project is named")
    if word_of(policy, "action") == "ACCESS_AS_EXTERNAL" and kind is not network.Network:
        raise wrong("action", "ACCESS_AS_EXTERNAL is for networks only")
    for each in region.store.table(network.RbacPolicy):
        if _grant(each) == _grant(policy):
            raise region.already(each)
    _share(region, policy, True)


def _grant(policy: Any) -> tuple[Any, ...]:
    return policy.object_id, policy.action, policy.target_project_id, policy.is_for_every_project


def _share(region: Any, policy: Any, wanted: bool) -> None:
    if not policy.is_for_every_project:
        return
    kind = kinds()[word_of(policy, "object_type").lower()]
    external = word_of(policy, "action") == "ACCESS_AS_EXTERNAL"
    name = "is_external" if external else "is_shared"
    if name in kind.DESCRIPTOR.fields_by_name:
        region.store.change(kind, policy.object_id, lambda each: setattr(each, name, wanted))


# -- addresses ------------------------------------------------------------------------------------


def _grouped(region: Any, group: Any, request: Any) -> None:
    group.cidrs[:] = dict.fromkeys(str(each) for each in ranges("cidrs", group.cidrs))


def _regrouped(region: Any, group: Any, request: Any, wanted: Sequence[str]) -> Outcome:
    if list(wanted) == list(group.cidrs):
        return Outcome(group)
    return Outcome(region.changed(group, lambda each: region.declare(each, {"cidrs": wanted})))


def _addresses_added(region: Any, group: Any, request: Any) -> Outcome:
    new = [str(each) for each in ranges("cidrs", request.cidrs)]
    return _regrouped(region, group, request, list(dict.fromkeys([*group.cidrs, *new])))


def _addresses_removed(region: Any, group: Any, request: Any) -> Outcome:
    old = {str(each) for each in ranges("cidrs", request.cidrs)}
    return _regrouped(region, group, request, [each for each in group.cidrs if each not in old])


def _check_version(region: Any, target: None, request: Any) -> None:
    if request.ip_version not in {4, 6}:
        raise wrong("ip_version", "is 4 or 6")


def _check_shared(region: Any, scope: Any, request: Any) -> None:
    if scope.is_shared and not to_change(request).get("is_shared", True):
        raise wrong("is_shared", "cannot be taken back")


def _check_segment(region: Any, target: Any, request: Any) -> None:
    wanted = network.NetworkSegment(
        network_type=request.network_type, physical_network=request.physical_network
    )
    for each in region.store.table(network.NetworkSegment):
        if pools.is_beside(each, wanted) and request.HasField("segmentation_id"):
            if each.segmentation_id == request.segmentation_id:
                raise region.in_use(each, f"the network '{each.network_id}'")


def _segmented(region: Any, segment: Any, request: Any) -> None:
    if request.HasField("segmentation_id"):
        segment.segmentation_id = request.segmentation_id
    elif segment.network_type in pools.NUMBERED:
        segment.segmentation_id = region.free_segmentation(segment)
    else:
        segment.ClearField("segmentation_id")


# -- ports ----------------------------------------------------------------------------------------


def _port_updated(region: Any, port: Any, request: Any) -> Outcome:
    """Changes a port, when all that it is to have is known to be free."""
    changes = to_change(request)
    net = region.store.table(network.Network).get(port.network_id)
    trial, wanted = network.Port(), network.UpdatePortRequest()
    trial.CopyFrom(port)
    wanted.CopyFrom(request)
    if "mac_address" in changes:
        trial.mac_address = region.mac_for(net, port, changes["mac_address"])
        if trial.mac_address != port.mac_address and port.device_id:
            raise region.in_use(port, f"'{port.device_id}', which knows its MAC address")
        wanted.mac_address = trial.mac_address
    if "allowed_address_pairs" in changes:
        del trial.allowed_address_pairs[:]
        trial.allowed_address_pairs.extend(changes["allowed_address_pairs"])
        complete_pairs(trial)
        del wanted.allowed_address_pairs[:]
        wanted.allowed_address_pairs.extend(trial.allowed_address_pairs)
    shown = list(trial.addresses)
    if "fixed_ips" in changes:
        shown = region.addresses_for(net, trial, changes["fixed_ips"])
    for each in shown:
        each.mac_address = trial.mac_address
    outcome: Outcome = region.update(network.Port, port, wanted)
    if shown == list(port.addresses):
        return outcome
    return Outcome(
        region.changed(outcome.resource, lambda each: region.declare(each, {"addresses": shown}))
    )


def _port_changed(region: Any, before: Any, after: Any) -> None:
    """What leads to a port follows the addresses that it has, and so does its server."""
    had = list(before.addresses) if before is not None else []
    has = list(after.addresses) if after is not None else []
    if before is None or had == has:
        return
    port, own = before.id, {each.ip_address for each in has}
    for each in region.store.still(network.FloatingIp):
        if each.port_id == port and each.fixed_ip_address not in own:
            region.unmap(each)
    for each in region.store.still(network.PortForwarding):
        if each.port_id == port and each.internal_ip_address not in own:
            region.gone(each)

    if after is not None:
        region.show_addresses(after, has)


# -- security groups ------------------------------------------------------------------------------


def _check_group(region: Any, group: Any, request: Any) -> None:
    changes = to_change(request)
    name = changes.get("name", group.name)
    if name != group.name and group.name == "default":
        raise region.protected(group, "the default one keeps its name")
    if name != group.name and name.lower() == "default":
        raise wrong("name", "is that of the group every project has")
    if changes.get("stateful", group.stateful) != group.stateful:
        for port in region.store.table(network.Port):
            if group.id in port.security_group_ids:
                raise region.in_use(group, f"the port '{port.id}'")


# -- agents ---------------------------------------------------------------------------------------


def _reports_again(region: Any, agent: Any) -> None:
    if agent.is_alive:
        region.store.later(
            HEARTBEAT * region.quirks.pace,
            lambda: region.store.still(network.NetworkAgent).put(agent),
        )


def agent(agent_type: str, binary: str, host: str, topic: str, **others: Any) -> Fields:
    return {
        "name": f"{agent_type}/{host}",
        "agent_type": agent_type,
        "binary": binary,
        "host": host,
        "topic": topic,
        "is_alive": True,
        **others,
    }


AGENTS = [
    agent("L3 agent", "neutron-l3-agent", "network-1", "l3_agent"),
    agent("DHCP agent", "neutron-dhcp-agent", "network-1", "dhcp_agent"),
    agent("Metadata agent", "neutron-metadata-agent", "network-1", "N/A"),
    agent("Open vSwitch agent", "neutron-openvswitch-agent", "compute-1", "N/A"),
    # Nobody has heard of it for long.
    agent("DHCP agent", "neutron-dhcp-agent", "network-2", "dhcp_agent", is_alive=False),
]

# -- what there is --------------------------------------------------------------------------------

# The alias of each extension, and its name.
EXTENSIONS = {
    "address-group": "Address group",
    "address-scope": "Address scope",
    "agent": "agent",
    "availability_zone": "Availability Zone",
    "default-subnetpools": "Default Subnetpools",
    "dvr": "Distributed Virtual Router",
    "ext-gw-mode": "Neutron L3 Configurable external gateway mode",
    "external-net": "Neutron external network",
    "extraroute": "Neutron Extra Route",
    "extraroute-atomic": "Atomically add/remove extra routes",
    "floating-ip-port-forwarding": "Floating IP Port Forwarding",
    "floating-ip-port-forwarding-description": "Floating IP Port Forwarding Description",
    "floating-ip-port-forwarding-port-ranges": "Floating IP Port Forwarding port ranges",
    "l3-ha": "HA Router extension",
    "multi-provider": "Multi Provider Network",
    "net-mtu": "Network MTU",
    "network_availability_zone": "Network Availability Zone",
    "port-security": "Port Security",
    "provider": "Provider Network",
    "qos": "Quality of Service",
    "quota_details": "Quota details management support",
    "quotas": "Quota management support",
    "rbac-policies": "RBAC Policies",
    "router": "Neutron L3 Router",
    "router_availability_zone": "Router Availability Zone",
    "security-group": "security-group",
    "security-groups-remote-address-group": "Remote address group id field for security group "
    "rules",
    "segment": "Segment",
    "standard-attr-revisions": "Resource revision numbers",
    "standard-attr-tag": "Tag support for resources with standard attribute",
    "standard-attr-timestamp": "Resource timestamps",
    "stateful-security-group": "Stateful security group",
    "subnet-service-types": "Subnet service types",
    "subnet_allocation": "Subnet Allocation",
    "trunk": "Trunk Extension",
}

# What each type of QoS rule can be given, and from which number on.
RULE_PARAMETERS = {
    "bandwidth_limit": {"max_kbps": 0, "max_burst_kbps": 0},
    "dscp_marking": {"dscp_mark": 0},
    "minimum_bandwidth": {"min_kbps": 0},
    "minimum_packet_rate": {"min_kpps": 0},
}


def rule_type(name: str) -> Fields:
    parameters = [
        {"name": each, "range_start": least, "range_end": 2**31 - 1}
        for each, least in RULE_PARAMETERS[name].items()
    ]
    return {
        "id": name,
        "name": name,
        "drivers": [{"name": "openvswitch", "parameters": parameters}],
    }


QUOTA: Fields = {
    "networks": {"limit": 1000},
    "subnets": {"limit": 1000},
    "subnet_pools": {"unlimited": True},
    "ports": {"limit": 5000},
    "routers": {"limit": 100},
    "floating_ips": {"limit": 5000},
    "security_groups": {"limit": 1000},
    "security_group_rules": {"limit": 10000},
    "rbac_policies": {"limit": 100},
    "trunks": {"unlimited": True},
}

THINGS = {
    "floating_ip": Thing(
        birth=[Step(0.0, {"status": "DOWN"})],
        dying=0.1,
        also_called=["floating_ip_address"],
        lists={"port_forwardings": "port_forwarding.floating_ip_id"},
    ),
    "network": Thing(birth=[Step(0.0, {"status": "ACTIVE"})]),
    "port": Thing(
        changed=_port_changed,
        birth=[Step(0.0, {"status": "DOWN"})],
        used_by=["trunk.port_id", "trunk.subports.port_id"],
    ),
    "subnet_pool": Thing(
        fields={"project_quota": {"unlimited": True}},
        made=pools.completed,
        used_by=["subnet.subnet_pool_id"],
    ),
    "address_scope": Thing(used_by=["subnet_pool.address_scope_id"]),
    "address_group": Thing(made=_grouped, used_by=["security_group_rule.remote_address_group_id"]),
    "network_segment": Thing(made=_segmented, used_by=["subnet.segment_id"]),
    "router": Thing(fields={"zones": ["nova"]}),
    "router_interface": Thing(derived=routing.interfaces, derived_from=["port"]),
    "port_forwarding": Thing(made=routing.forwarding_made, unmade=routing.forwarding_gone),
    "trunk": Thing(changed=_show_trunk),
    "rbac_policy": Thing(
        fields={"action": "ACCESS_AS_SHARED"},
        refers={"object": "", "target_project": ""},
        made=_granted,
        unmade=lambda region, policy: _share(region, policy, False),
    ),
    "qos_policy": Thing(
        unique=["is_default"],
        lists={
            "bandwidth_limit_rules": "qos_bandwidth_limit_rule.qos_policy_id",
            "dscp_marking_rules": "qos_dscp_marking_rule.qos_policy_id",
            "minimum_bandwidth_rules": "qos_minimum_bandwidth_rule.qos_policy_id",
            "minimum_packet_rate_rules": "qos_minimum_packet_rate_rule.qos_policy_id",
        },
        used_by=[
            "network.qos_policy_id",
            "port.qos_policy_id",
            "floating_ip.qos_policy_id",
            "router.external_gateway.qos_policy_id",
        ],
    ),
    "qos_bandwidth_limit_rule": Thing(
        fields={"direction": "EGRESS", "max_burst_kbits": 0}, unique=["qos_policy_id direction"]
    ),
    "qos_dscp_marking_rule": Thing(unique=["qos_policy_id"]),
    "qos_minimum_bandwidth_rule": Thing(
        fields={"direction": "EGRESS"}, unique=["qos_policy_id direction"]
    ),
    "qos_minimum_packet_rate_rule": Thing(
        fields={"direction": "EGRESS"}, unique=["qos_policy_id direction"]
    ),
    "qos_rule_type": Thing(seeds=[rule_type(name) for name in RULE_PARAMETERS]),
    "network_agent": Thing(
        fields={"start_time": _now, "heartbeat_time": _now, "resources_synced": True},
        seeds=AGENTS,
        unmade=_reports_again,
    ),
    "network_extension": Thing(
        seeds=[
            {"id": alias, "name": name, "description": f"{name}."}
            for alias, name in EXTENSIONS.items()
        ]
    ),
    "network_availability_zone": Thing(
        seeds=[
            {"id": f"{what}/nova", "name": "nova", "resource_type": what, "available": True}
            for what in ("network", "router")
        ]
    ),
    "network_quota": Thing(fields=QUOTA),
}

ACTIONS = {
    "CreateRouter": Action(does=routing.created),
    "UpdateRouter": Action(does=routing.updated),
    "DeleteRouter": Action(does=routing.deleted),
    "AddRouterInterface": Action(does=routing.added),
    "RemoveRouterInterface": Action(does=routing.removed),
    "AddRouterRoutes": Action(does=routing.routes_added),
    "RemoveRouterRoutes": Action(does=routing.routes_removed),
    "UpdatePort": Action(does=_port_updated),
    "UpdateSubnet": Action(does=pools.subnet_updated),
    "UpdatePortForwarding": Action(does=routing.forwarding_updated),
    "CreateTrunk": Action(does=_trunk_created),
    "AddTrunkSubports": Action(does=_subports_added),
    "RemoveTrunkSubports": Action(does=_subports_removed),
    "AddAddressGroupAddresses": Action(does=_addresses_added),
    "RemoveAddressGroupAddresses": Action(does=_addresses_removed),
}

CHECKS = {
    "DeleteTrunk": _check_trunk,
    "UpdateSecurityGroup": _check_group,
    "UpdateSubnetPool": pools.check_update,
    "CreateAddressScope": _check_version,
    "UpdateAddressScope": _check_shared,
    "CreateNetworkSegment": _check_segment,
    **{
        f"{verb}Qos{kind}Rule": _check_rule
        for verb in ("Create", "Update")
        for kind in ("BandwidthLimit", "DscpMarking", "MinimumBandwidth", "MinimumPacketRate")
    },
}

UPPER = {"FloatingIpStatus", "NetworkStatus", "PortStatus", "RouterStatus", "TrunkStatus"}
