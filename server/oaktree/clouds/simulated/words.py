# SPDX-License-Identifier: Apache-2.0
"""The words a real cloud would use for the enums of the model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from oaktree.clouds.simulated import areas
from oaktree.shapes import snake

# Those that have a dash where the enum has to have an underscore.
DASHED = {
    "IN_USE",
    "POWERING_ON",
    "POWERING_OFF",
    "SOFT_DELETE",
    "SOFT_DELETING",
    "RESTORING_BACKUP",
}


def say(resource: Any, field: str, word: str) -> None:
    """Sets an enum by the name of its value without the prefix, and the raw twin with it."""
    enum = resource.DESCRIPTOR.fields_by_name[field].enum_type
    number = enum.values_by_name[f"{snake(enum.name).upper()}_{word or 'UNSPECIFIED'}"].number
    setattr(resource, field, number)
    twin = f"{field}_raw"
    if twin in resource.DESCRIPTOR.fields_by_name:
        setattr(resource, twin, raw(enum.name, word))


def raw(enum: str, word: str) -> str:
    if not word or word == "UNSPECIFIED":
        return ""
    words: Mapping[str, Mapping[str, str]] = areas.gathered("WORDS")
    known = words.get(enum, {}).get(word)
    if known is not None:
        return known
    if word in DASHED:
        word = word.replace("_", "-")
    return word if enum in areas.upper() else word.lower()
