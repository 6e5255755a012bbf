# SPDX-License-Identifier: Apache-2.0
"""What is particular to simulated routers and to what leads through them."""

from __future__ import annotations

import functools
import ipaddress
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from oaktreemodel.network import v1 as network

from oaktree.clouds import Outcome
from oaktree.clouds.simulated.lifecycle import Step
from oaktree.failures import Failure, invalid, not_found, reference_not_found, violation
from oaktree.shapes import to_change

INSIDE, OUTSIDE = "network:router_interface", "network:router_gateway"
# What requests say of a router's gateway.
GATEWAY = ("external_network", "is_snat_enabled", "external_fixed_ips", "external_qos_policy")
MOST_ROUTES = 30
PORTS = range(1, 65536)
CREATION = [Step(0, {"status": "ALLOCATING"}), Step(0.3, {"status": "ACTIVE"})]


def wrong(field: str, text: str) -> Failure:
    return invalid(violation(field, text, "INVALID"))


# -- interfaces -----------------------------------------------------------------------------------


def interfaces(region: Any) -> Iterator[Any]:
    """The interfaces of all routers, which are ports."""
    for port in region.store.table(network.Port):
        if port.device_owner in {INSIDE, OUTSIDE}:
            yield interface(region, port)


def interface(region: Any, port: Any) -> Any:
    seen = region.make(network.RouterInterface, id=port.id, router_id=port.device_id)
    for name in ("name", "device_owner", "network_id", "mac_address", "status", "status_raw"):
        setattr(seen, name, getattr(port, name))
    seen.addresses.extend(port.addresses)
    region.declare(seen, {"kind": "INTERNAL" if port.device_owner == INSIDE else "EXTERNAL"})
    return seen


def ports_of(region: Any, router: Any, *owners: str) -> list[Any]:
    wanted = owners or (INSIDE, OUTSIDE)
    return [
        each
        for each in region.store.table(network.Port)
        if each.device_id == router.id and each.device_owner in wanted
    ]


def subnets_of(region: Any, ports: Iterable[Any]) -> list[Any]:
    table = region.store.table(network.Subnet)
    return [table.get(each.subnet_id) for port in ports for each in port.addresses]


def _check_apart(region: Any, router: Any, subnet: Any, field: str) -> None:
    whole = ipaddress.ip_network(subnet.cidr)
    for each in subnets_of(region, ports_of(region, router)):
        if each.ip_version == subnet.ip_version and whole.overlaps(ipaddress.ip_network(each.cidr)):
            raise wrong(field, f"overlaps with the subnet '{each.name or each.id}' of the router")


def added(region: Any, router: Any, request: Any) -> Outcome:
    """Has a router join a subnet, or take a port over."""
    port = _by_subnet if request.subnet else _by_port
    joined, is_new = port(region, router, request)
    if is_new:
        joined = region.changed(joined, lambda each: region.declare(each, {"status": "BUILD"}))
        region.goes_through(joined, [Step(0.2, {"status": "ACTIVE"})], "add")
    return Outcome(interface(region, joined), pending=is_new)


def _by_subnet(region: Any, router: Any, request: Any) -> tuple[Any, bool]:
    subnet = region.mean(network.Subnet, request.subnet, "subnet")
    own = ports_of(region, router, INSIDE)
    for port in own:
        if any(each.subnet_id == subnet.id for each in port.addresses):
            return port, False
    gateway = subnet.gateway_ip_address
    if not gateway:
        raise wrong("subnet", "has no gateway")
    _check_apart(region, router, subnet, "subnet")
    net = region.mean(network.Network, subnet.network_id, "subnet")
    region.check_free(net, gateway)
    for port in own:
        same = port.network_id == net.id and {each.ip_version for each in port.addresses} == {6}
        if subnet.ip_version == 6 and same:
            shown = [*port.addresses, region.address_of(net, subnet, gateway, port)]
            return region.changed(port, functools.partial(_show, shown)), False
    fixed = network.PortFixedIp(subnet=subnet.id, ip_address=gateway)
    return _new_port(region, router, net, INSIDE, [fixed]), True


def _show(addresses: Any, port: Any) -> None:
    del port.addresses[:]
    port.addresses.extend(addresses)


