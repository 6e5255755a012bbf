# SPDX-License-Identifier: Apache-2.0
"""What is particular to simulated images: their bytes, which are kept as they came."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from typing import Any

from oaktreemodel.common import v1 as common
from oaktreemodel.image import v1 as image

from oaktree.clouds import Outcome
from oaktree.clouds.simulated.areas.image import CONTAINER_FORMATS, DISK_FORMATS
from oaktree.clouds.simulated.core import Core
from oaktree.clouds.simulated.lifecycle import Step
from oaktree.clouds.simulated.words import say
from oaktree.failures import Code, Failure, not_supported
from oaktree.shapes import reference

# What an imported image has: nothing is fetched from anywhere.
IMPORTED = b"imported by a simulated cloud\n" * 64


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
        new = self.make(image.Image, request)
        new.container_format = request.container_format or "bare"
        if not request.visibility:
            say(new, "visibility", "SHARED")
        new.is_protected, new.is_hidden = request.is_protected, request.is_hidden
        return Outcome(self.born(new))

    async def upload_image(self, target: image.Image, chunks: AsyncIterator[bytes]) -> Outcome:
        self.changed(target, lambda each: say(each, "status", "SAVING"))
        data = bytearray()
        try:
            async for chunk in chunks:
                data += chunk
        except BaseException:
            self.store.change(image.Image, target.id, lambda each: say(each, "status", "QUEUED"))
            raise
        return self.has_bytes(target, bytes(data))

    def has_bytes(self, target: image.Image, data: bytes) -> Outcome:
        self.blobs[target.id] = data

        def change(each: Any) -> None:
            each.size_bytes = each.virtual_size_bytes = len(data)
            del each.checksums[:]
            for name in ("md5", "sha512"):
                digest = hashlib.new(name, data, usedforsecurity=False).hexdigest()
                each.checksums.append(common.Checksum(algorithm=name, hex_digest=digest))
            each.stores[:] = ["memory"]
            if each.status == image.IMAGE_STATUS_QUEUED:
                say(each, "status", "SAVING")

        new = self.changed(target, change)
        self.goes_through(new, [Step(0.2, {"status": "ACTIVE"})])
        return Outcome(new, pending=True)

    async def import_image(self, request: image.ImportImageRequest, target: image.Image) -> Outcome:
        if request.import_method != "web-download":
            raise not_supported(f"the import method '{request.import_method}'", self.location)
        if target.status != image.IMAGE_STATUS_QUEUED:
            raise Failure(
                Code.FAILED_PRECONDITION,
                "ALREADY_UPLOADED",
                "the image has its bytes already",
                resource=reference(target),
            )
        self.changed(target, lambda each: say(each, "status", "IMPORTING"))
        return self.has_bytes(target, IMPORTED)

    async def add_image_tags(
        self, request: image.AddImageTagsRequest, target: image.Image
    ) -> Outcome:
        return Outcome(self.tagged(target, [*target.tags, *request.tags]))

    async def remove_image_tags(
        self, request: image.RemoveImageTagsRequest, target: image.Image
    ) -> Outcome:
        return Outcome(self.tagged(target, [tag for tag in target.tags if tag not in request.tags]))
