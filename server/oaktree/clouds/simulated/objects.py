# SPDX-License-Identifier: Apache-2.0
"""What is particular to simulated objects: their bytes, which are kept as they came."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from typing import Any

from google.protobuf.message import Message
from oaktreemodel.common import v1 as common
from oaktreemodel.image import v1 as image
from oaktreemodel.object_store import v1 as object_store

from oaktree.clouds import Outcome
from oaktree.clouds.simulated.generic import Generic
from oaktree.clouds.simulated.images import Images
from oaktree.clouds.simulated.pouring import pour

CHUNK = 1 << 20


class Objects(Images, Generic):
    """The methods of ObjectService that are not like all others, and all that moves bytes."""

    def download(self, target: Message, offset: int, length: int | None) -> AsyncIterator[bytes]:
        return self._chunks(self.store.key(target), offset, length)

    async def _chunks(self, key: str, offset: int, length: int | None) -> AsyncIterator[bytes]:
        data = self.blobs.get(key, b"")
        end = len(data) if length is None else min(offset + length, len(data))
        for at in range(offset, end, CHUNK):
            yield data[at : min(at + CHUNK, end)]

    async def upload(self, target: Message, start: Any, chunks: AsyncIterator[bytes]) -> Outcome:
        if isinstance(target, image.Image):
            return await self.upload_image(target, chunks, start.stores)
        data = bytearray()
        async for chunk in chunks:
            data += chunk
        return Outcome(self.put_object(target, start, bytes(data)))

    async def create_object(
        self, request: object_store.CreateObjectRequest, target: object_store.Container
    ) -> Outcome:
        there = await self.get(object_store.Object, request.name, parent=target)
        if there is not None and request.must_not_exist:
            raise self.already(there)
        return Outcome(self.put_object(target, request, request.data))

    def put_object(self, container: Any, request: Any, data: bytes) -> Any:
        """Makes an object, or another in its place."""
        new: Any = self.make(object_store.Object, id=request.name, name=request.name)
        pour([each for each in request.ListFields() if each[0].name in KEPT], new)
        new.container, new.size_bytes = container.name, len(data)
        new.content_type = new.content_type or "application/octet-stream"
        for name in ("md5", "sha256"):
            digest = hashlib.new(name, data, usedforsecurity=False).hexdigest()
            new.checksums.append(common.Checksum(algorithm=name, hex_digest=digest))
        new.etag = new.checksums[0].hex_digest
        self.store.table(object_store.Object).put(new)
        self.blobs[self.store.key(new)] = data
        return new


# What an object has as it was given.
KEPT = {
    "content_type",
    "content_encoding",
    "content_disposition",
    "metadata",
    "expire_time",
    "manifest",
    "symlink_target",
    "symlink_target_account",
}
