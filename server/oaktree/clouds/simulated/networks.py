# SPDX-License-Identifier: Apache-2.0
"""The networks of a simulated region, and the addresses servers get from them."""

from __future__ import annotations

import ipaddress
from typing import Any

from oaktreemodel.network import v1 as network

from oaktree.clouds import Outcome, addresses
from oaktree.clouds.simulated import seed
from oaktree.clouds.simulated.core import Core
from oaktree.clouds.simulated.words import say
from oaktree.failures import Code, Failure, invalid, multiple_matches, violation
from oaktree.shapes import reference


class Networks(Core):
    """What servers and floating IPs need of networks."""

    def connect(self, server: Any, wanted: Any) -> Any:
        """Puts a server on a network or gives it a port, and says which address it has there."""
        if wanted.port:
            port = self.mean(network.Port, wanted.port, "port")
            if port.device_id not in {"", server.id}:
                raise self.in_use(port, f"'{port.device_id}'")
        else:
            net = self.mean_network(wanted.network, "network")
            fixed = [network.PortFixedIp(ip_address=wanted.fixed_ip_address)]
            request = network.CreatePortRequest(fixed_ips=fixed)
            port = self.new_port(net, request)

        def change(each: Any) -> None:
            each.device_id, each.device_owner = server.id, "compute:nova"
            say(each, "status", "ACTIVE")

        port = self.changed(port, change)
        server.addresses.extend(port.addresses)
        return server.addresses[-1]

    def release_ports(self, server: Any) -> None:
        """The ports of a server that is deleted go with it."""
        for each in self.store.table(network.Port):
            if each.device_id == server.id:
                self.gone(each)

    def set_floating(self, address: Any) -> None:
        say(address, "kind", "FLOATING")

    def compute_addresses(self, server: Any) -> None:
        addresses.choose(server, seed.network_capabilities(self))

    def mean_network(self, name_or_id: str, field: str) -> Any:
        return self.mean(network.Network, name_or_id, field)

    def next_address(self, net: Any) -> str:
        """An address of a network that nobody has yet."""
        subnet = self.store.table(network.Subnet).get(net.subnet_ids[0])
        whole = ipaddress.ip_network(subnet.cidr)
        # The first is the gateway's; what comes after the last begins anew.
        number = self.given.get(subnet.id, 0) + 1
        self.given[subnet.id] = number
        return str(whole[1 + number % (whole.num_addresses - 3)])

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
        if name_or_id:
            return self.mean_network(name_or_id, "network")
        external = [each for each in self.store.table(network.Network) if each.is_external]
        if len(external) != 1:
            raise multiple_matches(
                "no external network", [reference(each) for each in external]
            ).at(self.location)
        return external[0]

    # -- ports ------------------------------------------------------------------------------------

    def new_port(self, net: Any, request: Any = None, **fields: Any) -> Any:
        """A port on a network, with an address of its first subnet."""
        if not net.subnet_ids:
            raise Failure(
                Code.RESOURCE_EXHAUSTED,
                "NO_FREE_ADDRESS",
                f"the network '{net.name}' has no subnet to take an address from",
                resource=reference(net),
            )
        new = self.make(network.Port, request, network_id=net.id, **fields)
        wanted = [each.ip_address for each in getattr(request, "fixed_ips", ())]
        address = new.addresses.add()
        address.ip_address = (wanted or [""])[0] or self.next_address(net)
        address.ip_version = 4
        say(address, "kind", "FIXED")
        new.mac_address = seed.mac(address.ip_address + net.id)
        address.mac_address = new.mac_address
        address.network_name, address.network_id = net.name, net.id
        address.subnet_id, address.port_id = net.subnet_ids[0], new.id
        if not new.security_group_ids:
            new.security_group_ids.append(self.default_group().id)
        new.admin_state_up = True
        new.etag = "1"
        return self.born(new)

    async def create_port(self, request: network.CreatePortRequest, target: None) -> Outcome:
        return Outcome(self.new_port(self.mean_network(request.network, "network"), request))

    async def delete_port(self, request: network.DeletePortRequest, target: Any) -> Outcome:
        if target.device_id:
            raise self.in_use(target, f"'{target.device_id}'")
        return self.delete(network.Port, target)

    # -- networks and subnets ---------------------------------------------------------------------

    async def create_network(self, request: network.CreateNetworkRequest, target: None) -> Outcome:
        new = self.make(network.Network, request, etag="1", mtu_bytes=1500)
        new.admin_state_up = not request.HasField("admin_state_up") or request.admin_state_up
        new.is_external, new.is_shared = request.is_external, request.is_shared
        return Outcome(self.born(new))

    async def delete_network(self, request: network.DeleteNetworkRequest, target: Any) -> Outcome:
        for port in self.store.table(network.Port):
            if port.network_id == target.id:
                raise self.in_use(target, f"the port '{port.id}'")
        for id_ in target.subnet_ids:
            self.store.table(network.Subnet).remove(id_)
        return self.delete(network.Network, target)

    async def create_subnet(self, request: network.CreateSubnetRequest, target: None) -> Outcome:
        net = self.mean_network(request.network, "network")
        new = self.make(network.Subnet, request, network_id=net.id, etag="1")
        try:
            whole = ipaddress.ip_network(request.cidr)
        except ValueError as error:
            raise invalid(violation("cidr", str(error), "MALFORMED")) from None
        new.ip_version = whole.version
        if not request.gateway_ip_address and not request.no_gateway:
            new.gateway_ip_address = str(next(whole.hosts()))
        new.is_dhcp_enabled = not request.HasField("is_dhcp_enabled") or request.is_dhcp_enabled
        self.born(new)
        self.changed(net, lambda each: each.subnet_ids.append(new.id))
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
        return Outcome(self.new_group(request))

    async def delete_security_group(
        self, request: network.DeleteSecurityGroupRequest, target: Any
    ) -> Outcome:
        if target.name == "default":
            raise Failure(
                Code.FAILED_PRECONDITION,
                "PROTECTED",
                "the default security group cannot be deleted",
                resource=reference(target),
            )
        for port in self.store.table(network.Port):
            if target.id in port.security_group_ids:
                raise self.in_use(target, f"the port '{port.id}'")
        for rule in target.rules:
            self.store.table(network.SecurityGroupRule).remove(rule.id)
        return self.delete(network.SecurityGroup, target)

    def new_rule(self, group: Any, request: Any) -> Any:
        new = self.make(network.SecurityGroupRule, request, security_group_id=group.id)
        if not new.ethertype:
            new.ethertype = "IPv4"
        for name in ("port_range_min", "port_range_max"):
            if request.HasField(name):
                setattr(new, name, getattr(request, name))
        if request.remote_group:
            new.remote_group_id = self.mean(
                network.SecurityGroup, request.remote_group, "remote_group"
            ).id
        self.born(new)
        self.changed(group, lambda each: each.rules.append(new))
        return new

    async def create_security_group_rule(
        self, request: network.CreateSecurityGroupRuleRequest, target: Any
    ) -> Outcome:
        for each in target.rules:
            same = (
                each.direction == request.direction
                and each.protocol == request.protocol
                and each.remote_cidr == request.remote_cidr
                and each.ethertype == (request.ethertype or "IPv4")
                and (each.port_range_min, each.port_range_max)
                == (request.port_range_min, request.port_range_max)
            )
            if same:
                raise self.already(each)
        return Outcome(self.new_rule(target, request))

    async def delete_security_group_rule(
        self, request: network.DeleteSecurityGroupRuleRequest, target: Any
    ) -> Outcome:
        group = self.store.table(network.SecurityGroup).get(target.security_group_id)

        def change(each: Any) -> None:
            kept = [rule for rule in each.rules if rule.id != target.id]
            del each.rules[:]
            each.rules.extend(kept)

        self.changed(group, change)
        return self.delete(network.SecurityGroupRule, target)
