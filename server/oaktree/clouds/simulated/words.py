# SPDX-License-Identifier: Apache-2.0
"""The words a real cloud would use for the enums of the model."""

from __future__ import annotations

from typing import Any

from oaktree.shapes import snake

# Nova's hypervisor states are numbers.
POWER_STATES = {
    "PENDING": "0",
    "RUNNING": "1",
    "PAUSED": "3",
    "SHUTDOWN": "4",
    "CRASHED": "6",
    "SUSPENDED": "7",
}
# Those that have a dash where the enum has to have an underscore.
DASHED = {
    "IN_USE",
    "POWERING_ON",
    "POWERING_OFF",
    "SOFT_DELETE",
    "SOFT_DELETING",
    "RESTORING_BACKUP",
}
# The enums whose words are upper case.
UPPER = {"ServerStatus", "FloatingIpStatus", "NetworkStatus", "PortStatus", "ServerDiskConfig"}


def say(resource: Any, field: str, word: str) -> None:
    """Sets an enum by the name of its value without the prefix, and the raw twin with it."""
    enum = resource.DESCRIPTOR.fields_by_name[field].enum_type
    number = enum.values_by_name[f"{snake(enum.name).upper()}_{word or 'UNSPECIFIED'}"].number
    setattr(resource, field, number)
    twin = f"{field}_raw"
    if twin in resource.DESCRIPTOR.fields_by_name:
        setattr(resource, twin, raw(enum.name, word))


def raw(enum: str, word: str) -> str:
    if not word:
        return ""
    if enum == "ServerPowerState":
        return POWER_STATES[word]
    if word in DASHED:
        word = word.replace("_", "-")
    return word if enum in UPPER else word.lower()


def word_of(resource: Any, field: str) -> str:
    """The name of an enum's value without its prefix."""
    enum = resource.DESCRIPTOR.fields_by_name[field].enum_type
    prefix = f"{snake(enum.name).upper()}_"
    name = enum.values_by_number[getattr(resource, field)].name
    return str(name).removeprefix(prefix)
