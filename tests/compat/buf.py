# SPDX-License-Identifier: Apache-2.0
"""buf's verdict on two releases, with each finding traced to the element it is about.

buf names messages and enums without what is around them and files not at all, so the element is
looked up in the descriptors.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from breaks import BUF_RULES, FILE_OPTIONS, OTHER, Break, without_implied
from descriptors import Element, ProtoTree
from google.protobuf import descriptor_pb2 as pb

CONFIG = '{"version": "v2", "breaking": {"use": ["FILE"]}}'
QUOTED = re.compile(r'"([^"]*)"')
ON = re.compile(r' (?:on|of) (message|enum|service) "([^"]*)"')


def run_buf(old: ProtoTree, new: ProtoTree) -> list[dict[str, str]]:
    """buf's findings, in its own words."""
    with tempfile.TemporaryDirectory() as scratch:
        before, after = Path(scratch, "old.binpb"), Path(scratch, "new.binpb")
        before.write_bytes(old.set.SerializeToString())
        after.write_bytes(new.set.SerializeToString())
        command = [
            *(str(Path(sys.executable).with_name("buf")), "breaking", str(after)),
            *("--against", str(before), "--config", CONFIG, "--error-format", "json"),
        ]
        done = subprocess.run(
            command,
            check=False,
            capture_output=True,
            text=True,
            cwd=scratch,
            env={**os.environ, "BUF_CACHE_DIR": scratch},
        )
    if done.returncode not in (0, 100) or done.stderr:
        sys.exit(f"buf could not compare two releases: {done.stderr.strip()}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def compare_with_buf(old: ProtoTree, new: ProtoTree) -> list[Break]:
    found: dict[str, Break] = {}
    for finding in run_buf(old, new):
        for broken in translate(finding, old, new):
            found.setdefault(broken.id, broken)
    return without_implied(list(found.values()))


def translate(finding: dict[str, str], old: ProtoTree, new: ProtoTree) -> Iterator[Break]:
    rule, message = finding["type"], finding["message"].rstrip(".")
    if rule == "FILE_NO_DELETE":
        name = QUOTED.findall(message)[0]
        if name in old.files:
            what = f"the file {name} was removed or renamed"
            yield Break(rule, name, what, *BUF_RULES[rule], words=words_of_file(old, name))
        return
    path = finding["path"]
    if path not in old.files:  # google/protobuf is not ours
        return
    if rule.startswith("FILE_SAME_"):
        yield file_break(rule, path, message, old)
        return
    elements = elements_meant(rule, path, message, old, new)
    if not elements:
        yield Break(rule, path, f"in {path}, {message[0].lower()}{message[1:]}", *OTHER)
    for element in elements:
        if element.kind == "message" and element.proto.options.map_entry:
            continue  # the field that it belongs to has changed too
        yield element_break(rule, element, message, old, new)


def file_break(rule: str, path: str, message: str, old: ProtoTree) -> Break:
    words = words_of_file(old, path)
    before, after = QUOTED.findall(message)[-2:]
    if rule == "FILE_SAME_PACKAGE":
        what = f'the file {path} changed its package from "{before}" to "{after}"'
        return Break(rule, path, what, *BUF_RULES[rule], words=words)
    option = rule.removeprefix("FILE_SAME_").lower()
    what = f'the file {path} changed its option {option} from "{before}" to "{after}"'
    whom = FILE_OPTIONS.get(option, "programs that use the code generated from it no longer build")
    own = words if option == "go_package" else ()
    return Break(rule, path, what, whom, "put it back", words=own)


def elements_meant(
    rule: str, path: str, message: str, old: ProtoTree, new: ProtoTree
) -> list[Element]:
    """The elements of the old release that a finding can be about.

    Where several have the name, those are meant that changed: buf has a finding for each."""
    inside = ON.search(message)
    quoted = QUOTED.findall(message)
    candidates = []
    for element in old.elements.values():
        if element.file.name != path:
            continue
        parent = old.elements.get(element.parent)
        if inside and rule.startswith(("FIELD_", "ENUM_VALUE_", "RPC_", "ONEOF_")):
            fits = (
                parent is not None
                and parent.kind == inside[1]
                and short_name(parent) == inside[2]
                and quoted[0] in (identity(element), element.proto.name)
                and element.kind == kind_of(rule)
            )
        else:
            wanted = inside[2] if inside else quoted[0]
            fits = element.kind == kind_of(rule) and f".{element.name}".endswith(f".{wanted}")
        if fits:
            candidates.append(element)
    if len(candidates) > 1:
        candidates = [e for e in candidates if changed(e, new)] or candidates
    return candidates


def kind_of(rule: str) -> str:
    for start, kind in (
        ("ENUM_VALUE_", "enum value"),
        ("RESERVED_ENUM_", "enum"),
        ("RESERVED_MESSAGE_", "message"),
        ("EXTENSION_MESSAGE_", "message"),
        ("EXTENSION_", "option"),
        ("FIELD_", "field"),
        ("ENUM_", "enum"),
        ("MESSAGE_", "message"),
        ("ONEOF_", "oneof"),
        ("SERVICE_", "service"),
        ("RPC_", "method"),
    ):
        if rule.startswith(start):
            return kind
    return ""


def short_name(element: Element) -> str:
    return element.name.rpartition(".")[2]


def identity(element: Element) -> str:
    """The number by which fields and values are known on the wire."""
    return str(getattr(element.proto, "number", ""))


def changed(element: Element, new: ProtoTree) -> bool:
    today = new.elements.get(element.name)
    return today is None or bool(today.proto != element.proto)


def element_break(
    rule: str, element: Element, message: str, old: ProtoTree, new: ProtoTree
) -> Break:
    whom, instead = BUF_RULES.get(rule, OTHER)
    quoted = QUOTED.findall(message)
    tail = change_of(message, quoted)
    name = element.name
    today = new.elements.get(name)
    parent = old.elements.get(element.parent)
    if element.kind == "field" and parent and parent.proto.options.map_entry:
        field = map_field(parent, old)
        what = f"the {element.proto.name}s of the map {field.name}{tail}"
        return Break(rule, field.name, what, whom, instead, words=words_of(field))
    number = f" ({element.proto.number})" if hasattr(element.proto, "number") else ""
    if rule.endswith("_NO_DELETE") and number and today and today.kind == element.kind:
        before, after = element.proto.number, today.proto.number
        if before != after:
            return Break(
                rule,
                name,
                f"the {element.kind} {name} changed its number from {before} to {after}",
                "clients and servers of different releases lose it or take it for something else",
                "give it its number back",
                words=words_of(element),
            )
    if rule.startswith("RESERVED_"):
        numbers = re.search(r"missing values: (.*) were removed", message)
        left = numbers[1] if numbers else f"the name {quoted[0]}"
        what = f"{left} of the {element.kind} {name} is no longer reserved"
    elif rule.endswith("_SAME_NAME"):
        what = f'the {element.kind} {name}{number} was renamed to "{quoted[-1]}"'
    elif rule.endswith("_NO_DELETE"):
        what = f"the {element.kind} {name}{number} was removed or renamed"
    elif rule in BUF_RULES:
        what = f"the {element.kind} {name}{number}{tail}"
    else:
        what = f"the {element.kind} {name}{number} broke {rule} ({message})"
    return Break(rule, name, what, whom, instead, words=words_of(element))


def change_of(message: str, quoted: list[str]) -> str:
    """The end of buf's sentence, which says from what to what."""
    for verb in (" changed ", " moved "):
        if verb in message:
            return verb + message.split(verb, 1)[1]
    return f" changed ({', '.join(quoted)})"


def map_field(entry: Element, tree: ProtoTree) -> Element:
    return next(
        element
        for element in tree.of_kind("field")
        if element.parent == entry.parent and element.proto.type_name == f".{entry.name}"
    )


def words_of(element: Element) -> tuple[tuple[str, ...], ...]:
    parts = tuple(element.name.removeprefix(f"{element.file.package}.").split("."))
    area = element.file.package
    if element.kind == "enum value":
        return ((area, parts[-1]),)
    return ((area, *parts),)


def words_of_file(tree: ProtoTree, path: str) -> tuple[tuple[str, ...], ...]:
    file: pb.FileDescriptorProto = tree.files[path]
    stem = PurePosixPath(path).stem
    tops = [e for e in tree.elements.values() if e.file is file and not e.parent]
    values = [e for e in tree.elements.values() if e.file is file and e.kind == "enum value"]
    names = tuple(words for element in [*tops, *values] for words in words_of(element))
    generated = ((f"{stem}_pb2",), (stem, "pb", "h"), (f"{stem}_proto",))
    return (*((file.package, *parts) for parts in generated), *names)
