# SPDX-License-Identifier: Apache-2.0
"""Routers, trunks, pools and policies: how they live together, and what is refused."""

from __future__ import annotations

from typing import Any

from conftest import Calls, refused
from oaktreemodel.common import v1 as common
from oaktreemodel.compute import v1 as compute
from oaktreemodel.network import v1 as network
from oaktreemodel.operation import v1 as operation


async def test_a_router_joins_networks_and_leads_outside(call: Calls) -> None:
    assert await call.reason("CreateRouter", external_network="private") == "INVALID_REQUEST"
    assert await call.reason("CreateRouter", is_snat_enabled=True) == "INVALID_REQUEST"
    made = await call("CreateRouter", name="edge", is_ha=True)
    assert made.router.status == network.ROUTER_STATUS_ALLOCATING
    assert made.operation.state == operation.OPERATION_STATE_RUNNING
    await call("CreateNetwork", name="lab")
    await call("CreateSubnet", network="lab", name="lab-4", cidr="10.5.0.0/24")
    joined = await call("AddRouterInterface", router="edge", subnet="lab-4", wait=True)
    interface = joined.router_interface
    assert [each.ip_address for each in interface.addresses] == ["10.5.0.1"]
    assert interface.status == network.PORT_STATUS_ACTIVE
    again = await call("AddRouterInterface", router="edge", subnet="lab-4")
    assert again.router_interface.id == interface.id
    port = (await call("GetPort", name_or_id=interface.id)).port
    assert port.device_owner == "network:router_interface"
    assert await call.reason("DeletePort", name_or_id=interface.id) == "IN_USE"
    assert await call.reason("DeleteSubnet", name_or_id="lab-4") == "IN_USE"
    assert await call.reason("DeleteRouter", name_or_id="edge") == "IN_USE"
    other = {"router": "outside", "subnet": "lab-4"}
    assert await call.reason("AddRouterInterface", **other) == "IN_USE"
    changed = await call("UpdateRouter", name_or_id="edge", external_network="public")
    gateway = changed.router.external_gateway
    assert gateway.is_snat_enabled
    listed = await call("ListRouterInterfaces", router="edge")
    kinds = {each.id: each.kind for each in listed.router_interfaces}
    assert kinds.pop(interface.id) == network.ROUTER_INTERFACE_KIND_INTERNAL
    assert list(kinds.values()) == [network.ROUTER_INTERFACE_KIND_EXTERNAL]
    route = network.RouterRoute(destination_cidr="10.8.0.0/16", nexthop_ip_address="10.5.0.9")
    routed = await call("AddRouterRoutes", name_or_id="edge", routes=[route])
    same = await call("AddRouterRoutes", name_or_id="edge", routes=[route])
    assert same.router.etag == routed.router.etag
    leave = {"router": "edge", "subnet": "lab-4"}
    assert await call.reason("RemoveRouterInterface", **leave) == "IN_USE"
    own = network.RouterRoute(destination_cidr="10.8.0.0/16", nexthop_ip_address="10.5.0.1")
    assert await call.reason("AddRouterRoutes", name_or_id="edge", routes=[own]) == (
        "INVALID_REQUEST"
    )
    await call("RemoveRouterRoutes", name_or_id="edge", routes=[route])
    await call("RemoveRouterInterface", **leave)
    assert await call.reason("RemoveRouterInterface", **leave) == "NOT_FOUND"
    assert await call.reason("UpdateRouter", name_or_id="edge", is_ha=False) == "WRONG_STATE"
    await call("DeleteRouter", name_or_id="edge")
    gone = await call("ListPorts", filter=network.PortFilter(device_ids=[made.router.id]))
    assert not gone.ports


