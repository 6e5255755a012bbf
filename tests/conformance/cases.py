# SPDX-License-Identifier: Apache-2.0
"""The conformance corpus: for every message the cases that its descriptor asks for.

They are made anew from the model of the day, so they are never behind it, and the same model always
makes the same. What has no use for a message (numbers where it has none) is left out.
"""

from __future__ import annotations

from collections.abc import Iterator

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from model import descriptor_of, messages
from reader import canonical, known, to_json, to_text
from records import Case
from values import (
    DOUBLE_MIN,
    RANGES,
    UNKNOWN_ENUMS,
    Enums,
    F,
    Fine,
    Floats,
    Largest,
    Many,
    Smallest,
    Style,
    Unicode,
    Zero,
    fill,
    fill_field,
    is_map,
    map_entry,
)

PLAIN, ZERO = Style(), Zero()
CHILDREN = 1
TIMES = {"google.protobuf.Timestamp", "google.protobuf.Duration"}
STRUCTS = {f"google.protobuf.{name}" for name in ("Struct", "Value", "ListValue")}


def varint(value: int) -> bytes:
    result = bytearray()
    while value > 0x7F:
        result.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*result, value])


def unknown_fields() -> bytes:
    """A field of every wire type, and a group that has them all, and another group, and so on.

    The numbers are the highest there are, which no version of the model will use.
    """
    last = 2**29 - 1

    def tag(number: int, wire_type: int) -> bytes:
        return varint(number << 3 | wire_type)

    result = b""
    for _ in range(3):
        result = (
            tag(last - 5, 0) + varint(2**64 - 1)
            + tag(last - 4, 1) + b"\xff" * 8
            + tag(last - 3, 2) + varint(4) + b"\x00\xff\xc0\x80"
            + tag(last - 3, 2) + varint(0)
            + tag(last - 2, 5) + b"\x00" * 4
            + tag(last - 1, 3) + tag(last - 1, 4)
            + tag(last, 3) + result + tag(last, 4)
        )  # fmt: skip
    return result


UNKNOWN = unknown_fields()


def add_unknown(message: Message) -> Message:
    """To the message itself and to all within it."""
    for field, value in message.ListFields():
        if is_map(field):
            if map_entry(field)[1].message_type:
                for one in value.values():
                    add_unknown(one)
        elif field.message_type:
            for one in value if field.is_repeated else [value]:
                add_unknown(one)
    message.MergeFromString(UNKNOWN)
    return message


def value_fields(descriptor: Descriptor) -> list[FieldDescriptor]:
    """The fields, of maps what they map to."""
    return [map_entry(field)[1] if is_map(field) else field for field in descriptor.fields]


def shapes(new: type[Message]) -> Iterator[tuple[str, Message]]:
    """The cases by their names, as messages."""
    descriptor = descriptor_of(new)
    fields = value_fields(descriptor)
    types = {field.type for field in fields}
    names = {field.message_type.full_name for field in fields if field.message_type}
    enums = [field.enum_type for field in fields if field.enum_type]
    texts = F.TYPE_STRING in types or any(is_map(field) for field in descriptor.fields)
    floats = bool(types & {F.TYPE_DOUBLE, F.TYPE_FLOAT})

    yield "minimal", new()
    yield "minimal with unknown fields", add_unknown(new())
    if not fields:
        return
    yield "full", fill(new(), PLAIN, 2)
    yield "full with unknown fields", add_unknown(fill(new(), PLAIN, CHILDREN))
    yield "zeros", fill(new(), ZERO, 0)
    yield "zeros within", fill(new(), ZERO, CHILDREN)
    if floats or types & RANGES.keys() or names & (TIMES | STRUCTS):
        yield "largest", fill(new(), Largest(), 0)
        yield "smallest", fill(new(), Smallest(), 0)
    if names & TIMES:
        for nanos in (1, 1000, 1_000_000, 120_000_000):
            yield f"{nanos} nanoseconds", fill(new(), Fine(nanos), 0)
    if floats:
        # A float makes of some of them the nearest it has.
        for value in ("nan", "inf", "-inf", "-0.0", DOUBLE_MIN, 1e22, 1 / 3, 123456789.0):
            yield f"floats {value}", fill(new(), Floats(float(value)), 0)
    if texts or names & STRUCTS:
        yield "unicode", fill(new(), Unicode(), 0)
    if any(field.is_repeated for field in descriptor.fields) or names & STRUCTS:
        yield "many", fill(new(), Many(), 0)
    for turn in range(max((len(enum.values) + len(UNKNOWN_ENUMS) for enum in enums), default=0)):
        yield f"enums {turn}", fill(new(), Enums(turn), 0)

    for field in descriptor.fields:
        if not field.has_presence:
            continue
        alone, among = new(), fill(new(), PLAIN, 0)
        fill_field(alone, field, ZERO, 0)
        yield f"{field.name} empty", alone
        if field.containing_oneof and len(field.containing_oneof.fields) > 1:
            fill_field(among, field, PLAIN, CHILDREN)
            yield f"{field.name} chosen", among
        else:
            among.ClearField(field.name)
            yield f"{field.name} absent", among


def to_case(kind: str, name: str, message: Message) -> Case:
    """The message in every form."""
    shown = known(message)
    return Case(kind, name, canonical(message), to_json(shown), to_text(shown))


def corpus() -> Iterator[Case]:
    for kind, new in messages().items():
        for name, message in shapes(new):
            yield to_case(kind, name, message)
