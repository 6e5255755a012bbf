# SPDX-License-Identifier: Apache-2.0
"""Containers and objects: bytes, listings, versions, copies and URLs."""

from __future__ import annotations

import hashlib
import hmac
import urllib.parse
from collections.abc import AsyncIterator
from typing import Any

import pytest
from conftest import NORTH, Calls, Client, refused
from google.protobuf.duration_pb2 import Duration
from google.protobuf.field_mask_pb2 import FieldMask
from oaktreemodel.common import v1 as common
from oaktreemodel.object_store import v1 as object_store
from oaktreemodel.operation import v1 as operation

KEY = "a key for temporary URLs"


@pytest.fixture
async def stub(client: Client, call: Calls) -> Any:
    await call("CreateContainer", name="box")
    return object_store.ObjectServiceStub(client.channel)


async def put(call: Calls, name: str, data: bytes = b"data", **fields: Any) -> Any:
    made = await call("CreateObject", container="box", name=name, data=data, **fields)
    return made.object


def step(**fields: Any) -> object_store.UploadObjectRequest:
    return object_store.UploadObjectRequest(**fields)


def steps(start: Any, data: bytes, size: int, at: int = 0, finish: bool = True) -> Any:
    async def send() -> AsyncIterator[object_store.UploadObjectRequest]:
        yield step(start=start)
        for begin in range(at, len(data), size):
            chunk = {"data": data[begin : begin + size], "offset_bytes": begin}
            yield step(chunk=chunk)
        if finish:
            yield step(finish={})

    return send()


async def got(stub: Any, name: str, **fields: Any) -> bytes:
    request = object_store.DownloadObjectRequest(
        location=NORTH, container="box", name_or_id=name, **fields
    )
    return b"".join([each.data async for each in stub.DownloadObject(request)])


async def listed(call: Calls, **fields: Any) -> list[str]:
    found = await call("ListObjects", container="box", **fields)
    return [each.name for each in found.objects]


async def test_listings_are_narrowed_and_rolled_up(stub: Any, call: Calls) -> None:
    for name in ("b/2", "a/1", "b/1", "b/c/1", "d"):
        await put(call, name)
    assert await listed(call) == ["a/1", "b/1", "b/2", "b/c/1", "d"]
    assert await listed(call, delimiter="/") == ["a/", "b/", "d"]
    below = object_store.ObjectFilter(prefix="b/")
    assert await listed(call, delimiter="/", filter=below) == ["b/1", "b/2", "b/c/"]
    between = object_store.ObjectFilter(after_name="a/1", before_name="b/c")
    assert await listed(call, filter=between) == ["b/1", "b/2"]
    container = (await call("GetContainer", name_or_id="box")).container
    assert (container.objects.used, container.size_bytes.used) == (5, 20)
    account = (await call("GetAccount")).account
    assert account.id == account.name == f"AUTH_{account.location.project.id}"
    assert (account.container_count, account.objects.used, account.size_bytes.used) == (1, 5, 20)
    dry = await call("DeleteObjects", container="box", filter=below, dry_run=True)
    assert list(dry.deleted) == ["b/1", "b/2", "b/c/1"]
    some = await call("DeleteObjects", container="box", all_objects=True, limit_count=2)
    assert (list(some.deleted), some.has_more) == (["a/1", "b/1"], True)
    assert await call.reason("DeleteObjects", container="box") == "INVALID_REQUEST"
    assert await call.reason("DeleteContainer", name_or_id="box") == "IN_USE"
    gone = await call("DeleteContainer", name_or_id="box", delete_objects=True, wait=True)
    assert gone.operation.state == operation.OPERATION_STATE_SUCCEEDED


