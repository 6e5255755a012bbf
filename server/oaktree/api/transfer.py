# SPDX-License-Identifier: Apache-2.0
"""Bytes of images and objects, up and down; never a whole one in memory."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
from collections.abc import AsyncGenerator, AsyncIterator
from typing import TYPE_CHECKING, Any

from google.protobuf.message import Message
from oaktreemodel.common import v1 as common
from oaktreemodel.image import v1 as image

from oaktree.api import validation
from oaktree.api.reading import Reader, answer
from oaktree.clouds import Outcome, Region
from oaktree.failures import (
    NEVER,
    SAME_CALL,
    WHOLE_FLOW,
    Code,
    Failure,
    invalid,
    reference_not_found,
    violation,
)
from oaktree.shapes import Method, kinds, method_named, parent_of

if TYPE_CHECKING:
    from oaktree.api.service import Api, Caller

CHUNK = 1 << 20
# How many chunks may wait for the cloud to take them.
WAITING = 4
# After how many bytes the caller is told how far it is.
PROGRESS = 16 * CHUNK
PROGRESS_SECONDS = 10.0
END = object()
# The checksums that every oaktree computes, whether or not they were announced.
COMMON_ALGORITHMS = ("md5", "sha256", "sha512")
ALGORITHMS = {*COMMON_ALGORITHMS, "sha1", "sha224", "sha384"}

log = logging.getLogger(__name__)


async def download(reader: Reader, method: Method, request: Any) -> AsyncIterator[Message]:
    """First what the bytes are of, then the bytes."""
    region, found = await reader.find_target(method, request)
    first = method.response.DESCRIPTOR.fields_by_number[1].name
    if not method.request_has("offset_bytes"):
        yield method.response(**{first: found})
        async for text in region.export(method.name, found):
            yield method.response(text=text)
        return
    if isinstance(found, image.Image):
        check_readable(found)
    elif is_unchanged(found, request):
        yield method.response(**{first: found, "not_modified": True})
        return
    async for part in _bytes(region, method, request, found, first):
        yield part


def check_readable(found: image.Image) -> None:
    if not found.HasField("size_bytes"):
        raise Failure(
            Code.FAILED_PRECONDITION, "NO_BYTES", f"the image '{found.id}' has no bytes yet"
        )
    if found.status == image.IMAGE_STATUS_DEACTIVATED:
        raise Failure(Code.PERMISSION_DENIED, "NOT_PERMITTED", "the image is deactivated")


def is_unchanged(found: Any, request: Any) -> bool:
    """Whether an object is as the caller has it; a Failure where it is not as it has to be."""
    changed = found.update_time.ToNanoseconds()
    if request.if_match:
        if found.etag not in request.if_match:
            raise _mismatch(found)
    elif request.HasField("if_unmodified_since"):
        if changed > request.if_unmodified_since.ToNanoseconds():
            raise _mismatch(found)
    if request.if_none_match:
        return found.etag in request.if_none_match
    if request.HasField("if_modified_since"):
        return bool(changed <= request.if_modified_since.ToNanoseconds())
    return False


def _mismatch(found: Any) -> Failure:
    return Failure(
        Code.ABORTED,
        "ETAG_MISMATCH",
        f"it has changed since: its etag is {found.etag}",
        retry=WHOLE_FLOW,
    )


async def _bytes(
    region: Region, method: Method, request: Any, found: Any, first: str
) -> AsyncIterator[Message]:
    offset: int = request.offset_bytes
    if offset > found.size_bytes:
        raise Failure(
            Code.OUT_OF_RANGE,
            "OUT_OF_RANGE",
            f"offset_bytes: there are {found.size_bytes} bytes",
        )
    length = request.length_bytes if request.HasField("length_bytes") else None
    yield method.response(**{first: found})
    whole = offset == 0 and (length is None or length >= found.size_bytes)
    checksums = [each for each in found.checksums if whole and each.algorithm in ALGORITHMS]
    check = Check(checksums, Code.DATA_LOSS, "DATA_CORRUPTED")
    async for data in region.download(found, offset, length):
        check.update(data)
        yield method.response(data=data, offset_bytes=offset)
        offset += len(data)
    check.compare(checksums)


async def upload(
    api: Api, method: Method, requests: AsyncIterator[Any], caller: Caller
) -> AsyncIterator[Message]:
    """Takes the start, the chunks and the finish, and says how far it is."""
    first = await anext(requests, None)
    if first is None or first.WhichOneof("step") != "start":
        raise out_of_order("an upload begins with a start")
    start: Any = first.start
    wrong = validation.message_violations(start, "start.")
    wrong += uncomputed(start.checksums, "start.checksums")
    if wrong:
        raise invalid(*wrong)
    known = api.repeats.known(caller.identity, method.path, start)
    if known is not None:
        yield known
        return
    result = api.repeats.begin(caller.identity, method.path, start)
    try:
        async with contextlib.aclosing(_take(api, method, requests, start, result)) as answers:
            async for each in answers:
                yield each
    finally:
        result.cancel()


async def _take(
    api: Api,
    method: Method,
    requests: AsyncIterator[Any],
    start: Any,
    result: asyncio.Future[Message],
) -> AsyncGenerator[Message]:
    """An upload after its start. result: takes the answer that a repetition gets."""
    check = Check(start.checksums, Code.INVALID_ARGUMENT, "CHECKSUM_MISMATCH")
    first_field = method.response.DESCRIPTOR.fields_by_number[1].name
    is_image = isinstance(start, image.UploadImageStart)
    region, target, there, created = await (_image if is_image else _object)(api, start)
    if there is not None:
        yield method.response(
            **{first_field: there},
            received_size_bytes=there.size_bytes,
            persisted_size_bytes=there.size_bytes,
        )
        return
    received = 0
    async for data in region.kept(target, start):
        check.update(data)
        received += len(data)
    queue: asyncio.Queue[bytes | Failure | None] = asyncio.Queue(WAITING)

    async def chunks() -> AsyncIterator[bytes]:
        while (each := await queue.get()) is not None:
            if isinstance(each, Failure):
                raise each
            yield each

    async def end() -> tuple[Message, bool]:
        outcome = await _end(queue, sending)
        begun = api.operations.begin(region, method, start, outcome)
        others: dict[str, Any] = {"received_size_bytes": received, "persisted_size_bytes": received}
        if begun is not None:
            others["operation"] = begun
        last = answer(method.response, outcome.resource, **others)
        result.set_result(last)
        return last, begun is not None

    sending = asyncio.ensure_future(region.upload(target, start, chunks()))
    finished = False
    try:
        begun_with: dict[str, Any] = {first_field: target} if is_image else {}
        yield method.response(**begun_with, persisted_size_bytes=received)
        told = received
        async for request in ticking(requests, PROGRESS_SECONDS):
            if request is None:
                yield method.response(received_size_bytes=received)
                continue
            step = request.WhichOneof("step")
            if step == "finish":
                finished = True
                checksums = [*start.checksums, *request.finish.checksums]
                break
            if step != "chunk":
                raise out_of_order("after the start come chunks and then one finish")
            data = request.chunk.data
            if not 0 < len(data) <= CHUNK:
                raise out_of_order("a chunk has at least one byte and at most 1 MiB")
            if request.chunk.offset_bytes != received:
                raise out_of_order(f"chunk.offset_bytes must be {received}")
            check.update(data)
            received += len(data)
            if start.HasField("size_bytes") and received > start.size_bytes:
                raise wrong_size(start.size_bytes, received)
            await _put(queue, data, sending)
            if received - told >= PROGRESS:
                told = received
                yield method.response(received_size_bytes=received)
        if not finished:
            raise out_of_order("the stream ended before its finish")
        if start.HasField("size_bytes") and received != start.size_bytes:
            raise wrong_size(start.size_bytes, received)
        check.compare(checksums)
        ending = asyncio.ensure_future(end())
        try:
            last, has_operation = await asyncio.shield(ending)
        except asyncio.CancelledError:
            # What has come as a whole is not given up because the caller goes.
            await asyncio.wait({ending})
            raise
    except BaseException as error:
        if result.done():
            raise
        failure = error if isinstance(error, Failure) else Failure(Code.CANCELLED, "", "given up")
        await asyncio.shield(_give_up(api, sending, queue, failure, target, created))
        raise
    if has_operation and start.wait:
        last = await api.wait(method, start, last)
    yield last


async def ticking(requests: AsyncIterator[Any], seconds: float) -> AsyncIterator[Any]:
    """The requests, and None whenever none has come for that long."""
    while True:
        coming = asyncio.ensure_future(anext(requests, END))
        try:
            while not (await asyncio.wait({coming}, timeout=seconds))[0]:
                yield None
        finally:
            coming.cancel()
        if coming.result() is END:
            return
        yield coming.result()


# The region, what the bytes go to, what is there already, and whether it was made for this.
Begun = tuple[Region, Any, Any, bool]


async def _object(api: Api, start: Any) -> Begun:
    """The container that is to get an object, and that object where it is there already."""
    await api.places.one(start.location)
    kind = kinds()["object"]
    container = parent_of(kind)
    assert container is not None
    try:
        region, target = await api.reader.find(container, start.location, start.container)
    except Failure as failure:
        if failure.code != Code.NOT_FOUND:
            raise
        raise reference_not_found("start.container", f"container '{start.container}'") from None
    there: Any = await region.get(kind, start.name, parent=target)
    if there is None:
        return region, target, None, False
    if start.must_not_exist:
        raise Failure(
            Code.ALREADY_EXISTS, "ALREADY_EXISTS", f"there is an object '{start.name}' already"
        )
    same = start.size_bytes == there.size_bytes or not start.HasField("size_bytes")
    is_it = same and not start.always_upload and _has_checksum(there, start)
    return region, target, there if is_it else None, False


async def _image(api: Api, start: image.UploadImageStart) -> Begun:
    """The image that is to get bytes, made first where the start says so."""
    if not start.HasField("create"):
        await api.places.one(start.location)
        region, found = await api.reader.find(image.Image, start.location, start.name_or_id)
        assert isinstance(found, image.Image)
        return region, found, found if already_there(found, start) else None, False
    create = image.CreateImageRequest()
    create.CopyFrom(start.create)
    if create.HasField("location") or create.request_id:
        raise invalid(
            violation("start.create", "its location and request_id are those of start", "EXCLUSIVE")
        )
    create.location.CopyFrom(start.location)
    validation.check(method_named("CreateImage"), create)
    region = await api.places.one(start.location)
    outcome = await region.perform("CreateImage", create, None)
    assert isinstance(outcome.resource, image.Image)
    return region, outcome.resource, None, True


async def _put(queue: asyncio.Queue[Any], item: Any, sending: asyncio.Future[Any]) -> None:
    """Hands a chunk on, unless the cloud has given up meanwhile."""
    putting = asyncio.ensure_future(queue.put(item))
    await asyncio.wait({putting, sending}, return_when=asyncio.FIRST_COMPLETED)
    if not putting.done():
        putting.cancel()
        await sending
        raise Failure(Code.ABORTED, "ABORTED", "the cloud ended the upload", retry=WHOLE_FLOW)


async def _end(queue: asyncio.Queue[Any], sending: asyncio.Future[Outcome]) -> Outcome:
    """What the cloud makes of the whole."""
    await _put(queue, None, sending)
    return await sending


async def _give_up(
    api: Api,
    sending: asyncio.Future[Any],
    queue: asyncio.Queue[Any],
    failure: Failure,
    target: Any,
    created: bool,
) -> None:
    while not sending.done():
        try:
            queue.put_nowait(failure)
            break
        except asyncio.QueueFull:
            queue.get_nowait()
    await asyncio.wait({sending})
    if not sending.cancelled():
        sending.exception()
    if not created:
        return
    try:
        method = method_named("DeleteImage")
        request = image.DeleteImageRequest(
            location=target.location, name_or_id=target.id, missing_ok=True
        )
        deleted: Any = await api.carry_out(method, request)
        if deleted.operation.id:
            await api.operations.wait(deleted.operation.id, api.places.patience)
    except Failure:
        log.exception("the image %s was made for an upload and could not be deleted", target.id)


def already_there(target: image.Image, start: image.UploadImageStart) -> bool:
    """Whether the image has these very bytes; a Failure when it has others."""
    if target.status == image.IMAGE_STATUS_QUEUED:
        return False
    if not target.HasField("size_bytes"):
        raise Failure(
            Code.FAILED_PRECONDITION,
            "IN_TRANSITION",
            f"the image '{target.id}' is {target.status_raw}: another upload is at work on it",
            retry=SAME_CALL,
            delay_seconds=1.0,
        )
    if _has_checksum(target, start):
        return True
    raise Failure(
        Code.FAILED_PRECONDITION,
        "ALREADY_UPLOADED",
        f"the image '{target.id}' has its bytes already",
    )


def _has_checksum(target: Any, start: Any) -> bool:
    own = {each.algorithm: each.hex_digest for each in target.checksums}
    return any(own.get(each.algorithm) == each.hex_digest.lower() for each in start.checksums)


def out_of_order(message: str) -> Failure:
    return Failure(Code.INVALID_ARGUMENT, "OUT_OF_ORDER", message, retry=WHOLE_FLOW)


def wrong_size(announced: int, received: int) -> Failure:
    return Failure(
        Code.INVALID_ARGUMENT,
        "SIZE_MISMATCH",
        f"{announced} bytes were announced and {received} came",
    )


def uncomputed(checksums: Any, field: str) -> list[common.FieldViolation]:
    """The checksums of a field that nobody here can compute."""
    return [
        violation(f"{field}[{i}].algorithm", f"nobody here computes {each.algorithm}", "UNKNOWN")
        for i, each in enumerate(checksums)
        if each.algorithm and each.algorithm not in ALGORITHMS
    ]


class Check:
    """Checksums of bytes as they pass."""

    def __init__(self, checksums: Any, code: Code, reason: str) -> None:
        self._code, self._reason = code, reason
        names = dict.fromkeys([*(each.algorithm for each in checksums), *COMMON_ALGORITHMS])
        self._hashes = {name: hashlib.new(name, usedforsecurity=False) for name in names}

    def update(self, data: bytes) -> None:
        for each in self._hashes.values():
            each.update(data)

    def compare(self, checksums: Any) -> None:
        for each in checksums:
            own = self._hashes.get(each.algorithm)
            if own is None:
                text = f"{each.algorithm} has to be announced in the start"
                raise invalid(violation("finish.checksums", text, "UNKNOWN"))
            if own.hexdigest() != each.hex_digest.lower():
                raise Failure(
                    self._code,
                    self._reason,
                    f"the bytes have {each.algorithm} {own.hexdigest()}, not {each.hex_digest}",
                    retry=NEVER if self._code == Code.INVALID_ARGUMENT else SAME_CALL,
                )
