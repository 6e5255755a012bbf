# SPDX-License-Identifier: Apache-2.0
"""Which messages of a golden of 0.x are no longer what they were because a break was accepted."""

from __future__ import annotations

from collections.abc import Mapping

from google.protobuf.message import Message
from model import descriptor_of


def changed(names: set[str], model: Mapping[str, type[Message]], gone: set[str]) -> set[str]:
    """What these names of accepted breaks are about, and what holds that."""

    def is_named(name: str) -> bool:
        # Itself, something in it, or all of its package.
        return any(f"{one}.".startswith(f"{name}.") or name.startswith(f"{one}.") for one in names)

    holds: dict[str, set[str]] = {name: set() for name in gone}
    for name, new in model.items():
        descriptor = descriptor_of(new)
        holds[name] = {
            held.full_name
            for fields in (descriptor.fields, *(one.fields for one in descriptor.nested_types))
            for field in fields
            if (held := field.message_type or field.enum_type)
        }
    found = {name for name, held in holds.items() if is_named(name) or any(map(is_named, held))}
    while more := {name for name, held in holds.items() if held & found} - found:
        found |= more
    return found