def _by_port(region: Any, router: Any, request: Any) -> tuple[Any, bool]:
    port = region.mean(network.Port, request.port, "port")
    if port.device_id == router.id:
        return port, False
    if port.device_id:
        raise region.in_use(port, f"'{port.device_id}'")
    versions = [each.ip_version for each in port.addresses]
    if not versions or versions.count(4) > 1:
        raise wrong("port", "has no address, or two of IPv4")
    for each in subnets_of(region, [port]):
        _check_apart(region, router, each, "port")

    def take(each: Any) -> None:
        each.device_id, each.device_owner = router.id, INSIDE

    return region.changed(port, take), True


def _new_port(region: Any, router: Any, net: Any, owner: str, fixed: Any) -> Any:
    request = network.CreatePortRequest(
        device_id=router.id, device_owner=owner, fixed_ips=fixed, no_security_groups=True
    )
    return region.new_port(net, request)


def removed(region: Any, router: Any, request: Any) -> Outcome:
    """Has a router leave a subnet, or give a port up."""
    field = "subnet" if request.subnet else "port"
    kind = network.Subnet if request.subnet else network.Port
    named = region.mean(kind, getattr(request, field), field)
    for port in ports_of(region, router, INSIDE):
        left = [each for each in port.addresses if each.subnet_id == named.id]
        if port.id == named.id:
            left = list(port.addresses)
        if left:
            break
    else:
        raise not_found(f"interface of the router '{router.name or router.id}'", region.location)
    for each in left:
        _check_unused(region, router, port, each.subnet_id)
    if len(left) == len(port.addresses):
        region.gone(port)
        return Outcome(interface(region, port))
    kept = [each for each in port.addresses if each not in left]
    return Outcome(interface(region, region.changed(port, functools.partial(_show, kept))))


def _check_unused(region: Any, router: Any, port: Any, subnet_id: str) -> None:
    """Refuses to leave a subnet to which something leads through the router."""
    subnet = region.store.table(network.Subnet).get(subnet_id)
    whole = ipaddress.ip_network(subnet.cidr)
    for each in region.store.table(network.FloatingIp):
        inside = [each.fixed_ip_address, *(to.internal_ip_address for to in each.port_forwardings)]
        if each.router_id == router.id and any(_is_in(address, whole) for address in inside):
            raise region.in_use(port, f"the floating IP {each.floating_ip_address}")
    for each in router.routes:
        if _is_in(each.nexthop_ip_address, whole):
            raise region.in_use(port, f"the route to {each.destination_cidr}")


def _is_in(address: str, whole: Any) -> bool:
    return bool(address) and ipaddress.ip_address(address) in whole


# -- routers --------------------------------------------------------------------------------------


def created(region: Any, target: None, request: Any) -> Outcome:
    if request.flavor:
        raise reference_not_found("flavor", f"router flavor '{request.flavor}'").at(region.location)
    new = region.new(network.Router, request)
    gateway = _gateway(region, new, {field.name: value for field, value in request.ListFields()})
    if gateway is not None:
        new.external_gateway.CopyFrom(gateway)
    slow = new.is_ha or region.is_to_fail(new, "create")
    region.declare(new, CREATION[0 if slow else 1].fields)
    new = region.born(new)
    region.goes_through(new, CREATION[1:] if slow else [], "create")
    return Outcome(new, pending=slow)


def updated(region: Any, router: Any, request: Any) -> Outcome:
    region.check_etag(router, request)
    changes = to_change(request)
    for name in ("is_distributed", "is_ha"):
        if changes.get(name, getattr(router, name)) != getattr(router, name):
            if router.admin_state_up or changes.get("admin_state_up"):
                raise region.wrong_state(router, "wanted up; set admin_state_up to false first")
    if "routes" in changes:
        check_routes(region, router, changes["routes"])
    gateway = _gateway(region, router, changes)
    outcome: Outcome = region.update(network.Router, router, request)
    if gateway is None:
        return outcome

    def lead(each: Any) -> None:
        each.ClearField("external_gateway")
        if gateway.network_id:
            each.external_gateway.CopyFrom(gateway)

    return Outcome(region.changed(outcome.resource, lead))


