# SPDX-License-Identifier: Apache-2.0
"""Bytes of images, up and down."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from typing import Any

import grpc
import grpc.aio
import pytest
from conftest import ALDER, Client, error_of, refused
from oaktreemodel.common import v1 as common
from oaktreemodel.image import v1 as image
from oaktreemodel.operation import v1 as operation

CHUNK = 1 << 20
DATA = bytes(range(256)) * 10_000


def steps(start: image.UploadImageStart, data: bytes, finish: bool = True) -> Any:
    async def send() -> AsyncIterator[image.UploadImageRequest]:
        yield image.UploadImageRequest(start=start)
        for at in range(0, len(data), CHUNK):
            chunk = image.UploadImageChunk(data=data[at : at + CHUNK], offset_bytes=at)
            yield image.UploadImageRequest(chunk=chunk)
        if finish:
            yield image.UploadImageRequest(finish=image.UploadImageFinish())

    return send()


def begin(**fields: Any) -> image.UploadImageStart:
    create = image.CreateImageRequest(name="own", disk_format="raw", tags=["t"])
    return image.UploadImageStart(location=ALDER, create=create, **fields)


def md5(data: bytes) -> common.Checksum:
    digest = hashlib.md5(data, usedforsecurity=False).hexdigest()
    return common.Checksum(algorithm="md5", hex_digest=digest)


async def test_what_goes_up_comes_down(client: Client) -> None:
    start = begin(size_bytes=len(DATA), checksums=[md5(DATA)], wait=True)
    answers = [each async for each in client.images.UploadImage(steps(start, DATA))]
    assert answers[0].image.status == image.IMAGE_STATUS_QUEUED
    assert answers[0].persisted_size_bytes == 0
    last = answers[-1]
    assert last.image.status == image.IMAGE_STATUS_ACTIVE
    assert last.operation.state == operation.OPERATION_STATE_SUCCEEDED
    assert last.received_size_bytes == last.image.size_bytes == len(DATA)
    assert list(last.image.tags) == ["t"]
    down = client.images.DownloadImage(image.DownloadImageRequest(name_or_id="own"))
    parts = [each async for each in down]
    assert parts[0].image.id == last.image.id
    assert b"".join(each.data for each in parts) == DATA
    assert max(len(each.data) for each in parts) <= CHUNK


async def test_a_download_goes_on_from_any_offset(client: Client) -> None:
    async for _ in client.images.UploadImage(steps(begin(wait=True), DATA)):
        pass
    for offset, length in ((5, 7), (len(DATA) - 3, None), (len(DATA), None)):
        request = image.DownloadImageRequest(name_or_id="own", offset_bytes=offset)
        if length is not None:
            request.length_bytes = length
        got = b""
        async for each in client.images.DownloadImage(request):
            assert not each.data or each.offset_bytes == offset + len(got)
            got += each.data
        assert got == DATA[offset : None if length is None else offset + length]
    request = image.DownloadImageRequest(name_or_id="own", offset_bytes=len(DATA) + 1)
    assert (await refused(client.images.DownloadImage(request))).code == 11


@pytest.mark.parametrize(
    "start, data, finish, reason",
    [
        (begin(size_bytes=len(DATA) + 1), DATA, True, "SIZE_MISMATCH"),
        (begin(size_bytes=10), DATA, True, "SIZE_MISMATCH"),
        (begin(checksums=[md5(b"other")]), DATA, True, "CHECKSUM_MISMATCH"),
        (begin(), DATA, False, "OUT_OF_ORDER"),
        (begin(name_or_id="both"), b"", True, "INVALID_REQUEST"),
    ],
)
async def test_an_upload_that_fails_leaves_nothing(
    client: Client, start: image.UploadImageStart, data: bytes, finish: bool, reason: str
) -> None:
    error = await refused(client.images.UploadImage(steps(start, data, finish)))
    assert (error.code, error.reason) == (3, reason)
    listed = await client.images.ListImages(image.ListImagesRequest(locations=[ALDER]))
    assert {each.name for each in listed.images} == {"debian-13", "fedora-43"}


async def test_an_image_that_was_there_is_queued_again(client: Client) -> None:
    create = image.CreateImageRequest(location=ALDER, name="queued", disk_format="raw")
    await client.images.CreateImage(create)
    start = image.UploadImageStart(location=ALDER, name_or_id="queued", size_bytes=5)
    await refused(client.images.UploadImage(steps(start, DATA)))
    found = await client.images.GetImage(image.GetImageRequest(name_or_id="queued"))
    assert found.image.status == image.IMAGE_STATUS_QUEUED
    start.size_bytes = len(DATA)
    answers = [each async for each in client.images.UploadImage(steps(start, DATA))]
    assert answers[-1].operation.kind == "image.upload"


async def test_bytes_that_are_there_are_not_sent_again(client: Client) -> None:
    start = begin(wait=True)
    async for _ in client.images.UploadImage(steps(start, DATA)):
        pass
    again = image.UploadImageStart(location=ALDER, name_or_id="own", checksums=[md5(DATA)])
    answers = [each async for each in client.images.UploadImage(steps(again, b""))]
    assert answers[-1].persisted_size_bytes == len(DATA)
    again.checksums[0].CopyFrom(md5(b"other"))
    error = await refused(client.images.UploadImage(steps(again, b"")))
    assert error.reason == "ALREADY_UPLOADED"


async def test_the_answer_comes_with_the_finish_and_once_for_a_request_id(client: Client) -> None:
    start = begin(request_id="up", checksums=[md5(DATA)])

    async def send() -> str:
        call: Any = client.images.UploadImage()
        await call.write(image.UploadImageRequest(start=start))
        first = await call.read()
        if first.persisted_size_bytes == 0:
            for at in range(0, len(DATA), CHUNK):
                chunk = image.UploadImageChunk(data=DATA[at : at + CHUNK], offset_bytes=at)
                await call.write(image.UploadImageRequest(chunk=chunk))
            finish = image.UploadImageFinish()
            await call.write(image.UploadImageRequest(finish=finish))
            last = await call.read()
            while not last.HasField("image"):
                last = await call.read()
            first = last
        assert first.persisted_size_bytes == first.received_size_bytes == len(DATA)
        assert first.operation.kind == "image.upload"
        call.cancel()
        return str(first.image.id)

    assert await send() == await send()


async def test_an_import_fetches_by_itself(client: Client) -> None:
    create = image.CreateImageRequest(location=ALDER, name="far", disk_format="raw")
    await client.images.CreateImage(create)
    request = image.ImportImageRequest(
        location=ALDER,
        name_or_id="far",
        import_method="web-download",
        uri="http://example.test/x",
        wait=True,
    )
    done = await client.images.ImportImage(request)
    assert done.image.status == image.IMAGE_STATUS_ACTIVE
    request.import_method = "carrier-pigeon"
    error = await refused(client.images.ImportImage(request))
    assert error.reason == "NOT_SUPPORTED_BY_CLOUD"


async def test_formats_and_protection_are_respected(client: Client) -> None:
    create = image.CreateImageRequest(location=ALDER, name="odd", disk_format="floppy")
    assert (await refused(client.images.CreateImage(create))).reason == "FORMAT_NOT_ACCEPTED"
    kept = image.CreateImageRequest(
        location=ALDER, name="kept", disk_format="raw", is_protected=True
    )
    await client.images.CreateImage(kept)
    delete = image.DeleteImageRequest(location=ALDER, name_or_id="kept", wait=True)
    assert (await refused(client.images.DeleteImage(delete))).reason == "PROTECTED"
    free = image.UpdateImageRequest(location=ALDER, name_or_id="kept", is_protected=False)
    await client.images.UpdateImage(free)
    await client.images.DeleteImage(delete)


async def test_properties_are_merged_or_replaced(client: Client) -> None:
    create = image.CreateImageRequest(
        location=ALDER, name="props", disk_format="raw", properties={"a": "1", "b": "2"}
    )
    await client.images.CreateImage(create)
    merge = image.UpdateImageRequest(
        location=ALDER, name_or_id="props", merge_properties={"c": "3"}, remove_properties=["a"]
    )
    changed = (await client.images.UpdateImage(merge)).image
    assert dict(changed.properties) == {"b": "2", "c": "3"}
    replace = image.UpdateImageRequest(location=ALDER, name_or_id="props", properties={"d": "4"})
    replace.update_mask.paths.append("properties")
    changed = (await client.images.UpdateImage(replace)).image
    assert dict(changed.properties) == {"d": "4"}


async def test_an_upload_says_all_that_is_wrong_with_its_start(client: Client) -> None:
    wrong = common.Checksum(algorithm="crc", hex_digest="00")
    start = begin(size_bytes=-1, checksums=[md5(DATA), wrong, common.Checksum()])
    error = await refused(client.images.UploadImage(steps(start, DATA)))
    fields = {each.field for each in error.field_violations}
    assert {"start.size_bytes", "start.checksums[1].algorithm"} <= fields


async def test_an_upload_that_is_under_way_is_not_begun_twice(client: Client) -> None:
    start = begin(request_id="once", size_bytes=len(DATA))
    first: Any = client.images.UploadImage()
    await first.write(image.UploadImageRequest(start=start))
    await first.read()
    error = await refused(client.images.UploadImage(steps(start, DATA)))
    assert (error.reason, error.retry_advice) == ("IN_TRANSITION", common.RETRY_ADVICE_SAME_CALL)
    assert error.retry_delay.ToMilliseconds() > 0
    other = begin(request_id="once", size_bytes=1)
    error = await refused(client.images.UploadImage(steps(other, b"x")))
    assert error.reason == "REQUEST_ID_REUSED"
    first.cancel()
    # Once what broke is cleaned up, the same request begins anew.
    async with asyncio.timeout(30):
        while True:
            call = client.images.UploadImage(steps(start, DATA))
            try:
                answers = [each async for each in call]
                break
            except grpc.aio.AioRpcError as failure:
                assert error_of(failure).reason == "IN_TRANSITION"
    listed = await client.images.ListImages(image.ListImagesRequest(locations=[ALDER]))
    own = [each.id for each in listed.images if each.name == "own"]
    assert own == [answers[-1].image.id]


async def test_an_upload_that_came_as_a_whole_is_kept_for_whoever_asks_again(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    region = (await client.clouds["alder"].regions())[0]
    upload = region.upload
    whole, going = asyncio.Event(), asyncio.Event()

    async def slow(target: Any, start: Any, chunks: Any) -> Any:
        outcome = await upload(target, start, chunks)
        whole.set()
        await going.wait()
        return outcome

    monkeypatch.setattr(region, "upload", slow)
    start = begin(request_id="left", size_bytes=len(DATA))
    call: Any = client.images.UploadImage(steps(start, DATA))
    async with asyncio.timeout(30):
        await call.read()
        await whole.wait()
        call.cancel()
        going.set()
        while True:
            again = client.images.UploadImage(steps(start, b"", finish=False))
            try:
                answers = [each async for each in again]
                break
            except grpc.aio.AioRpcError as failure:
                assert error_of(failure).reason == "IN_TRANSITION"
    assert answers[-1].persisted_size_bytes == len(DATA)
    listed = await client.images.ListImages(image.ListImagesRequest(locations=[ALDER]))
    assert [each.id for each in listed.images if each.name == "own"] == [answers[-1].image.id]
