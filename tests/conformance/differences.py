# SPDX-License-Identifier: Apache-2.0
"""Bytes of which the implementations of protobuf make different things, each with good reason.

No program writes any of these; they come from corruption alone. Data that has one is excused when
it is accepted by some and refused by others, or is written again in different bytes.
"""

from __future__ import annotations

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from model import descriptor_of
from values import F, is_map

LARGE_VARINT = "a varint of more than 64 bits: Go refuses it, the others cut it off"
LARGE_TAG = "a tag of more than 32 bits: C++ cuts it off, Go refuses it but in unknown groups"
LONG_VARINT = (
    "an unknown field whose tag, length or number has more bytes than it needs: some keep them"
)
MAP_ENTRY = (
    "a map's entry with more than key and value: the rest is dropped, or the entry kept as unknown"
)

VARINT, FIXED64, LENGTH, START, END, FIXED32 = range(6)
FIXED = {FIXED64: 8, FIXED32: 4}
WIRE_TYPES = {
    **dict.fromkeys((F.TYPE_DOUBLE, F.TYPE_FIXED64, F.TYPE_SFIXED64), FIXED64),
    **dict.fromkeys((F.TYPE_FLOAT, F.TYPE_FIXED32, F.TYPE_SFIXED32), FIXED32),
    **dict.fromkeys((F.TYPE_STRING, F.TYPE_BYTES, F.TYPE_MESSAGE), LENGTH),
}


class _MalformedError(Exception):
    """All refuse it, and nobody looks at what follows."""


class _Walk:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.found: set[str] = set()

    def varint(self, position: int, end: int, unknown: bool) -> tuple[int, int]:
        value = 0
        for index in range(10):
            if position + index >= end:
                break
            byte = self.data[position + index]
            value |= (byte & 0x7F) << 7 * index
            if byte < 0x80:
                if value >> 64:
                    self.found.add(LARGE_VARINT)
                if unknown and index and not byte:
                    self.found.add(LONG_VARINT)
                return value & (2**64 - 1), position + index + 1
        raise _MalformedError

    def message(
        self, descriptor: Descriptor | None, position: int, end: int, group: int | None = None
    ) -> int:
        """Walks through a message, or a group that nobody knows; returns where it ends."""
        while position < end:
            tag, position = self.varint(position, end, unknown=True)
            if tag >> 32:
                self.found.add(LARGE_TAG)
            number, wire_type = tag >> 3, tag & 7
            if wire_type == END:
                if number != group:
                    raise _MalformedError
                return position
            position = self.field(descriptor, number, wire_type, position, end)
        if group is not None:
            raise _MalformedError
        return position

    def field(
        self, descriptor: Descriptor | None, number: int, wire_type: int, position: int, end: int
    ) -> int:
        field = descriptor.fields_by_number.get(number) if descriptor else None
        known = field is not None and is_written_as(field, wire_type)
        if descriptor and descriptor.GetOptions().map_entry and not known:
            self.found.add(MAP_ENTRY)
        if wire_type == VARINT:
            return self.varint(position, end, unknown=not known)[1]
        if wire_type == START:
            return self.message(None, position, end, number)
        if wire_type == LENGTH:
            length, position = self.varint(position, end, unknown=not known)
            if position + length > end:
                raise _MalformedError
            if known and field is not None and field.message_type:
                self.message(field.message_type, position, position + length)
            elif known and field is not None and field.type not in (F.TYPE_STRING, F.TYPE_BYTES):
                self.packed(field, position, position + length)
            return position + length
        if wire_type in FIXED and position + FIXED[wire_type] <= end:
            return position + FIXED[wire_type]
        raise _MalformedError

    def packed(self, field: FieldDescriptor, position: int, end: int) -> None:
        while position < end and WIRE_TYPES.get(field.type, VARINT) == VARINT:
            position = self.varint(position, end, unknown=False)[1]


def is_written_as(field: FieldDescriptor, wire_type: int) -> bool:
    usual = WIRE_TYPES.get(field.type, VARINT)
    return wire_type == usual or (field.is_repeated and wire_type == LENGTH and not is_map(field))


def differences(new: type[Message], data: bytes) -> set[str]:
    walk = _Walk(data)
    try:
        walk.message(descriptor_of(new), 0, len(data))
    except _MalformedError:
        pass
    return walk.found