def _gateway(region: Any, router: Any, changes: Mapping[str, Any]) -> Any:
    """The gateway that a router is to have then; None where nothing is said of it."""
    wanted = {name: changes[name] for name in GATEWAY if name in changes}
    if not wanted:
        return None
    there = router.external_gateway
    name = wanted.pop("external_network", there.network_id)
    if not name and wanted:
        text = "needs an external network"
        raise invalid(*(violation(each, text, "NEEDS_GATEWAY") for each in wanted))
    net = region.mean(network.Network, name, "external_network") if name else None
    if net is not None and not net.is_external:
        raise wrong("external_network", f"'{net.name or net.id}' is not external")
    gateway = network.RouterGateway()
    if net is not None and net.id == there.network_id:
        gateway.CopyFrom(there)
    else:
        _check_no_mapping(region, router)
    if net is None or "external_fixed_ips" in wanted or not gateway.addresses:
        _move(region, router, net, gateway, wanted.get("external_fixed_ips", ()))
    if net is None:
        return gateway
    if "is_snat_enabled" in wanted or not gateway.HasField("is_snat_enabled"):
        gateway.is_snat_enabled = wanted.get("is_snat_enabled", True)
    if "external_qos_policy" in wanted:
        policy = wanted["external_qos_policy"]
        gateway.qos_policy_id = (
            region.mean(network.QosPolicy, policy, "external_qos_policy").id if policy else ""
        )
    return gateway


def _check_no_mapping(region: Any, router: Any) -> None:
    for each in region.store.table(network.FloatingIp):
        if each.router_id == router.id:
            raise region.in_use(router, f"the floating IP {each.floating_ip_address}")


def _move(region: Any, router: Any, net: Any, gateway: Any, fixed: Any) -> None:
    """Gives a gateway a port there, in place of the one it had."""
    ports = ports_of(region, router, OUTSIDE)
    for each in ports:
        region.gone(each)
    if net is None:
        return
    try:
        port = _new_port(region, router, net, OUTSIDE, fixed)
    except Failure:
        for each in ports:
            region.born(each)
        raise
    gateway.network_id = net.id
    del gateway.addresses[:]
    gateway.addresses.extend(port.addresses)
    region.goes_through(port, [Step(0.1, {"status": "ACTIVE"})])


def deleted(region: Any, router: Any, request: Any) -> Outcome:
    for each in ports_of(region, router, INSIDE):
        raise region.in_use(router, f"the interface '{each.id}'")
    for each in ports_of(region, router, OUTSIDE):
        region.gone(each)
    outcome: Outcome = region.delete(network.Router, router)
    return outcome


# -- routes ---------------------------------------------------------------------------------------


def check_routes(region: Any, router: Any, routes: Iterable[Any]) -> None:
    ports = ports_of(region, router)
    own = {each.ip_address for port in ports for each in port.addresses}
    known = [ipaddress.ip_network(each.cidr) for each in subnets_of(region, ports)]
    for index, route in enumerate(routes):
        try:
            ipaddress.ip_network(route.destination_cidr)
            hop = ipaddress.ip_address(route.nexthop_ip_address)
        except ValueError as error:
            raise wrong(f"routes[{index}]", str(error)) from None
        path = f"routes[{index}].nexthop_ip_address"
        if route.nexthop_ip_address in own:
            raise wrong(path, "is an address of the router")
        if not any(hop in each for each in known):
            raise wrong(path, "is on no subnet of the router")
    if len(list(routes)) > MOST_ROUTES:
        raise region.quota("routes of a router", MOST_ROUTES, "network")


def routes_added(region: Any, router: Any, request: Any) -> Outcome:
    new = [each for each in request.routes if each not in router.routes]
    check_routes(region, router, [*router.routes, *new])
    return _routed(region, router, [*router.routes, *new])


def routes_removed(region: Any, router: Any, request: Any) -> Outcome:
    return _routed(region, router, [each for each in router.routes if each not in request.routes])


def _routed(region: Any, router: Any, routes: list[Any]) -> Outcome:
    if routes == list(router.routes):
        return Outcome(router)
    return Outcome(region.changed(router, lambda each: region.declare(each, {"routes": routes})))


# -- port forwardings -----------------------------------------------------------------------------


