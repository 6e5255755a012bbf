# SPDX-License-Identifier: Apache-2.0
"""The model at different times, as descriptor sets: goldens, today, and trial pasts and futures.

A trial past is today's model without some of what can be added to a model, and a trial future is
today's model with an addition of each kind everywhere. Both are made by rule and not by list, so
they grow with the tree and are the same each time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import accepted
from descriptors import compile_protos
from golden import ACCEPTED, DESCRIPTORS, goldens_in
from google.protobuf import descriptor_pb2 as pb
from oaktreemodel.common.v1 import annotations_pb2 as ann

PREFIX = "oaktreemodel/"
# It says what options mean, and what reads it is not a client.
ANNOTATIONS = "oaktreemodel/common/v1/annotations.proto"
COMMON = ".oaktree.common.v1."
# How many in a hundred a trial past lacks.
FILES, SERVICES, METHODS, FIELDS, VALUES = 6, 6, 12, 20, 25


def today(protos: Path) -> pb.FileDescriptorSet:
    return pb.FileDescriptorSet.FromString(compile_protos(protos))


def goldens(directory: Path) -> dict[str, pb.FileDescriptorSet]:
    """What was released, by version. From 0.x, what of it was broken and accepted is left out."""
    file = directory / ACCEPTED
    names = accepted.named(file.read_text() if file.exists() else "")
    found = {}
    for version, path in goldens_in(directory).items():
        golden = pb.FileDescriptorSet.FromString((path / DESCRIPTORS).read_bytes())
        found[version] = golden if accepted.is_stable(version) else without(golden, names)
    return found


def ours(model: pb.FileDescriptorSet) -> Iterator[pb.FileDescriptorProto]:
    return (
        file for file in model.file if file.name.startswith(PREFIX) and file.name != ANNOTATIONS
    )


# --- The past


def trial_past(model: pb.FileDescriptorSet) -> pb.FileDescriptorSet:
    past = pb.FileDescriptorSet()
    past.CopyFrom(model)
    imported = {name for file in past.file for name in file.dependency}
    kept = [f for f in past.file if f.name in imported or not is_new(f.name, FILES)]
    past = pb.FileDescriptorSet(file=kept)
    for file in ours(past):
        for service in file.service:
            name = f"{file.package}.{service.name}."
            keep(service.method, [m for m in service.method if not is_new(name + m.name, METHODS)])
        name = f"{file.package}."
        services = [s for s in file.service if s.method and not is_new(name + s.name, SERVICES)]
        keep(file.service, services)
        for message in file.message_type:
            forget_fields(message, f"{file.package}.{message.name}")
        for enum in file.enum_type:
            forget_values(enum, f"{file.package}.{enum.name}")
    forget_unused(past)
    return past


def is_new(name: str, percent: int) -> bool:
    return hashlib.sha256(name.encode()).digest()[0] * 100 < percent * 256


def keep(all_of_them: Any, some: list[Any]) -> None:
    copies = [type(one)() for one in some]
    for copy, one in zip(copies, some, strict=True):
        copy.CopyFrom(one)
    del all_of_them[:]
    all_of_them.extend(copies)


def without(model: pb.FileDescriptorSet, names: set[str]) -> pb.FileDescriptorSet:
    """The model without the methods that have to do with any of these elements or files."""
    uses = uses_of(model)
    for file in ours(model):
        if file.name in names:
            for inside in (file.message_type, file.enum_type, file.service):
                names = names | {f"{file.package}.{each.name}" for each in inside}

    def is_named(name: str) -> bool:
        return any(
            f"{each}.".startswith(f"{name}.") or f"{name}.".startswith(f"{each}.") for each in names
        )

    def is_touched(method: pb.MethodDescriptorProto) -> bool:
        return any(
            is_named(name[1:]) for name in reach(uses, [method.input_type, method.output_type])
        )

    less = pb.FileDescriptorSet()
    less.CopyFrom(model)
    for file in ours(less):
        for service in file.service:
            name = f"{file.package}.{service.name}"
            left = [
                m for m in service.method if not is_named(f"{name}.{m.name}") and not is_touched(m)
            ]
            keep(service.method, left)
    return less


def forget_fields(message: pb.DescriptorProto, name: str) -> None:
    for nested in message.nested_type:
        if not nested.options.map_entry:
            forget_fields(nested, f"{name}.{nested.name}")
    for enum in message.enum_type:
        forget_values(enum, f"{name}.{enum.name}")
    keep(
        message.field,
        [
            field
            for field in message.field
            # What must be given cannot have come later.
            if ann.FIELD_BEHAVIOR_REQUIRED in field.options.Extensions[ann.field_behavior]
            or not is_new(f"{name}.{field.name}", FIELDS)
        ],
    )
    used = {field.type_name for field in message.field}
    keep(
        message.nested_type,
        [
            nested
            for nested in message.nested_type
            if not nested.options.map_entry or f".{name}.{nested.name}" in used
        ],
    )
    indexes = sorted({f.oneof_index for f in message.field if f.HasField("oneof_index")})
    for field in message.field:
        if field.HasField("oneof_index"):
            field.oneof_index = indexes.index(field.oneof_index)
    keep(message.oneof_decl, [message.oneof_decl[index] for index in indexes])


def forget_values(enum: pb.EnumDescriptorProto, name: str) -> None:
    keep(
        enum.value,
        [v for v in enum.value if v.number == 0 or not is_new(f"{name}.{v.name}", VALUES)],
    )


def forget_unused(past: pb.FileDescriptorSet) -> None:
    """Forgets the messages and enums that nothing leads to any more."""
    uses = uses_of(past)
    methods = [m for file in ours(past) for service in file.service for m in service.method]
    named = [name for method in methods for name in (method.input_type, method.output_type)]
    used = reach(uses, [*named, *(name for name in uses if name.startswith(COMMON))])
    for file in ours(past):
        for types in (file.message_type, file.enum_type):
            keep(
                types,
                [
                    one
                    for one in types
                    if f".{file.package}.{one.name}" in used or f".{file.package}." == COMMON
                ],
            )


def uses_of(model: pb.FileDescriptorSet) -> dict[str, set[str]]:
    """The types that each message at the top holds."""
    return {
        f".{file.package}.{message.name}": set(types_of(message))
        for file in ours(model)
        for message in file.message_type
    }


def reach(uses: dict[str, set[str]], names: list[str]) -> set[str]:
    """The types at the top that these lead to, and these."""
    found: set[str] = set()
    while names:
        # A nested type lives in the one at the top.
        name = ".".join(names.pop().split(".")[:5])
        if name not in found:
            found.add(name)
            names += uses.get(name, ())
    return found


def types_of(message: pb.DescriptorProto) -> Iterator[str]:
    for field in message.field:
        if field.type_name:
            yield field.type_name
    for nested in message.nested_type:
        yield from types_of(nested)


# --- The future


def trial_future(model: pb.FileDescriptorSet) -> pb.FileDescriptorSet:
    future = pb.FileDescriptorSet()
    future.CopyFrom(model)
    for file in ours(future):
        for enum in file.enum_type:
            value = enum.value[0].name.removesuffix("UNSPECIFIED") + "FUTURE"
            enum.value.add(name=value, number=max(v.number for v in enum.value) + 1)
        for message in file.message_type:
            add_fields(message, file)
        if file.message_type:
            # The names of a package are shared by its files.
            part = file.message_type.add(name=part_name(file))
            part.field.add(name="text", number=1, type=STRING, label=OPTIONAL)
        for service in file.service:
            add_method(service, file)
    file = future.file.add(
        name="oaktreemodel/future/v1/future.proto", package="oaktree.future.v1", syntax="proto3"
    )
    add_method(file.service.add(name="FutureService"), file)
    return future


STRING = pb.FieldDescriptorProto.TYPE_STRING
ENUM = pb.FieldDescriptorProto.TYPE_ENUM
MESSAGE = pb.FieldDescriptorProto.TYPE_MESSAGE
OPTIONAL = pb.FieldDescriptorProto.LABEL_OPTIONAL
REPEATED = pb.FieldDescriptorProto.LABEL_REPEATED


def part_name(file: pb.FileDescriptorProto) -> str:
    stem = Path(file.name).stem
    return "".join(word.capitalize() for word in stem.split("_")) + "FuturePart"


def add_fields(message: pb.DescriptorProto, file: pb.FileDescriptorProto) -> None:
    number = max(
        [1, *(field.number + 1 for field in message.field)]
        + [reserved.end for reserved in message.reserved_range]
    )
    part = f".{file.package}.{part_name(file)}"
    message.field.add(name="future_text", number=number, type=STRING, label=OPTIONAL)
    message.field.add(
        name="future_parts", number=number + 1, type=MESSAGE, type_name=part, label=REPEATED
    )
    if file.enum_type:
        message.field.add(
            name="future_kinds",
            number=number + 2,
            type=ENUM,
            type_name=f".{file.package}.{file.enum_type[0].name}",
            label=REPEATED,
        )
    fields = list(message.field)
    for index, oneof in enumerate(message.oneof_decl):
        members = [f for f in fields if f.HasField("oneof_index") and f.oneof_index == index]
        if not members[0].proto3_optional:
            field = pb.FieldDescriptorProto(
                name=f"future_{oneof.name}",
                number=number + 3 + index,
                type=MESSAGE,
                type_name=part,
                label=OPTIONAL,
                oneof_index=index,
            )
            # The members of a oneof stand together.
            fields.insert(fields.index(members[-1]) + 1, field)
    keep(message.field, fields)


def add_method(service: pb.ServiceDescriptorProto, file: pb.FileDescriptorProto) -> None:
    name = f"Foresee{service.name}"
    for kind in ("Request", "Response"):
        message = file.message_type.add(name=f"{name}{kind}")
        message.field.add(name="text", number=1, type=STRING, label=OPTIONAL)
    service.method.add(
        name=name,
        input_type=f".{file.package}.{name}Request",
        output_type=f".{file.package}.{name}Response",
    )
