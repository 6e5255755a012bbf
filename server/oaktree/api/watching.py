# SPDX-License-Identifier: Apache-2.0
"""Watch: the present state, and then what becomes of it.

A Feed asks one region about one kind of object, once for all who watch, and keeps a log of the
changes. A watch reads the feeds of the regions it selected. Its resume token says how far it has
read in each, so it holds nothing that a feed would have to remember for it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
import uuid
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from google.protobuf.message import Message
from oaktreemodel.common import v1 as common

from oaktree.api import tokens
from oaktree.api.masks import ReadMask
from oaktree.api.places import REMAINING, Places, Selection, key, too_slow
from oaktree.api.reading import BATCH_BYTES, LARGEST_PAGE, Reader, filter_of, lacks, worst
from oaktree.api.rules import Predicate
from oaktree.clouds import Region
from oaktree.failures import SAME_CALL, Code, Failure, unreachable
from oaktree.shapes import Kind, Method

PRESENT = common.WATCH_EVENT_KIND_PRESENT
SYNCED = common.WATCH_EVENT_KIND_SYNCED
ADDED = common.WATCH_EVENT_KIND_ADDED
MODIFIED = common.WATCH_EVENT_KIND_MODIFIED
DELETED = common.WATCH_EVENT_KIND_DELETED
UNMATCHED = common.WATCH_EVENT_KIND_UNMATCHED
RESYNC_REQUIRED = common.WATCH_EVENT_KIND_RESYNC_REQUIRED

log = logging.getLogger(__name__)

BATCH = 200
LOG_LENGTH = 20_000
# In a token: some of the present state was sent, and not all.
BEGUN = "begun"

T = TypeVar("T")
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

    def __init__(
        self,
        region: Region,
        kind: Kind,
        patience: float,
        linger: float,
        parent: Message | None = None,
    ) -> None:
        self.region = region
        # What its objects have in common; the cloud's own have no region.
        self.location = common.Location()
        self.location.CopyFrom(region.location)
        if region.identity_of(kind) != region.identity:
            self.location.region = ""
        self.epoch = uuid.uuid4().hex[:12]
        # The number of the last change in the log.
        self.position = 0
        self.log: deque[Change] = deque(maxlen=LOG_LENGTH)
        self.objects: dict[str, Any] = {}
        self.synced = False
        # How often it has begun to ask, and which time was the last that was answered.
        self.asked = 0
        self.answered = 0
        self.failure: Failure | None = None
        # Grows whenever there is anything to be seen here.
        self.news = asyncio.Event()
        self._kind = kind
        self._parent = parent
        self._patience = patience
        self._linger = linger
        self._readers = 0
        self._hurry = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @contextlib.contextmanager
    def reading(self) -> Iterator[None]:
        """While it is read, and a while after, the feed asks."""
        self._readers += 1
        self._hurry.set()
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

    @property
    def done(self) -> bool:
        """Whether nobody has read it for so long that it has stopped asking."""
        return self._task is not None and self._task.done()

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _run(self) -> None:
        # The deadline is that of the first who read it.
        REMAINING.set(None)
        idle = 0.0
        last: Any = None
        while idle <= self._linger:
            hurried = self._hurry.is_set()
            self._hurry.clear()
            self.asked += 1
            try:
                # Not wait_for, which in Python 3.11 can swallow the cancellation of close.
                async with asyncio.timeout(self._patience):
                    revision = await self.region.revision(self._kind)
                if revision is None or revision != last or not self.synced:
                    async with asyncio.timeout(self._patience):
                        objects = await self._read()
                    self._take(objects)
                    last = revision
                self.answered = self.asked
                if self.failure is not None or hurried:
                    self.failure = None
                    self._tell()
            except Failure as failure:
                self._fail(failure)
            except TimeoutError:
                self._fail(too_slow(self._patience))
            except Exception:
                log.exception("the feed of %s failed", self.region.location.cloud)
                self._fail(Failure(Code.INTERNAL, "INTERNAL", "the log of this oaktree says why"))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self.region.poll_interval):
                    await self._hurry.wait()
            idle = 0.0 if self._readers else idle + self.region.poll_interval

    async def _read(self) -> dict[str, Any]:
        objects: dict[str, Any] = {}
        after = ""
        while True:
            page = await self.region.page(
                self._kind, after=after, limit=LARGEST_PAGE, parent=self._parent
            )
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
    # Whether an object fits; known once the names in the filter could be asked for.
    fits: Predicate | None = None
    # Which answer of the feed is new enough to be the present state.
    from_answer: int = 0
    # None as long as the present state has not been sent as a whole.
    position: int | None = None
    # Whether some of the present state has been sent.
    begun: bool = False
    silent: bool = False
    # Whether SYNCED is still owed.
    owes_synced: bool = True

    @property
    def is_ready(self) -> bool:
        """Whether there is a present state, or changes after one that was sent."""
        if self.fits is None:
            return False
        goes_on = self.position is not None and not self.owes_synced
        return goes_on or self.feed.answered >= self.from_answer

    @property
    def name(self) -> str:
        return "/".join(key(self.feed.region.location))


class Watcher:
    """Serves the Watch methods of all resources."""

    def __init__(self, places: Places, reader: Reader, keepalive: float = 15.0) -> None:
        # After how many seconds without events a bookmark is sent.
        self.keepalive = keepalive
        # How many seconds a feed goes on after the last who read it.
        self.linger = 300.0
        # After how many seconds a cloud is asked again that did not say which regions it has.
        self.pause = Region.poll_interval
        # Set when no watch may go on.
        self.stopping = asyncio.Event()
        self.reader = reader
        self._places = places
        self._feeds: dict[tuple[str, str, Kind, str], Feed] = {}
        self._returns: dict[str, asyncio.Task[bool]] = {}

    def feed(self, region: Region, kind: Kind, parent: Any = None) -> Feed:
        place = "/".join(key(region.location))
        own = place, region.view, kind, parent.id if parent is not None else ""
        found = self._feeds.get(own)
        if found is None or found.done:
            # What those that have ended hold is given up.
            self._feeds = {own: each for own, each in self._feeds.items() if not each.done}
            found = Feed(region, kind, self._places.usual_patience, self.linger, parent)
            self._feeds[own] = found
        return found

    def returns(self, name: str) -> asyncio.Task[bool]:
        """Whether a cloud says after a pause which regions it has, for all who wait for that."""
        found = self._returns.get(name)
        if found is None or found.done():
            found = self._returns[name] = asyncio.create_task(self._ask_again(name))
        return found

    async def _ask_again(self, name: str) -> bool:
        REMAINING.set(None)
        await asyncio.sleep(self.pause)
        return not (await self._places.select([common.Location(cloud=name)])).unreachable

    async def close(self) -> None:
        for task in self._returns.values():
            task.cancel()
        for feed in self._feeds.values():
            await feed.close()

    async def before_stop(self, work: Coroutine[Any, Any, T]) -> T:
        """What comes of the work, unless the oaktree stops before."""
        task, stop = asyncio.ensure_future(work), asyncio.ensure_future(self.stopping.wait())
        try:
            await asyncio.wait({task, stop}, return_when=asyncio.FIRST_COMPLETED)
            if not task.done():
                raise is_stopping()
            return task.result()
        finally:
            task.cancel()
            stop.cancel()

    async def _select(self, method: Method, request: Any) -> tuple[Message | None, Selection]:
        """The places to watch, and the object in which."""
        within = await self.reader.find_parent(method, request)
        parent = within[1] if within else None
        return parent, await self.reader.selected(method, request, within)

    async def watch(self, method: Method, request: Any) -> AsyncIterator[Message]:
        """The stream of answers."""
        said = tokens.opened(request, "resume_token")
        begun = time.monotonic()
        parent, selection = await self.before_stop(self._select(method, request))
        remaining = REMAINING.get()
        if remaining is not None:
            REMAINING.set(max(remaining - (time.monotonic() - begun), 0.0))
        with contextlib.ExitStack() as stack:

            def follow(region: Region) -> Cursor:
                feed = self.feed(region, method.resource, parent)
                stack.enter_context(feed.reading())
                return Cursor(feed, from_answer=feed.asked + 1)

            patience = None if remaining is None else self._places.patience
            watch = Watch(self, method, request, selection, follow, patience)
            if said is not None and not watch.resume(said[0]):
                yield watch.resync()
                return
            async for response in watch.stream(self.keepalive):
                yield response


def is_stopping() -> Failure:
    text = "this oaktree is stopping: go on with the last resume_token"
    return Failure(Code.UNAVAILABLE, "STOPPING", text, retry=SAME_CALL)


def place(cursor: Cursor, positions: dict[str, Any]) -> bool:
    """Puts a cursor where the token says; False when that is no longer possible."""
    # What it does not name could not be asked at that time.
    match positions.pop(cursor.name, None):
        case None:
            return True
        case [cursor.feed.epoch, int(position)] if cursor.feed.since(position) is not None:
            cursor.position = position
            cursor.owes_synced = False
            return True
    # Of what has BEGUN too: what was told of and has gone since is not remembered.
    return False


class Watch:
    """One watch: what it has still to tell, and the answers that tell it."""

    def __init__(
        self,
        watcher: Watcher,
        method: Method,
        request: Any,
        selection: Selection,
        follow: Callable[[Region], Cursor],
        patience: float | None,
    ) -> None:
        self.cursors = [follow(each) for each in selection.regions]
        # Where a resumed watch was in places that are not known at present.
        self._left: dict[str, Any] = {}
        # By the clouds that have not said which regions they have: whether they do now.
        self._returns: dict[str, asyncio.Task[bool]] = {}
        self._follow = follow
        self._watcher = watcher
        self._reader = watcher.reader
        self._method = method
        self._kind = method.resource
        self._request = request
        self._selection = selection
        self._bound = tokens.bound(request, "resume_token")
        self._response = method.response
        event: Any = method.response.DESCRIPTOR.fields_by_name["events"].message_type
        self._field: str = event.fields_by_number[2].name
        self._mask = ReadMask.of(method.resource, request)
        # When the last answer was made.
        self._sent = time.monotonic()
        # Who has not answered after so many seconds is too slow for this watch.
        self._patience = patience
        self._begun = self._sent

    def resume(self, positions: dict[str, Any]) -> bool:
        """Goes on where a token says; False when that is no longer possible."""
        self._left = dict(positions)
        placed = [place(cursor, self._left) for cursor in self.cursors]
        missing = self._missing()
        return all(placed) and all(name.partition("/")[0] in missing for name in self._left)

    def _missing(self) -> set[str]:
        return {each.location.cloud for each in self._selection.unreachable}

    async def _follow_returned(self) -> bool:
        """Follows the places of clouds that say now which they have.

        False when the watch cannot go on where it was in one of those.
        """
        good = True
        if any(task.done() and task.result() for task in self._returns.values()):
            new = await self._reader.selected(self._method, self._request, None)
            new.zones |= self._selection.zones
            # The same place may have another name now, which is left to the one it is known by.
            known = {each.feed.region.identity_of(self._kind) for each in self.cursors}
            self._selection = new
            for region in new.regions:
                if region.identity_of(self._kind) not in known:
                    cursor = self._follow(region)
                    good = place(cursor, self._left) and good
                    cursor.owes_synced = True
                    self.cursors.append(cursor)
        missing = self._missing()
        for name, task in list(self._returns.items()):
            if task.done() or name not in missing:
                del self._returns[name]
        for name in missing - self._returns.keys():
            self._returns[name] = self._watcher.returns(name)
        return good and all(name.partition("/")[0] in missing for name in self._left)

    async def stream(self, keepalive: float) -> AsyncIterator[Message]:
        """The answers, until the watch is over."""
        owes_all = any(cursor.owes_synced for cursor in self.cursors) or not self.cursors
        unknown = list(self._selection.unreachable)
        stopping = self._watcher.stopping
        while not stopping.is_set():
            if not await self._follow_returned():
                yield self.resync()
                return
            events = [*(cursor.feed.news for cursor in self.cursors), stopping]
            news = [asyncio.ensure_future(event.wait()) for event in events]
            try:
                failures = unknown + await self._watcher.before_stop(self._look())
                unknown = []
                if owes_all:
                    self._fail_if_hopeless(failures)
                if failures:
                    yield self._answer(unreachable=failures)
                for cursor in self.cursors:
                    if cursor.silent or not cursor.is_ready:
                        continue
                    changes = [] if cursor.position is None else cursor.feed.since(cursor.position)
                    if changes is None:
                        yield self.resync()
                        return
                    for answer in self._tell(cursor, changes):
                        yield answer
                    if cursor.owes_synced:
                        cursor.owes_synced = False
                        yield self._synced(cursor)
                if owes_all and all(not each.owes_synced or each.silent for each in self.cursors):
                    owes_all = False
                    yield self._synced(None)
                if self._request.snapshot_only and not owes_all:
                    return
                if await self._is_due(news, keepalive):
                    yield self._answer()
            finally:
                for task in news:
                    task.cancel()
        raise is_stopping()

    async def _is_due(self, news: list[asyncio.Task[Any]], keepalive: float) -> bool:
        """Waits until there may be something to tell, and says whether a bookmark is due."""
        left = self._sent + keepalive - time.monotonic()
        if self._patience is not None:
            left = min(left, self._begun + self._patience - time.monotonic())
        waiting = [*news, *self._returns.values()]
        await asyncio.wait(waiting, timeout=max(left, 0.0), return_when=asyncio.FIRST_COMPLETED)
        return time.monotonic() >= self._sent + keepalive

    async def _learn(self, cursor: Cursor) -> Failure | None:
        """Finds out what fits in a place, or why it cannot be asked."""
        if cursor.feed.failure is not None or cursor.fits is not None:
            return cursor.feed.failure
        wanted = filter_of(self._request)
        found = await self._reader.ask_one(
            cursor.feed.region,
            lambda each: self._reader.predicate(each, self._kind, wanted, self._selection),
        )
        if isinstance(found, common.LocationError):
            return Failure.of(found.error)
        cursor.fits = found
        return None

    @property
    def _is_over(self) -> bool:
        """Whether the time is up in which the caller can be told of those who answered."""
        now = time.monotonic()
        return self._patience is not None and now >= self._begun + self._patience

    async def _look(self) -> list[common.LocationError]:
        """Who has fallen silent since; and finds out what fits where that is not known yet."""
        learnt = await asyncio.gather(*(self._learn(each) for each in self.cursors))
        fallen = []
        for cursor, failure in zip(self.cursors, learnt, strict=True):
            region = cursor.feed.region
            if failure is None and not cursor.is_ready and self._is_over:
                failure = too_slow(self._patience or 0.0)
            if failure is not None and not cursor.silent:
                cursor.silent = True
                error = unreachable(region.location, failure)
                if not lacks(error) or len(self.cursors) == 1:
                    fallen.append(error)
            elif failure is None and cursor.silent:
                # It is back: what it missed comes now, and SYNCED once more.
                cursor.silent = False
                cursor.owes_synced = True
        return fallen

    def _fail_if_hopeless(self, failures: list[common.LocationError]) -> None:
        silent = [each for each in self.cursors if each.silent]
        everyone = bool(failures) and len(silent) == len(self.cursors)
        if everyone or (failures and getattr(self._request, "require_all_locations", False)):
            raise worst(failures, everyone)

    def _tell(self, cursor: Cursor, changes: list[Change]) -> Iterator[Message]:
        """What the caller does not know yet of a place."""
        assert cursor.fits is not None
        fits = cursor.fits
        if cursor.position is None:
            position = cursor.feed.position
            cursor.begun = True
            if not self._request.skip_initial:
                present = list(cursor.feed.objects.values())
                yield from self._batches(cursor, ((PRESENT, e) for e in present if fits(e)))
            cursor.position = position
            return
        events = [event for change in changes if (event := change.event(fits)) is not None]
        position = cursor.position + len(changes)
        if not events:
            cursor.position = position
            return
        yield from self._batches(cursor, iter(events), position)

    def _token(self) -> str:
        positions = self._left | {
            cursor.name: (
                [cursor.feed.epoch, cursor.position]
                if cursor.position is not None
                else (BEGUN if cursor.begun else None)
            )
            for cursor in self.cursors
        }
        return tokens.encode([self._bound, positions])

    def _answer(self, **fields: Any) -> Any:
        self._sent = time.monotonic()
        return self._response(resume_token=self._token(), **fields)

    def _batches(
        self, cursor: Cursor, seen: Iterator[Seen], position: int | None = None
    ) -> Iterator[Message]:
        """The events in answers of a good size; the last has the position that is reached then."""
        response, size = self._answer(), 0
        location = cursor.feed.location
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
        if position is not None:
            cursor.position = position
            response.resume_token = self._token()
        if response.events:
            yield response

    def _synced(self, cursor: Cursor | None) -> Message:
        response = self._answer()
        location = cursor.feed.location if cursor else None
        response.events.add(kind=SYNCED, location=location)
        return response  # type: ignore[no-any-return]

    def resync(self) -> Message:
        response = self._response()
        response.events.add(kind=RESYNC_REQUIRED)  # type: ignore[attr-defined]
        return response
