# SPDX-License-Identifier: Apache-2.0
"""What a release promises in its protos: its elements by their full names, with their options.

Experimental packages (v1alpha1) promise nothing and are left out from the beginning.
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple

from google.protobuf import descriptor_pb2 as pb
from google.protobuf import descriptor_pool, json_format, message_factory
from grpc_tools import protoc  # type: ignore[import-untyped]

OWN = "oaktree."
OPTIONS = "oaktree.common.v1."
EXPERIMENTAL = re.compile(r"\.v\d+alpha\d+$")
PROTOC = Lock()  # it is made for one run at a time
OPTION_TYPES = {
    "message": "MessageOptions",
    "field": "FieldOptions",
    "oneof": "OneofOptions",
    "enum": "EnumOptions",
    "enum value": "EnumValueOptions",
    "service": "ServiceOptions",
    "method": "MethodOptions",
    "option": "FieldOptions",
}


class Element(NamedTuple):
    kind: str  # as in OPTION_TYPES
    name: str  # in full, such as oaktree.compute.v1.Server.name; values stand below their enum
    parent: str  # the full name of the element around it, empty at the top of a file
    file: pb.FileDescriptorProto
    proto: Any


class ProtoTree:
    """The descriptors of a tree, with all that they import."""

    def __init__(self, serialized: bytes) -> None:
        everything = pb.FileDescriptorSet.FromString(serialized)
        files = [file for file in everything.file if not EXPERIMENTAL.search(file.package)]
        self.set = pb.FileDescriptorSet(file=files)
        self.files = {file.name: file for file in files if f"{file.package}.".startswith(OWN)}
        self.elements = {
            element.name: element for file in self.files.values() for element in walk(file)
        }

    @cached_property
    def option_classes(self) -> dict[str, Any]:
        """The classes of options, with the extensions that this tree itself has."""
        pool = descriptor_pool.DescriptorPool()
        for file in self.set.file:
            pool.Add(file)
        types = set(OPTION_TYPES.values())
        return {
            name: message_factory.GetMessageClass(
                pool.FindMessageTypeByName(f"google.protobuf.{name}")
            )
            for name in types
        }

    def options(self, element: Element) -> dict[str, Any]:
        """Our own options of an element, by their names without the package."""
        serialized = element.proto.options.SerializeToString()
        if not serialized:
            return {}
        parsed = self.option_classes[OPTION_TYPES[element.kind]].FromString(serialized)
        values = json_format.MessageToDict(parsed, preserving_proto_field_name=True)
        start = f"[{OPTIONS}"
        return {
            name[len(start) : -1]: value for name, value in values.items() if name.startswith(start)
        }

    def of_kind(self, kind: str) -> Iterator[Element]:
        return (element for element in self.elements.values() if element.kind == kind)


def walk(file: pb.FileDescriptorProto) -> Iterator[Element]:
    for message in file.message_type:
        yield from walk_message(file, file.package, "", message)
    for enum in file.enum_type:
        yield from walk_enum(file, file.package, "", enum)
    for service in file.service:
        name = f"{file.package}.{service.name}"
        yield Element("service", name, "", file, service)
        for method in service.method:
            yield Element("method", f"{name}.{method.name}", name, file, method)
    for extension in file.extension:
        yield Element("option", f"{file.package}.{extension.name}", "", file, extension)


def walk_message(
    file: pb.FileDescriptorProto, inside: str, parent: str, message: pb.DescriptorProto
) -> Iterator[Element]:
    name = f"{inside}.{message.name}"
    yield Element("message", name, parent, file, message)
    for field in message.field:
        yield Element("field", f"{name}.{field.name}", name, file, field)
    for oneof in message.oneof_decl:
        yield Element("oneof", f"{name}.{oneof.name}", name, file, oneof)
    for nested in message.nested_type:
        yield from walk_message(file, name, name, nested)
    for enum in message.enum_type:
        yield from walk_enum(file, name, name, enum)


def walk_enum(
    file: pb.FileDescriptorProto, inside: str, parent: str, enum: pb.EnumDescriptorProto
) -> Iterator[Element]:
    name = f"{inside}.{enum.name}"
    yield Element("enum", name, parent, file, enum)
    for value in enum.value:
        yield Element("enum value", f"{name}.{value.name}", name, file, value)


def compile_protos(root: Path) -> bytes:
    """The descriptor set of all protos below an include root.

    Without comments, which would make it four times as large and are in the tag of the release.
    """
    files = sorted(path.relative_to(root).as_posix() for path in root.rglob("[!.]*.proto"))
    includes = [f"-I{root}", f"-I{Path(protoc.__file__).with_name('_proto')}"]
    with tempfile.NamedTemporaryFile() as output, PROTOC:
        command = ["protoc", *includes, "--include_imports", f"-o{output.name}", *files]
        if protoc.main(command):
            sys.exit("protoc cannot read the protos, see its message above")
        return Path(output.name).read_bytes()
