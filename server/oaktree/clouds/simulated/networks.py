# SPDX-License-Identifier: Apache-2.0
"""The networks of a simulated region, and the addresses servers get from them."""

from __future__ import annotations

import ipaddress
import itertools
from collections.abc import Iterable, Sequence
from typing import Any

from google.protobuf.message import Message
from oaktreemodel.common import v1 as common
from oaktreemodel.compute import v1 as compute
from oaktreemodel.network import v1 as network

from oaktree.clouds import Outcome, addresses
from oaktree.clouds.simulated import pools, seed
from oaktree.clouds.simulated.core import Core
from oaktree.clouds.simulated.words import say
from oaktree.failures import Code, Failure, invalid, multiple_matches, violation
from oaktree.shapes import Kind, reference, word_of

# What is remembered of a port: that it was made for a server, and how that server's guest finds it.
MADE, TAG = "made for a server", "tag of an interface"
# How the device owners of ports begin that servers have.
OF_SERVERS = ("compute:", "baremetal:")


class Networks(Core):
    """What servers and floating IPs need of networks."""

    async def page(
        self, kind: Kind, *, limit: int = 1000, wanted: Message | None = None, **others: Any
    ) -> Sequence[Message]:
        if kind is not network.NetworkAgent or wanted is None:
            return await super().page(kind, limit=limit, wanted=wanted, **others)
        # Fewer than the limit would mean that there are no more.
        found = await super().page(kind, limit=len(self.store.table(kind)), **others)
        return [each for each in found if self.serves(each, wanted)][:limit]

    def serves(self, agent: Any, wanted: Any) -> bool:
        """Whether an agent serves the routers and networks that a filter names."""
        for names, served, binary in (
            (wanted.routers, network.Router, "neutron-l3-agent"),
            (wanted.networks, network.Network, "neutron-dhcp-agent"),
        ):
            known = {name for each in self.store.table(served) for name in (each.id, each.name)}
            if names and not (agent.is_alive and agent.binary == binary and known & set(names)):
                return False
        return True

    def connect(self, server: Any, wanted: Any, groups: Sequence[str] = ()) -> Any:
        """Puts a server on a network or gives it a port, and answers the port.

        groups: the security groups of a port that is made; one that is given keeps its own.
        """
        if wanted.port:
            port = self.mean(network.Port, wanted.port, "port")
            if port.device_id not in {"", server.id}:
                raise self.in_use(port, f"'{port.device_id}'")
        else:
            net = self.mean_network(wanted.network, "network")
            request = network.CreatePortRequest(security_groups=groups)
            if wanted.fixed_ip_address:
                request.fixed_ips.add(ip_address=wanted.fixed_ip_address)
            port = self.new_port(net, request)
            self.store.untold[MADE, port.id] = True

        def change(each: Any) -> None:
            each.device_id, each.device_owner = server.id, "compute:nova"
            say(each, "status", "ACTIVE")

        port = self.changed(port, change)
        self.store.untold[TAG, port.id] = wanted.tag
        server.addresses.extend(port.addresses)
        self.name_groups(server)
        return port

    def release(self, port: Any) -> None:
        """A server has a port no more: one made for it goes, any other is free again."""
        self.store.untold.pop((TAG, port.id), None)
        if self.store.untold.pop((MADE, port.id), False):
            self.gone(port)
            return

        def change(each: Any) -> None:
            each.device_id = each.device_owner = ""
            say(each, "status", "DOWN")

        self.changed(port, change)

    def ports_of(self, server: Any) -> list[Any]:
        """The ports that a server has."""
        return [each for each in self.store.still(network.Port) if each.device_id == server.id]

    def name_groups(self, server: Any) -> None:
        """Says on a server which security groups its ports are in."""
        ports = self.ports_of(server)
        ids = dict.fromkeys(id_ for each in ports for id_ in each.security_group_ids)
        found = map(self.store.still(network.SecurityGroup).get, ids)
        server.security_group_names[:] = [each.name for each in found if each is not None]

    def set_floating(self, address: Any) -> None:
        say(address, "kind", "FLOATING")

    def compute_addresses(self, server: Any) -> None:
        addresses.choose(server, seed.network_capabilities(self))

    def mean_network(self, name_or_id: str, field: str) -> Any:
        return self.mean(network.Network, name_or_id, field)

    def next_address(self, net: Any, subnet: Any = None, others: Iterable[str] = ()) -> str:
        """An address of a network that nobody has yet."""
        subnet = subnet or self.store.table(network.Subnet).get(net.subnet_ids[0])
        parts = pools.allocated_from(subnet)
        # What comes after the last begins anew.
        room = sum(last - first + 1 for first, last in parts)
        taken = {*self.taken(net), subnet.gateway_ip_address, *others}
        for _ in range(min(room, len(taken) + 1)):
            number = self.given.get(subnet.id, 0)
            self.given[subnet.id] = number + 1
            address = pools.numbered(parts, number % room, subnet.ip_version)
            if address not in taken:
                return address
        raise self.no_address(net, f"no address of '{subnet.name or subnet.id}' is free")

    def taken(self, net: Any) -> set[str]:
        """The addresses on a network that somebody has."""
        ports = [each for each in self.store.table(network.Port) if each.network_id == net.id]
        mapped = self.store.table(network.FloatingIp)
        return {address.ip_address for each in ports for address in each.addresses} | {
            each.floating_ip_address for each in mapped if each.network_id == net.id
        }

    def check_free(self, net: Any, address: str) -> None:
        """Refuses an address that another port has."""
        for port in self.store.table(network.Port):
            if port.network_id == net.id:
                if address in {each.ip_address for each in port.addresses}:
                    raise self.in_use(net, f"the port '{port.id}', which has {address}")
        if address in self.taken(net):
            raise self.in_use(net, f"the floating IP {address}")

    def no_address(self, resource: Any, why: str) -> Failure:
        return Failure(
            Code.RESOURCE_EXHAUSTED, "NO_FREE_ADDRESS", why, resource=reference(resource)
        )

    def default_network(self) -> Any:
        """The network a server is put on when nobody says which."""
        usable = [
            each
            for each in self.store.table(network.Network)
            if not (self.quirks.floating_ips and each.is_external)
        ]
        if len(usable) != 1:
            raise multiple_matches("no network", [reference(each) for each in usable]).at(
                self.location
            )
        return usable[0]

    def external_network(self, name_or_id: str) -> Any:
        return self.one_external(self.external_networks(name_or_id))

    def one_external(self, external: Sequence[Any]) -> Any:
        if len(external) != 1:
            raise multiple_matches(
                "no external network", [reference(each) for each in external]
            ).at(self.location)
        return external[0]

    def external_networks(self, name_or_id: str) -> list[Any]:
        """The external networks that can be meant."""
        if not name_or_id:
            return [each for each in self.store.table(network.Network) if each.is_external]
        net = self.mean_network(name_or_id, "network")
        if not net.is_external:
            raise pools.wrong("network", f"'{net.name or net.id}' is not external")
        return [net]

    # -- ports ------------------------------------------------------------------------------------

    def new_port(self, net: Any, request: Any = None, **fields: Any) -> Any:
        """A port on a network, with the addresses asked for, or one of each version of IP."""
        request = request if request is not None else network.CreatePortRequest()
        new = self.make(network.Port, request, network_id=net.id, **fields)
        new.mac_address = self.mac_for(net, new, request.mac_address)
        wanted = list(request.fixed_ips)
        if not wanted and not request.no_fixed_ips:
            wanted = self.first_subnets(net)
        new.addresses.extend(self.addresses_for(net, new, wanted))
        complete_pairs(new)
        for name in request.security_groups:
            new.security_group_ids.append(
                self.mean(network.SecurityGroup, name, "security_groups").id
            )
        if not new.security_group_ids and not request.no_security_groups:
            new.security_group_ids.append(self.default_group().id)
        if request.qos_policy:
            policy = self.mean(network.QosPolicy, request.qos_policy, "qos_policy")
            new.qos_policy_id = policy.id
        new.admin_state_up = not request.HasField("admin_state_up") or request.admin_state_up
        new.etag = "1"
        return self.born(new)

    def mac_for(self, net: Any, port: Any, asked: str) -> str:
        """The MAC address that a port is to have, which no other on the network has."""
        taken = {
            each.mac_address: each
            for each in self.store.table(network.Port)
            if each.network_id == net.id and each.id != port.id
        }
        if asked:
            found = pools.mac("mac_address", asked)
            if found in taken:
                raise self.in_use(net, f"the port '{taken[found].id}', which has {found}")
            return found
        found = seed.mac(port.id)
        while found in taken:
            found = seed.mac(found)
        return found

    def addresses_for(self, net: Any, port: Any, wanted: Sequence[Any]) -> list[Any]:
        """The addresses that a port is to have: what is asked for, and of the rest what it has."""
        subnets = [self.subnet_for(net, each) for each in wanted]
        had = {each.ip_address: each.subnet_id for each in port.addresses}
        found: list[str] = []
        for index, each in enumerate(wanted):
            path, text = f"fixed_ips[{index}].ip_address", ""
            if each.ip_address:
                text = str(pools.address(path, each.ip_address))
                if text in found:
                    raise pools.wrong(path, "is asked for twice")
                if text not in had:
                    self.check_free(net, text)
            found.append(text)
        for index, subnet in enumerate(subnets):
            kept = [text for text, id_ in had.items() if id_ == subnet.id and text not in found]
            if not found[index]:
                found[index] = kept[0] if kept else self.next_address(net, subnet, found)
        return [
            self.address_of(net, subnet, text, port)
            for text, subnet in zip(found, subnets, strict=True)
        ]

    def first_subnets(self, net: Any) -> list[Any]:
        """What is asked for by whoever asks for no address: one of each version of IP."""
        subnets = [self.store.table(network.Subnet).get(id_) for id_ in net.subnet_ids]
        firsts = {each.ip_version: each.id for each in reversed(subnets)}
        if not firsts:
            raise self.no_address(
                net, f"the network '{net.name}' has no subnet to take an address from"
            )
        return [network.PortFixedIp(subnet=firsts[version]) for version in sorted(firsts)]

    def subnet_for(self, net: Any, fixed: Any) -> Any:
        """The subnet of a network that an address is asked for in."""
        subnets = [self.store.table(network.Subnet).get(id_) for id_ in net.subnet_ids]
        if fixed.subnet:
            found = self.mean(network.Subnet, fixed.subnet, "fixed_ips.subnet")
            subnets = [each for each in subnets if each.id == found.id]
        if not subnets and not fixed.subnet:
            return self.subnet_for(net, self.first_subnets(net)[0])
        address = None
        if fixed.ip_address:
            address = pools.address("fixed_ips.ip_address", fixed.ip_address)
        for each in subnets:
            if address is None or address in ipaddress.ip_network(each.cidr):
                return each
        raise invalid(violation("fixed_ips", f"is in no subnet of '{net.name}'", "INVALID"))

    def address_of(self, net: Any, subnet: Any, address: str, port: Any) -> common.Address:
        """How a port shows an address it has."""
        shown = common.Address(
            ip_address=address,
            ip_version=subnet.ip_version,
            mac_address=port.mac_address,
            network_name=net.name,
            network_id=net.id,
            subnet_id=subnet.id,
            port_id=port.id,
        )
        say(shown, "kind", "FIXED")
        return shown

    async def create_port(self, request: network.CreatePortRequest, target: None) -> Outcome:
        return Outcome(self.new_port(self.mean_network(request.network, "network"), request))

    async def delete_port(self, request: network.DeletePortRequest, target: Any) -> Outcome:
        if target.device_owner and not target.device_owner.startswith(OF_SERVERS):
            raise self.in_use(target, f"'{target.device_id}'")
        outcome = self.delete(network.Port, target)
        self.show_addresses(target, ())
        return outcome

    def show_addresses(self, port: Any, addresses: Sequence[Any]) -> None:
        """Has the server of a port show the addresses that it has there now."""
        server = self.store.still(compute.Server).get(port.device_id)
        if server is None or port.id not in {each.port_id for each in server.addresses}:
            return
        fixed = common.ADDRESS_KIND_FIXED

        def change(each: Any) -> None:
            kept = [a for a in each.addresses if a.port_id != port.id or a.kind != fixed]
            del each.addresses[:]
            each.addresses.extend([*kept, *addresses])
            self.compute_addresses(each)

        self.store.change(compute.Server, server.id, change)

    # -- networks and subnets ---------------------------------------------------------------------

    async def create_network(self, request: network.CreateNetworkRequest, target: None) -> Outcome:
        new = self.make(network.Network, request, etag="1")
        new.mtu_bytes = request.mtu_bytes or 1500
        new.admin_state_up = not request.HasField("admin_state_up") or request.admin_state_up
        new.is_external, new.is_shared = request.is_external, request.is_shared
        if request.qos_policy:
            policy = self.mean(network.QosPolicy, request.qos_policy, "qos_policy")
            new.qos_policy_id = policy.id
        new = self.born(new)
        self.add_segments(new)
        return Outcome(new)

    def add_segments(self, net: Any) -> None:
        """What carries a network, which is there from the start."""
        for each in net.provider_segments or [network.NetworkProviderSegment(network_type="vxlan")]:
            segment = self.make(network.NetworkSegment, network_id=net.id)
            segment.network_type, segment.physical_network = (
                each.network_type,
                each.physical_network,
            )
            segment.segmentation_id = each.segmentation_id or self.free_segmentation(segment)
            self.born(segment)

    def free_segmentation(self, segment: Any) -> int:
        """The first number that no other segment like that has."""
        there = self.store.table(network.NetworkSegment)
        taken = {each.segmentation_id for each in there if pools.is_beside(each, segment)}
        return next(number for number in itertools.count(1) if number not in taken)

    async def delete_network(self, request: network.DeleteNetworkRequest, target: Any) -> Outcome:
        ports = [each for each in self.store.table(network.Port) if each.network_id == target.id]
        for port in ports:
            if port.device_owner != "network:dhcp":
                raise self.in_use(target, f"the port '{port.id}'")
        for mapped in self.store.table(network.FloatingIp):
            if mapped.network_id == target.id:
                raise self.in_use(target, f"the floating IP {mapped.floating_ip_address}")
        for port in ports:
            self.gone(port)
        for kind in (network.Subnet, network.NetworkSegment):
            for each in self.store.table(kind):
                if each.network_id == target.id:
                    self.gone(each)
        return self.delete(network.Network, target)

    async def create_subnet(self, request: network.CreateSubnetRequest, target: None) -> Outcome:
        net = self.mean_network(request.network, "network")
        new = self.make(network.Subnet, request, network_id=net.id, etag="1")
        if request.segment:
            new.segment_id = self.mean(network.NetworkSegment, request.segment, "segment").id
        pool = pools.asked(self, request)
        if pool is not None:
            new.subnet_pool_id = pool.id
            new.cidr = pools.taken_from(self, pool, request)
        whole = pools.cidr("cidr", new.cidr)
        new.cidr = str(whole)
        if request.ip_version not in {0, whole.version}:
            raise invalid(violation("ip_version", "is not that of the cidr", "INVALID"))
        new.ip_version = whole.version
        for id_ in net.subnet_ids:
            there = self.store.table(network.Subnet).get(id_)
            if there.ip_version == whole.version:
                if whole.overlaps(ipaddress.ip_network(there.cidr)):
                    text = f"overlaps with the subnet '{there.name or id_}' of the network"
                    raise invalid(violation("cidr", text, "INVALID"))
                if there.subnet_pool_id != new.subnet_pool_id:
                    text = "the network's other subnets are from another pool, or from none"
                    raise invalid(violation("subnet_pool", text, "INVALID"))
        if not request.gateway_ip_address and not request.no_gateway:
            new.gateway_ip_address = pools.first_address(whole)
        pools.check_subnet(new)
        if not new.allocation_pools:
            new.allocation_pools.extend(pools.all_but_gateway(new))
        new.is_dhcp_enabled = not request.HasField("is_dhcp_enabled") or request.is_dhcp_enabled
        self.born(new)

        def add(each: Any) -> None:
            each.subnet_ids.append(new.id)
            if pool is not None and pool.address_scope_id:
                setattr(each, f"ipv{new.ip_version}_address_scope_id", pool.address_scope_id)

        self.changed(net, add)
        return Outcome(new)

    async def delete_subnet(self, request: network.DeleteSubnetRequest, target: Any) -> Outcome:
        for port in self.store.table(network.Port):
            if any(each.subnet_id == target.id for each in port.addresses):
                raise self.in_use(target, f"the port '{port.id}'")
        net = self.store.table(network.Network).get(target.network_id)
        self.changed(net, lambda each: each.subnet_ids.remove(target.id))
        return self.delete(network.Subnet, target)

    # -- security groups --------------------------------------------------------------------------

    def default_group(self) -> Any:
        """The security group every project has."""
        for each in self.store.table(network.SecurityGroup):
            if each.name == "default":
                return each
        return self.new_group(network.CreateSecurityGroupRequest(name="default"))

    def new_group(self, request: network.CreateSecurityGroupRequest) -> Any:
        """A security group, with the two rules that let everything out."""
        new = self.make(network.SecurityGroup, request, etag="1")
        new.stateful = not request.HasField("stateful") or request.stateful
        new.is_shared = False
        self.born(new)
        for ethertype in ("IPv4", "IPv6"):
            rule = network.CreateSecurityGroupRuleRequest(
                direction=network.SECURITY_GROUP_RULE_DIRECTION_EGRESS, ethertype=ethertype
            )
            self.new_rule(new, rule)
        return self.store.table(network.SecurityGroup).get(new.id)

    async def create_security_group(
        self, request: network.CreateSecurityGroupRequest, target: None
    ) -> Outcome:
        if request.name.lower() == "default":
            raise pools.wrong("name", "is that of the group every project has")
        return Outcome(self.new_group(request))

    async def delete_security_group(
        self, request: network.DeleteSecurityGroupRequest, target: Any
    ) -> Outcome:
        if target.name == "default":
            raise self.protected(target, "every project has a default one")
        for port in self.store.table(network.Port):
            if target.id in port.security_group_ids:
                raise self.in_use(target, f"the port '{port.id}'")
        for rule in self.store.table(network.SecurityGroupRule):
            if target.id == rule.remote_group_id != rule.security_group_id:
                self.leave_out(rule)
            if target.id in {rule.security_group_id, rule.remote_group_id}:
                self.gone(rule)
        return self.delete(network.SecurityGroup, target)

    def new_rule(self, group: Any, request: Any) -> Any:
        new = self.make(network.SecurityGroupRule, request, security_group_id=group.id)
        for field, kind in REMOTES.items():
            if getattr(request, field):
                setattr(new, f"{field}_id", self.mean(kind, getattr(request, field), field).id)
        complete_rule(new)
        for each in self.store.table(network.SecurityGroupRule):
            if each.security_group_id == group.id and lets_through(each) == lets_through(new):
                raise self.already(each)
        self.born(new)
        self.changed(group, lambda each: each.rules.append(new))
        return new

    async def create_security_group_rule(
        self, request: network.CreateSecurityGroupRuleRequest, target: Any
    ) -> Outcome:
        return Outcome(self.new_rule(target, request))

    async def delete_security_group_rule(
        self, request: network.DeleteSecurityGroupRuleRequest, target: Any
    ) -> Outcome:
        self.leave_out(target)
        return self.delete(network.SecurityGroupRule, target)

    def leave_out(self, rule: Any) -> None:
        """Has a group forget a rule."""
        group = self.store.table(network.SecurityGroup).get(rule.security_group_id)

        def change(each: Any) -> None:
            kept = [own for own in each.rules if own.id != rule.id]
            del each.rules[:]
            each.rules.extend(kept)

        self.changed(group, change)


