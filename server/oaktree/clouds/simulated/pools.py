# SPDX-License-Identifier: Apache-2.0
"""What simulated networks are made of: ranges of addresses, and segments."""

from __future__ import annotations

import ipaddress
import itertools
from collections.abc import Iterable
from typing import Any

from oaktreemodel.network import v1 as network

from oaktree.failures import Code, Failure, invalid, violation
from oaktree.shapes import reference, to_change

# The segments that are told apart by numbers.
NUMBERED = {"vlan", "vxlan", "gre", "geneve"}
# How many bits of an address are fixed in what a quota counts.
UNIT = {4: 32, 6: 64}
LEAST = {4: 8, 6: 64}


def wrong(field: str, text: str) -> Failure:
    return invalid(violation(field, text, "INVALID"))


def ranges(field: str, cidrs: Iterable[str]) -> list[Any]:
    """CIDRs as ranges of addresses; single addresses are ranges too."""
    found = []
    for index, each in enumerate(cidrs):
        try:
            found.append(ipaddress.ip_network(each))
        except ValueError as error:
            raise invalid(violation(f"{field}[{index}]", str(error), "MALFORMED")) from None
    return found


def is_beside(one: Any, other: Any) -> bool:
    """Whether two segments are told apart by their numbers alone."""
    return bool(
        one.id != other.id
        and one.network_type == other.network_type
        and one.physical_network == other.physical_network
    )


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