async def test_a_floating_ip_leads_to_single_ports(call: Calls) -> None:
    floating = (await call("CreateFloatingIp", network="public")).floating_ip
    port = (await call("CreatePort", network="private")).port
    given = {"floating_ip": floating.id, "port": port.id, "protocol": "tcp"}
    made = await call("CreatePortForwarding", external_port=2222, internal_port=22, **given)
    assert made.port_forwarding.internal_ip_address == port.addresses[0].ip_address
    assert await call.reason("CreatePortForwarding", external_port=2222, **given) == (
        "ALREADY_EXISTS"
    )
    seen = (await call("GetFloatingIp", name_or_id=floating.id)).floating_ip
    assert seen.attached
    assert seen.router_id
    assert [each.external_port for each in seen.port_forwardings] == [2222]
    assert await call.reason("DeleteFloatingIp", name_or_id=floating.id) == "IN_USE"
    gateway = {"name_or_id": "outside", "update_mask": {"paths": ["external_network"]}}
    assert await call.reason("UpdateRouter", **gateway) == "IN_USE"
    await call("DeletePort", name_or_id=port.id)
    seen = (await call("GetFloatingIp", name_or_id=floating.id)).floating_ip
    assert (seen.attached, seen.router_id, len(seen.port_forwardings)) == (False, "", 0)


async def test_a_trunk_carries_ports(call: Calls) -> None:
    own, one, two = [(await call("CreatePort", network="private")).port for _ in range(3)]
    spec = network.TrunkSubportSpec(port=one.id, segmentation_id=7)
    made = await call("CreateTrunk", name="trunk", port=own.id, subports=[spec], wait=True)
    assert made.trunk.status == network.TRUNK_STATUS_DOWN
    shown = (await call("GetPort", name_or_id=own.id)).port.trunk
    assert shown.trunk_id == made.trunk.id
    assert shown.subports[0].mac_address == one.mac_address
    assert await call.reason("CreateTrunk", port=one.id) == "IN_USE"
    clash = network.TrunkSubportSpec(port=two.id, segmentation_id=7)
    add = {"name_or_id": "trunk", "subports": [clash]}
    assert await call.reason("AddTrunkSubports", **add) == "IN_USE"
    clash.segmentation_id = 5000
    assert await call.reason("AddTrunkSubports", **add) == "INVALID_REQUEST"
    clash.segmentation_id = 8
    assert len((await call("AddTrunkSubports", **add)).trunk.subports) == 2
    assert await call.reason("DeletePort", name_or_id=one.id) == "IN_USE"
    left = await call("RemoveTrunkSubports", name_or_id="trunk", ports=[one.id])
    assert [each.port_id for each in left.trunk.subports] == [two.id]
    await call("UpdateTrunk", name_or_id="trunk", admin_state_up=False)
    assert await call.reason("DeleteTrunk", name_or_id="trunk") == "WRONG_STATE"


async def test_a_trunk_whose_port_a_server_has_is_built(call: Calls) -> None:
    port = (await call("ListPorts", filter={"device_owners": ["compute:nova"]})).ports[0]
    made = await call("CreateTrunk", port=port.id, wait=True)
    assert made.trunk.status == network.TRUNK_STATUS_ACTIVE
    failing = await call("CreatePort", network="private")
    error = await refused(
        call("CreateTrunk", name="simulate=create_error", port=failing.port.id, wait=True)
    )
    assert error.reason == "UPSTREAM_FAILED"


async def test_subnets_are_taken_from_pools(call: Calls) -> None:
    await call("CreateSubnetPool", name="pool", cidrs=["10.64.0.0/22"], min_prefix_length=24)
    wrong = {"name": "other", "cidrs": ["10.64.0.0/24", "2001:db8::/48"]}
    assert await call.reason("CreateSubnetPool", **wrong) == "INVALID_REQUEST"
    taken = []
    for number in range(4):
        await call("CreateNetwork", name=f"net-{number}")
        given = {"network": f"net-{number}", "subnet_pool": "pool"}
        taken.append((await call("CreateSubnet", **given)).subnet.cidr)
    assert taken == [f"10.64.{number}.0/24" for number in range(4)]
    await call("CreateNetwork", name="late")
    late = {"network": "late", "subnet_pool": "pool"}
    assert await call.reason("CreateSubnet", **late) == "NO_FREE_ADDRESS"
    assert await call.reason("CreateSubnet", prefix_length=16, **late) == "INVALID_REQUEST"
    mixed = {"network": "net-0", "cidr": "10.9.0.0/24"}
    assert await call.reason("CreateSubnet", **mixed) == "INVALID_REQUEST"
    assert await call.reason("DeleteSubnetPool", name_or_id="pool") == "IN_USE"
    grown = {"name_or_id": "pool", "update_mask": {"paths": ["cidrs"]}}
    await call("UpdateSubnetPool", cidrs=["10.64.0.0/21"], **grown)
    grown["cidrs"] = ["10.65.0.0/21"]
    assert await call.reason("UpdateSubnetPool", **grown) == "INVALID_REQUEST"
    assert (await call("CreateSubnet", **late)).subnet.cidr == "10.64.4.0/24"


