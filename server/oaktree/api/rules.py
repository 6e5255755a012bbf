# SPDX-License-Identifier: Apache-2.0
"""How filters match, in the words in which areas say it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Protocol

Predicate = Callable[[Any], bool]
Rule = Callable[[Any, Any], bool]


class Around(Protocol):
    """What else there is where an object lives."""

    async def resolve(self, type_: str, name: str, through: str = "") -> frozenset[str]:
        """The ids that a name can mean, or those in a field of what it means."""

    async def all(self, type_: str, parent: Any = None, **asked: Any) -> list[Any]:
        """All objects of a type, as a List with these fields wants to see them."""


@dataclass(frozen=True)
class Asks:
    """That what fits depends on others: from those and the value to the test."""

    test: Callable[[Around, Any], Awaitable[Predicate]]
