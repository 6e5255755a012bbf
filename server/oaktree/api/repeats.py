# SPDX-License-Identifier: Apache-2.0
"""What a request_id promises: the same request twice is one change."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from google.protobuf.message import Message

from oaktree.api import tokens
from oaktree.failures import Code, Failure
from oaktree.shapes import is_map, is_sensitive

# How long a result is kept, in seconds. The promise is an hour.
MEMORY = 2 * 3600.0
# Failures that the same request will always meet. Any other may be gone at the next try.
LASTING = {Code.INVALID_ARGUMENT, Code.UNIMPLEMENTED}


@dataclass
class Known:
    digest: str
    result: asyncio.Future[Message]
    begun: float = field(default_factory=time.monotonic)


def without_secrets(answer: Message) -> Message:
    """The answer less what is told only once, however deep in it."""
    copy = type(answer)()
    copy.CopyFrom(answer)
    _clear_secrets(copy)
    return copy


def _clear_secrets(message: Message) -> None:
    for each, value in message.ListFields():
        if is_sensitive(each):
            message.ClearField(each.name)
        elif each.message_type is not None and not is_map(each):
            for inner in value if each.is_repeated else [value]:
                _clear_secrets(inner)


def reused(request_id: str) -> Failure:
    return Failure(
        Code.ALREADY_EXISTS,
        "REQUEST_ID_REUSED",
        f"request_id '{request_id}' was used with another request: take a new one",
    )


def _settled(result: Message) -> asyncio.Future[Message]:
    """What is remembered of a result: its secrets are not."""
    kept: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
    kept.set_result(without_secrets(result))
    return kept


def _digest(request: Message) -> str:
    return tokens.digest(request, "request_id", "wait", "wait_timeout")


class Repeats:
    """The results of the changes that had a request_id."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str, str], Known] = {}

    async def once(
        self, caller: str, method: str, request: Message, change: Callable[[], Awaitable[Message]]
    ) -> Message:
        """The result of the change, which is carried out unless it was before."""
        request_id: str = request.request_id  # type: ignore[attr-defined]
        if not request_id:
            return await asyncio.shield(asyncio.ensure_future(change()))
        self._forget()
        own = caller, method, request_id
        digest = _digest(request)
        known = self._known.get(own)
        repeated = known is not None
        if known is None:
            known = self._known[own] = Known(digest, asyncio.ensure_future(change()))
            known.result.add_done_callback(lambda done: self._settle(own, done))
        elif known.digest != digest:
            raise reused(request_id)
        # A caller who leaves ends the waiting, never the change.
        result = await asyncio.shield(known.result)
        return without_secrets(result) if repeated else result

    def known(self, caller: str, method: str, request: Message) -> Message | None:
        """The result of the same request, where there is one."""
        request_id: str = request.request_id  # type: ignore[attr-defined]
        known = self._known.get((caller, method, request_id))
        if not request_id or known is None:
            return None
        if known.digest != _digest(request):
            raise reused(request_id)
        return known.result.result()

    def keep(self, caller: str, method: str, request: Message, result: Message) -> None:
        """Remembers the result of a request that was carried out elsewhere."""
        request_id: str = request.request_id  # type: ignore[attr-defined]
        if request_id:
            self._forget()
            self._known[caller, method, request_id] = Known(_digest(request), _settled(result))

    def _settle(self, own: tuple[str, str, str], done: asyncio.Future[Message]) -> None:
        failure = None if done.cancelled() else done.exception()
        lasting = isinstance(failure, Failure) and failure.code in LASTING
        if done.cancelled() or (failure is not None and not lasting):
            self._known.pop(own, None)
        elif failure is None and own in self._known:
            self._known[own].result = _settled(done.result())

    def _forget(self) -> None:
        limit = time.monotonic() - MEMORY
        while self._known:
            oldest = next(iter(self._known))
            if self._known[oldest].begun > limit or not self._known[oldest].result.done():
                return
            del self._known[oldest]