async def test_a_policy_tells_its_rules(call: Calls) -> None:
    policy = (await call("CreateQosPolicy", name="slow")).qos_policy
    rule = await call("CreateQosBandwidthLimitRule", qos_policy="slow", max_kbps=1000)
    seen = (await call("GetQosPolicy", name_or_id="slow")).qos_policy
    assert list(seen.bandwidth_limit_rules) == [rule.qos_bandwidth_limit_rule]
    assert seen.etag != policy.etag
    again = {"qos_policy": "slow", "max_kbps": 7}
    assert await call.reason("CreateQosBandwidthLimitRule", **again) == "ALREADY_EXISTS"
    more = {"qos_policy": "slow", "min_kbps": 2000}
    assert await call.reason("CreateQosMinimumBandwidthRule", **more) == "INVALID_REQUEST"
    odd = {"qos_policy": "slow", "dscp_mark": 7}
    assert await call.reason("CreateQosDscpMarkingRule", **odd) == "INVALID_REQUEST"
    await call("CreateNetwork", name="slow-net", qos_policy="slow")
    assert await call.reason("DeleteQosPolicy", name_or_id="slow") == "IN_USE"


async def test_quotas_hold(call: Calls) -> None:
    there = (await call("GetNetworkQuota")).network_quota.networks
    assert there.used == len((await call("ListNetworks")).networks)
    low = {"networks": common.QuotaLimit(limit=there.used - 1)}
    assert await call.reason("UpdateNetworkQuota", **low) == "IN_USE"
    await call("UpdateNetworkQuota", networks=common.QuotaLimit(limit=there.used))
    assert await call.reason("CreateNetwork", name="more") == "QUOTA_EXCEEDED"
    await call("ResetNetworkQuota")
    await call("CreateNetwork", name="more")
    fresh = (await call("GetNetworkQuota", defaults=True)).network_quota.networks
    assert not fresh.HasField("used")
    assert fresh.limit == there.limit


async def test_an_agent_that_is_alive_comes_back(call: Calls) -> None:
    wanted = network.NetworkAgentFilter(routers=["outside"])
    agents = (await call("ListNetworkAgents", filter=wanted)).network_agents
    assert [each.binary for each in agents] == ["neutron-l3-agent"]
    dead = network.NetworkAgentFilter(is_alive=False)
    for each in (await call("ListNetworkAgents", filter=dead)).network_agents:
        await call("DeleteNetworkAgent", name_or_id=each.id)
    assert not (await call("ListNetworkAgents", filter=dead)).network_agents
    error = await refused(call("GetNetworkAvailabilityZone", name_or_id="nova"))
    assert error.reason == "MULTIPLE_MATCHES"


async def subnet(call: Calls, cidr: str, **fields: Any) -> Any:
    """A subnet in a network of its own, which has the same name."""
    await call("CreateNetwork", name=cidr)
    return (await call("CreateSubnet", network=cidr, name=cidr, cidr=cidr, **fields)).subnet


def pool(first: str, last: str) -> network.SubnetAllocationPool:
    return network.SubnetAllocationPool(start_ip_address=first, end_ip_address=last)


async def test_subnets_of_all_sizes_give_what_they_have(call: Calls) -> None:
    for cidr, gateway, given in (
        ("10.77.0.1/32", "10.77.0.1", []),
        ("10.77.0.2/31", "10.77.0.2", ["10.77.0.3"]),
        ("10.77.0.4/30", "10.77.0.5", ["10.77.0.6"]),
        ("2001:DB8:0:0::/128", "2001:db8::", []),
        ("2001:db8:0:1::/126", "2001:db8:0:1::1", ["2001:db8:0:1::2", "2001:db8:0:1::3"]),
    ):
        made = await subnet(call, cidr)
        assert (made.cidr, made.gateway_ip_address) == (cidr.replace("DB8:0:0", "db8"), gateway)
        for each in given:
            port = (await call("CreatePort", network=cidr)).port
            assert [own.ip_address for own in port.addresses] == [each]
        assert await call.reason("CreatePort", network=cidr) == "NO_FREE_ADDRESS"
    await subnet(call, "10.77.1.1/32", no_gateway=True)
    port = (await call("CreatePort", network="10.77.1.1/32")).port
    assert port.addresses[0].ip_address == "10.77.1.1"


