# SPDX-License-Identifier: Apache-2.0
"""What fits a filter.

The names of a filter's fields say how they match: names and ids are exact, min_ and max_ compare,
tags are all had, a plural is any of its values, and the name of a kind of object is the id or name
of one. What does not follow from its name is in the FILTERS of its area.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from oaktree.api import areas
from oaktree.api.rules import Around, Asks, Predicate, Rule
from oaktree.failures import Code, Failure
from oaktree.shapes import (
    FieldDescriptor,
    Kind,
    area_of,
    is_map,
    kind_meant,
    singular,
    type_name,
    values_at,
)


@dataclass(frozen=True)
class Refers:
    """That a field names other objects by id or name, and where ids of such stand."""

    type: str
    path: str
    # The field of those others that has the id which stands there; empty for their own.
    through: str = ""


# What is alike in all filters, though the names of the fields alone do not say it.
RULES: Mapping[str, Rule] = {
    "zones": lambda resource, wanted: resource.location.zone in wanted,
    "name_prefixes": lambda resource, wanted: resource.name.startswith(tuple(wanted)),
    "tags": lambda resource, wanted: set(wanted) <= set(resource.tags),
    "tags_any": lambda resource, wanted: bool(set(wanted) & set(resource.tags)),
    "not_tags": lambda resource, wanted: not set(wanted) <= set(resource.tags),
    "not_tags_any": lambda resource, wanted: not set(wanted) & set(resource.tags),
    "ip_addresses": lambda resource, wanted: any(
        each.ip_address in wanted for each in resource.addresses
    ),
}
# The fields that these rules look at.
NEEDS = {"zones": "location", "ip_addresses": "addresses"}
# Where the times stand that a filter calls otherwise.
TIMES = {"changed": "update_time", "updated": "update_time", "created": "create_time"}
SIDES: Mapping[str, Callable[[int, int], bool]] = {"since": operator.ge, "before": operator.lt}

EXCEPTIONS: Mapping[str, str | Asks | Rule] = areas.gathered("FILTERS")
DEFAULTS: Mapping[str, Predicate] = areas.gathered("DEFAULTS")


def rule_for(kind: Kind, field: FieldDescriptor) -> Refers | Asks | Rule | None:
    """How this field of a filter matches objects of this kind; None if nobody said."""
    has = kind.DESCRIPTOR.fields_by_name
    name = field.name
    exception = EXCEPTIONS.get(f"{field.containing_type.name}.{name}")
    if isinstance(exception, str):
        return Refers(*re.split(": | through ", exception))
    if exception is not None:
        return exception
    if name == "projects" and "project_id" not in has:
        return lambda resource, wanted: bool(
            {resource.location.project.id, resource.location.project.name} & set(wanted)
        )
    if name in RULES and NEEDS.get(name, "tags" if "tags" in name else "name") in has:
        return RULES[name]
    if is_map(field):
        return _has_all(name) if name in has else None
    if timed := _time_rule(kind, name):
        return timed
    for prefix, compare in (("min_", operator.ge), ("max_", operator.le)):
        own = name.removeprefix(prefix)
        if own != name and own in has:
            return _compares(own, compare)
    return _by_name(kind, field)


def _by_name(kind: Kind, field: FieldDescriptor) -> Refers | Rule | None:
    """How a field matches whose name is that of a field of the objects, or that field's plural."""
    has = kind.DESCRIPTOR.fields_by_name
    name = singular(field.name) if field.is_repeated else field.name
    if name in has:
        return _is(name, field.is_repeated)
    if field.is_repeated and field.name in has:
        return _is(field.name, True)
    for path in (f"{name}_id", f"{name}_ids", f"{name}_name"):
        if path in has:
            meant = kind_meant(name, area_of(kind))
            if meant is None or path.endswith("_name"):
                return _is(path, field.is_repeated)
            return Refers(type_name(meant), path)
    return None


def _is(path: str, repeated: bool) -> Rule:
    if repeated:
        return lambda resource, wanted: any(each in wanted for each in values_at(resource, path))
    return lambda resource, wanted: wanted in values_at(resource, path)


def _has_all(path: str) -> Rule:
    return lambda resource, wanted: all(
        getattr(resource, path).get(key) == value for key, value in wanted.items()
    )


def _compares(path: str, compare: Callable[[int, int], bool]) -> Rule:
    return lambda resource, wanted: bool(compare(getattr(resource, path), wanted))


def _time_rule(kind: Kind, name: str) -> Rule | None:
    own = name.removeprefix("latest_")
    if own != name and own in kind.DESCRIPTOR.fields_by_name:
        return lambda resource, wanted: (
            resource.HasField(own) and _time(resource, own) <= wanted.ToNanoseconds()
        )
    what, _, side = name.rpartition("_")
    if side not in SIDES:
        return None
    compare = SIDES[side]
    path = TIMES.get(what, f"{what}_time")
    if path not in kind.DESCRIPTOR.fields_by_name:
        return None
    return lambda resource, wanted: compare(_time(resource, path), wanted.ToNanoseconds())


def _time(resource: Any, path: str) -> int:
    # What has no time of change was last changed when it was made.
    for each in (path, "create_time"):
        if each in resource.DESCRIPTOR.fields_by_name and resource.HasField(each):
            return int(getattr(resource, each).ToNanoseconds())
    return 0


async def predicate(kind: Kind, wanted: Any | None, around: Around) -> Predicate:
    """Whether an object fits; names of other objects are resolved where it lives."""
    tests: list[Predicate] = []
    given: set[str] = set()
    type_of_filter = f"{kind.DESCRIPTOR.name}Filter"
    if wanted is not None:
        type_of_filter = wanted.DESCRIPTOR.name
        for field, value in wanted.ListFields():
            given.add(field.name)
            tests.append(await _test(kind, field, value, around))
    for path, default in DEFAULTS.items():
        owner, names = path.split(".")
        if owner == type_of_filter and given.isdisjoint(names.split()):
            tests.append(default)
    return lambda resource: all(test(resource) for test in tests)


async def _test(kind: Kind, field: FieldDescriptor, value: Any, around: Around) -> Predicate:
    rule = rule_for(kind, field)
    if rule is None:
        raise Failure(
            Code.INVALID_ARGUMENT,
            "FILTER_UNSUPPORTED",
            f"filter.{field.name}: nothing here can filter by it",
        )
    if isinstance(rule, Asks):
        return await rule.test(around, value)
    if isinstance(rule, Refers):
        names = list(value) if field.is_repeated else [value]
        path = rule.path
        ids: frozenset[str] = frozenset().union(
            *[await around.resolve(rule.type, name, rule.through) for name in names]
        )
        return lambda resource: not ids.isdisjoint(values_at(resource, path))
    return lambda resource: rule(resource, value)


def unsupported(kind: Kind, filter_kind: Kind) -> list[str]:
    """The fields of a filter that nothing matches."""
    return [f.name for f in filter_kind.DESCRIPTOR.fields if rule_for(kind, f) is None]
