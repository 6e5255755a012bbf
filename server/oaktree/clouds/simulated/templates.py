# SPDX-License-Identifier: Apache-2.0
"""Templates of stacks, in JSON or YAML."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

# How deep values may stand in others, and how many there may be, once all aliases are followed.
DEPTH = 100
VALUES = 1 << 17
OPENING = (yaml.SequenceStartEvent, yaml.MappingStartEvent)
CLOSING = (yaml.SequenceEndEvent, yaml.MappingEndEvent)

# The one in C is ten times as fast, where PyYAML has it.
SafeLoader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Loader(SafeLoader):  # type: ignore[misc]
    """Reads as yaml.safe_load does, but leaves dates as they are written: versions are such."""


Loader.add_constructor("tag:yaml.org,2002:timestamp", Loader.construct_scalar)


def read(text: str) -> Any:
    """What a text in JSON or YAML says. ValueError tells where and why it cannot be read."""
    try:
        found = json.loads(text) if text.startswith("{") else _yaml(text)
        return _plain(found, 0, itertools.repeat(True, VALUES))
    except yaml.MarkedYAMLError as error:
        why = ": ".join(filter(None, (error.context, error.problem)))
        mark = error.problem_mark
        where = f"line {mark.line + 1} column {mark.column + 1}: " if mark else ""
        raise ValueError(f"{where}{why}") from None
    except yaml.YAMLError as error:
        raise ValueError(" ".join(str(error).split())) from None
    except LookupError:
        raise ValueError("a value is not what its tag says") from None
    except RecursionError:
        raise _too_deep() from None


def _yaml(text: str) -> Any:
    # What is too deep for the loader in C would end the process.
    depth = 0
    for event in yaml.parse(text, Loader):
        depth += isinstance(event, OPENING) - isinstance(event, CLOSING)
        if depth > DEPTH:
            raise _too_deep()
    return yaml.load(text, Loader)


def _plain(value: Any, depth: int, budget: Iterator[bool]) -> Any:
    """The value as JSON could say it: its keys are texts, and no alias leads anywhere."""
    if depth > DEPTH:
        raise _too_deep()
    if not next(budget, False):
        raise ValueError(f"it has more than {VALUES} values")
    if isinstance(value, dict):
        return {str(key): _plain(each, depth + 1, budget) for key, each in value.items()}
    if isinstance(value, list):
        return [_plain(each, depth + 1, budget) for each in value]
    if value is None or isinstance(value, (str, int, float)):
        return value
    raise ValueError(f"a {type(value).__name__} has no meaning in it")


def _too_deep() -> ValueError:
    return ValueError(f"its values stand more than {DEPTH} deep in each other")


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
