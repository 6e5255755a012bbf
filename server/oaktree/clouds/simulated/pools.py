# SPDX-License-Identifier: Apache-2.0
"""What simulated networks are made of: ranges of addresses, and segments."""

from __future__ import annotations

import ipaddress
import itertools
import re
from collections.abc import Iterable
from typing import Any

from oaktreemodel.network import v1 as network

from oaktree.clouds import Outcome
from oaktree.failures import Code, Failure, invalid, violation
from oaktree.shapes import reference, to_change

# The segments that are told apart by numbers.
NUMBERED = {"vlan", "vxlan", "gre", "geneve"}
# How many bits of an address are fixed in what a quota counts.
UNIT = {4: 32, 6: 64}
LEAST = {4: 8, 6: 64}
MAC = re.compile("[0-9a-f]{2}([:-][0-9a-f]{2}){5}")


def wrong(field: str, text: str) -> Failure:
    return invalid(violation(field, text, "INVALID"))


def cidr(field: str, text: str, strict: bool = True) -> Any:
    """A range of addresses; a single one is a range too."""
    try:
        return ipaddress.ip_network(text, strict)
    except ValueError as error:
        raise invalid(violation(field, str(error), "MALFORMED")) from None


def ranges(field: str, cidrs: Iterable[str]) -> list[Any]:
    return [cidr(f"{field}[{index}]", each) for index, each in enumerate(cidrs)]


def address(field: str, text: str) -> Any:
    """A single address."""
    try:
        found = ipaddress.ip_address(text)
    except ValueError as error:
        raise invalid(violation(field, str(error), "MALFORMED")) from None
    if getattr(found, "scope_id", None):
        raise invalid(violation(field, "has a scope", "MALFORMED"))
    return found


def mac(field: str, text: str) -> str:
    """A MAC address as all are shown."""
    if not MAC.fullmatch(text.lower()):
        raise invalid(violation(field, f"'{text}' is no MAC address", "MALFORMED"))
    return text.lower().replace("-", ":")


def is_beside(one: Any, other: Any) -> bool:
    """Whether two segments are told apart by their numbers alone."""
    return bool(
        one.id != other.id
        and one.network_type == other.network_type
        and one.physical_network == other.physical_network
    )


# -- subnets --------------------------------------------------------------------------------------


def usable(whole: Any) -> tuple[int, int]:
    """The first and the last address of a range that somebody can have."""
    first, last = int(whole.network_address), int(whole.broadcast_address)
    if whole.num_addresses <= 2:
        return first, last
    return first + 1, last - (whole.version == 4)


def first_address(whole: Any) -> str:
    return str(whole[usable(whole)[0] - int(whole.network_address)])


def allocated_from(subnet: Any) -> list[tuple[int, int]]:
    """The parts of a subnet from which ports get addresses, as their first and last ones."""
    parts = subnet.allocation_pools or all_but_gateway(subnet)
    return [
        (
            int(ipaddress.ip_address(each.start_ip_address)),
            int(ipaddress.ip_address(each.end_ip_address)),
        )
        for each in parts
    ]


def numbered(parts: Iterable[tuple[int, int]], number: int, version: int) -> str:
    """One of the addresses of all parts together, counted from 0."""
    kind = ipaddress.IPv4Address if version == 4 else ipaddress.IPv6Address
    for first, last in parts:
        if number <= last - first:
            return str(kind(first + number))
        number -= last - first + 1
    raise IndexError(number)


def all_but_gateway(subnet: Any) -> list[Any]:
    whole = ipaddress.ip_network(subnet.cidr)
    first, last = usable(whole)
    parts = [(first, last)]
    if subnet.gateway_ip_address:
        gateway = int(ipaddress.ip_address(subnet.gateway_ip_address))
        if first <= gateway <= last:
            parts = [(first, gateway - 1), (gateway + 1, last)]
    start = int(whole.network_address)
    return [
        network.SubnetAllocationPool(
            start_ip_address=str(whole[low - start]), end_ip_address=str(whole[high - start])
        )
        for low, high in parts
        if low <= high
    ]


