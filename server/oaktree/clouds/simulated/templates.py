# SPDX-License-Identifier: Apache-2.0
"""Templates of stacks: JSON, or as much of YAML as people write them in.

That is block and flow collections, plain and quoted text, literal and folded blocks, and comments;
no anchors, tags or several documents.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

KEY = re.compile(r"""("[^"]*"|'[^']*'|[^\s"'\[{&*!|>%@`#][^#]*?)\s*:(?:\s+(.*))?$""")
COMMENT = re.compile(r"(^|\s)#.*$")
NUMBER = re.compile(r"[-+]?(0|[1-9]\d*)(\.\d+)?$")
WORDS = {"": None, "~": None, "null": None, "true": True, "false": False}
# A token of a flow collection: a mark, quoted text, or plain text.
TOKEN = re.compile(
    r"""\s*([\[\]{},]|:(?=\s|$)|"(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|[^\[\]{},"'\s]\S*?"""
    r"""(?:\s+[^\[\]{},:#\s]\S*?)*(?=\s*(?:[\[\]{},]|:\s|:$|$)))"""
)


def read(text: str) -> Any:
    """What a text in JSON or YAML says. ValueError tells in which line it cannot be read."""
    if text.lstrip().startswith("{"):
        return json.loads(text)
    return _Reader(text).document()


def _scalar(text: str) -> Any:
    text = text.strip()
    if text.startswith('"'):
        return json.loads(text)
    if text.startswith("'"):
        return text[1:-1].replace("''", "'")
    if NUMBER.match(text):
        return float(text) if "." in text else int(text)
    return WORDS.get(text, text)


