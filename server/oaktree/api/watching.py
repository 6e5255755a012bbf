# SPDX-License-Identifier: Apache-2.0
"""Watch: the present state, and then what becomes of it.

A Feed asks one region about one kind of object, once for all who watch, and keeps a log of the
changes. A watch reads the feeds of the regions it selected. Its resume token says how far it has
read in each, so it holds nothing that a feed would have to remember for it.
"""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections import deque
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from google.protobuf.message import Message
from oaktreemodel.common import v1 as common

from oaktree.api import tokens
from oaktree.api.filters import Predicate
from oaktree.api.masks import ReadMask
from oaktree.api.places import Places, Selection, key, too_slow
from oaktree.api.reading import LARGEST_PAGE, Reader, worst
from oaktree.clouds import Region
from oaktree.failures import Code, Failure, invalid, unreachable, violation
from oaktree.shapes import Kind, Method

PRESENT = common.WATCH_EVENT_KIND_PRESENT
SYNCED = common.WATCH_EVENT_KIND_SYNCED
ADDED = common.WATCH_EVENT_KIND_ADDED
MODIFIED = common.WATCH_EVENT_KIND_MODIFIED
DELETED = common.WATCH_EVENT_KIND_DELETED
UNMATCHED = common.WATCH_EVENT_KIND_UNMATCHED
RESYNC_REQUIRED = common.WATCH_EVENT_KIND_RESYNC_REQUIRED

BATCH = 200
# What a batch of objects may add up to; the envelope and the token come on top.
BATCH_BYTES = 1_000_000
LOG_LENGTH = 20_000

Seen = tuple["common.WatchEventKind.ValueType", Message | None]


@dataclass(frozen=True)
class Change:
    """An object before and after; None where there was none."""

    before: Any
    after: Any

    def event(self, fits: Predicate) -> Seen | None:
        """What this change is to a watch with that filter."""
        fitted = self.before is not None and fits(self.before)
        fit = self.after is not None and fits(self.after)
        if fit:
            return (MODIFIED if fitted else ADDED), self.after
        if fitted:
            return (DELETED, self.before) if self.after is None else (UNMATCHED, self.after)
        return None


class Feed:
    """What there is of one kind in one region, and what has changed lately."""

    def __init__(self, region: Region, kind: Kind, patience: float, linger: float) -> None:
        self.region = region
        self.epoch = uuid.uuid4().hex[:12]
        # The number of the last change in the log.
        self.position = 0
        self.log: deque[Change] = deque(maxlen=LOG_LENGTH)
        self.objects: dict[str, Any] = {}
        self.synced = False
        self.failure: Failure | None = None
        # Grows whenever there is anything to be seen here.
        self.news = asyncio.Event()
        self._kind = kind
        self._patience = patience
        self._linger = linger
        self._readers = 0
        self._task: asyncio.Task[None] | None = None

    @contextlib.contextmanager
    def reading(self) -> Iterator[None]:
        """While it is read, and a while after, the feed asks."""
        self._readers += 1
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run())
        try:
            yield
        finally:
            self._readers -= 1

    def since(self, position: int) -> list[Change] | None:
        """The changes after a position; None when they are no longer known."""
        behind = self.position - position
        if behind < 0 or behind > len(self.log):
            return None
        return [] if behind == 0 else list(self.log)[-behind:]

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _run(self) -> None:
        idle = 0.0
        last: Any = None
        while idle <= self._linger:
            try:
                revision = await asyncio.wait_for(self.region.revision(self._kind), self._patience)
                if revision is None or revision != last or not self.synced:
                    self._take(await asyncio.wait_for(self._read(), self._patience))
                    last = revision
                if self.failure is not None:
                    self.failure = None
                    self._tell()
            except Failure as failure:
                self._fail(failure)
            except TimeoutError:
                self._fail(too_slow(self._patience))
            await asyncio.sleep(self.region.poll_interval)
            idle = 0.0 if self._readers else idle + self.region.poll_interval

    async def _read(self) -> dict[str, Any]:
        objects: dict[str, Any] = {}
        after = ""
        while True:
            page = await self.region.page(self._kind, after=after, limit=LARGEST_PAGE)
            for each in page:
                objects[each.id] = each  # type: ignore[attr-defined]
            if len(page) < LARGEST_PAGE:
                return objects
            after = page[-1].id  # type: ignore[attr-defined]
            await asyncio.sleep(0)

    def _take(self, objects: dict[str, Any]) -> None:
        if self.synced:
            changes = [
                Change(self.objects.get(id_), each)
                for id_, each in objects.items()
                if (known := self.objects.get(id_)) is not each and known != each
            ]
            changes += [
                Change(each, None) for id_, each in self.objects.items() if id_ not in objects
            ]
            self.log.extend(changes)
            self.position += len(changes)
        else:
            changes = []
        self.objects = objects
        if changes or not self.synced:
            self.synced = True
            self._tell()

    def _fail(self, failure: Failure) -> None:
        if self.failure is None or self.failure.reason != failure.reason:
            self.failure = failure
            self._tell()

    def _tell(self) -> None:
        self.news.set()
        self.news = asyncio.Event()


