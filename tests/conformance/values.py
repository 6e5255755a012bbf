# SPDX-License-Identifier: Apache-2.0
"""What fields are filled with."""

from __future__ import annotations

from typing import Any

from google.protobuf import any_pb2, duration_pb2, field_mask_pb2, struct_pb2, timestamp_pb2
from google.protobuf.descriptor import EnumDescriptor, FieldDescriptor
from google.protobuf.message import Message
from model import descriptor_of
from oaktreemodel.common.v1 import location_pb2

F = FieldDescriptor
RANGES = {
    **dict.fromkeys((F.TYPE_INT32, F.TYPE_SINT32, F.TYPE_SFIXED32), (-(2**31), 2**31 - 1)),
    **dict.fromkeys((F.TYPE_INT64, F.TYPE_SINT64, F.TYPE_SFIXED64), (-(2**63), 2**63 - 1)),
    **dict.fromkeys((F.TYPE_UINT32, F.TYPE_FIXED32), (0, 2**32 - 1)),
    **dict.fromkeys((F.TYPE_UINT64, F.TYPE_FIXED64), (0, 2**64 - 1)),
}
DOUBLE_MAX = 1.7976931348623157e308
DOUBLE_MIN = 5e-324
# Python refuses the JSON that it writes of the very largest.
FLOAT_MAX = 2.0**127

# The bounds that protobuf sets: the years 1 to 9999, and about 10,000 years each way.
TIME_MIN, TIME_MAX = -62135596800, 253402300799
DURATION_MAX = 315576000000
NANOS_MAX = 999999999

# No version of the model will ever give them a meaning: the goldens stay what they are.
UNKNOWN_ENUMS = (2**31 - 1, -(2**31))

# Whatever UTF-8 can carry. Halves of surrogate pairs are no characters, and it cannot.
UNICODE = {
    "every character of ASCII, NUL among them": "".join(map(chr, range(0x80))),
    "C1 controls": "".join(map(chr, range(0x80, 0xA0))),
    "edges of two bytes": "\u0080\u07ff",
    "edges of three bytes": "\u0800\ud7ff\ue000\uffff",
    "edges of four bytes": "\U00010000\U0010ffff",
    "combining": "e\u0301 o\u0308\u0304 \u1112\u1161\u11ab Z\u0351\u036b\u0343\u036a\u0302\u036b",
    "composed and not": "\u00e9 e\u0301 \u212b \u00c5 A\u030a \ufb01 \u1e9b\u0323",
    "astral": "\U0001d54f \U0001f600 \U0001f1ea\U0001f1fa \U0002f81a",
    "joined": "\U0001f468\u200d\U0001f469\u200d\U0001f467 \u0915\u094d\u200d\u0937",
    "right to left": "\u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627",
    "turning": "\u202eabc\u202c \u2067abc\u2069 \u200f",
    "noncharacters": "\ufdd0\ufdef\ufffe\uffff\U0001fffe\U0001ffff\U0010fffe\U0010ffff",
    "invisible": "\ufeff\u200b\u200c\u200d\u2060\u00ad\u180e\ufe0f\U000e0001\U000e0061\U000e007f",
    "line ends": "\n\r\r\n\u0085\u2028\u2029\v\f",
    "private": "\ue000\uf8ff\U000f0000\U0010fffd",
    "replacement": "\ufffd\ufffc",
    "case that changes length": "\u0130\u0131\u00df\u1e9e\ufb03\u01c5",
    "what escapes are made of": "\"'\\\\n\\u0000\\x00\\000 %s %00 &lt; </script> ${x} {{x}}",
    "blanks": " \t\u00a0\u3000leading and trailing\u3000\u00a0\t ",
}


class Style:
    """Typical values. A list gets all of a kind, a field that is none the first."""

    def texts(self, field: FieldDescriptor) -> list[str]:
        return [field.name, "two"]

    def data(self) -> list[bytes]:
        return [bytes(range(256)), b"two"]

    def truths(self) -> list[bool]:
        return [True, False]

    def integers(self, low: int, high: int) -> list[int]:
        return [12345, 1]

    def floats(self, largest: float) -> list[float]:
        return [0.1 if largest == DOUBLE_MAX else 1.5, -2.5]

    def enums(self, enum: EnumDescriptor) -> list[int]:
        return [enum.values[-1].number, enum.values[0].number]

    def times(self) -> list[tuple[int, int]]:
        return [(1767323045, 0), (-1, 0)]

    def durations(self) -> list[tuple[int, int]]:
        return [(90, 0), (-90, 0)]

    def structs(self) -> list[dict[str, Any]]:
        everything = {
            "null": None,
            "truth": True,
            "number": -2.5,
            "text": "x",
            "list": [1.0, [], {}],
        }
        return [everything | {"within": everything}]

    def masks(self) -> list[list[str]]:
        return [["name", "flavor.id"]]

    def wants(self, field: FieldDescriptor) -> bool:
        return True

    def message_count(self) -> int:
        return 1


