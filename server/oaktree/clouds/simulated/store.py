# SPDX-License-Identifier: Apache-2.0
"""The objects of a simulated region, and what is due to happen to them."""

from __future__ import annotations

import bisect
import heapq
import itertools
import time
from collections.abc import Callable, Hashable, Iterator
from typing import Any

from google.protobuf.message import Message

from oaktree.shapes import Kind

Clock = Callable[[], float]


class Table:
    """The objects of one kind, in the order of their ids, or whatever else tells them apart.

    An object is never changed in place: whoever holds one holds it as it was.
    """

    def __init__(
        self, key: Callable[[Any], str], changed: Callable[[Any, Any], None] | None = None
    ) -> None:
        self.revision = 0
        self._key = key
        self._changed = changed
        self._objects: dict[str, Any] = {}
        self._ids: list[str] = []

    def __len__(self) -> int:
        return len(self._objects)

    def __iter__(self) -> Iterator[Any]:
        return iter(list(self._objects.values()))

    def get(self, id_: str) -> Any:
        return self._objects.get(id_)

    def put(self, resource: Any) -> None:
        key = self._key(resource)
        before = self._objects.get(key)
        if before is None:
            bisect.insort(self._ids, key)
        self._objects[key] = resource
        self.revision += 1
        if self._changed is not None:
            self._changed(before, resource)

    def remove(self, id_: str) -> None:
        before = self._objects.pop(id_, None)
        if before is not None:
            del self._ids[bisect.bisect_left(self._ids, id_)]
            self.revision += 1
            if self._changed is not None:
                self._changed(before, None)

    def after(self, id_: str, limit: int) -> list[Any]:
        begin = bisect.bisect_right(self._ids, id_) if id_ else 0
        return [self._objects[each] for each in self._ids[begin : begin + limit]]


class Store:
    """All tables, and a calendar of what happens by itself."""

    def __init__(
        self,
        clock: Clock = time.monotonic,
        changed: Callable[[Any, Any], None] | None = None,
        key: Callable[[Any], str] = lambda resource: str(resource.id),
        shared: Store | None = None,
        shares: Callable[[Kind], bool] = lambda kind: False,
    ) -> None:
        """changed: told of each object before and after a change, None where there is none.

        key: what tells an object from all others of its kind.
        shared: the store of those kinds that several have in common, as shares tells.
        """
        self._clock = clock
        self._changed = changed
        self.key = key
        self._shared = shared
        self._shares = shares
        self._tables: dict[Kind, Table] = {}
        # What is known of objects and told to nobody, such as passwords.
        self.untold: dict[Hashable, Any] = shared.untold if shared is not None else {}
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        if shared is not None:
            self._due, self._order = shared._due, shared._order

    def table(self, kind: Kind) -> Table:
        """The table as it is now: all that was due has happened."""
        now = self._clock()
        while self._due and self._due[0][0] <= now:
            heapq.heappop(self._due)[2]()
        return self.still(kind)

    def still(self, kind: Kind) -> Table:
        """The table, whatever is due."""
        found = self._tables.get(kind)
        if found is None:
            if self._shared is not None and self._shares(kind):
                found = self._shared.still(kind)
            else:
                found = Table(self.key, self._changed)
            self._tables[kind] = found
        return found

    def later(self, seconds: float, event: Callable[[], None]) -> None:
        heapq.heappush(self._due, (self._clock() + seconds, next(self._order), event))

    def change(self, kind: Kind, id_: str, change: Callable[[Any], None]) -> Message | None:
        """The object after a change; None when it is not there any more."""
        table = self.still(kind)
        old = table.get(id_)
        if old is None:
            return None
        new = type(old)()
        new.CopyFrom(old)
        change(new)
        table.put(new)
        return new  # type: ignore[no-any-return]