def complete_pairs(port: Any) -> None:
    """Says with which MAC addresses a port may use others than its own."""
    for index, each in enumerate(port.allowed_address_pairs):
        path = f"allowed_address_pairs[{index}]"
        single = "/" not in each.cidr
        whole = pools.cidr(f"{path}.cidr", each.cidr, strict=False)
        each.cidr = str(whole.network_address if single else whole)
        each.mac_address = pools.mac(f"{path}.mac_address", each.mac_address or port.mac_address)


# -- what rules say -------------------------------------------------------------------------------

RANGE = ("port_range_min", "port_range_max")
ALIKE = (
    "direction",
    "ethertype",
    "protocol",
    "remote_cidr",
    "remote_group_id",
    "remote_address_group_id",
)
ETHERTYPES = {"ipv4": "IPv4", "ipv6": "IPv6"}
# What else than addresses a rule can have at its other end.
REMOTES: dict[str, Kind] = {
    "remote_group": network.SecurityGroup,
    "remote_address_group": network.AddressGroup,
}
# The protocols that have ports, and those that have types and codes, with their numbers.
WITH_PORTS = {"tcp", "6", "udp", "17", "dccp", "33", "sctp", "132", "udplite", "136"}
WITH_TYPES = {"icmp", "1", "ipv6-icmp", "icmpv6", "58"}