class Zero(Style):
    """What is set to be nothing; a list gets one such, a map an empty key as well."""

    def texts(self, field: FieldDescriptor) -> list[str]:
        return [""]

    def data(self) -> list[bytes]:
        return [b""]

    def truths(self) -> list[bool]:
        return [False]

    def integers(self, low: int, high: int) -> list[int]:
        return [0]

    def floats(self, largest: float) -> list[float]:
        return [0.0]

    def enums(self, enum: EnumDescriptor) -> list[int]:
        return [0]

    def times(self) -> list[tuple[int, int]]:
        return [(0, 0)]

    durations = times

    def structs(self) -> list[dict[str, Any]]:
        return [{}]

    def masks(self) -> list[list[str]]:
        return [[]]


class Largest(Style):
    def integers(self, low: int, high: int) -> list[int]:
        return [high, high - 1, high]

    def floats(self, largest: float) -> list[float]:
        return [largest, -largest]

    def times(self) -> list[tuple[int, int]]:
        return [(TIME_MAX, NANOS_MAX)]

    def durations(self) -> list[tuple[int, int]]:
        return [(DURATION_MAX, NANOS_MAX)]

    def structs(self) -> list[dict[str, Any]]:
        return [{"largest": DOUBLE_MAX, "exact": 2.0**53, "more": 2.0**63}]


class Smallest(Style):
    def integers(self, low: int, high: int) -> list[int]:
        return [low, low + 1, 0, low]

    def floats(self, largest: float) -> list[float]:
        return [-largest]

    def times(self) -> list[tuple[int, int]]:
        return [(TIME_MIN, 0)]

    def durations(self) -> list[tuple[int, int]]:
        return [(-DURATION_MAX, -NANOS_MAX)]

    def structs(self) -> list[dict[str, Any]]:
        return [{"smallest": -DOUBLE_MAX, "least": DOUBLE_MIN}]


class Fine(Style):
    """The finest steps, and those in which JSON writes them: thousandths and millionths."""

    def __init__(self, nanos: int) -> None:
        self.nanos = nanos

    def times(self) -> list[tuple[int, int]]:
        return [(TIME_MIN, self.nanos)]

    def durations(self) -> list[tuple[int, int]]:
        return [(0, -self.nanos)]

    def wants(self, field: FieldDescriptor) -> bool:
        return bool(field.message_type)


class Floats(Style):
    """What is no usual number."""

    def __init__(self, value: float) -> None:
        self.value = value

    def floats(self, largest: float) -> list[float]:
        return [self.value, self.value]

    def wants(self, field: FieldDescriptor) -> bool:
        return field.type in (F.TYPE_DOUBLE, F.TYPE_FLOAT) or is_map(field)


class Unicode(Style):
    """All kinds of text at once where there is room for one, each by itself in lists and maps."""

    def texts(self, field: FieldDescriptor) -> list[str]:
        return ["".join(UNICODE.values()), *UNICODE.values(), ""]

    def structs(self) -> list[dict[str, Any]]:
        return [{kind: kind for kind in ("", *UNICODE.values())}]


class Many(Style):
    """Long lists and maps, with equal and empty ones among them."""

    def texts(self, field: FieldDescriptor) -> list[str]:
        return ["", *(f"{field.name} {index}" for index in range(40)), "", "two", "two"]

    def data(self) -> list[bytes]:
        return [b"", b"\0" * 200, b"\xff", b"\xff"]

    def truths(self) -> list[bool]:
        return [False, True, True] * 10

    def integers(self, low: int, high: int) -> list[int]:
        return sorted(
            {edge for bits in range(65) for edge in (2**bits, -(2**bits)) if low <= edge <= high}
        )

    def structs(self) -> list[dict[str, Any]]:
        return [{str(index): float(index) for index in range(40)}]

    def masks(self) -> list[list[str]]:
        return [[f"a{index}.b_c" for index in range(40)]]

    def message_count(self) -> int:
        return 3

    def wants(self, field: FieldDescriptor) -> bool:
        return field.is_repeated or bool(field.message_type)


