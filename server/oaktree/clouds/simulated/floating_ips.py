# SPDX-License-Identifier: Apache-2.0
"""What is particular to simulated floating IPs."""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from oaktreemodel.common import v1 as common
from oaktreemodel.compute import v1 as compute
from oaktreemodel.network import v1 as network

from oaktree.clouds import Outcome
from oaktree.clouds.simulated import pools, routing
from oaktree.clouds.simulated.lifecycle import Step
from oaktree.clouds.simulated.networks import Networks
from oaktree.clouds.simulated.pouring import own_fields, pour
from oaktree.failures import (
    Code,
    Failure,
    invalid,
    multiple_matches,
    not_supported,
    reference_not_found,
    violation,
)
from oaktree.shapes import reference

SWEPT_AT_ONCE = 1000
# What is said of one that is reused, and what cannot be.
REUSED = {"description", "tags"}
NEVER_REUSED = ("dns_name", "dns_domain", "floating_ip_address")


class Place(NamedTuple):
    """What a floating IP is mapped to."""

    port_id: str
    address: str


def check_reuse(request: Any, is_mapped: bool) -> None:
    if not request.reuse_unattached:
        return
    given = [each for each in NEVER_REUSED if getattr(request, each)]
    wrong = [violation(each, "excludes reuse_unattached", "EXCLUSIVE") for each in given]
    if not is_mapped:
        wrong.append(violation("reuse_unattached", "needs a port or a server", "REQUIRED"))
    if wrong:
        raise invalid(*wrong)


def is_said(message: Any, name: str) -> bool:
    return name in {field.name for field, _ in message.ListFields()}


def is_in(address: str, subnets: Iterable[Any]) -> bool:
    wanted = ipaddress.ip_address(address)
    return any(wanted in ipaddress.ip_network(each.cidr) for each in subnets)


