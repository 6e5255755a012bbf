# SPDX-License-Identifier: Apache-2.0
"""Messages of a model that is known as a descriptor set: their classes, and samples of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from google.protobuf import descriptor_pb2 as pb
from google.protobuf.descriptor import Descriptor, FieldDescriptor, MethodDescriptor
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

SAMPLES: dict[int, Any] = {
    FieldDescriptor.CPPTYPE_BOOL: True,
    FieldDescriptor.CPPTYPE_DOUBLE: 1.5,
    FieldDescriptor.CPPTYPE_FLOAT: 1.5,
    FieldDescriptor.CPPTYPE_INT32: -(2**31),
    FieldDescriptor.CPPTYPE_INT64: 2**63 - 1,
    FieldDescriptor.CPPTYPE_UINT32: 2**32 - 1,
    FieldDescriptor.CPPTYPE_UINT64: 2**64 - 1,
}
# Those of protobuf's own messages that JSON has a form of its own for.
WELL_KNOWN: dict[str, dict[str, Any]] = {
    "google.protobuf.Duration": {"seconds": 1, "nanos": 5000},
    "google.protobuf.FieldMask": {"paths": ["name"]},
    "google.protobuf.Timestamp": {"seconds": 1_500_000_000, "nanos": 5000},
}
# What it holds is said by the bytes alone.
ANY = "google.protobuf.Any"


class Model:
    """The model of one time."""

    def __init__(self, name: str, files: pb.FileDescriptorSet) -> None:
        self.name = name
        self.files = files
        self.pool = DescriptorPool()
        for file in files.file:
            self.pool.Add(file)
        # By the path in a call.
        self.methods: dict[str, MethodDescriptor] = {
            f"/{file.package}.{service.name}/{method.name}": self.pool.FindMethodByName(
                f"{file.package}.{service.name}.{method.name}"
            )
            for file in files.file
            for service in file.service
            for method in service.method
        }

    def parse(self, type_name: str, data: bytes) -> Any:
        message = GetMessageClass(self.pool.FindMessageTypeByName(type_name))()
        message.ParseFromString(data)
        return message

    def sample(self, type_name: str) -> bytes:
        """A message with a value in each field and, of each oneof, in the newest."""
        message = self.parse(type_name, b"")
        fill(message, ())
        data: bytes = message.SerializeToString(deterministic=True)
        return data


def fill(message: Any, above: tuple[Descriptor, ...]) -> None:
    descriptor = message.DESCRIPTOR
    if descriptor.full_name == "google.protobuf.Struct":
        message.update({"list": [1.5, True, None, {"deep": "ü"}]})
        return
    if descriptor.full_name in WELL_KNOWN:
        for name, value in WELL_KNOWN[descriptor.full_name].items():
            if isinstance(value, list):
                getattr(message, name).extend(value)
            else:
                setattr(message, name, value)
        return
    above = (*above, descriptor)
    for field in sampled(descriptor):
        kind = field.message_type
        if kind in above or (kind and kind.full_name == ANY):
            continue
        value = getattr(message, field.name)
        if kind and kind.GetOptions().map_entry:
            key, item = (kind.fields_by_name[name] for name in ("key", "value"))
            if item.message_type:
                fill(value[scalar(key)], above)
            else:
                value[scalar(key)] = scalar(item)
        elif kind:
            part = value.add() if is_list(field) else value
            part.SetInParent()
            fill(part, above)
        elif is_list(field):
            value.extend([scalar(field)] * 2)
        else:
            setattr(message, field.name, scalar(field))


def is_list(field: FieldDescriptor) -> bool:
    return not field.has_presence and isinstance(field.default_value, list)


def sampled(descriptor: Descriptor) -> Iterator[FieldDescriptor]:
    for field in descriptor.fields:
        oneof = field.containing_oneof
        if not oneof or field.number == max(member.number for member in oneof.fields):
            yield field


def scalar(field: FieldDescriptor) -> Any:
    if field.enum_type:
        # The newest.
        return max(value.number for value in field.enum_type.values)
    if field.type == FieldDescriptor.TYPE_BYTES:
        return b"\x00\xff"
    if field.type == FieldDescriptor.TYPE_STRING:
        return f"{field.name} QUANTUM ü"
    return SAMPLES[field.cpp_type]


def difference(expected: Any, got: Any, path: str = "") -> str | None:
    """Says of the first field in which two messages of a type differ what it should be."""
    if expected == got:
        return None
    if not isinstance(expected, Message):
        return f"{path} is {show(got)} and should be {show(expected)}"
    theirs = {field.name: value for field, value in got.ListFields()}
    for field, value in expected.ListFields():
        here = f"{path}.{field.name}" if path else field.name
        if field.name not in theirs:
            return f"{here} is lost"
        other = theirs.pop(field.name)
        if value == other:
            continue
        if isinstance(value, Message):
            return difference(value, other, here)
        if is_list(field) and field.message_type and len(value) == len(other):
            for one, another in zip(value, other, strict=True):
                if isinstance(one, Message) and one != another:
                    return difference(one, another, here)
        return f"{here} is {show(other)} and should be {show(value)}"
    for name in theirs:
        return f"{path}.{name} is there and should not be"
    return f"{path or 'the message'} has other unknown fields"


def show(thing: object) -> str:
    return " ".join(str(thing).split())[:200]
