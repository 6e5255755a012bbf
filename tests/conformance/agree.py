# SPDX-License-Identifier: Apache-2.0
"""Whether all programs make the same of the same cases.

These differences between the languages are none:

- The deterministic binary of one language is not that of another, for they sort a map's keys
  differently. So bytes that differ are read by Python and written again.
- JSON has no order of members and no integers: the values are compared, not the letters.
- Text has several ways to write the same ("a: {}" or "a {", other escapes). What is not letter by
  letter the same is read by Python, and of what C++ prints every third is read by Go, and the
  reverse: it takes as long as all the rest.
- Go writes the number -0.0 as -0 in JSON, which to the C++ of protobuf 3.21 is an integer, and no
  integer is less than nothing: C++ is not given it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from itertools import zip_longest
from typing import Any, NamedTuple

import model
from google.protobuf import text_format
from google.protobuf.message import DecodeError, Message
from programs import Program, run
from reader import canonical, equal
from records import Answer, Case

MESSAGES = model.messages()


NEGATIVE_ZERO = re.compile(r"[:,\[] *-0[,}\]]")


class Finding(NamedTuple):
    """What one program makes of one case and should not."""

    case: Case
    program: str
    fault: str


def rewritten(new: type[Message], data: bytes) -> bytes:
    message = new()
    message.ParseFromString(data)
    return canonical(message)


def same_binary(kind: str, one: bytes, other: bytes) -> bool:
    if one == other:
        return True
    new = MESSAGES[kind]
    try:
        return rewritten(new, one) == rewritten(new, other)
    except DecodeError:
        return False


def json_value(text: str) -> Any:
    return json.loads(text, parse_int=float)


def same_json(one: str, other: str) -> bool:
    try:
        return one == other or bool(json_value(one) == json_value(other))
    except ValueError:
        return False


def plain(text: str) -> str:
    """The text without what each language writes its own way; no string goes over several lines."""
    text = re.sub(r"(?m)^ *([^\s:{}]+):? +", r"\1 ", text)
    text = re.sub(r"(?m) \{\}$", " {\n}", text)
    text = re.sub(r"(?m)^(\S+ -?\d+)\.0$", r"\1", text)
    return re.sub(r"(?m)^ +\}$", "}", text).strip()


def same_text(kind: str, one: str, other: str) -> bool:
    if one == other or plain(one) == plain(other):
        return True
    new = MESSAGES[kind]
    try:
        messages = [text_format.Parse(text, new()) for text in (one, other)]
    except text_format.ParseError:
        return False
    return equal(*messages)


def json_difference(one: str, other: str) -> str:
    """Where they first differ."""
    try:
        left, right, path = json_value(one), json_value(other), "all"
    except ValueError:
        return f"{one} instead of {other}"
    while True:
        if isinstance(left, dict) and isinstance(right, dict):
            keys = [key for key in left | right if left.get(key) != right.get(key)]
            if keys:
                path, left, right = f"{path}.{keys[0]}", left.get(keys[0]), right.get(keys[0])
                continue
        elif isinstance(left, list) and isinstance(right, list) and len(left) == len(right):
            index = next(i for i, item in enumerate(left) if item != right[i])
            path, left, right = f"{path}[{index}]", left[index], right[index]
            continue
        return f"{path.removeprefix('all.')} is {json.dumps(left)} instead of {json.dumps(right)}"


def text_difference(one: str, other: str) -> str:
    lines = zip_longest(plain(one).split("\n"), plain(other).split("\n"))
    return next((f"{left!r} instead of {right!r}" for left, right in lines if left != right), "")


def faults(case: Case, answer: Answer) -> Iterable[str]:
    if answer.fault:
        yield answer.fault
        return
    if not same_binary(case.type, case.binary, answer.binary):
        yield f"writes another message: {answer.binary.hex()} instead of {case.binary.hex()}"
    if case.json and not same_json(case.json, answer.json):
        yield f"prints other JSON: {json_difference(answer.json, case.json)}"
    if case.json and not same_text(case.type, case.text, answer.text):
        yield f"prints other text: {text_difference(answer.text, case.text)}"


def check(cases: Sequence[Case], programs: Sequence[Program]) -> list[Finding]:
    """All programs read all forms of all cases, then what the others printed."""
    found = []
    everything = run(programs, [cases] * len(programs))
    for program, answers in zip(programs, everything, strict=True):
        for case, answer in zip(cases, answers, strict=True):
            found += [Finding(case, program.title, fault) for fault in faults(case, answer)]
    if found:
        return found

    printed = {
        program.title: [
            case._replace(
                json=case.json if NEGATIVE_ZERO.search(answer.json) else answer.json,
                text=answer.text,
            )
            for case, answer in list(zip(cases, answers, strict=True))[::3]
        ]
        for program, answers in zip(programs, everything, strict=True)
    }
    # What Python prints are the cases themselves, and it has read all that differs.
    compiled = [program for program in programs if "Python" not in program.title]
    for writer in compiled:
        readers = [program for program in compiled if program is not writer]
        for reader, answers in zip(
            readers, run(readers, [printed[writer.title]] * len(readers)), strict=True
        ):
            for case, answer in zip(printed[writer.title], answers, strict=True):
                if answer.fault:
                    found.append(Finding(case, f"{reader.title} of {writer.title}", answer.fault))
    return found


def report(findings: Sequence[Finding], limit: int = 30) -> str:
    """One line for each message and program, however many of its cases are affected."""
    groups: dict[tuple[str, str], list[Finding]] = {}
    for finding in findings:
        groups.setdefault((finding.case.type, finding.program), []).append(finding)
    lines = []
    for (kind, program), group in sorted(groups.items()):
        case, _, fault = group[0]
        more = f" (and {len(group) - 1} more)" if len(group) > 1 else ""
        lines.append(f"{kind}, case '{case.name}'{more}: {program}: {fault[:1000]}")
    if len(lines) > limit:
        lines[limit:] = [f"... and {len(lines) - limit} more messages"]
    return "\n".join(lines)