@dataclass
class Cursor:
    """How far a watch has read in a feed."""

    feed: Feed
    fits: Predicate
    # None as long as the present state has not been sent.
    position: int | None = None
    silent: bool = False
    # Whether SYNCED is still owed.
    owes_synced: bool = True


@dataclass
class Watcher:
    """Serves the Watch methods of all resources."""

    places: Places
    reader: Reader
    # After how many seconds without events a bookmark is sent.
    keepalive: float = 15.0
    # How many seconds a feed goes on after the last who read it.
    linger: float = 300.0
    _feeds: dict[tuple[Any, Kind], Feed] = field(default_factory=dict)

    def feed(self, region: Region, kind: Kind) -> Feed:
        found = self._feeds.get((region.identity, kind))
        if found is None or (found._task is not None and found._task.done()):
            found = Feed(region, kind, self.places.patience, self.linger)
            self._feeds[region.identity, kind] = found
        return found

    async def close(self) -> None:
        for feed in self._feeds.values():
            await feed.close()

    async def watch(self, method: Method, request: Any) -> AsyncIterator[Message]:
        """The stream of answers."""
        selection = await self.places.select(request.locations)
        if request.resume_token and (request.skip_initial or request.snapshot_only):
            raise invalid(
                violation("resume_token", "excludes skip_initial and snapshot_only", "EXCLUSIVE")
            )
        bound = tokens.digest(request, "resume_token", "skip_initial", "snapshot_only")
        resumed = self._resume(request.resume_token, bound)
        cursors: list[Cursor] = []
        with contextlib.ExitStack() as stack:
            for region in selection.regions:
                feed = self.feed(region, method.resource)
                stack.enter_context(feed.reading())
                fits = await self.reader.predicate(
                    region,
                    method.resource,
                    request.filter if request.HasField("filter") else None,
                    selection,
                )
                cursors.append(Cursor(feed, fits))
            writer = Writer(method, ReadMask.of(method.resource, request), cursors, bound)
            if resumed is not None and not _place(cursors, resumed):
                yield writer.resync()
                return
            async for response in self._stream(request, selection, cursors, writer):
                yield response

    def _resume(self, token: str, bound: str) -> dict[str, Any] | None:
        if not token:
            return None
        try:
            own, positions = tokens.decode(token)
        except ValueError:
            raise invalid(violation("resume_token", "is no resume token", "MALFORMED")) from None
        if own != bound:
            raise invalid(
                violation("resume_token", "is of another watch: repeat its request", "MISMATCH")
            )
        return dict(positions)

    async def _stream(
        self, request: Any, selection: Selection, cursors: list[Cursor], writer: Writer
    ) -> AsyncIterator[Message]:
        silent = list(selection.unreachable)
        owes_all = any(cursor.owes_synced for cursor in cursors) or not cursors
        while True:
            news = [asyncio.ensure_future(cursor.feed.news.wait()) for cursor in cursors]
            try:
                failures = silent + self._fell_silent(cursors)
                silent = []
                if failures and request.require_all_locations:
                    raise worst(failures, False)
                if failures:
                    yield writer.trouble(failures)
                for cursor in cursors:
                    if (changes := self._changes(cursor)) is None:
                        yield writer.resync()
                        return
                    if cursor.position is None and cursor.feed.synced:
                        present = list(cursor.feed.objects.values())
                        position = cursor.feed.position
                        if not request.skip_initial:
                            wanted = ((PRESENT, each) for each in present if cursor.fits(each))
                            for batch in writer.batches(cursor, wanted):
                                yield batch
                        cursor.position = position
                    if cursor.position is not None and cursor.owes_synced:
                        cursor.owes_synced = False
                        yield writer.synced(cursor)
                    events = (each.event(cursor.fits) for each in changes)
                    for batch in writer.batches(cursor, (each for each in events if each)):
                        yield batch
                    if cursor.position is not None and changes:
                        cursor.position += len(changes)
                        yield writer.bookmark()
                if owes_all and all(not each.owes_synced or each.silent for each in cursors):
                    owes_all = False
                    yield writer.synced(None)
                if request.snapshot_only and all(
                    not cursor.owes_synced or cursor.silent for cursor in cursors
                ):
                    if cursors and all(cursor.silent for cursor in cursors):
                        raise worst(
                            [
                                unreachable(c.feed.region.location, c.feed.failure)
                                for c in cursors
                                if c.feed.failure
                            ],
                            True,
                        )
                    return
                if not news:
                    await asyncio.sleep(self.keepalive)
                    done: Any = ()
                else:
                    done, _ = await asyncio.wait(
                        news, timeout=self.keepalive, return_when=asyncio.FIRST_COMPLETED
                    )
                if not done:
                    yield writer.bookmark()
            finally:
                for task in news:
                    task.cancel()

    def _changes(self, cursor: Cursor) -> list[Change] | None:
        return [] if cursor.position is None else cursor.feed.since(cursor.position)

    def _fell_silent(self, cursors: list[Cursor]) -> list[common.LocationError]:
        fallen = []
        for cursor in cursors:
            failure = cursor.feed.failure
            if failure is not None and failure.code in {Code.INVALID_ARGUMENT}:
                raise failure
            if failure is not None and not cursor.silent:
                cursor.silent = True
                fallen.append(unreachable(cursor.feed.region.location, failure))
            elif failure is None and cursor.silent:
                # It is back: what it missed comes now, and SYNCED once more.
                cursor.silent = False
                cursor.owes_synced = True
        return fallen


