# SPDX-License-Identifier: Apache-2.0
"""With whom images are shared, where they are kept, and what tells of their imports."""

from __future__ import annotations

from typing import Any

from conftest import ALDER, Calls, Client, refused
from google.protobuf.field_mask_pb2 import FieldMask
from oaktreemodel.image import v1 as image


async def imported(call: Calls, name: str, **fields: Any) -> Any:
    await call("CreateImage", name=name, disk_format="raw", **fields)
    given = {"name_or_id": name, "import_method": "web-download", "uri": "http://x.test/"}
    return (await call("ImportImage", wait=True, **given)).image


async def test_an_image_is_in_one_store_or_more(call: Calls) -> None:
    made = await imported(call, "kept")
    assert list(made.store_ids) == ["memory"]
    wanted = {"name_or_id": "kept", "store": "memory"}
    assert await call.reason("RemoveImageFromStore", **wanted) == "WRONG_STATE"
    await call("ImportImage", name_or_id="kept", import_method="copy-image", wait=True)
    left = (await call("RemoveImageFromStore", **wanted)).image
    assert list(left.store_ids) == ["archive"]
    await call("RemoveImageFromStore", **wanted)
    wanted["store"] = "lost"
    assert await call.reason("RemoveImageFromStore", **wanted) == "REFERENCE_NOT_FOUND"
    stores = (await call("ListImageStores")).image_stores
    assert [(each.id, each.is_default) for each in stores] == [("archive", False), ("memory", True)]
    assert not stores[0].store_type
    mask = FieldMask(paths=["store_type"])
    one = await call("GetImageStore", name_or_id="memory", read_mask=mask)
    assert one.image_store.store_type == "file"


async def test_a_cloud_with_one_store_does_not_speak_of_it(client: Client) -> None:
    stub: Any = image.ImageStoreServiceStub(client.channel)
    request = image.ListImageStoresRequest(locations=[ALDER])
    assert (await refused(stub.ListImageStores(request))).reason == "NOT_SUPPORTED_BY_CLOUD"


async def test_tasks_tell_how_imports_end(call: Calls) -> None:
    made = await imported(call, "good")
    wanted = image.ImageTaskFilter(images=["good"])
    done = (await call("ListImageTasks", filter=wanted)).image_tasks[0]
    assert (done.status_raw, done.result["image_id"]) == ("success", made.id)
    assert done.HasField("expire_time")
    await call("CreateImage", name="bad", disk_format="raw", tags=["simulate=import_error"])
    request = {"name_or_id": "bad", "import_method": "web-download", "wait": True}
    assert await call.reason("ImportImage", **request) == "UPSTREAM_FAILED"
    wanted = image.ImageTaskFilter(images=["bad"])
    failed = (await call("ListImageTasks", filter=wanted)).image_tasks[0]
    assert failed.status == image.IMAGE_TASK_STATUS_FAILURE
    assert failed.message
    again = (await call("GetImage", name_or_id="bad")).image
    assert again.status == image.IMAGE_STATUS_QUEUED
    assert not again.HasField("size_bytes")


async def test_an_image_is_shared_and_answered_for(call: Calls) -> None:
    made = (await call("CreateImage", name="ours", disk_format="raw")).image
    own = made.location.project.id
    for project in (own, "theirs"):
        member = (await call("CreateImageMember", image="ours", project=project)).image_member
        assert (member.id, member.name) == (f"{made.id}/{project}", project)
        assert member.status == image.IMAGE_MEMBER_STATUS_PENDING
    given = {"image": "ours", "project": own}
    assert await call.reason("CreateImageMember", **given) == "ALREADY_EXISTS"
    answer = {"image": "ours", "status": image.IMAGE_MEMBER_STATUS_ACCEPTED}
    changed = await call("UpdateImageMember", name_or_id=own, **answer)
    assert changed.image_member.status_raw == "accepted"
    assert await call.reason("UpdateImageMember", name_or_id="theirs", **answer) == "NOT_PERMITTED"
    await call("UpdateImage", name_or_id="ours", visibility=image.IMAGE_VISIBILITY_PRIVATE)
    assert not (await call("ListImageMembers", image="ours")).image_members
    assert await call.reason("CreateImageMember", **given) == "WRONG_STATE"


async def test_no_id_is_given_twice(call: Calls) -> None:
    there = (await call("GetImage", name_or_id="debian-13")).image
    given = {"name": "other", "disk_format": "raw"}
    assert await call.reason("CreateImage", id=there.id, **given) == "ALREADY_EXISTS"
    assert (await call("GetImage", name_or_id=there.id)).image == there
    assert await call.reason("CreateImage", id="x y/z", **given) == "INVALID_REQUEST"
    own = "11111111-1111-4111-8111-11111111111A"
    assert (await call("CreateImage", id=own, **given)).image.id == own
    await call("DeleteImage", name_or_id=own, wait=True)
    assert await call.reason("CreateImage", id=own, **given) == "ALREADY_EXISTS"