def forwarding_made(region: Any, new: Any, request: Any) -> None:
    """Completes a new port forwarding, and ties the floating IP to the router it leads through."""
    if not new.internal_port:
        new.internal_port_last = new.internal_port_last or new.external_port_last
        new.internal_port = new.external_port
    new.external_port_last = new.external_port_last or new.external_port
    new.internal_port_last = new.internal_port_last or new.internal_port
    _check_forwarding(region, new)
    router = router_between(region, new.port_id, new.floating_ip_id)

    def tie(each: Any) -> None:
        each.router_id, each.attached = router.id, True

    region.store.change(network.FloatingIp, new.floating_ip_id, tie)


def forwarding_gone(region: Any, old: Any) -> None:
    def untie(each: Any) -> None:
        each.router_id, each.attached = "", False

    floating = region.store.table(network.FloatingIp).get(old.floating_ip_id)
    if floating is not None and not region.children(network.PortForwarding, floating):
        region.store.change(network.FloatingIp, floating.id, untie)


def forwarding_updated(region: Any, target: Any, request: Any) -> Outcome:
    trial = network.PortForwarding()
    trial.CopyFrom(target)
    for name, value in to_change(request).items():
        if name == "port":
            trial.port_id = region.mean(network.Port, value, "port").id
        else:
            setattr(trial, name, value)
    _check_forwarding(region, trial)
    outcome: Outcome = region.update(network.PortForwarding, target, request)
    return Outcome(
        region.changed(
            outcome.resource,
            lambda each: region.declare(each, {"internal_ip_address": trial.internal_ip_address}),
        )
    )


def _check_forwarding(region: Any, new: Any) -> None:
    """Refuses what a floating IP cannot forward, and says which address it goes to."""
    floating = region.store.table(network.FloatingIp).get(new.floating_ip_id)
    port = region.store.table(network.Port).get(new.port_id)
    if floating.port_id:
        raise region.in_use(floating, f"the port '{floating.port_id}'")
    for each in region.store.table(network.FloatingIp):
        if each.port_id == new.port_id:
            raise region.in_use(port, f"the floating IP {each.floating_ip_address}")
    outside = range(new.external_port, new.external_port_last + 1)
    inside = range(new.internal_port, new.internal_port_last + 1)
    for field, numbers in (("external_port", outside), ("internal_port", inside)):
        if not numbers or numbers[0] not in PORTS or numbers[-1] not in PORTS:
            raise wrong(field, "goes from 1 to 65535, and its last is not before it")
    if len(inside) not in {1, len(outside)}:
        raise wrong("internal_port_last", "has to be as many as outside, or a single one")
    own = [each.ip_address for each in port.addresses if each.ip_version == 4]
    address = new.internal_ip_address or (own[0] if len(own) == 1 else "")
    if address not in own:
        raise wrong("internal_ip_address", "is no IPv4 address of the port, or one of several")
    new.internal_ip_address = address
    router = router_between(region, new.port_id, new.floating_ip_id)
    if router is None or floating.router_id not in {"", router.id}:
        text = "is joined with the floating IP's network by no router, or by another"
        raise wrong("port", text)
    for each in region.store.table(network.PortForwarding):
        if each.id != new.id and each.protocol == new.protocol:
            same = each.floating_ip_id == new.floating_ip_id and _meet(each, "external", outside)
            there = each.internal_ip_address == address and each.port_id == new.port_id
            if same or (there and _meet(each, "internal", inside)):
                raise region.already(each)


def _meet(there: Any, side: str, wanted: range) -> bool:
    first, last = getattr(there, f"{side}_port"), getattr(there, f"{side}_port_last")
    return bool(first <= wanted[-1] and wanted[0] <= last)


def router_between(region: Any, port_id: str, floating_ip_id: str) -> Any:
    """The router that joins a port's network with that of a floating IP; None where none does."""
    floating = region.store.table(network.FloatingIp).get(floating_ip_id)
    return router_to(region, port_id, floating.network_id)


def router_to(region: Any, port_id: str, network_id: str) -> Any:
    """The router that joins a port's network with an external one; None where none does."""
    port = region.store.table(network.Port).get(port_id)
    for router in region.store.table(network.Router):
        if port is not None and router.external_gateway.network_id == network_id:
            joined = {each.network_id for each in ports_of(region, router, INSIDE)}
            if port.network_id in joined:
                return router
    return None