async def test_ports_get_addresses_of_the_pools(call: Calls) -> None:
    pools = [pool("10.78.0.5", "10.78.0.5"), pool("10.78.0.9", "10.78.0.10")]
    made = await subnet(call, "10.78.0.0/24", allocation_pools=pools)
    assert list(made.allocation_pools) == pools
    own = [(await call("CreatePort", network=made.name)).port for _ in range(3)]
    assert [each.addresses[0].ip_address.split(".")[3] for each in own] == ["5", "9", "10"]
    assert await call.reason("CreatePort", network=made.name) == "NO_FREE_ADDRESS"
    asked = network.PortFixedIp(ip_address="10.78.0.77")
    await call("CreatePort", network=made.name, fixed_ips=[asked])
    plain = await subnet(call, "10.79.0.0/29")
    assert list(plain.allocation_pools) == [pool("10.79.0.2", "10.79.0.6")]
    moved = await call("UpdateSubnet", name_or_id=plain.id, gateway_ip_address="10.79.0.3")
    kept = [pool("10.79.0.1", "10.79.0.2"), pool("10.79.0.4", "10.79.0.6")]
    assert list(moved.subnet.allocation_pools) == kept


async def test_what_no_subnet_can_have_is_refused(call: Calls) -> None:
    made = await subnet(call, "10.80.0.0/24")
    await call("CreateNetwork", name="other")
    for wrong in (
        {"gateway_ip_address": "rubbish"},
        {"gateway_ip_address": "10.80.0.255"},
        {"gateway_ip_address": "2001:db8::1"},
        {"allocation_pools": [pool("10.80.0.9", "10.80.0.5")]},
        {"allocation_pools": [pool("10.80.0.5", "x")]},
        {"allocation_pools": [pool("10.80.0.5", "10.80.1.5")]},
        {"allocation_pools": [pool("10.80.0.1", "10.80.0.5")]},
        {"allocation_pools": [pool("10.80.0.5", "10.80.0.9"), pool("10.80.0.9", "10.80.0.9")]},
        {"dns_nameservers": ["ns1.example.test"]},
        {"host_routes": [network.SubnetHostRoute(destination_cidr="x", nexthop_ip_address="::1")]},
    ):
        new = {"network": "other", "cidr": made.cidr, **wrong}
        assert await call.reason("CreateSubnet", **new) == "INVALID_REQUEST"
        mask = {"paths": list(wrong)}
        change = {"name_or_id": made.id, "update_mask": mask, **wrong}
        assert await call.reason("UpdateSubnet", **change) == "INVALID_REQUEST"
    assert (await call("GetSubnet", name_or_id=made.id)).subnet == made


async def test_a_gateway_that_a_router_has_stays(call: Calls) -> None:
    made = await subnet(call, "10.81.0.0/24")
    change = {"name_or_id": made.id, "gateway_ip_address": "10.81.0.9"}
    await call("AddRouterInterface", router="outside", subnet=made.id)
    assert await call.reason("UpdateSubnet", **change) == "IN_USE"
    same = await call("UpdateSubnet", name_or_id=made.id, gateway_ip_address="10.81.0.1", name="n")
    assert same.subnet.name == "n"
    await call("RemoveRouterInterface", router="outside", subnet=made.id)
    changed = (await call("UpdateSubnet", **change)).subnet
    assert changed.gateway_ip_address == "10.81.0.9"
    clear = {"name_or_id": made.id, "update_mask": {"paths": ["gateway_ip_address"]}}
    assert not (await call("UpdateSubnet", **clear)).subnet.gateway_ip_address