class FloatingIps(Networks):
    """The methods of FloatingIpService that are not like all others."""

    async def create_floating_ip(
        self, request: network.CreateFloatingIpRequest, target: None
    ) -> Outcome:
        return self.floating_ip(request, self.named_server(request.server, "server"))

    def floating_ip(self, request: Any, server: Any) -> Outcome:
        """Allocates one, or takes one that is free, and maps it where it is to go."""
        if not self.quirks.floating_ips:
            raise not_supported("floating IPs", self.location)
        is_mapped = server is not None or bool(request.port)
        check_reuse(request, is_mapped)
        external = self.external_networks(request.network)
        place = self.place_meant(server, request, external) if is_mapped else None
        pool = self.pool_meant(external, place)
        policy = None
        if request.qos_policy:
            policy = self.mean(network.QosPolicy, request.qos_policy, "qos_policy")
        subnets = self.subnets_meant(pool, request)
        new = self.reused(pool, subnets, request) or self.allocated(pool, subnets, request)
        if policy is not None:
            new = self.changed(new, lambda each: setattr(each, "qos_policy_id", policy.id))
        return Outcome(new) if place is None else self.lead_to(new, place)

    def pool_meant(self, external: Sequence[Any], place: Any) -> Any:
        """The external network to take a floating IP from, if only one can be meant."""
        if len(external) > 1 and place is not None:
            external = [each for each in external if self.is_joined(place, [each])] or external
        return self.one_external(external)

    def subnets_meant(self, pool: Any, request: Any) -> list[Any]:
        """The subnets of an external network from which a floating IP can be."""
        table = self.store.table(network.Subnet)
        found = [each for each in map(table.get, pool.subnet_ids) if each.ip_version == 4]
        if request.subnet:
            wanted = self.mean(network.Subnet, request.subnet, "subnet")
            found = [each for each in found if each.id == wanted.id]
            if not found:
                raise pools.wrong("subnet", f"is no IPv4 subnet of '{pool.name or pool.id}'")
        return found

    def reused(self, pool: Any, subnets: Sequence[Any], request: Any) -> Any:
        """One that is free, with what the request says about it; None where there is none."""
        said = [(field, value) for field, value in own_fields(request) if field.name in REUSED]
        for each in self.store.table(network.FloatingIp) if request.reuse_unattached else ():
            is_free = not each.port_id and not each.port_forwardings
            if is_free and each.network_id == pool.id and is_in(each.floating_ip_address, subnets):
                return self.changed(each, lambda new: pour(said, new, replace=True))
        return None

    def allocated(self, pool: Any, subnets: Sequence[Any], request: Any) -> Any:
        address = request.floating_ip_address
        if address:
            address = str(pools.address("floating_ip_address", address))
            if not is_in(address, subnets):
                raise pools.wrong("floating_ip_address", f"is none of '{pool.name or pool.id}'")
            self.check_free(pool, address)
        else:
            address = self.free_address(pool, subnets)
        fields = {"name": address, "floating_ip_address": address, "network_id": pool.id}
        if request.subnet:
            fields["subnet_id"] = subnets[0].id
        return self.born(self.make(network.FloatingIp, request, etag="1", **fields))

    def free_address(self, pool: Any, subnets: Sequence[Any]) -> str:
        full = self.no_address(pool, f"the network '{pool.name}' has no IPv4 subnet")
        for each in subnets:
            try:
                return self.next_address(pool, each)
            except Failure as failure:
                full = failure
        raise full

    async def attach_floating_ip(
        self, request: network.AttachFloatingIpRequest, target: Any
    ) -> Outcome:
        server = self.named_server(request.server, "server")
        places = self.places(server, request)
        if (target.port_id, target.fixed_ip_address) in places:
            return Outcome(target, pending=True)
        self.check_not_forwarding(target)
        if target.port_id and not request.take_over:
            raise self.in_use(target, f"{target.fixed_ip_address}, to which it is mapped")
        return self.map_to(target, server, request)

    async def detach_floating_ip(
        self, request: network.DetachFloatingIpRequest, target: Any
    ) -> Outcome:
        server = self.named_server(request.server, "server")
        if server is not None and target.server_id != server.id:
            raise Failure(
                Code.FAILED_PRECONDITION,
                "NOT_ATTACHED_HERE",
                f"the floating IP {target.name} is not mapped to the server '{server.name}'",
                resource=reference(target),
            )
        return Outcome(self.unmap(target) if target.port_id else target, pending=True)

    async def delete_floating_ip(self, request: Any, target: Any) -> Outcome:
        self.check_not_forwarding(target)
        if target.port_id:
            target = self.unmap(target)
        return self.delete(network.FloatingIp, target)

    async def delete_unattached_floating_ips(
        self, request: network.DeleteUnattachedFloatingIpsRequest, target: None
    ) -> Outcome:
        wrong = [name for name in ("attached", "projects") if is_said(request.filter, name)]
        if wrong:
            raise invalid(*(violation(f"filter.{e}", "means none here", "INVALID") for e in wrong))
        limit = time.time() - request.older_than.ToNanoseconds() / 1e9
        spares = request.HasField("older_than")
        swept = [
            each
            for each in self.store.table(network.FloatingIp)
            if not each.port_id
            and not each.port_forwardings
            and self.is_wanted(each, request.filter)
            and not (spares and each.update_time.seconds >= limit)
        ]
        most = min(request.limit_count or SWEPT_AT_ONCE, SWEPT_AT_ONCE)
        if not request.dry_run:
            for each in swept[:most]:
                self.gone(each)
        return Outcome(
            answer={
                "released": [reference(each) for each in swept[:most]],
                "has_more": len(swept) > most,
            }
        )

    def is_wanted(self, each: Any, wanted: Any) -> bool:
        """Whether a floating IP that is mapped to nothing fits a filter."""
        net = self.store.table(network.Network).get(each.network_id)
        own = {
            "names": {each.name},
            "ids": {each.id},
            "statuses": {each.status},
            "networks": {net.id, net.name},
            "tags_any": set(each.tags),
            "descriptions": {each.description},
        }
        if not set(wanted.tags) <= set(each.tags):
            return False
        asked = {field.name: set(value) for field, value in wanted.ListFields()}
        return all(own.get(name, set()) & asked[name] for name in asked if name != "tags")

    # -- mapping ----------------------------------------------------------------------------------

    def check_not_forwarding(self, target: Any) -> None:
        for each in target.port_forwardings:
            raise self.in_use(target, f"the port forwarding '{each.id}'")

    def named_server(self, name: str, field: str) -> Any:
        return self.mean(compute.Server, name, field) if name else None

    def place_meant(self, server: Any, request: Any, external: Sequence[Any]) -> Place:
        """The one place a floating IP from there can be mapped to by what a request says."""
        place = self.one_of(self.joined(self.places(server, request), external))
        self.check_unmapped(place)
        return place

    def places(self, server: Any, request: Any) -> list[Place]:
        """All places that a request can mean by the server or port that it names."""
        field = "port" if server is None else "server"
        if server is None:
            port = self.mean(network.Port, request.port, "port")
            there = list(port.addresses)
        else:
            there = [each for each in server.addresses if each.kind == common.ADDRESS_KIND_FIXED]
        there = [each for each in there if each.ip_version == 4]
        if request.nat_destination:
            net = self.mean_network(request.nat_destination, "nat_destination")
            there, field = [e for e in there if e.network_id == net.id], "nat_destination"
        if request.fixed_ip_address:
            wanted = str(pools.address("fixed_ip_address", request.fixed_ip_address))
            there, field = [e for e in there if e.ip_address == wanted], "fixed_ip_address"
        if not there:
            what = f"server '{server.name}'" if server is not None else f"port '{request.port}'"
            raise reference_not_found(field, f"such IPv4 address of the {what}").at(self.location)
        return [Place(each.port_id, each.ip_address) for each in there]

    def is_joined(self, place: Place, external: Sequence[Any]) -> bool:
        """Whether a router leads from one of those networks to a place."""
        return any(routing.router_to(self, place.port_id, each.id) for each in external)

    def joined(self, places: list[Place], external: Sequence[Any]) -> list[Place]:
        """Those to which a router leads; all where it leads to none."""
        return [each for each in places if self.is_joined(each, external)] or places

    def one_of(self, places: Sequence[Place]) -> Place:
        ids = dict.fromkeys(each.port_id for each in places)
        if len(ids) > 1:
            ports = [self.store.table(network.Port).get(each) for each in ids]
            raise multiple_matches("no port", [reference(each) for each in ports]).at(self.location)
        if len(places) > 1:
            several = ", ".join(each.address for each in places)
            text = f"has to be given: there are {several}"
            raise invalid(violation("fixed_ip_address", text, "REQUIRED"))
        return places[0]

    def check_unmapped(self, place: Place) -> None:
        """Refuses an address to which a floating IP is mapped."""
        for each in self.store.table(network.FloatingIp):
            if Place(each.port_id, each.fixed_ip_address) == place:
                port = self.store.table(network.Port).get(place.port_id)
                raise self.in_use(port, f"the floating IP {each.floating_ip_address}")

    def map_to(self, target: Any, server: Any, request: Any) -> Outcome:
        """Maps a floating IP, whatever it is mapped to, to the one place a request can mean."""
        external = [self.store.table(network.Network).get(target.network_id)]
        place = self.place_meant(server, request, external)
        if target.port_id:
            target = self.unmap(target)
        return self.lead_to(target, place)

    def lead_to(self, target: Any, place: Place) -> Outcome:
        port = self.store.table(network.Port).get(place.port_id)
        server = self.store.table(compute.Server).get(port.device_id)
        owner = server.id if server is not None else ""

        def change(each: Any) -> None:
            each.port_id, each.fixed_ip_address, each.server_id = *place, owner
            each.attached = True
            router = routing.router_between(self, place.port_id, each.id)
            each.router_id = router.id if router is not None else ""

        new = self.changed(target, change)
        self.goes_through(new, [Step(0.2, {"status": "ACTIVE"})])

        def show(each: Any) -> None:
            for own in [a for a in each.addresses if Place(a.port_id, a.ip_address) == place]:
                added = each.addresses.add()
                added.CopyFrom(own)
                added.ip_address = target.floating_ip_address
                self.set_floating(added)
            self.compute_addresses(each)

        if owner:
            self.store.change(compute.Server, owner, show)
        return Outcome(new, pending=True)

    def unmap(self, target: Any) -> Any:
        def hide(server: Any) -> None:
            kept = [each for each in server.addresses if each.ip_address != target.name]
            del server.addresses[:]
            server.addresses.extend(kept)
            self.compute_addresses(server)

        self.store.change(compute.Server, target.server_id, hide)

        def change(each: Any) -> None:
            each.port_id = each.fixed_ip_address = each.server_id = each.router_id = ""
            each.attached = False
            self.say(each, Step(0, {"status": "DOWN"}))

        return self.changed(target, change)
