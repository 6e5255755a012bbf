# SPDX-License-Identifier: Apache-2.0
"""How the objects of image live."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from oaktreemodel.common import v1 as common
from oaktreemodel.image import v1 as image

from oaktree.clouds.simulated.lifecycle import Action, Step, Thing
from oaktree.failures import Code, Failure, not_supported

# What images may be.
DISK_FORMATS = ("raw", "qcow2", "vhd", "vmdk", "iso")
CONTAINER_FORMATS = ("bare", "ovf", "ova")
# With how many projects an image may be shared.
MEMBERS = 128


def import_methods(region: Any) -> list[str]:
    copies = ["copy-image"] if len(region.quirks.image_stores) > 1 else []
    return ["web-download", *copies]


def _stores(region: Any) -> Iterator[Any]:
    place = common.Location(cloud=region.location.cloud, region=region.location.region)
    for weight, name in enumerate(reversed(region.quirks.image_stores)):
        new = image.ImageStore(location=place, id=name, name=name)
        new.is_default = name == region.quirks.image_stores[0]
        new.store_type, new.weight = "file", weight
        new.properties.update({"filesystem_store_datadir": f"/var/lib/glance/{name}"})
        yield new


def _shared(region: Any, target: Any, request: Any) -> Any:
    """The image that is shared; a Failure where it cannot be."""
    found = target
    if isinstance(target, image.ImageMember):
        found = region.store.table(image.Image).get(target.image_id)
    if found.visibility != image.IMAGE_VISIBILITY_SHARED:
        raise region.wrong_state(found, f"{found.visibility_raw}; it has to be shared")
    return found


def _may_be_shared(region: Any, target: Any, request: Any) -> None:
    _shared(region, target, request)
    if len(region.children(image.ImageMember, target)) >= MEMBERS:
        raise region.quota("image members", MEMBERS, "image")


def _is_the_member(region: Any, member: Any, request: Any) -> None:
    _shared(region, member, request)
    if member.project_id != region.location.project.id:
        raise Failure(
            Code.PERMISSION_DENIED,
            "NOT_PERMITTED",
            f"the project '{member.project_id}' has to answer, nobody else",
            location=region.location,
        )


def _between_projects(region: Any, member: Any, request: Any) -> None:
    member.location.ClearField("project")


def _removed(region: Any, target: Any, request: Any) -> Any:
    """The image without its bytes in one of its stores."""
    if "image_store" in region.lacks:
        raise not_supported("it keeps images in a single store", region.location)
    store = region.mean(image.ImageStore, request.store, "store")
    if target.status != image.IMAGE_STATUS_ACTIVE:
        raise region.wrong_state(target, f"{target.status_raw}; it has to be ACTIVE")
    if store.id not in target.store_ids:
        return target
    if len(target.store_ids) == 1:
        raise region.wrong_state(target, f"in no other store than '{store.id}'")
    return region.changed(target, lambda each: each.store_ids.remove(store.id))


THINGS = {
    "image": Thing(
        birth=[Step(0.0, {"status": "QUEUED"})],
        dying=0.1,
        failed={"import": {"status": "QUEUED"}},
    ),
    "image_member": Thing(
        birth=[Step(0.0, {"status": "PENDING"})],
        id="{image_id}/{project_id}",
        name="{project_id}",
        unique=["image_id project_id"],
        made=_between_projects,
    ),
    "image_store": Thing(derived=_stores),
    "image_task": Thing(
        birth=[Step(0.0, {"status": "PENDING"}), Step(0.05, {"status": "PROCESSING"})]
    ),
}

ACTIONS = {
    "DeactivateImage": Action(["ACTIVE"], [Step(0, {"status": "DEACTIVATED"})], ["DEACTIVATED"]),
    "ReactivateImage": Action(["DEACTIVATED"], [Step(0, {"status": "ACTIVE"})], ["ACTIVE"]),
    "RemoveImageFromStore": Action(does=_removed),
}

CHECKS = {
    "CreateImageMember": _may_be_shared,
    "UpdateImageMember": _is_the_member,
    "DeleteImageMember": _shared,
}