async def bare_server(call: Calls, name: str, **fields: Any) -> Any:
    """A server without a floating IP."""
    none = compute.ServerAddressing(policy=compute.SERVER_ADDRESS_POLICY_NONE)
    given = {"flavor": "tiny", "image": "debian-13", "addressing": none, **fields}
    return (await call("CreateServer", name=name, wait=True, **given)).server


async def test_a_floating_ip_that_cannot_be_mapped_is_not_allocated(call: Calls) -> None:
    await bare_server(call, "bare", no_network=True, addressing=None)
    before = (await call("ListFloatingIps")).floating_ips
    refusals: list[tuple[str, dict[str, Any]]] = [
        ("REFERENCE_NOT_FOUND", {"server": "bare"}),
        ("REFERENCE_NOT_FOUND", {"port": "lost"}),
        ("REFERENCE_NOT_FOUND", {"qos_policy": "lost"}),
        ("REFERENCE_NOT_FOUND", {"subnet": "lost"}),
        ("INVALID_REQUEST", {"subnet": "private"}),
        ("INVALID_REQUEST", {"network": "private"}),
        ("INVALID_REQUEST", {"floating_ip_address": "8.8.8.8"}),
        ("INVALID_REQUEST", {"floating_ip_address": "rubbish"}),
        ("INVALID_REQUEST", {"reuse_unattached": True}),
    ]
    for reason, given in refusals:
        assert await call.reason("CreateFloatingIp", **given) == reason
    assert (await call("ListFloatingIps")).floating_ips == before


async def test_a_floating_ip_is_mapped_to_a_port_that_no_server_has(call: Calls) -> None:
    port = (await call("CreatePort", network="private", name="spare")).port
    made = (await call("CreateFloatingIp", port="spare", wait=True)).floating_ip
    own = port.addresses[0].ip_address
    assert (made.port_id, made.fixed_ip_address, made.server_id) == (port.id, own, "")
    assert made.router_id
    assert await call.reason("CreateFloatingIp", port=port.id) == "IN_USE"
    other = (await call("CreateFloatingIp", floating_ip_address="203.0.113.77")).floating_ip
    assert other.name == "203.0.113.77"
    for take_over in (False, True):
        given = {"name_or_id": other.id, "port": "spare", "take_over": take_over}
        assert await call.reason("AttachFloatingIp", **given) == "IN_USE"
    await call("AttachFloatingIp", name_or_id=made.id, port="spare", wait=True)
    two = [network.PortFixedIp(subnet="private") for _ in range(2)]
    double = (await call("CreatePort", network="private", fixed_ips=two)).port
    first, second = [each.ip_address for each in double.addresses]
    given = {"name_or_id": other.id, "port": double.id}
    assert await call.reason("AttachFloatingIp", **given) == "INVALID_REQUEST"
    given["fixed_ip_address"] = own
    assert await call.reason("AttachFloatingIp", **given) == "REFERENCE_NOT_FOUND"
    for fixed in (second, first):
        given = {**given, "fixed_ip_address": fixed, "take_over": True}
        moved = await call("AttachFloatingIp", wait=True, **given)
        assert moved.floating_ip.fixed_ip_address == fixed


async def test_which_port_of_a_server_is_not_guessed(call: Calls) -> None:
    server = await bare_server(call, "broad", networks=[{"network": "private"}])
    made = (await call("CreateFloatingIp", server="broad", wait=True)).floating_ip
    assert made.server_id == server.id
    assert await call.reason("CreateFloatingIp", server="broad") == "IN_USE"
    await subnet(call, "10.82.0.0/24")
    await call("AttachServerInterface", server="broad", network="10.82.0.0/24", wait=True)
    # No router leads there.
    assert await call.reason("CreateFloatingIp", server="broad") == "IN_USE"
    await call("AddRouterInterface", router="outside", subnet="10.82.0.0/24")
    error = await refused(call("CreateFloatingIp", server="broad"))
    assert (error.reason, len(error.matches)) == ("MULTIPLE_MATCHES", 2)
    assert {each.type for each in error.matches} == {"port"}
    again = await call("AttachFloatingIp", name_or_id=made.id, server="broad", wait=True)
    assert again.floating_ip.port_id == made.port_id
    given = {"server": "broad", "nat_destination": "10.82.0.0/24"}
    other = (await call("CreateFloatingIp", wait=True, **given)).floating_ip
    assert other.fixed_ip_address == "10.82.0.2"
    shown = (await call("GetServer", name_or_id=server.id)).server
    floating = [each for each in shown.addresses if each.kind == common.ADDRESS_KIND_FLOATING]
    assert {each.ip_address for each in floating} == {made.name, other.name}