def complete_rule(rule: Any) -> None:
    """Fills in what nobody said of a new rule, and refuses what says nothing."""
    word = word_of(rule, "direction")
    if word == "UNSPECIFIED":
        say(rule, "direction", "INGRESS")
    elif word == "OTHER":
        raise pools.wrong("direction", "is INGRESS or EGRESS")
    version = 4
    if rule.remote_cidr:
        remote = pools.cidr("remote_cidr", rule.remote_cidr, strict=False)
        rule.remote_cidr, version = str(remote), remote.version
    wanted = rule.ethertype or f"IPv{version}"
    if wanted.lower() not in ETHERTYPES:
        raise pools.wrong("ethertype", "is IPv4 or IPv6")
    rule.ethertype = ETHERTYPES[wanted.lower()]
    if rule.remote_cidr and rule.ethertype != f"IPv{version}":
        raise pools.wrong("remote_cidr", f"is not of {rule.ethertype}")
    rule.protocol = rule.protocol.lower()
    if rule.protocol.isdecimal() and int(rule.protocol) > 255:
        raise pools.wrong("protocol", "is a number up to 255")
    complete_ports(rule)


def complete_ports(rule: Any) -> None:
    given = [name for name in RANGE if rule.HasField(name)]
    if not given:
        return
    if not rule.HasField("port_range_min"):
        raise pools.wrong("port_range_min", "has to be given with port_range_max")
    if rule.protocol not in WITH_PORTS | WITH_TYPES:
        raise pools.wrong(given[0], "needs a protocol that has such numbers")
    has_types = rule.protocol in WITH_TYPES
    if not has_types and not rule.HasField("port_range_max"):
        rule.port_range_max = rule.port_range_min
    least, most = (0, 255) if has_types else (1, 65535)
    for name in given:
        if not least <= getattr(rule, name) <= most:
            raise pools.wrong(name, f"goes from {least} to {most}")
    if not has_types and rule.port_range_max < rule.port_range_min:
        raise pools.wrong("port_range_max", "is less than port_range_min")


def lets_through(rule: Any) -> tuple[Any, ...]:
    """What is alike in rules that say the same."""
    ports = [rule.HasField(name) and getattr(rule, name) + 1 for name in RANGE]
    return (*(getattr(rule, name) for name in ALIKE), *ports)