def _place(cursors: list[Cursor], positions: dict[str, Any]) -> bool:
    """Puts each cursor where the token says; False when that is no longer possible."""
    for cursor in cursors:
        name = "/".join(key(cursor.feed.region.location))
        if name not in positions:
            return False
        if positions[name] is None:
            continue
        epoch, position = positions[name]
        if epoch != cursor.feed.epoch or cursor.feed.since(position) is None:
            return False
        cursor.position = position
        cursor.owes_synced = False
    return len(positions) == len(cursors)


class Writer:
    """Makes the answers of one watch."""

    def __init__(self, method: Method, mask: ReadMask, cursors: list[Cursor], bound: str) -> None:
        self._response = method.response
        event: Any = method.response.DESCRIPTOR.fields_by_name["events"].message_type
        self._field: str = event.fields_by_number[2].name
        self._mask = mask
        self._cursors = cursors
        self._bound = bound

    def _token(self) -> str:
        positions = {
            "/".join(key(cursor.feed.region.location)): (
                None if cursor.position is None else [cursor.feed.epoch, cursor.position]
            )
            for cursor in self._cursors
        }
        return tokens.encode([self._bound, positions])

    def _answer(self) -> Any:
        return self._response(resume_token=self._token())

    def batches(self, cursor: Cursor, seen: Iterable[Seen]) -> Iterable[Message]:
        """The events in answers of a good size. They carry the token of where the cursor was, for
        only after the last of them all is its next position reached."""
        response, size = self._answer(), 0
        location = cursor.feed.region.location
        for kind, resource in seen:
            assert resource is not None
            masked = self._mask.apply(resource)
            length = masked.ByteSize()
            if response.events and (len(response.events) == BATCH or size + length > BATCH_BYTES):
                yield response
                response, size = self._answer(), 0
            event = response.events.add(kind=kind, location=location)
            getattr(event, self._field).CopyFrom(masked)
            size += length
        if response.events:
            yield response

    def synced(self, cursor: Cursor | None) -> Message:
        response = self._answer()
        location = cursor.feed.region.location if cursor else None
        response.events.add(kind=SYNCED, location=location)
        return response  # type: ignore[no-any-return]

    def trouble(self, failures: list[common.LocationError]) -> Message:
        response = self._answer()
        response.unreachable.extend(failures)
        return response  # type: ignore[no-any-return]

    def bookmark(self) -> Message:
        return self._answer()  # type: ignore[no-any-return]

    def resync(self) -> Message:
        response = self._response()
        response.events.add(kind=RESYNC_REQUIRED)  # type: ignore[attr-defined]
        return response