async def test_a_large_object_goes_on_where_it_broke(stub: Any, call: Calls) -> None:
    data = bytes(range(250)) * 4
    digest = hashlib.sha256(data).hexdigest()
    start = object_store.UploadObjectStart(
        location=NORTH,
        container="box",
        name="large",
        request_id="again",
        segment_size_bytes=300,
        checksums=[common.Checksum(algorithm="sha256", hex_digest=digest)],
    )
    error = await refused(stub.UploadObject(steps(start, data[:700], 100, finish=False)))
    assert error.reason == "OUT_OF_ORDER"
    call_ = stub.UploadObject()
    await call_.write(step(start=start))
    at = (await call_.read()).persisted_size_bytes
    assert at == 600
    chunk = {"data": data[at:], "offset_bytes": at}
    await call_.write(step(chunk=chunk))
    await call_.write(step(finish={}))
    last = (await call_.read()).object
    parts = [data[begin : begin + 300] for begin in range(0, 1000, 300)]
    etags = [hashlib.md5(each, usedforsecurity=False).hexdigest() for each in parts]
    joined = "".join(etags).encode()
    assert last.etag == hashlib.md5(joined, usedforsecurity=False).hexdigest()
    assert (last.size_bytes, last.is_static_large_object) == (1000, True)
    assert await got(stub, "large") == data
    assert await got(stub, "large", offset_bytes=290, length_bytes=20) == data[290:310]
    segments = (await call("ListObjects", container="box_segments")).objects
    assert [each.etag for each in segments] == etags
    await call("DeleteObject", container="box_segments", name_or_id=segments[1].name)
    with pytest.raises(Exception, match="is not the one it was"):
        await got(stub, "large")
    await call("DeleteObject", container="box", name_or_id="large")
    assert not (await call("ListObjects", container="box_segments")).objects


async def test_a_whole_segment_is_not_sent_again(stub: Any, call: Calls) -> None:
    data = bytes(range(250)) * 4
    start = object_store.UploadObjectStart(
        location=NORTH, container="box", name="large", request_id="whole", segment_size_bytes=300
    )
    await refused(stub.UploadObject(steps(start, data[:900], 100, finish=False)))
    again = stub.UploadObject()
    await again.write(step(start=start))
    assert (await again.read()).persisted_size_bytes == 900
    await again.write(step(chunk={"data": data[900:], "offset_bytes": 900}))
    await again.write(step(finish={}))
    assert (await again.read()).object.size_bytes == 1000
    assert await got(stub, "large") == data


async def test_an_object_can_stand_for_others(stub: Any, call: Calls) -> None:
    await put(call, "part/1", b"one")
    await put(call, "part/2", b"two")
    whole = await call("CreateObject", container="box", name="whole", manifest="box/part/")
    assert whole.object.size_bytes == 6
    await call("CreateObject", container="box", name="link", symlink_target="box/part/2")
    assert await got(stub, "whole") == b"onetwo"
    assert await got(stub, "link") == b"two"
    link = (await call("GetObject", container="box", name_or_id="link")).object
    assert (link.name, link.size_bytes, link.symlink_target) == ("link", 3, "box/part/2")
    own = (await call("GetObject", container="box", name_or_id="link", no_follow=True)).object
    assert own.size_bytes == 0
    wrong = {"segments": [{"container": "box", "name": "part/1", "size_bytes": 9}]}
    reason = await call.reason("CreateObject", container="box", name="x", segments=wrong)
    assert reason == "SIZE_MISMATCH"


async def test_conditions_decide_whether_bytes_come(stub: Any, call: Calls) -> None:
    made = await put(call, "it", b"bytes")
    assert await got(stub, "it", if_match=[made.etag]) == b"bytes"
    assert await got(stub, "it", if_none_match=[made.etag]) == b""
    assert await got(stub, "it", if_none_match=["other"], if_modified_since=made.update_time)
    request = object_store.DownloadObjectRequest(
        location=NORTH, container="box", name_or_id="it", if_match=["other"]
    )
    assert (await refused(stub.DownloadObject(request))).reason == "ETAG_MISMATCH"


