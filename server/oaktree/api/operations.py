# SPDX-License-Identifier: Apache-2.0
"""Operations: what slow changes wait for, and how they end.

An operation's id says where it is, what it changes and what that has to come to, so any oaktree
with the same clouds can ask again. What is remembered beside is only when it began and ended.
"""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from oaktreemodel.common import v1 as common
from oaktreemodel.operation import v1 as operation

from oaktree.api import areas, tokens
from oaktree.api.ends import End
from oaktree.api.places import Places, Selection, key
from oaktree.clouds import Outcome, Region, View
from oaktree.failures import Code, Failure
from oaktree.shapes import (
    Kind,
    Method,
    kind_of,
    kinds,
    parent_of,
    parent_path,
    reference,
    type_name,
)

# How long an operation that has ended is remembered, in seconds.
MEMORY = 3600.0
LONG_MEMORY = 24 * 3600.0
ID_LIMIT = 512
# How many names are remembered that are too long for an id.
LONG_LIMIT = 10_000
# Before the digest of a name that is too long for an operation's id: only this oaktree knows it.
LONG = "\0"

RUNNING = operation.OPERATION_STATE_RUNNING
SUCCEEDED = operation.OPERATION_STATE_SUCCEEDED
FAILED = operation.OPERATION_STATE_FAILED
UNKNOWN = operation.OPERATION_STATE_UNKNOWN
ENDED = {SUCCEEDED, FAILED, UNKNOWN, operation.OPERATION_STATE_CANCELLED}


ENDS: Mapping[str, End] = areas.gathered("ENDS")


def now() -> Timestamp:
    stamp = Timestamp()
    stamp.GetCurrentTime()
    return stamp


class Operations:
    """The operations this oaktree remembers, and the ones it is told of by id."""

    def __init__(self, places: Places) -> None:
        self._places = places
        # The long names of which operations tell the digest.
        self._long: dict[str, str] = {}
        # In the order in which something was last known of them.
        self._remembered: dict[str, tuple[float, operation.Operation]] = {}
        # By the kinds of those that the oaktree itself carries out, who tells of them by their ids.
        self.own: dict[str, Callable[[str], operation.Operation | None]] = {}

    def begin(
        self, region: Region, method: Method, request: Any, outcome: Outcome
    ) -> operation.Operation | None:
        """The operation that a change has led to; None for a change that has none."""
        if outcome.resource is None or "operation" not in method.response.DESCRIPTOR.fields_by_name:
            return None
        awaited: Any = outcome.awaited if outcome.awaited is not None else outcome.resource
        kind = kind_of(method)
        begun = now()
        said = [
            kind,
            list(key(region.location)),
            type_name(type(awaited)),
            awaited.id,
            parent_id(awaited),
            ENDS[kind].needs(request, outcome.resource) if kind in ENDS else "",
            begun.seconds,
        ]
        id_ = tokens.encode(said)
        if len(id_) > ID_LIMIT:
            said[3] = LONG + hashlib.sha256(awaited.id.encode()).hexdigest()
            self._long[said[3]] = awaited.id
            if len(self._long) > LONG_LIMIT:
                del self._long[next(iter(self._long))]
            id_ = tokens.encode(said)
        assert len(id_) <= ID_LIMIT, kind
        made = operation.Operation(
            location=region.location,
            id=id_,
            kind=kind,
            resource=reference(awaited),
            state=RUNNING if outcome.pending else SUCCEEDED,
            create_time=begun,
            start_time=begun,
            end_time=None if outcome.pending else begun,
            upstream_request_ids=outcome.upstream_request_ids,
        )
        self.remember(made)
        return made

    def remember(self, known: operation.Operation) -> None:
        now = time.monotonic()
        self._remembered.pop(known.id, None)
        self._remembered[known.id] = now, known
        for id_, (when, each) in list(itertools.islice(self._remembered.items(), 2)):
            # One that never ended is forgotten too: its id still tells all.
            if now - when > (MEMORY if each.state in ENDED else LONG_MEMORY):
                del self._remembered[id_]

    def remembered(self, region: Region) -> list[operation.Operation]:
        """Those of a region."""
        place = key(region.location)
        return [known for _, known in self._remembered.values() if key(known.location) == place]

    def read(self, id_: str) -> list[Any]:
        """What an operation's id says; when it began as a Timestamp."""
        try:
            known = tokens.decode(id_, str, list, str, str, str, str, int)
            cloud_name, region_name, project = known[1]
            known[-1] = Timestamp(seconds=known[-1])
        except ValueError:
            raise Failure(
                Code.INVALID_ARGUMENT,
                "MALFORMED_OPERATION_ID",
                "operation_id: no oaktree made this id",
            ) from None
        known[1] = [str(cloud_name), str(region_name), str(project)]
        return known

    async def look(self, id_: str) -> tuple[operation.Operation, Region | None]:
        """The operation as the cloud tells of it now."""
        kind, place, type_, object_id, within, needs, begun = self.read(id_)
        cloud_name, region_name, project = place
        location = common.Location(
            cloud=cloud_name, region=region_name, project=common.Project(id=project)
        )
        _, known = self._remembered.get(id_, (0.0, None))
        try:
            region = await self._places.one(location)
        except Failure as failure:
            if failure.code != Code.INVALID_ARGUMENT:
                raise
            # The cloud is not configured here any more.
            gone = operation.Operation(id=id_, location=location, kind=kind, state=UNKNOWN)
            return gone, None
        told = self.own[kind](id_) if kind in self.own else None
        if told is not None:
            return told, region
        if known is not None and known.state in ENDED:
            return known, region
        seen = operation.Operation()
        if known is not None:
            seen.CopyFrom(known)
        else:
            seen.id = id_
            seen.location.CopyFrom(region.location)
            seen.kind = kind
            seen.create_time.CopyFrom(begun)
            seen.start_time.CopyFrom(begun)
        resource_kind = kinds().get(type_)
        end = ENDS.get(kind)
        object_id = self._long.get(object_id, object_id)
        if resource_kind is None or end is None or object_id.startswith(LONG):
            seen.state = UNKNOWN
            return seen, region
        found: Any = await look_again(region, resource_kind, object_id, within)
        judge(seen, end, found, needs)
        if found is not None:
            seen.resource.CopyFrom(reference(found))
        elif known is None:
            seen.resource.CopyFrom(
                common.ResourceRef(location=region.location, id=object_id, type=type_)
            )
        if seen.state in ENDED:
            seen.end_time.CopyFrom(now())
            if seen.state == FAILED:
                seen.error.operation_id = id_
                seen.error.resource.CopyFrom(seen.resource)
                seen.error.location.CopyFrom(region.location)
            self.remember(seen)
        return seen, region

    async def wait(self, id_: str, timeout: float | None) -> operation.Operation:
        """The operation when it has ended, or when the time has passed."""
        deadline = None if timeout is None else time.monotonic() + timeout
        pause = 1.0
        while True:
            try:
                seen, region = await self.look(id_)
            except Failure as failure:
                # A cloud that is silent for a while does not end a wait.
                if failure.code != Code.UNAVAILABLE or id_ not in self._remembered:
                    raise
                seen = self._remembered[id_][1]
            else:
                pause = region.poll_interval if region is not None else pause
            if seen.state in ENDED:
                return seen
            if deadline is not None:
                left = deadline - time.monotonic()
                if left <= 0:
                    return seen
                pause = min(pause, left)
            await asyncio.sleep(pause)


