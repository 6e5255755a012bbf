# SPDX-License-Identifier: Apache-2.0
"""One answer to every method of the model."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any

from google.protobuf.message import Message
from oaktreemodel.cloud import v1 as cloud
from oaktreemodel.common import v1 as common
from oaktreemodel.operation import v1 as operation

from oaktree.api import tokens, transfer, validation
from oaktree.api.catalogue import KINDS, CataloguePlaces, describe
from oaktree.api.cleanup import KIND as CLEANUP
from oaktree.api.cleanup import Cleanups
from oaktree.api.masks import ReadMask
from oaktree.api.operations import (
    FAILED,
    OperationPlaces,
    Operations,
    failure_of,
    look_again,
    parent_id,
)
from oaktree.api.places import REMAINING, Places, Selection
from oaktree.api.reading import DEFAULT_PAGE, LARGEST_PAGE, Page, Reader, answer, filter_of
from oaktree.api.repeats import Repeats
from oaktree.api.watching import Watcher
from oaktree.clouds import Cloud, Outcome, Region
from oaktree.failures import Code, Failure, not_found
from oaktree.shapes import Method, method_of, spoken_name

API_REVISION = "0.1.0"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Caller:
    """Who calls, and until when."""

    identity: str = ""
    # Seconds until the deadline of the call; None without one.
    remaining: float | None = None


class Api:
    """The whole interface, over these clouds."""

    def __init__(
        self, clouds: Iterable[Cloud], *, patience: float = 30.0, keepalive: float = 15.0
    ) -> None:
        self.places = Places(clouds, patience)
        self.reader = Reader(self.places)
        self.operations = Operations(self.places)
        self.watcher = Watcher(self.places, self.reader, keepalive)
        elsewhere = OperationPlaces(self.places, self.operations)
        self._operation_reader = Reader(elsewhere)
        self._catalogue_reader = Reader(CataloguePlaces(self.places))
        self._operation_watcher = Watcher(elsewhere, self._operation_reader, keepalive)
        self.cleanups = Cleanups(self.places, self.reader, self.operations, self.carry_out)
        self.repeats = Repeats()
        # What is about no objects of a region.
        self._own: dict[str, Callable[[Method, Any], Awaitable[Message]]] = {
            "/oaktree.cloud.v1.CloudService/GetCloud": self._get_cloud,
            "/oaktree.cloud.v1.CloudService/ListClouds": self._list_clouds,
            "/oaktree.cloud.v1.CloudService/GetCapabilities": self._get_capabilities,
            "/oaktree.cloud.v1.ProjectCleanupService/PlanProjectCleanup": self._plan_cleanup,
            "/oaktree.cloud.v1.ProjectCleanupService/GetProjectCleanup": self._get_cleanup,
            "/oaktree.cloud.v1.ProjectCleanupService/ListProjectCleanupItems": self._list_items,
            "/oaktree.operation.v1.OperationService/GetOperation": self._get_operation,
            "/oaktree.operation.v1.OperationService/WaitOperation": self._wait_operation,
            "/oaktree.operation.v1.OperationService/CancelOperation": self._cancel_operation,
        }
        self._background: set[asyncio.Task[None]] = set()

    def end_watches(self) -> None:
        """Ends all watches, which would never end by themselves, and lets none begin."""
        self.watcher.stopping.set()
        self._operation_watcher.stopping.set()

    async def close(self) -> None:
        for task in self._background:
            task.cancel()
        await self.cleanups.close()
        await self.watcher.close()
        await self._operation_watcher.close()
        for each in self.places.clouds.values():
            await each.close()

    async def unary(self, method: Method, request: Any, caller: Caller) -> Message:
        """The answer of a method that streams nothing."""
        validation.check(method, request)
        REMAINING.set(caller.remaining)
        own = self._own.get(method.path)
        if own is not None:
            return await own(method, request)
        if method.changes:
            return await self._change(method, request, caller)
        if method.verb == common.VERB_GET and method.request_has("name_or_id"):
            return await self._reader_of(method).get(method, request)
        if method.verb == common.VERB_LIST:
            return await self._reader_of(method).page(method, request)
        if method.verb in {common.VERB_QUERY, common.VERB_GET}:
            region, target = await self._target(method, request)
            outcome = await region.perform(method.name, request, target)
            resource = outcome.resource
            if resource is not None:
                resource = ReadMask.of(type(resource), request).apply(resource)
            return answer(method.response, resource, **outcome.answer)
        raise Failure(Code.UNIMPLEMENTED, "", f"{method.name} is not served here")

    def _reader_of(self, method: Method) -> Reader:
        if is_operation(method):
            return self._operation_reader
        return self._catalogue_reader if method.resource in KINDS else self.reader

    def stream(self, method: Method, request: Any, caller: Caller) -> AsyncIterator[Message]:
        """The answers of a method that streams them."""
        validation.check(method, request)
        if method.verb == common.VERB_WATCH:
            # Any other watch goes on until its deadline.
            REMAINING.set(caller.remaining if request.snapshot_only else None)
            watcher = self._operation_watcher if is_operation(method) else self.watcher
            return watcher.watch(method, request)
        return transfer.download(self.reader, method, request)

    def upload(
        self, method: Method, requests: AsyncIterator[Any], caller: Caller
    ) -> AsyncIterator[Message]:
        return transfer.upload(self, method, requests, caller)

    # -- changes ----------------------------------------------------------------------------------

    async def _change(self, method: Method, request: Any, caller: Caller) -> Message:
        done: Any = await self.repeats.once(
            caller.identity, method.path, request, lambda: self.carry_out(method, request)
        )
        if not method.request_has("wait") or not request.wait or not done.operation.id:
            return done  # type: ignore[no-any-return]
        return await self.wait(method, request, done)

    async def carry_out(self, method: Method, request: Any) -> Message:
        """Carries a change out and answers at once."""
        if method.resource is cloud.ProjectCleanup:
            begun_cleanup = await self.cleanups.start(request)
            return answer(method.response, begun_cleanup.told, operation=begun_cleanup.operation())
        try:
            region, target = await self._target(method, request)
            outcome = await region.perform(method.name, request, target)
        except Failure as failure:
            if failure.code == Code.NOT_FOUND and getattr(request, "missing_ok", False):
                return method.response()
            raise
        begun = self.operations.begin(region, method, request, outcome)
        if begun is not None and getattr(request, "delete_on_failure", False):
            self._in_background(self._delete_if_failed(region, begun, outcome))
        others = dict(outcome.answer)
        if begun is not None:
            others["operation"] = begun
        resource = outcome.resource
        if resource is not None:
            resource = ReadMask(type(resource), None).apply(resource)
        return answer(method.response, resource, **others)

    async def wait(self, method: Method, request: Any, done: Any) -> Message:
        """The answer of a change once it has ended, or its time is up."""
        timeout = request.wait_timeout.ToNanoseconds() / 1e9
        ended = await self.operations.wait(
            done.operation.id, timeout if request.HasField("wait_timeout") else None
        )
        if ended.state == FAILED:
            raise failure_of(ended)
        response = method.response()
        response.CopyFrom(done)
        response.operation.CopyFrom(ended)  # type: ignore[attr-defined]
        field = method.response.DESCRIPTOR.fields_by_number[1]
        if field.message_type is method.resource.DESCRIPTOR:
            region = await self.places.one(ended.location)
            own = getattr(response, field.name)
            for each in own if field.is_repeated else [own]:
                if method.resource is cloud.ProjectCleanup:
                    each.CopyFrom(self.cleanups.get(each.id).told)
                    continue
                now = await look_again(region, method.resource, each.id, parent_id(each))
                if now is not None:
                    each.CopyFrom(ReadMask(method.resource, None).apply(now))
        return response

    async def _target(self, method: Method, request: Any) -> tuple[Region, Message | None]:
        """Where a change happens or a question is answered, and the object it is about or in."""
        if method.changes:
            # A change does not look around.
            await self.places.one(request.location, method.parent or method.named)
        if getattr(request, "name_or_id", ""):
            return await self.reader.find_target(method, request)
        within = await self.reader.find_parent(method, request)
        if within is not None:
            return within
        return await self.places.one(request.location, method.resource), None

    def _in_background(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    async def _delete_if_failed(
        self, region: Region, begun: operation.Operation, outcome: Outcome
    ) -> None:
        # The deadline was the caller's, who may be gone.
        REMAINING.set(None)
        try:
            ended = await self.operations.wait(begun.id, None)
            if ended.state == FAILED and outcome.resource is not None:
                kind = type(outcome.resource)
                delete = method_of(kind, common.VERB_DELETE)
                assert delete is not None, spoken_name(kind)
                request = delete.request(
                    location=region.location,
                    name_or_id=outcome.resource.id,  # type: ignore[attr-defined]
                    missing_ok=True,
                )
                await self.carry_out(delete, request)
        except Failure:
            log.exception("what failed could not be deleted: %s", begun.resource.id)

    # -- clouds -----------------------------------------------------------------------------------

    async def _get_cloud(self, method: Method, request: cloud.GetCloudRequest) -> Message:
        found = self.places.clouds.get(request.name_or_id)
        if found is None:
            raise not_found(f"cloud '{request.name_or_id}'")
        return answer(
            method.response, ReadMask.of(method.resource, request).apply(found.describe())
        )

    async def _list_clouds(self, method: Method, request: cloud.ListCloudsRequest) -> Message:
        names = set(request.filter.names)
        found = [
            each.describe()
            for name, each in self.places.clouds.items()
            if not names or name in names
        ]
        return self._page(method, request, found)

    async def _get_capabilities(
        self, method: Method, request: cloud.GetCapabilitiesRequest
    ) -> Message:
        region = await self.places.one(request.location)
        known = await region.capabilities()
        await describe(region, known)
        known.location.CopyFrom(region.location)
        known.id = f"{region.location.cloud}/{region.location.region}"
        known.api_revision = API_REVISION
        return answer(method.response, ReadMask.of(method.resource, request).apply(known))

    async def _plan_cleanup(
        self, method: Method, request: cloud.PlanProjectCleanupRequest
    ) -> Message:
        _, items, silent = await self.cleanups.plan(request)
        page: Any = self._page(method, request, [item.told for item in items])
        page.unreachable.extend(silent)
        return page  # type: ignore[no-any-return]

    async def _get_cleanup(
        self, method: Method, request: cloud.GetProjectCleanupRequest
    ) -> Message:
        found = self.cleanups.get(request.name_or_id)
        return answer(method.response, ReadMask.of(method.resource, request).apply(found.told))

    async def _list_items(
        self, method: Method, request: cloud.ListProjectCleanupItemsRequest
    ) -> Message:
        found = self.cleanups.get(request.project_cleanup)
        region = await self.places.one(found.told.location)
        fits = await self.reader.predicate(
            region, cloud.ProjectCleanupItem, filter_of(request), Selection()
        )
        return self._page(method, request, [each.told for each in found.items if fits(each.told)])

    # -- operations -------------------------------------------------------------------------------

    async def _get_operation(
        self, method: Method, request: operation.GetOperationRequest
    ) -> Message:
        seen, _ = await self.operations.look(request.operation_id)
        return answer(method.response, ReadMask.of(method.resource, request).apply(seen))

    async def _wait_operation(
        self, method: Method, request: operation.WaitOperationRequest
    ) -> Message:
        timeout = request.wait_timeout.ToNanoseconds() / 1e9
        seen = await self.operations.wait(
            request.operation_id, timeout if request.HasField("wait_timeout") else None
        )
        return answer(method.response, ReadMask.of(method.resource, request).apply(seen))

    async def _cancel_operation(
        self, method: Method, request: operation.CancelOperationRequest
    ) -> Message:
        seen, _ = await self.operations.look(request.operation_id)
        if seen.state == operation.OPERATION_STATE_RUNNING and not seen.cancellable:
            raise Failure(
                Code.FAILED_PRECONDITION,
                "NOT_CANCELLABLE",
                f"{seen.kind} cannot be given up",
                operation_id=seen.id,
            )
        if seen.kind == CLEANUP and seen.state == operation.OPERATION_STATE_RUNNING:
            self.cleanups.give_up(seen.id)
            seen, _ = await self.operations.look(seen.id)
        return answer(method.response, seen)

    def _page(self, method: Method, request: Any, found: list[Any]) -> Message:
        """A page of what is known here as a whole."""
        begin = 0
        if said := tokens.opened(request, "page_token"):
            if not (said[-1].isascii() and said[-1].isdecimal()):
                raise tokens.malformed("page_token")
            begin = int(said[-1])
        size = min(request.page_size or DEFAULT_PAGE, LARGEST_PAGE)
        filled = Page(ReadMask.of(method.resource, request), size)
        end = begin + filled.take(found[begin:])
        page = method.response()
        getattr(page, method.response.DESCRIPTOR.fields_by_number[1].name).extend(filled.items)
        if end < len(found):
            token = tokens.encode([tokens.bound(request, "page_token"), "", "", "", str(end)])
            page.next_page_token = token  # type: ignore[attr-defined]
        return page


def is_operation(method: Method) -> bool:
    return method.resource is operation.Operation