async def test_versions_live_on(stub: Any, call: Calls) -> None:
    await call("UpdateContainer", name_or_id="box", is_versioned=True)
    old = await put(call, "it", b"old")
    await put(call, "it", b"new")
    assert await got(stub, "it", version_id=old.version_id) == b"old"
    await call("DeleteObject", container="box", name_or_id="it")
    assert await listed(call) == []
    versions = (await call("ListObjects", container="box", versions=True)).objects
    assert [each.is_delete_marker for each in versions] == [True, False, False]
    assert [each.is_latest for each in versions] == [True, False, False]
    assert await call.reason("DeleteContainer", name_or_id="box") == "IN_USE"
    await call("DeleteObject", container="box", name_or_id="it", version_id=versions[1].version_id)
    assert len((await call("ListObjects", container="box", versions=True)).objects) == 2


async def test_a_copy_is_an_object_of_its_own(call: Calls, stub: Any) -> None:
    await put(call, "from", b"bytes", metadata={"A": "1", "b": "2"})
    await call("CreateContainer", name="other")
    copied = await call(
        "CopyObject",
        container="box",
        name_or_id="from",
        destination_container="other",
        destination_name="to",
        merge_metadata={"b": "3"},
        wait=True,
    )
    assert dict(copied.object.metadata) == {"a": "1", "b": "3"}
    assert copied.operation.resource.id == "other/to"
    await call("DeleteObject", container="box", name_or_id="from")
    assert (await call("GetObject", container="other", name_or_id="to")).object.size_bytes == 5
    # It does not fit into the id of the operation.
    name = "".join(hashlib.sha512(bytes([each])).hexdigest() for each in range(8))
    long = {"container": "other", "name_or_id": "to", "destination_name": name}
    copied = await call("CopyObject", wait=True, **long)
    assert copied.operation.state == operation.OPERATION_STATE_SUCCEEDED
    again = {"container": "other", "name_or_id": "to", "destination_container": "lost"}
    reason = await call.reason("CopyObject", destination_name="x", **again)
    assert reason == "REFERENCE_NOT_FOUND"


async def test_limits_are_kept(call: Calls, stub: Any) -> None:
    await call("UpdateContainer", name_or_id="box", size_limit_bytes=6)
    await put(call, "it", b"12345")
    wanted = {"container": "box", "name": "more", "data": b"12"}
    assert await call.reason("CreateObject", **wanted) == "QUOTA_EXCEEDED"
    await put(call, "it", b"123456")


async def test_temporary_urls_are_signed_as_swift_checks_them(call: Calls, stub: Any) -> None:
    wanted = {"container": "box", "object": "a b", "expire_after": Duration(seconds=60)}
    assert await call.reason("GenerateTemporaryUrl", **wanted) == "NO_TEMPORARY_URL_KEY"
    changed = await call("UpdateContainer", name_or_id="box", temp_url_key=KEY)
    assert not changed.container.temp_url_key
    assert not (await call("GetContainer", name_or_id="box")).container.temp_url_key
    mask = FieldMask(paths=["temp_url_key"])
    named = await call("GetContainer", name_or_id="box", read_mask=mask)
    assert named.container.temp_url_key == KEY
    method = object_store.TEMPORARY_URL_METHOD_PUT
    told = await call(
        "GenerateTemporaryUrl", method=method, digest="sha256", ip_range="192.0.2.0/24", **wanted
    )
    url = urllib.parse.urlsplit(told.url)
    query = dict(urllib.parse.parse_qsl(url.query))
    account = (await call("GetAccount")).account
    path = f"/v1/{account.id}/box/a b"
    assert urllib.parse.unquote(url.path) == path
    signed = f"ip=192.0.2.0/24\nPUT\n{told.expire_time.seconds}\n{path}"
    assert query == {
        "temp_url_sig": hmac.new(KEY.encode(), signed.encode(), "sha256").hexdigest(),
        "temp_url_expires": str(told.expire_time.seconds),
        "temp_url_ip_range": "192.0.2.0/24",
    }
    reason = await call.reason("GenerateTemporaryUrl", digest="md5", **wanted)
    assert reason == "NOT_SUPPORTED_BY_CLOUD"