class _Reader:
    """Reads YAML line by line."""

    def __init__(self, text: str) -> None:
        self._lines = text.expandtabs().splitlines()
        self._at = 0

    def document(self) -> Any:
        found = self._block(-1)
        if self._peek() is not None:
            raise self._wrong("is not indented as what stands above it")
        return found

    def _wrong(self, why: str) -> ValueError:
        return ValueError(f"line {self._at + 1} {why}")

    def _peek(self) -> tuple[int, str] | None:
        """The indentation and the text of the next line that says something."""
        while self._at < len(self._lines):
            text = COMMENT.sub("", self._lines[self._at]).rstrip()
            if text.strip() and text != "---":
                return len(text) - len(text.lstrip()), text.strip()
            self._at += 1
        return None

    def _block(self, outer: int) -> Any:
        """What stands further in than that."""
        ahead = self._peek()
        if ahead is None or ahead[0] <= outer:
            return None
        indent, text = ahead
        if text == "-" or text.startswith("- "):
            return self._list(indent)
        if KEY.match(text) and text[0] not in "[{":
            return self._map(indent)
        self._at += 1
        return self._value(text, outer)

    def _list(self, indent: int) -> list[Any]:
        found = []
        while (ahead := self._peek()) and ahead[0] == indent and ahead[1].startswith("-"):
            if ahead[1] == "-":
                self._at += 1
                found.append(self._block(indent))
            else:
                # What follows the dash stands further in, as if on a line of its own.
                line = self._lines[self._at]
                self._lines[self._at] = f"{line[:indent]} {line[indent + 1 :]}"
                found.append(self._block(indent))
        return found

    def _map(self, indent: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while (ahead := self._peek()) and ahead[0] == indent:
            match = KEY.match(ahead[1])
            if match is None:
                raise self._wrong("has no key with a colon")
            self._at += 1
            key, rest = str(_scalar(match[1])), match[2] or ""
            if rest:
                found[key] = self._value(rest, indent)
                continue
            after = self._peek()
            same = after is not None and after[0] == indent and after[1].startswith("-")
            found[key] = self._list(indent) if same else self._block(indent)
        return found

    def _value(self, text: str, outer: int) -> Any:
        if text[0] in "|>":
            return self._text(text, outer)
        if text[0] in "&*!":
            raise ValueError(f"line {self._at}: anchors, aliases and tags are not read here")
        if text[0] in "[{":
            while text.count("[") + text.count("{") > text.count("]") + text.count("}"):
                ahead = self._peek()
                if ahead is None:
                    raise self._wrong("ends within brackets")
                self._at += 1
                text += f" {ahead[1]}"
            return _Flow(text).value()
        if text[0] not in "\"'":
            while (ahead := self._peek()) and ahead[0] > outer:
                self._at += 1
                text += f" {ahead[1]}"
        return _scalar(text)

    def _text(self, mark: str, outer: int) -> str:
        """A literal or folded block."""
        lines: list[str] = []
        while self._at < len(self._lines):
            line = self._lines[self._at]
            if line.strip() and len(line) - len(line.lstrip()) <= outer:
                break
            lines.append(line)
            self._at += 1
        while lines and not lines[-1].strip():
            lines.pop()
        inner = min((len(each) - len(each.lstrip()) for each in lines if each.strip()), default=0)
        joined = ("\n" if mark[0] == "|" else " ").join(each[inner:] for each in lines)
        return joined if mark.endswith("-") else f"{joined}\n"


class _Flow:
    """Reads a collection in brackets."""

    def __init__(self, text: str) -> None:
        self._tokens = TOKEN.findall(text)

    def value(self) -> Any:
        token = self._next()
        if token == "[":
            items = []
            while self._tokens and self._tokens[0] != "]":
                items.append(self.value())
                self._skip_comma()
            self._next()
            return items
        if token == "{":
            found: dict[str, Any] = {}
            while self._tokens and self._tokens[0] != "}":
                key = str(_scalar(self._next()))
                if self._next() != ":":
                    raise ValueError(f"there is no colon after {key}")
                found[key] = self.value()
                self._skip_comma()
            self._next()
            return found
        return _scalar(token)

    def _next(self) -> str:
        if not self._tokens:
            raise ValueError("a bracket is not closed")
        return str(self._tokens.pop(0))

    def _skip_comma(self) -> None:
        if self._tokens and self._tokens[0] == ",":
            self._tokens.pop(0)


@dataclass
class Template:
    """A template with the values of its parameters."""

    said: Mapping[str, Any]
    values: dict[str, Any] = field(default_factory=dict)

    def part(self, name: str) -> dict[str, Any]:
        found = self.said.get(name) or {}
        return found if isinstance(found, dict) else {}

    @property
    def version(self) -> str:
        return str(self.said.get("heat_template_version", ""))

    @property
    def resources(self) -> dict[str, Any]:
        return self.part("resources")

    def needs(self, name: str) -> set[str]:
        """The resources that one needs to be there before it."""
        own = self.resources[name]
        after = own.get("depends_on") or []
        asked = [after] if isinstance(after, str) else list(after)
        return ({*asked} | referred(own.get("properties"))) & {*self.resources} - {name}

    def in_order(self) -> list[str]:
        """The names of the resources, each behind those it needs."""
        found: list[str] = []
        left = list(self.resources)
        while left:
            ready = [name for name in left if self.needs(name) <= {*found}]
            if not ready:
                raise ValueError(f"the resources {' and '.join(left)} need each other")
            found += ready
            left = [name for name in left if name not in ready]
        return found

    def required_by(self, name: str) -> list[str]:
        return [each for each in self.resources if name in self.needs(each)]

    def filled(self, value: Any, attribute: Callable[[str, Sequence[Any]], Any]) -> Any:
        """A value of the template with what its functions stand for.

        attribute: from the name of a resource and a path in it to what is there; its id for none.
        """
        if isinstance(value, list):
            return [self.filled(each, attribute) for each in value]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((function, asked),) = value.items()
            if function == "get_param":
                name, *path = asked if isinstance(asked, list) else [asked]
                return within(self.values.get(name), path)
            if function == "get_resource":
                return attribute(str(asked), ())
            if function == "get_attr" and isinstance(asked, list):
                return attribute(str(asked[0]), asked[1:])
            if function == "list_join" and isinstance(asked, list) and len(asked) == 2:
                return str(asked[0]).join(map(str, self.filled(asked[1], attribute)))
            if function == "str_replace" and isinstance(asked, dict):
                text = str(asked.get("template", ""))
                for key, each in (asked.get("params") or {}).items():
                    text = text.replace(key, str(self.filled(each, attribute)))
                return text
        return {key: self.filled(each, attribute) for key, each in value.items()}


def within(value: Any, path: Sequence[Any]) -> Any:
    for key in path:
        try:
            value = value[key]
        except (KeyError, IndexError, TypeError):
            return None
    return value


def referred(value: Any) -> set[str]:
    """The names of resources that a value speaks of."""
    if isinstance(value, list):
        return set().union(*map(referred, value)) if value else set()
    if not isinstance(value, dict):
        return set()
    found: set[str] = set()
    for key, each in value.items():
        if key == "get_resource" and isinstance(each, str):
            found.add(each)
        elif key == "get_attr" and isinstance(each, list) and each:
            found.add(str(each[0]))
        else:
            found |= referred(each)
    return found


def as_text(value: Any) -> str:
    """A parameter's value as text: lists with commas between, what is nested as JSON."""
    if isinstance(value, list) and not any(isinstance(each, (list, dict)) for each in value):
        return ",".join(map(as_text, value))
    if isinstance(value, (list, dict)) or isinstance(value, bool):
        return json.dumps(value)
    return "" if value is None else str(value)
