# SPDX-License-Identifier: Apache-2.0
"""What fits a filter.

The names of a filter's fields say how they match: names and ids are exact, min_ and max_ compare,
tags are all had, a plural is any of its values. What does not follow from its name is in RULES.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from oaktree.failures import Code, Failure
from oaktree.shapes import FieldDescriptor, Kind

Predicate = Callable[[Any], bool]
# From the type and the id or name of an object to the ids it can mean.
Resolve = Callable[[str, str], Awaitable[frozenset[str]]]

# Fields that name other objects by id or name: the type they name, and where ids of it stand.
REFERENCES: dict[str, tuple[str, tuple[str, ...]]] = {
    "flavor": ("flavor", ("flavor.id",)),
    "image": ("image", ("image_id",)),
    "images": ("image", ("image_id",)),
    "networks": ("network", ("network_id",)),
    "ports": ("port", ("port_id",)),
    "routers": ("router", ("router_id",)),
    "servers": ("server", ("server_id", "attachments.server_id")),
    "subnets": ("subnet", ("subnet_id", "addresses.subnet_id")),
    "security_groups": ("security_group", ("security_group_ids", "security_group_id")),
    "remote_groups": ("security_group", ("remote_group_id",)),
    "volume_types": ("volume_type", ("volume_type",)),
}

# How a filter's field matches, where its name does not say.
RULES: dict[str, Callable[[Any, Any], bool]] = {
    "zones": lambda resource, wanted: resource.location.zone in wanted,
    "projects": lambda resource, wanted: resource.location.project.id in wanted,
    "name_prefixes": lambda resource, wanted: resource.name.startswith(tuple(wanted)),
    "tags": lambda resource, wanted: set(wanted) <= set(resource.tags),
    "tags_any": lambda resource, wanted: bool(set(wanted) & set(resource.tags)),
    "ip_addresses": lambda resource, wanted: bool(set(wanted) & _addresses(resource)),
    "attached": lambda resource, wanted: _attached(resource) == wanted,
    "provider_network_types": lambda resource, wanted: any(
        each.network_type in wanted for each in resource.provider_segments
    ),
    "provider_physical_networks": lambda resource, wanted: any(
        each.physical_network in wanted for each in resource.provider_segments
    ),
    "provider_segmentation_ids": lambda resource, wanted: any(
        each.segmentation_id in wanted for each in resource.provider_segments
    ),
    "keypairs": lambda resource, wanted: resource.keypair_name in wanted,
    "changed_since": lambda resource, wanted: _time(resource, "update_time") >= _nanos(wanted),
    "updated_since": lambda resource, wanted: _time(resource, "update_time") >= _nanos(wanted),
    "created_since": lambda resource, wanted: _time(resource, "create_time") >= _nanos(wanted),
    "resource_ids": lambda resource, wanted: resource.resource.id in wanted,
    "resource_types": lambda resource, wanted: resource.resource.type in wanted,
    # Whose membership is asked about is the caller's: what is listed has been accepted.
    "member_statuses": lambda resource, wanted: True,
}

# What a filter that does not say otherwise leaves out.
DEFAULTS: dict[str, Predicate] = {
    "ImageFilter.is_hidden": lambda resource: not resource.is_hidden,
}


def _nanos(time: Any) -> int:
    return int(time.ToNanoseconds())


def _time(resource: Any, field: str) -> int:
    # What has no time of change was last changed when it was made.
    if resource.HasField(field):
        return _nanos(getattr(resource, field))
    return _nanos(resource.create_time) if field != "create_time" else 0


def _addresses(resource: Any) -> set[str]:
    return {each.ip_address for each in getattr(resource, "addresses", ())} | {
        each.ip_address for each in getattr(resource, "fixed_ips", ())
    }


def _attached(resource: Any) -> bool:
    attachments = getattr(resource, "attachments", None)
    return bool(resource.attached if attachments is None else attachments)


def _values(resource: Any, path: str) -> set[str]:
    """What stands at a path, of which any part may be a list."""
    found = [resource]
    for name in path.split("."):
        values = [getattr(each, name) for each in found]
        found = []
        for value in values:
            is_list = hasattr(value, "extend")
            found.extend(value if is_list else [value])
    return set(found)


def _singular(plural: str) -> str:
    for ending, instead in (("ies", "y"), ("sses", "ss"), ("uses", "us"), ("s", "")):
        if plural.endswith(ending):
            return plural.removesuffix(ending) + instead
    return plural


def rule_for(kind: Kind, field: FieldDescriptor) -> Callable[[Any, Any], bool] | None:
    """How this field of a filter matches objects of this kind; None if nobody said."""
    has = kind.DESCRIPTOR.fields_by_name
    name = field.name
    if name in RULES:
        return RULES[name]
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        if name in has:
            return lambda resource, wanted: all(
                getattr(resource, name).get(key) == value for key, value in wanted.items()
            )
        return None
    for prefix, compare in (("min_", int.__ge__), ("max_", int.__le__)):
        own = name.removeprefix(prefix)
        if own != name and own in has:
            return lambda resource, wanted: bool(compare(getattr(resource, own), wanted))
    if field.is_repeated:
        for own in (_singular(name), f"{_singular(name)}_id"):
            if own in has:
                return lambda resource, wanted: getattr(resource, own) in wanted
        return None
    if name in has:
        return lambda resource, wanted: bool(getattr(resource, name) == wanted)
    return None


async def predicate(kind: Kind, wanted: Any | None, resolve: Resolve) -> Predicate:
    """Whether an object fits; names of other objects are resolved where it lives."""
    tests: list[Predicate] = []
    given: set[str] = set()
    type_of_filter = f"{kind.DESCRIPTOR.name}Filter"
    if wanted is not None:
        type_of_filter = wanted.DESCRIPTOR.name
        for field, value in wanted.ListFields():
            given.add(field.name)
            tests.append(await _test(kind, field, value, resolve))
    for path, default in DEFAULTS.items():
        owner, name = path.split(".")
        if owner == type_of_filter and name not in given:
            tests.append(default)
    return lambda resource: all(test(resource) for test in tests)


def path_in(kind: Kind, paths: tuple[str, ...]) -> str:
    """The path that objects of this kind have."""
    has = kind.DESCRIPTOR.fields_by_name
    return next(path for path in paths if path.split(".")[0] in has)


async def _test(kind: Kind, field: FieldDescriptor, value: Any, resolve: Resolve) -> Predicate:
    if field.name in REFERENCES:
        type_, paths = REFERENCES[field.name]
        path = path_in(kind, paths)
        names = list(value) if field.is_repeated else [value]
        ids: frozenset[str] = frozenset().union(*[await resolve(type_, name) for name in names])
        return lambda resource: bool(ids & _values(resource, path))
    rule = rule_for(kind, field)
    if rule is None:
        raise Failure(
            Code.INVALID_ARGUMENT,
            "FILTER_UNSUPPORTED",
            f"filter.{field.name}: nothing here can filter by it",
        )
    return lambda resource: rule(resource, value)


def unsupported(kind: Kind, filter_kind: Kind) -> list[str]:
    """The fields of a filter that nothing above matches."""
    return [
        field.name
        for field in filter_kind.DESCRIPTOR.fields
        if field.name not in REFERENCES and rule_for(kind, field) is None
    ]
