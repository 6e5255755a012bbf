# SPDX-License-Identifier: Apache-2.0
"""What is particular to simulated images: their bytes, which are kept as they came."""

from __future__ import annotations

import hashlib
import re
from collections.abc import AsyncIterator, Sequence
from typing import Any

from oaktreemodel.common import v1 as common
from oaktreemodel.image import v1 as image

from oaktree.clouds import Outcome
from oaktree.clouds.simulated import seed
from oaktree.clouds.simulated.areas.image import CONTAINER_FORMATS, DISK_FORMATS, import_methods
from oaktree.clouds.simulated.core import Core
from oaktree.clouds.simulated.lifecycle import Step
from oaktree.clouds.simulated.words import say
from oaktree.failures import Code, Failure, invalid, not_supported, reference_not_found, violation
from oaktree.shapes import word_of

# What an imported image has: nothing is fetched from anywhere.
IMPORTED = b"imported by a simulated cloud\n" * 64
UNDER_WAY = {"PENDING", "PROCESSING"}
UUID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
# How long a task is remembered that has ended, in seconds.
TASK_MEMORY = 48 * 3600


class Images(Core):
    """The methods of ImageService that are not like all others."""

    async def create_image(self, request: image.CreateImageRequest, target: None) -> Outcome:
        for given, known in (
            (request.disk_format, DISK_FORMATS),
            (request.container_format or "bare", CONTAINER_FORMATS),
        ):
            if given not in known:
                raise Failure(
                    Code.INVALID_ARGUMENT,
                    "FORMAT_NOT_ACCEPTED",
                    f"this cloud takes {', '.join(known)}, not '{given}'",
                    location=self.location,
                )
        if request.id and not UUID.fullmatch(request.id):
            raise invalid(violation("id", "is not a UUID", "MALFORMED"))
        there = self.store.table(image.Image).get(request.id)
        if there is None and self.used_key(request.id) in self.store.untold:
            raise Failure(
                Code.ALREADY_EXISTS,
                "ALREADY_EXISTS",
                f"there was an image '{request.id}' once; no id is given twice",
                location=self.location,
            )
        new = self.make(image.Image, request)
        new.container_format = request.container_format or "bare"
        if not request.visibility:
            say(new, "visibility", "SHARED")
        new.is_protected, new.is_hidden = request.is_protected, request.is_hidden
        return Outcome(self.born(new))

    def used_key(self, image_id: str) -> tuple[str, ...]:
        """Where it is noted that there was an image of that id."""
        return "image", self.location.region, image_id

    async def upload_image(
        self, target: image.Image, chunks: AsyncIterator[bytes], stores: Sequence[str] = ()
    ) -> Outcome:
        kept = self.stores_meant(stores, "start.stores")
        self.changed(target, lambda each: say(each, "status", "SAVING"))
        data = bytearray()
        try:
            async for chunk in chunks:
                data += chunk
        except BaseException:
            self.store.change(image.Image, target.id, lambda each: say(each, "status", "QUEUED"))
            raise
        return self.has_bytes(target, bytes(data), kept)

    def stores_meant(self, names: Sequence[str], field: str) -> Sequence[str]:
        """The stores that are to get bytes, by default the cloud's own."""
        for name in names:
            if name not in self.quirks.image_stores:
                raise reference_not_found(field, f"image store '{name}'").at(self.location)
        return list(names) or self.quirks.image_stores[:1]

    def has_bytes(
        self, target: image.Image, data: bytes, stores: Sequence[str] = (), what: str = ""
    ) -> Outcome:
        self.blobs[target.id] = data

        def change(each: Any) -> None:
            each.size_bytes = each.virtual_size_bytes = len(data)
            del each.checksums[:]
            for name in ("md5", "sha512"):
                digest = hashlib.new(name, data, usedforsecurity=False).hexdigest()
                each.checksums.append(common.Checksum(algorithm=name, hex_digest=digest))
            each.store_ids[:] = stores or self.quirks.image_stores[:1]
            if each.status == image.IMAGE_STATUS_QUEUED:
                say(each, "status", "SAVING")

        new = self.changed(target, change)
        self.goes_through(new, [Step(0.2, {"status": "ACTIVE"})], what)
        return Outcome(new, pending=True)

    async def import_image(self, request: image.ImportImageRequest, target: image.Image) -> Outcome:
        if request.import_method == "glance-direct":
            raise invalid(violation("import_method", "is what UploadImage is for", "INVALID"))
        if request.import_method not in import_methods(self):
            raise not_supported(f"the import method '{request.import_method}'", self.location)
        copies = request.import_method == "copy-image"
        needed = "ACTIVE" if copies else "QUEUED"
        if word_of(target, "status") != needed:
            raise self.wrong_state(target, f"{target.status_raw}; it has to be {needed}")
        stores = self.stores_meant(request.stores, "stores")
        self.born(self.import_task(request, target))
        if copies:
            wanted = [*target.store_ids, *(request.stores or self.quirks.image_stores)]

            def change(each: Any) -> None:
                each.store_ids[:] = dict.fromkeys(wanted)

            return Outcome(self.changed(target, change))
        self.changed(target, lambda each: say(each, "status", "IMPORTING"))
        return self.has_bytes(target, IMPORTED, stores, "import")

    def import_task(self, request: image.ImportImageRequest, target: image.Image) -> Any:
        """What tells of an import."""
        new = self.make(image.ImageTask, image_id=target.id)
        method = {"name": request.import_method, "uri": request.uri}
        fields = {
            "type": "API_IMAGE_IMPORT",
            "input": {"import_req": {"method": method, "stores": list(request.stores)}},
            "user_id": seed.uid(self.location.cloud, "user"),
            "upstream_request_id": f"req-{new.id}",
        }
        self.declare(new, fields)
        return new

    def noticed(self, before: Any, after: Any) -> None:
        super().noticed(before, after)
        if not isinstance(after, image.Image):
            return
        self.store.untold[self.used_key(after.id)] = True
        shared = image.IMAGE_VISIBILITY_SHARED
        if before is not None and before.visibility == shared != after.visibility:
            for each in self.children(image.ImageMember, after):
                self.gone(each)
        if after.status in {image.IMAGE_STATUS_ACTIVE, image.IMAGE_STATUS_QUEUED}:
            for each in self.store.still(image.ImageTask):
                if each.image_id == after.id and word_of(each, "status") in UNDER_WAY:
                    self.end_task(each, after.status == image.IMAGE_STATUS_ACTIVE)

    def end_task(self, task: Any, done: bool) -> None:
        self.courses.pop((image.ImageTask, task.id), None)
        fields: dict[str, Any] = {"status": "SUCCESS", "result": {"image_id": task.image_id}}
        if not done:
            fields = {"status": "FAILURE", "message": "the bytes could not be fetched"}

        def change(each: Any) -> None:
            self.say(each, Step(0, fields))
            each.expire_time.seconds = each.update_time.seconds + TASK_MEMORY

        ended = self.changed(task, change)
        self.store.later(TASK_MEMORY, lambda: self.gone(ended))

    def reached(self, resource: Any) -> None:
        super().reached(resource)
        if isinstance(resource, image.Image) and resource.status == image.IMAGE_STATUS_QUEUED:
            for name in ("size_bytes", "virtual_size_bytes", "checksums", "store_ids"):
                resource.ClearField(name)
            self.blobs.pop(resource.id, None)

    async def add_image_tags(
        self, request: image.AddImageTagsRequest, target: image.Image
    ) -> Outcome:
        return Outcome(self.tagged(target, [*target.tags, *request.tags]))

    async def remove_image_tags(
        self, request: image.RemoveImageTagsRequest, target: image.Image
    ) -> Outcome:
        return Outcome(self.tagged(target, [tag for tag in target.tags if tag not in request.tags]))