async def test_a_floating_ip_that_is_free_is_used_again(call: Calls) -> None:
    port = (await call("CreatePort", network="private")).port
    given = {"port": port.id, "reuse_unattached": True}
    for name in ("floating_ip_address", "dns_name", "dns_domain"):
        wrong = {**given, name: "203.0.113.9"}
        assert await call.reason("CreateFloatingIp", **wrong) == "INVALID_REQUEST"
    busy = (await call("CreateFloatingIp")).floating_ip
    forward = {"floating_ip": busy.id, "protocol": "tcp", "external_port": 22}
    inside = (await call("CreatePort", network="private")).port
    await call("CreatePortForwarding", port=inside.id, **forward)
    free = (await call("CreateFloatingIp", description="old")).floating_ip
    await call("CreateQosPolicy", name="slow")
    said = {"description": "new", "tags": ["t"], "qos_policy": "slow"}
    used = (await call("CreateFloatingIp", wait=True, **given, **said)).floating_ip
    assert (used.id, used.description, list(used.tags)) == (free.id, "new", ["t"])
    assert used.qos_policy_id


async def test_rules_say_what_is_at_the_other_end(call: Calls) -> None:
    for name in ("own", "one", "two"):
        await call("CreateSecurityGroup", name=name)
    await call("CreateAddressGroup", name="office", cidrs=["192.0.2.0/24"])

    async def rule(**given: Any) -> Any:
        made = await call("CreateSecurityGroupRule", security_group="own", **given)
        return made.security_group_rule

    first = await rule(protocol="tcp", remote_group="one")
    assert first.direction == network.SECURITY_GROUP_RULE_DIRECTION_INGRESS
    assert (await rule(protocol="tcp", remote_group="two")).remote_group_id != first.remote_group_id
    named = await rule(protocol="tcp", remote_address_group="office")
    assert named.remote_address_group_id
    assert await call.reason("DeleteAddressGroup", name_or_id="office") == "IN_USE"
    wide = await rule(protocol="TCP", remote_cidr="2001:DB8:0::1/32")
    assert (wide.ethertype, wide.protocol, wide.remote_cidr) == ("IPv6", "tcp", "2001:db8::/32")
    single = await rule(protocol="tcp", remote_cidr="192.0.2.7", port_range_min=80)
    assert (single.remote_cidr, single.port_range_max) == ("192.0.2.7/32", 80)
    assert not (await rule(protocol="icmp", port_range_min=0)).HasField("port_range_max")
    await rule(protocol="icmp")
    group = {"security_group": "own"}
    for same in (
        {"protocol": "tcp", "remote_group": "one", "ethertype": "IPv4"},
        {"protocol": "tcp", "remote_address_group": "office"},
        {"protocol": "tcp", "remote_cidr": "2001:db8::/32"},
        {"protocol": "tcp", "remote_cidr": "192.0.2.7/32", "port_range_min": 80},
    ):
        assert await call.reason("CreateSecurityGroupRule", **group, **same) == "ALREADY_EXISTS"
    lost = {"remote_address_group": "lost"}
    assert await call.reason("CreateSecurityGroupRule", **group, **lost) == "REFERENCE_NOT_FOUND"
    await call("DeleteSecurityGroup", name_or_id="two")
    left = (await call("GetSecurityGroup", name_or_id="own")).security_group.rules
    assert {each.remote_group_id for each in left} == {"", first.remote_group_id}
    wanted = network.SecurityGroupRuleFilter(security_groups=["own"])
    listed = (await call("ListSecurityGroupRules", filter=wanted)).security_group_rules
    assert {each.id for each in listed} == {each.id for each in left}


