# SPDX-License-Identifier: Apache-2.0
"""What a request_id promises: the same request twice is one change."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from google.protobuf.message import Message

from oaktree.api import tokens
from oaktree.failures import SAME_CALL, Code, Failure
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
        if known.result.cancelled():
            return None
        if not known.result.done():
            raise Failure(
                Code.FAILED_PRECONDITION,
                "IN_TRANSITION",
                f"request_id '{request_id}': the same request is still at work",
                retry=SAME_CALL,
                delay_seconds=1.0,
            )
        return without_secrets(known.result.result())

    def begin(self, caller: str, method: str, request: Message) -> asyncio.Future[Message]:
        """What takes the result of a request that is carried out elsewhere; cancelled without."""
        result: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        request_id: str = request.request_id  # type: ignore[attr-defined]
        if request_id:
            self._forget()
            own = caller, method, request_id
            self._known[own] = Known(_digest(request), result)
            result.add_done_callback(lambda done: self._settle(own, done))
        return result

    def _settle(self, own: tuple[str, str, str], done: asyncio.Future[Message]) -> None:
        known = self._known.get(own)
        if known is None or known.result is not done:
            return
        failure = None if done.cancelled() else done.exception()
        lasting = isinstance(failure, Failure) and failure.code in LASTING
        # What took long is kept as long as what did not.
        del self._known[own]
        if lasting:
            self._known[own] = Known(known.digest, done)
        elif failure is None and not done.cancelled():
            self._known[own] = Known(known.digest, _settled(done.result()))

    def _forget(self) -> None:
        limit = time.monotonic() - MEMORY
        old = itertools.takewhile(lambda each: each[1].begun <= limit, self._known.items())
        for own in [own for own, known in old if known.result.done()]:
            del self._known[own]