def parent_id(resource: Any) -> str:
    """The id of the object that a resource lives in, where it tells that."""
    path = parent_path(type(resource))
    return str(getattr(resource, path)) if path else ""


async def look_again(region: Region, kind: Kind, id_: str, within: str) -> Message | None:
    """An object as it is now, which some clouds can only tell from the one it lives in."""
    parent_kind = parent_of(kind) if within else None
    if parent_kind is None:
        return await region.get(kind, id_)
    parent = await region.get(parent_kind, within)
    return None if parent is None else await region.get(kind, id_, parent=parent)


class Remembered(View):
    """The operations of a region, answered for as a region answers for its objects."""

    def __init__(self, region: Region, operations: Operations) -> None:
        super().__init__(region, "operations", self._all)
        self._operations = operations

    async def _all(self, kind: Kind, parent: Message | None) -> Sequence[Message]:
        return self._operations.remembered(self._region)

    async def page(
        self,
        kind: Kind,
        *,
        after: str = "",
        limit: int = 1000,
        parent: Message | None = None,
        wanted: Message | None = None,
        fields: frozenset[str] | None = None,
    ) -> Sequence[Message]:
        known: Sequence[Any] = await super().page(kind, after=after, limit=limit)
        return [(await self._operations.look(each.id))[0] for each in known]

    async def get(
        self,
        kind: Kind,
        id_: str,
        *,
        parent: Message | None = None,
        fields: frozenset[str] | None = None,
    ) -> Message | None:
        return (await self._operations.look(id_))[0]

    async def named(
        self,
        kind: Kind,
        name: str,
        *,
        parent: Message | None = None,
        fields: frozenset[str] | None = None,
    ) -> Sequence[Message]:
        return []


class OperationPlaces(Places):
    """Where operations are listed and watched: the same places, with other objects in them."""

    def __init__(self, places: Places, operations: Operations) -> None:
        super().__init__(places.clouds.values(), places.patience)
        self._places = places
        self._operations = operations

    async def select(
        self, locations: Sequence[common.Location], kind: Kind | None = None
    ) -> Selection:
        selection = await self._places.select(locations)
        selection.regions = [Remembered(each, self._operations) for each in selection.regions]
        return selection


def judge(seen: operation.Operation, end: End, found: Any, needs: str) -> None:
    """Sets the state by what the object has come to."""
    if found is None:
        # A change whose object is gone can no longer be told of, unless that was the change.
        seen.state = SUCCEEDED if end.gone else UNKNOWN
    elif end.done(found, needs):
        seen.state = SUCCEEDED
        seen.percent = 100
    elif end.given_up(found, needs):
        seen.state = operation.OPERATION_STATE_CANCELLED
    elif (failure := end.failed(found, needs)) is not None:
        seen.state = FAILED
        seen.error.CopyFrom(failure.error)
    else:
        seen.state = RUNNING


def failure_of(ended: operation.Operation) -> Failure:
    """The failure that a failed operation is to whoever waits for it."""
    return Failure.of(ended.error)