async def test_rules_that_say_nothing_are_refused(call: Calls) -> None:
    for wrong in (
        {"remote_cidr": "rubbish"},
        {"remote_cidr": "2001:db8::/32", "ethertype": "IPv4"},
        {"ethertype": "IPX"},
        {"direction": network.SECURITY_GROUP_RULE_DIRECTION_OTHER, "direction_raw": "sideways"},
        {"protocol": "256"},
        {"protocol": "tcp", "port_range_min": 90, "port_range_max": 80},
        {"protocol": "tcp", "port_range_min": 70000},
        {"protocol": "tcp", "port_range_min": 0},
        {"protocol": "tcp", "port_range_max": 80},
        {"protocol": "icmp", "port_range_min": 256},
        {"protocol": "gre", "port_range_min": 1},
        {"port_range_min": 80, "port_range_max": 80},
    ):
        given = {"security_group": "default", **wrong}
        assert await call.reason("CreateSecurityGroupRule", **given) == "INVALID_REQUEST"


async def test_there_is_one_default_group(call: Calls) -> None:
    update = {"name_or_id": "default"}
    assert await call.reason("UpdateSecurityGroup", name="other", **update) == "PROTECTED"
    assert await call.reason("DeleteSecurityGroup", name_or_id="default") == "PROTECTED"
    await call("UpdateSecurityGroup", name="default", description="new", **update)
    await call("CreatePort", network="private")
    assert await call.reason("UpdateSecurityGroup", stateful=False, **update) == "IN_USE"
    await call("UpdateSecurityGroup", stateful=True, **update)
    assert await call.reason("CreateSecurityGroup", name="Default") == "INVALID_REQUEST"
    await call("CreateSecurityGroup", name="spare")
    update = {"name_or_id": "spare"}
    assert await call.reason("UpdateSecurityGroup", name="default", **update) == "INVALID_REQUEST"
    changed = await call("UpdateSecurityGroup", stateful=False, **update)
    assert not changed.security_group.stateful


async def test_macs_and_addresses_are_told_in_one_way_and_once(call: Calls) -> None:
    await subnet(call, "2001:DB8:7::/64")
    given = {"network": "2001:DB8:7::/64", "mac_address": "FA-16-3E-00-00-AA"}
    fixed = [network.PortFixedIp(ip_address="2001:0DB8:7::00AB")]
    pairs = [network.PortAddressPair(cidr="2001:DB8:7::/96"), network.PortAddressPair(cidr="::1")]
    made = (await call("CreatePort", fixed_ips=fixed, allowed_address_pairs=pairs, **given)).port
    assert made.mac_address == made.addresses[0].mac_address == "fa:16:3e:00:00:aa"
    assert made.addresses[0].ip_address == "2001:db8:7::ab"
    told = [(each.cidr, each.mac_address) for each in made.allowed_address_pairs]
    assert told == [(cidr, made.mac_address) for cidr in ("2001:db8:7::/96", "::1")]
    assert await call.reason("CreatePort", **given) == "IN_USE"
    del given["mac_address"]
    twice = [network.PortFixedIp(ip_address=text) for text in ("2001:db8:7::9", "2001:db8:7:0::9")]
    for wrong in (
        {"mac_address": "rubbish"},
        {"fixed_ips": [network.PortFixedIp(ip_address="rubbish")]},
        {"fixed_ips": twice},
        {"allowed_address_pairs": [network.PortAddressPair(cidr="rubbish")]},
    ):
        assert await call.reason("CreatePort", **given, **wrong) == "INVALID_REQUEST"
        change = {"name_or_id": made.id, "update_mask": {"paths": list(wrong)}, **wrong}
        assert await call.reason("UpdatePort", **change) == "INVALID_REQUEST"
    assert await call.reason("CreatePort", fixed_ips=fixed, **given) == "IN_USE"
    other = (await call("CreatePort", **given)).port
    change = {"name_or_id": other.id, "update_mask": {"paths": ["fixed_ips"]}}
    assert await call.reason("UpdatePort", fixed_ips=fixed, **change) == "IN_USE"
    taken = {"name_or_id": other.id, "mac_address": "FA:16:3E:00:00:AA"}
    assert await call.reason("UpdatePort", **taken) == "IN_USE"
    assert (await call("GetPort", name_or_id=other.id)).port == other
    free = {"name_or_id": other.id, "mac_address": "FA:16:3E:00:00:AB"}
    changed = (await call("UpdatePort", **free)).port
    assert changed.mac_address == changed.addresses[0].mac_address == "fa:16:3e:00:00:ab"