def check_subnet(subnet: Any) -> None:
    """Refuses what no subnet can have, and writes all addresses as they are shown."""
    whole = ipaddress.ip_network(subnet.cidr)
    first, last = usable(whole)

    def inside(field: str, text: str) -> Any:
        found = address(field, text)
        if found.version != whole.version or not first <= int(found) <= last:
            raise wrong(field, f"is no address that somebody can have in {whole}")
        return found

    if subnet.gateway_ip_address:
        gateway = address("gateway_ip_address", subnet.gateway_ip_address)
        # It may be outside: routers reach what is on the same wire.
        if gateway in whole or gateway.version != whole.version:
            inside("gateway_ip_address", subnet.gateway_ip_address)
        subnet.gateway_ip_address = str(gateway)
    known: list[tuple[Any, Any]] = []
    for index, each in enumerate(subnet.allocation_pools):
        path = f"allocation_pools[{index}]"
        low = inside(f"{path}.start_ip_address", each.start_ip_address)
        high = inside(f"{path}.end_ip_address", each.end_ip_address)
        if high < low:
            raise wrong(path, "ends before it begins")
        if any(low <= there[1] and there[0] <= high for there in known):
            raise wrong(path, "overlaps with another")
        if subnet.gateway_ip_address and low <= gateway <= high:
            raise wrong(path, f"has the address of the gateway, {gateway}")
        known.append((low, high))
        each.start_ip_address, each.end_ip_address = str(low), str(high)
    for index, server in enumerate(subnet.dns_nameservers):
        subnet.dns_nameservers[index] = str(address(f"dns_nameservers[{index}]", server))
    for index, each in enumerate(subnet.host_routes):
        path = f"host_routes[{index}]"
        each.destination_cidr = str(cidr(f"{path}.destination_cidr", each.destination_cidr))
        hop = address(f"{path}.nexthop_ip_address", each.nexthop_ip_address)
        each.nexthop_ip_address = str(hop)


def subnet_updated(region: Any, subnet: Any, request: Any) -> Outcome:
    changes = to_change(request)
    trial, wanted = network.Subnet(), network.UpdateSubnetRequest()
    trial.CopyFrom(subnet)
    wanted.CopyFrom(request)
    trial.gateway_ip_address = changes.get("gateway_ip_address", subnet.gateway_ip_address)
    for name in ("allocation_pools", "dns_nameservers", "host_routes"):
        if name in changes:
            trial.ClearField(name)
            getattr(trial, name).extend(changes[name])
    if list(trial.allocation_pools) == all_but_gateway(subnet):
        # Nobody said which, so they follow the gateway.
        trial.ClearField("allocation_pools")
    check_subnet(trial)
    if trial.gateway_ip_address != subnet.gateway_ip_address and subnet.gateway_ip_address:
        for port in region.store.table(network.Port):
            own = {(each.subnet_id, each.ip_address) for each in port.addresses}
            if (subnet.id, subnet.gateway_ip_address) in own:
                raise region.in_use(subnet, f"the port '{port.id}', which has its gateway")
    if not trial.allocation_pools:
        trial.allocation_pools.extend(all_but_gateway(trial))
    if "gateway_ip_address" in changes:
        wanted.gateway_ip_address = trial.gateway_ip_address
    for name in ("allocation_pools", "dns_nameservers", "host_routes"):
        if name in changes or getattr(trial, name) != getattr(subnet, name):
            wanted.ClearField(name)  # type: ignore[arg-type]
            getattr(wanted, name).extend(getattr(trial, name))
    outcome: Outcome = region.update(network.Subnet, subnet, wanted)
    return outcome


# -- subnet pools ---------------------------------------------------------------------------------


def completed(region: Any, pool: Any, request: Any) -> None:
    """Fills in what nobody said of a new pool, and refuses what no pool can be."""
    known = ranges("cidrs", pool.cidrs)
    if len({each.version for each in known}) != 1:
        raise wrong("cidrs", "have to be of one version of IP")
    pool.ip_version = known[0].version
    if not pool.HasField("min_prefix_length"):
        pool.min_prefix_length = LEAST[pool.ip_version]
    if not pool.HasField("max_prefix_length"):
        pool.max_prefix_length = known[0].max_prefixlen
    if not pool.HasField("default_prefix_length"):
        pool.default_prefix_length = pool.min_prefix_length
    _check(region, pool)
    pool.cidrs[:] = [str(each) for each in ipaddress.collapse_addresses(known)]


