# SPDX-License-Identifier: Apache-2.0
"""The public names of the C++ headers, one a line, read from the .pb.h and .grpc.pb.h files.

Only what the protos put there: what protobuf and gRPC give every class is theirs, and changes with
their releases. For the same reason types are left out; the descriptors have them. No library has to
be compiled for it, nor C++ be understood: generated code is laid out in one way.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

PACKAGE = "oaktreemodel"
EXPERIMENTAL = re.compile(r"v\d+alpha\d+$")

NAMESPACE = re.compile(r"^namespace oaktree \{\n((?:namespace \w+ \{\n)*)", re.MULTILINE)
ENUM = re.compile(r"^( *)enum ?(\w*) ?(?:: \w+ )?\{\n(.*?)^\1\};", re.MULTILINE | re.DOTALL)
HELPER = re.compile(r"\b(\w+_(?:IsValid|Name|Parse|descriptor|MIN|MAX|ARRAYSIZE))\b")
# protobuf marks the places for plugins with the full name of the message. Nested ones have
# underscores in C++, where other classes find them by an alias.
MESSAGE = re.compile(
    r"^class (\w+) final\b.*?@@protoc_insertion_point\(class_definition:(.*?)"
    r"^ *// accessors -+\n(.*?)@@protoc_insertion_point\(class_scope:",
    re.MULTILINE | re.DOTALL,
)
NESTED = re.compile(r"^  (?:typedef \w+ (\w+)|using (\w+) = \w+);$", re.MULTILINE)
ACCESS = re.compile(r"^ *(public|private|protected):")
MEMBER = re.compile(r"(\w+)\(")
EXTENSION = re.compile(r"ExtensionIdentifier<(?:[^<>]|<[^<>]*>)*>\s+(\w+)\b")

SERVICE = re.compile(r"^class (\w+) final \{\n(.*?)^\};", re.MULTILINE | re.DOTALL)
CLASS = re.compile(r"^( *)class (\w+)(?: final)?(?: : .*| )?\{?$")
PARTS = ("StubInterface", "async_interface", "Stub", "async", "Service")
# How asynchronous services are put together; gRPC has more ways, which no program names.
ASYNC_METHOD = re.compile(r"^  class (WithAsyncMethod_\w+)", re.MULTILINE)
ALIAS = re.compile(r"^  typedef .*\b((?:Async|Callback)Service);$", re.MULTILINE)


def cpp_names(root: Path) -> set[str]:
    """The names of the headers under a directory, and of the headers themselves."""
    lines: set[str] = set()
    for path in sorted((root / PACKAGE).rglob("*.pb.h")):
        header = path.relative_to(root)
        if any(EXPERIMENTAL.fullmatch(part) for part in header.parts):
            continue
        lines.add(f"#include <{header}>")
        text = path.read_text()
        if found := NAMESPACE.search(text):
            inside = "::".join(["oaktree", *re.findall(r"namespace (\w+)", found[1])])
            names = service_names if path.name.endswith(".grpc.pb.h") else message_names
            lines.update(names(inside, text))
    return lines


def message_names(inside: str, text: str) -> Iterator[str]:
    text = re.split(r"^#ifdef __GNUC__$", text, maxsplit=1, flags=re.MULTILINE)[0]
    for name, head, accessors in MESSAGE.findall(text):
        yield f"class {inside}::{name}"
        for aliases in NESTED.findall(head + accessors):
            yield from (f"type {inside}::{name}::{alias}" for alias in aliases if alias)
        for enum in ENUM.findall(head + accessors):
            yield from enum_names(f"{inside}::{name}", *enum)
        yield from (f"member {inside}::{name}::{member}" for member in members(accessors))
    outside = MESSAGE.sub("", text)
    for enum in ENUM.findall(outside):
        if not enum[0]:
            yield from enum_names(inside, *enum)
    yield from (f"function {inside}::{helper}" for helper in HELPER.findall(outside))
    yield from (f"extension {inside}::{extension}" for extension in EXTENSION.findall(outside))


def enum_names(inside: str, _indent: str, name: str, body: str) -> Iterator[str]:
    """An enum and its values, which stand in the scope around it."""
    if name:
        yield f"enum {inside}::{name}"
    for value in re.findall(r"^\s*(\w+)\s*=", body, re.MULTILINE):
        if not value.endswith("SENTINEL_DO_NOT_USE_"):
            yield f"constant {inside}::{value}"


def members(accessors: str) -> Iterator[str]:
    public = True
    for line in accessors.splitlines():
        if access := ACCESS.match(line):
            public = access[1] == "public"
        elif public and not line.lstrip().startswith("//") and (member := MEMBER.search(line)):
            if not member[1].startswith(("_", "unsafe_arena_")):
                yield member[1]


def service_names(inside: str, text: str) -> Iterator[str]:
    for name, body in SERVICE.findall(text):
        service = f"{inside}::{name}"
        yield f"class {service}"
        yield f"member {service}::NewStub"
        yield from (f"type {service}::{alias}" for alias in ALIAS.findall(body))
        for method in ASYNC_METHOD.findall(body):
            yield f"class {service}::{method}"
            yield f"member {service}::{method}::{method.replace('WithAsyncMethod_', 'Request')}"
        yield from part_names(service, body)


def part_names(service: str, body: str) -> Iterator[str]:
    """The classes of a service, which are told from each other by how far they are indented."""
    scopes: list[tuple[int, str]] = []
    public = True
    for line in body.splitlines():
        indent = len(line) - len(line.lstrip())
        if line.strip() == "};":
            scopes = [scope for scope in scopes if scope[0] < indent]
            public = True
        elif found := CLASS.match(line):
            scopes = [scope for scope in scopes if scope[0] < indent]
            scopes.append((indent, found[2]))
            public = True
            if found[2] in PARTS:
                yield f"class {service}::{path(scopes)}"
        elif access := ACCESS.match(line):
            public = access[1] == "public"
        elif public and scopes and scopes[-1][1] in PARTS and indent == scopes[-1][0] + 2:
            member = MEMBER.search(line)
            if member and not re.match(r"\s*(//|explicit\b|virtual ~|~|typedef)", line):
                if member[1] not in (scopes[-1][1], "experimental_async"):
                    yield f"member {service}::{path(scopes)}::{member[1]}"


def path(scopes: list[tuple[int, str]]) -> str:
    return "::".join(name for _, name in scopes)