async def test_a_port_changes_its_addresses(call: Calls) -> None:
    server = await bare_server(call, "mover", networks=[{"network": "private"}])
    own = server.addresses[0]
    floating = (await call("CreateFloatingIp", server="mover", wait=True)).floating_ip
    change = {"name_or_id": own.port_id, "update_mask": {"paths": ["fixed_ips"]}}
    wanted = [network.PortFixedIp(subnet="private") for _ in range(2)]
    more = (await call("UpdatePort", fixed_ips=wanted, **change)).port
    first, second = [each.ip_address for each in more.addresses]
    assert first == own.ip_address
    again = (await call("UpdatePort", fixed_ips=wanted, **change)).port
    assert [each.ip_address for each in again.addresses] == [first, second]
    shown = (await call("GetServer", name_or_id=server.id)).server.addresses
    assert {each.ip_address for each in shown} == {first, second, floating.name}
    kept = [network.PortFixedIp(ip_address=second)]
    await call("UpdatePort", fixed_ips=kept, **change)
    shown = (await call("GetServer", name_or_id=server.id)).server.addresses
    assert [each.ip_address for each in shown] == [second]
    assert not (await call("GetFloatingIp", name_or_id=floating.id)).floating_ip.port_id
    own_mac = {"name_or_id": own.port_id, "mac_address": "fa:16:3e:00:00:01"}
    assert await call.reason("UpdatePort", **own_mac) == "IN_USE"


async def test_what_has_a_port_that_is_deleted_loses_it(call: Calls) -> None:
    server = await bare_server(call, "loser", networks=[{"network": "private"}])
    floating = (await call("CreateFloatingIp", server="loser", wait=True)).floating_ip
    await call("DeletePort", name_or_id=server.addresses[0].port_id)
    assert not (await call("GetServer", name_or_id=server.id)).server.addresses
    left = (await call("GetFloatingIp", name_or_id=floating.id)).floating_ip
    assert (left.port_id, left.server_id, left.attached) == ("", "", False)
    service = (await call("CreatePort", network="private", device_owner="network:dhcp")).port
    assert await call.reason("DeletePort", name_or_id=service.id) == "IN_USE"


async def test_only_the_clouds_own_ports_go_with_their_network(call: Calls) -> None:
    made = await subnet(call, "10.83.0.0/24")
    delete = {"name_or_id": made.name}
    free = (await call("CreatePort", network=made.name)).port
    assert await call.reason("DeleteNetwork", **delete) == "IN_USE"
    await call("DeletePort", name_or_id=free.id)
    port = (await call("CreatePort", network=made.name, device_owner="network:dhcp")).port
    await call("AddRouterInterface", router="outside", subnet=made.id)
    assert await call.reason("DeleteNetwork", **delete) == "IN_USE"
    await call("RemoveRouterInterface", router="outside", subnet=made.id)
    await call("DeleteNetwork", **delete)
    assert await call.reason("GetPort", name_or_id=port.id) == "NOT_FOUND"


async def test_only_the_floating_ips_that_are_meant_are_released(call: Calls) -> None:
    for tags in (["old", "lab"], ["old"], []):
        await call("CreateFloatingIp", tags=tags, description="-".join(tags))
    for wrong in ({"attached": False}, {"projects": ["x"]}):
        reason = await call.reason("DeleteUnattachedFloatingIps", filter=wrong)
        assert reason == "INVALID_REQUEST"
    for wanted, count in (
        ({"tags": ["old", "lab"]}, 1),
        ({"tags_any": ["old", "lab"]}, 2),
        ({"tags": ["old"], "descriptions": ["old"]}, 1),
        ({"networks": ["public"]}, 3),
        ({"networks": ["private"]}, 0),
        ({"servers": ["birch-0"]}, 0),
    ):
        swept = await call("DeleteUnattachedFloatingIps", filter=wanted, dry_run=True)
        assert len(swept.released) == count
    await call("DeleteUnattachedFloatingIps", filter={"tags_any": ["old"]})
    left = (await call("ListFloatingIps")).floating_ips
    assert [each.description for each in left] == [""]