def check_update(region: Any, pool: Any, request: Any) -> None:
    trial = network.SubnetPool()
    trial.CopyFrom(pool)
    for name, value in to_change(request).items():
        if name == "address_scope":
            scope = region.mean(network.AddressScope, value, name).id if value else ""
            trial.address_scope_id = scope
        elif name == "cidrs":
            trial.cidrs[:] = value
        elif name == "project_quota":
            trial.project_quota.limit = value
        elif name != "tags":
            setattr(trial, name, value)
    new = ranges("cidrs", trial.cidrs)
    for each in ranges("cidrs", pool.cidrs):
        if not any(each.version == own.version and each.subnet_of(own) for own in new):
            raise wrong("cidrs", f"has to contain {each}, as before")
    _check(region, trial)


def _check(region: Any, pool: Any) -> None:
    if not pool.min_prefix_length <= pool.default_prefix_length <= pool.max_prefix_length:
        raise wrong("default_prefix_length", "has to be between the least and the most")
    scope = region.store.table(network.AddressScope).get(pool.address_scope_id)
    if scope is not None and scope.ip_version != pool.ip_version:
        raise wrong("address_scope", f"is for IPv{scope.ip_version}")
    known = ranges("cidrs", pool.cidrs)
    for each in region.store.table(network.SubnetPool):
        if each.id == pool.id or each.ip_version != pool.ip_version:
            continue
        if pool.is_default and each.is_default:
            raise wrong("is_default", f"the subnet pool '{each.name}' is the default already")
        if scope is not None and each.address_scope_id == scope.id:
            if any(own.overlaps(other) for own in known for other in ranges("", each.cidrs)):
                raise region.in_use(scope, f"the subnet pool '{each.name}', which overlaps")


def asked(region: Any, request: Any) -> Any:
    """The pool that a subnet is to be taken from; None where it is taken from none."""
    if not request.subnet_pool and not request.use_default_subnet_pool:
        return None
    if request.subnet_pool:
        return region.mean(network.SubnetPool, request.subnet_pool, "subnet_pool")
    version = request.ip_version or 4
    for each in region.store.table(network.SubnetPool):
        if each.is_default and each.ip_version == version:
            return each
    raise wrong("use_default_subnet_pool", f"there is no default subnet pool for IPv{version}")


def taken_from(region: Any, pool: Any, request: Any) -> str:
    """The first free range of a pool that is as large as asked for, or the very one."""
    length = pool.default_prefix_length
    if request.HasField("prefix_length"):
        length = request.prefix_length
    wanted = ranges("cidr", [request.cidr])[0] if request.cidr else None
    if wanted is not None:
        length = wanted.prefixlen
    if not pool.min_prefix_length <= length <= pool.max_prefix_length:
        bounds = f"{pool.min_prefix_length} to {pool.max_prefix_length}"
        raise wrong("prefix_length", f"{length} is not what the pool gives: {bounds}")
    there = [
        ipaddress.ip_network(each.cidr)
        for each in region.store.table(network.Subnet)
        if each.subnet_pool_id == pool.id
    ]
    unit = UNIT[pool.ip_version]
    used = sum(_size(each.prefixlen, unit) for each in there)
    limit = pool.project_quota
    if limit.HasField("limit") and used + _size(length, unit) > limit.limit:
        raise region.quota(f"addresses of the subnet pool '{pool.name}'", limit.limit, "network")
    within = [each for each in ranges("cidrs", pool.cidrs) if each.prefixlen <= length]
    if wanted is not None:
        each_of: Any = [wanted] if any(wanted.subnet_of(each) for each in within) else []
    else:
        each_of = itertools.chain.from_iterable(each.subnets(new_prefix=length) for each in within)
    for each in each_of:
        if not any(each.overlaps(other) for other in there):
            return str(each)
    raise Failure(
        Code.RESOURCE_EXHAUSTED,
        "NO_FREE_ADDRESS",
        f"the subnet pool '{pool.name}' has not so much left",
        resource=reference(pool),
    )


def _size(length: int, unit: int) -> int:
    return int(2 ** max(0, unit - length))