class Enums(Style):
    """The values of each enum in turn; a list gets them all."""

    def __init__(self, turn: int) -> None:
        self.turn = turn

    def enums(self, enum: EnumDescriptor) -> list[int]:
        numbers = [*(value.number for value in enum.values), *UNKNOWN_ENUMS]
        turn = self.turn % len(numbers)
        return numbers[turn:] + numbers[:turn]

    def wants(self, field: FieldDescriptor) -> bool:
        return bool(field.enum_type) or is_map(field)


# What protobuf's own messages hold is bound by more than their types.
def own_messages(name: str, style: Style) -> list[Message] | None:
    if name == "google.protobuf.Timestamp":
        return [timestamp_pb2.Timestamp(seconds=s, nanos=n) for s, n in style.times()]
    if name == "google.protobuf.Duration":
        return [duration_pb2.Duration(seconds=s, nanos=n) for s, n in style.durations()]
    if name == "google.protobuf.FieldMask":
        return [field_mask_pb2.FieldMask(paths=paths) for paths in style.masks()]
    if name == "google.protobuf.Struct":
        return [to_struct(one) for one in style.structs()]
    if name == "google.protobuf.Value":
        return [struct_pb2.Value(struct_value=to_struct(one)) for one in style.structs()]
    if name == "google.protobuf.ListValue":
        return [
            struct_pb2.ListValue(values=[struct_pb2.Value(struct_value=to_struct(one))])
            for one in style.structs()
        ]
    if name == "google.protobuf.Any":
        # Of a message that every program has, without maps: they have no order, and an Any is
        # compared by its bytes.
        result = any_pb2.Any()
        result.Pack(fill(location_pb2.Location(), style, 0))
        return [result]
    return None


def to_struct(values: dict[str, Any]) -> struct_pb2.Struct:
    result = struct_pb2.Struct()
    result.update(values)
    return result


def scalars(field: FieldDescriptor, style: Style) -> list[Any]:
    if field.type in RANGES:
        return style.integers(*RANGES[field.type])
    if field.enum_type:
        return style.enums(field.enum_type)
    if field.type == F.TYPE_STRING:
        return style.texts(field)
    if field.type == F.TYPE_BYTES:
        return style.data()
    if field.type == F.TYPE_BOOL:
        return style.truths()
    return style.floats(FLOAT_MAX if field.type == F.TYPE_FLOAT else DOUBLE_MAX)


def is_map(field: FieldDescriptor) -> bool:
    return bool(field.message_type and field.message_type.GetOptions().map_entry)


def map_entry(field: FieldDescriptor) -> tuple[FieldDescriptor, FieldDescriptor]:
    """The key and the value."""
    assert field.message_type
    key, value = field.message_type.fields
    return key, value


def fill(message: Message, style: Style, depth: int) -> Message:
    """Fills a message with its children; below the depth they are there and empty.

    Of a oneof the first member is set.
    """
    for field in descriptor_of(type(message)).fields:
        oneof = field.containing_oneof
        if (oneof is None or message.WhichOneof(oneof.name) is None) and style.wants(field):
            fill_field(message, field, style, depth)
    return message


def fill_field(message: Message, field: FieldDescriptor, style: Style, depth: int) -> None:
    value = getattr(message, field.name)
    if is_map(field):
        keys, values = map_entry(field)
        for index, key in enumerate(scalars(keys, style)):
            if values.message_type:
                fill_child(value[key], style, depth)
            else:
                found = scalars(values, style)
                value[key] = found[index % len(found)]
    elif field.message_type is None:
        if field.is_repeated:
            value.extend(scalars(field, style))
        else:
            setattr(message, field.name, scalars(field, style)[0])
    elif field.is_repeated:
        for index in range(style.message_count()):
            # Where there are several, every other one is empty.
            fill_child(value.add(), *((style, depth) if index % 2 == 0 else (Zero(), 0)))
    else:
        value.SetInParent()
        fill_child(value, style, depth)


def fill_child(child: Message, style: Style, depth: int) -> None:
    own = own_messages(child.DESCRIPTOR.full_name, style)
    if own is not None:
        child.CopyFrom(own[0])
    elif depth > 0:
        fill(child, style, depth - 1)
