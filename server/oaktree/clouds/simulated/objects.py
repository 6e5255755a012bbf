# SPDX-License-Identifier: Apache-2.0
"""What is particular to simulated objects: their bytes, which are kept as they came."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import hashlib
import hmac
import mimetypes
import time
import urllib.parse
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from oaktreemodel.image import v1 as image
from oaktreemodel.object_store import v1 as object_store

from oaktree.clouds import Outcome, Region, View
from oaktree.clouds.simulated.areas.object_store import (
    CAPABILITIES,
    account_url,
    check_metadata,
    in_lower_case,
    with_access,
)
from oaktree.clouds.simulated.generic import Generic
from oaktree.clouds.simulated.images import Images
from oaktree.clouds.simulated.pouring import pour, stamp
from oaktree.failures import (
    WHOLE_FLOW,
    Code,
    Failure,
    invalid,
    not_found,
    not_supported,
    reference_not_found,
    violation,
)
from oaktree.shapes import Kind, reference, to_change, word_of

CHUNK = 1 << 20
# How large segments are where nobody says.
SEGMENT = 1 << 30
# How many objects are deleted at once at the most.
BATCH = 1000
DIGESTS = {"sha256": hashlib.sha256, "sha512": hashlib.sha512}
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
# What is said of a symlink itself; all else is said of what it stands for.
OF_THE_LINK = ("location", "id", "name", "container_id", "symlink_target", "symlink_target_account")


@dataclasses.dataclass
class Broken:
    """An upload that ended before its finish, as far as it came."""

    segments: list[Any]
    until: float


class Objects(Images, Generic):
    """The methods of ObjectService that are not like all others, and all that moves bytes."""

    def __init__(self, *args: Any, **others: Any) -> None:
        self.broken_uploads: dict[tuple[str, str, str], Broken] = {}
        # The versions there were of objects, the oldest first.
        self.versions: dict[str, list[Any]] = {}
        super().__init__(*args, **others)

    # -- objects as they are read -----------------------------------------------------------------

    def object_named(self, container: str, name: str) -> Any:
        return self.store.table(object_store.Object).get(f"{container}/{name}")

    def at_path(self, path: str) -> Any:
        """The object that a container, a slash and a name mean."""
        return self.object_named(*path.split("/", 1)) if "/" in path else None

    def parts_of(self, manifest: str) -> list[Any]:
        """The objects that a dynamic large object is made of."""
        container, _, prefix = manifest.partition("/")
        table = self.store.table(object_store.Object)
        found = [
            each
            for each in table
            if each.container_id == container and each.name.startswith(prefix)
        ]
        return sorted(found, key=lambda each: str(each.name))

    def as_read(self, found: Any) -> Any:
        """An object as whoever reads it sees it."""
        told: Any
        if found.manifest:
            told = object_store.Object()
            told.CopyFrom(found)
            parts = self.parts_of(found.manifest)
            told.size_bytes = sum(each.size_bytes for each in parts)
            told.etag = etag_of(parts)
            return told
        if not found.symlink_target:
            return found
        target = self.at_path(found.symlink_target)
        if target is None:
            return None
        told = object_store.Object()
        told.CopyFrom(self.as_read(target))
        for name in OF_THE_LINK:
            told.ClearField(name)
            if name == "location":
                told.location.CopyFrom(found.location)
            else:
                setattr(told, name, getattr(found, name))
        return told

    async def get(self, kind: Kind, id_: str, **others: Any) -> Any:
        found: Any = await super().get(kind, id_, **others)
        if found is not None and kind is object_store.Object:
            return self.as_read(found)
        return found

    def fresh(self, target: Any) -> Any:
        if isinstance(target, object_store.Object) and target.HasField("is_latest"):
            return target
        return super().fresh(target)

    def as_asked(self, request: Message) -> Region:
        """For versions, symlinks and names that begin alike, a view of those."""
        version = getattr(request, "version_id", "")
        if version and not isinstance(request, object_store.CopyObjectRequest):
            return self.seen("version", lambda each: self.told_version(each, version))
        if isinstance(request, object_store.GetObjectRequest) and request.no_follow:
            return self.seen("links", lambda each: self.children(object_store.Object, each))
        if isinstance(request, object_store.ListObjectsRequest):
            if request.versions:
                return self.seen("versions", self.all_versions)
            if request.delimiter:
                prefix = request.filter.prefix
                rolled = functools.partial(self.rolled_up, prefix, request.delimiter)
                return self.seen(f"{prefix} {request.delimiter}", rolled)
        return super().as_asked(request)

    def seen(self, view: str, found: Any) -> Region:
        async def objects(kind: Kind, parent: Message | None) -> Sequence[Any]:
            await self.answer(kind)
            return list(found(parent))

        return View(self, view, objects)

    def rolled_up(self, prefix: str, delimiter: str, container: Any) -> Iterator[Any]:
        """The objects of a container, those with a delimiter in their names as one."""
        told = set()
        for each in self.children(object_store.Object, container):
            begin, found, _ = each.name[len(prefix) :].partition(delimiter)
            if not each.name.startswith(prefix) or not found:
                yield each
                continue
            name = f"{prefix}{begin}{found}"
            if name not in told:
                told.add(name)
                yield object_store.Object(
                    location=each.location,
                    id=name,
                    name=name,
                    container_id=each.container_id,
                    is_prefix=True,
                )

    # -- versions ---------------------------------------------------------------------------------

    def all_versions(self, container: Any) -> Iterator[Any]:
        """Every version there is in a container, the newest of each object first."""
        names = {each.name for each in self.children(object_store.Object, container)}
        beginning = f"{container.name}/"
        names |= {key[len(beginning) :] for key in self.versions if key.startswith(beginning)}
        for name in sorted(names):
            key = f"{beginning}{name}"
            latest = self.store.table(object_store.Object).get(key)
            older = list(reversed(self.versions.get(key, [])))
            for number, each in enumerate([latest, *older] if latest is not None else older):
                told = object_store.Object()
                told.CopyFrom(each)
                told.version_id = each.version_id or "null"
                told.is_latest = number == 0
                yield told

    def told_version(self, container: Any, version: str) -> Iterator[Any]:
        for each in self.all_versions(container):
            if each.version_id == version and not each.is_delete_marker:
                yield each

    def keep_version(self, there: Any) -> None:
        """Has an object that is about to be replaced or deleted live on as a version."""
        key = self.store.key(there)
        self.versions.setdefault(key, []).append(there)
        self.blobs[f"{key}\0{there.version_id}"] = self.blobs.get(key, b"")

    def is_versioned(self, container: str) -> bool:
        found = self.store.table(object_store.Container).get(container)
        return bool(found is not None and found.is_versioned)

    def new_version(self) -> str:
        return f"{time.time():016.5f}"

    # -- bytes ------------------------------------------------------------------------------------

    def download(self, target: Any, offset: int, length: int | None) -> AsyncIterator[bytes]:
        return self._chunks(target, offset, length)

    async def _chunks(self, target: Any, offset: int, length: int | None) -> AsyncIterator[bytes]:
        if isinstance(target, image.Image):
            data = self.blobs.get(target.id, b"")
        else:
            data = self.bytes_of(target)
        end = len(data) if length is None else min(offset + length, len(data))
        for at in range(offset, end, CHUNK):
            yield data[at : min(at + CHUNK, end)]

    def bytes_of(self, found: Any) -> bytes:
        if found.symlink_target:
            target = self.at_path(found.symlink_target)
            return b"" if target is None else self.bytes_of(target)
        if found.manifest:
            return b"".join(self.bytes_of(each) for each in self.parts_of(found.manifest))
        if found.is_static_large_object:
            return b"".join(self.bytes_of_segment(each) for each in found.segments)
        key = self.store.key(found)
        now = self.store.still(object_store.Object).get(key)
        if found.version_id and (now is None or now.version_id != found.version_id):
            return self.blobs.get(f"{key}\0{found.version_id}", b"")
        return self.blobs.get(key, b"")

    def bytes_of_segment(self, segment: Any) -> bytes:
        there = self.object_named(segment.container, segment.name)
        if there is None or there.etag != segment.etag:
            raise Failure(
                Code.DATA_LOSS,
                "DATA_CORRUPTED",
                f"the segment '{segment.container}/{segment.name}' is not the one it was",
                location=self.location,
            )
        length = segment.length_bytes if segment.HasField("length_bytes") else None
        end = None if length is None else segment.offset_bytes + length
        return self.bytes_of(there)[segment.offset_bytes : end]

    # -- making -----------------------------------------------------------------------------------

    async def kept(self, target: Any, start: Any) -> AsyncIterator[bytes]:
        broken = self.broken_upload(target, start)
        for each in broken.segments if broken is not None else ():
            yield self.bytes_of_segment(each)

    def broken_upload(self, target: Any, start: Any) -> Broken | None:
        if isinstance(target, image.Image) or not start.request_id:
            return None
        found = self.broken_uploads.get((target.id, start.name, start.request_id))
        return found if found is not None and found.until > time.monotonic() else None

    async def upload(self, target: Any, start: Any, chunks: AsyncIterator[bytes]) -> Outcome:
        if isinstance(target, image.Image):
            return await self.upload_image(target, chunks, start.stores)
        size = min(start.segment_size_bytes or SEGMENT, int(CAPABILITIES["max_object_size_bytes"]))
        there = self.broken_upload(target, start)
        segments: list[Any] = list(there.segments) if there is not None else []
        series = f"{start.name}/{start.request_id or self.new_version()}"
        data = bytearray()
        try:
            async for chunk in chunks:
                data += chunk
                while len(data) > size:
                    segments.append(self.put_segment(target, start, series, segments, data[:size]))
                    del data[:size]
        except BaseException:
            if start.request_id and len(data) == size:
                # It is whole, and was held back in case it would be the only one.
                with contextlib.suppress(Failure):
                    segments.append(self.put_segment(target, start, series, segments, data))
            self.keep_broken(target, start, segments)
            raise
        self.broken_uploads.pop((target.id, start.name, start.request_id), None)
        if not segments:
            return Outcome(self.put_object(target, start, bytes(data)))
        if data:
            segments.append(self.put_segment(target, start, series, segments, data))
        if start.use_dynamic_large_object:
            manifest = f"{segments[0].container}/{series}/"
            return Outcome(self.as_read(self.put_object(target, start, b"", manifest=manifest)))
        return Outcome(self.put_object(target, start, b"", segments=segments))

    def put_segment(
        self, container: Any, start: Any, series: str, before: Sequence[Any], data: Any
    ) -> Any:
        """Makes the next segment of a large object."""
        name = start.segment_container or f"{container.name}_segments"
        there = self.store.table(object_store.Container).get(name)
        if there is None and start.segment_container:
            raise reference_not_found("start.segment_container", f"container '{name}'")
        if there is None:
            there = self.born(self.new(object_store.Container, None, id=name, name=name))
        wanted = object_store.CreateObjectRequest(name=f"{series}/{len(before):08d}")
        new = self.put_object(there, wanted, bytes(data))
        return object_store.ObjectSegment(
            container=name, name=new.name, etag=new.etag, size_bytes=new.size_bytes
        )

    def keep_broken(self, target: Any, start: Any, segments: list[Any]) -> None:
        """Keeps what came of a broken upload for an hour, where it can be gone on with."""
        if start.request_id and segments:
            key = target.id, start.name, start.request_id
            self.broken_uploads[key] = Broken(segments, time.monotonic() + 3600)
        else:
            self.drop_segments(segments)

    def drop_segments(self, segments: Sequence[Any]) -> None:
        for each in segments:
            there = self.object_named(each.container, each.name)
            if there is not None:
                self.gone(there)

    async def create_object(
        self, request: object_store.CreateObjectRequest, target: object_store.Container
    ) -> Outcome:
        self.check_absent(request, target.name, request.name)
        data = request.data
        if not request.HasField("segments"):
            check_sums(request.checksums, data)
        segments = [self.segment(each) for each in request.segments.segments]
        for name in ("manifest", "symlink_target"):
            if request.HasField(name) and "/" not in getattr(request, name):
                raise invalid(violation(name, "is a container, a slash and a name", "MALFORMED"))
        made = self.put_object(target, request, data, segments=segments)
        return Outcome(self.as_read(made) or made)

    def check_absent(self, request: Any, container: str, name: str) -> None:
        there = self.object_named(container, name)
        if there is not None and request.must_not_exist:
            raise self.already(there)

    def segment(self, wanted: Any) -> Any:
        """A segment of a request, as it is."""
        there = self.object_named(wanted.container, wanted.name)
        if there is None:
            what = f"object '{wanted.container}/{wanted.name}'"
            raise reference_not_found("segments.segments", what).at(self.location)
        for field, own, reason in (
            ("etag", there.etag, "CHECKSUM_MISMATCH"),
            ("size_bytes", there.size_bytes, "SIZE_MISMATCH"),
        ):
            given = getattr(wanted, field)
            if given and given != own:
                text = f"the segment '{wanted.name}' has {field} {own}, not {given}"
                raise Failure(Code.INVALID_ARGUMENT, reason, text, location=self.location)
        told = object_store.ObjectSegment()
        told.CopyFrom(wanted)
        told.etag, told.size_bytes = there.etag, there.size_bytes
        return told

    def put_object(
        self,
        container: Any,
        request: Any,
        data: bytes,
        segments: Sequence[Any] = (),
        manifest: str = "",
    ) -> Any:
        """Makes an object, or another in its place."""
        new: Any = self.make(object_store.Object, id=request.name, name=request.name)
        pour([each for each in request.ListFields() if each[0].name in KEPT], new)
        self.expires(new, request)
        in_lower_case(new)
        check_metadata(new.metadata)
        new.container_id, new.size_bytes = container.name, len(data)
        guessed = mimetypes.guess_type(request.name)[0] or "application/octet-stream"
        new.content_type = new.content_type or guessed
        new.manifest = manifest or new.manifest
        new.etag = hashlib.md5(data, usedforsecurity=False).hexdigest()
        if segments:
            new.is_static_large_object = True
            new.segments.extend(segments)
            new.etag = etag_of(segments)
            sizes = [each.length_bytes or each.size_bytes - each.offset_bytes for each in segments]
            new.size_bytes = sum(sizes)
        elif not new.manifest:
            new.checksums.add(algorithm="md5", hex_digest=new.etag)
        known = {each.algorithm for each in new.checksums}
        given = getattr(request, "checksums", ())
        new.checksums.extend(each for each in given if each.algorithm not in known)
        return self.put_in(container, new, data, getattr(request, "keep_old_segments", False))

    def put_in(self, container: Any, new: Any, data: bytes, keep_old_segments: bool) -> Any:
        """Puts an object into a container, in place of the one of that name."""
        key = self.store.key(new)
        table = self.store.table(object_store.Object)
        there = table.get(key)
        self.check_fits(container, new, there)
        if container.is_versioned:
            new.version_id = self.new_version()
            if there is not None:
                self.keep_version(there)
        table.put(new)
        self.blobs[key] = data
        if there is not None and not container.is_versioned and not keep_old_segments:
            own = {(each.container, each.name) for each in new.segments}
            self.drop_segments(
                [each for each in there.segments if (each.container, each.name) not in own]
            )
        if new.HasField("expire_time"):
            left = new.expire_time.ToNanoseconds() / 1e9 - time.time()
            self.store.later(max(left, 0.0), lambda: self.expired(new))
        return new

    def expires(self, target: Any, request: Any) -> None:
        """Says when an object is to go."""
        has = request.DESCRIPTOR.fields_by_name
        if "expire_after" in has and request.HasField("expire_after"):
            when = stamp()
            when.FromNanoseconds(when.ToNanoseconds() + request.expire_after.ToNanoseconds())
            target.expire_time.CopyFrom(when)
        elif "expire_time" in has and request.HasField("expire_time"):
            if request.expire_time.ToNanoseconds() <= stamp().ToNanoseconds():
                raise invalid(violation("expire_time", "is not in the future", "OUT_OF_RANGE"))
            target.expire_time.CopyFrom(request.expire_time)

    def expired(self, target: Any) -> None:
        now = self.store.still(object_store.Object).get(self.store.key(target))
        if now is not None and now.expire_time == target.expire_time:
            self.gone(now)

    def check_fits(self, container: Any, new: Any, there: Any) -> None:
        """Refuses what the limits of the container or the account have no room for."""
        self.derive(object_store.Container)
        self.derive(object_store.Account)
        now = self.store.still(object_store.Container).get(container.id)
        account = self.single(object_store.Account)
        size = new.size_bytes if not new.segments else 0
        more = size - (there.size_bytes if there is not None else 0)
        for holder, what in ((now, "container"), (account, "account")):
            for limit, plus, unit in (
                (holder.size_bytes, more, "bytes"),
                (holder.objects, int(there is None), "objects"),
            ):
                if plus > 0 and limit.HasField("limit") and limit.used + plus > limit.limit:
                    raise self.quota(f"{unit} of the {what}", limit.limit, "object-store")

    async def update_object(
        self, request: object_store.UpdateObjectRequest, target: Any
    ) -> Outcome:
        target = super().fresh(object_store.Object(id=target.id, container_id=target.container_id))
        changes = to_change(request)

        def change(each: Any) -> None:
            if "expire_time" in changes or "expire_after" in changes:
                each.ClearField("expire_time")
                self.expires(each, request)
            in_lower_case(each)
            check_metadata(each.metadata)

        self.update(object_store.Object, target, request)
        new = self.changed(target, change)
        if new.HasField("expire_time"):
            left = new.expire_time.ToNanoseconds() / 1e9 - time.time()
            self.store.later(max(left, 0.0), lambda: self.expired(new))
        return Outcome(self.as_read(new) or new)

    # -- copying and deleting ---------------------------------------------------------------------

    async def copy_object(self, request: Any, target: Any) -> Outcome:
        if request.version_id:
            container = self.store.table(object_store.Container).get(target.container_id)
            versions = list(self.told_version(container, request.version_id))
            if not versions:
                raise not_found(f"version '{request.version_id}'", self.location)
            target = versions[0]
        if request.if_match and self.as_read(target).etag not in request.if_match:
            text = f"it has changed since: its etag is {target.etag}"
            raise Failure(
                Code.ABORTED, "ETAG_MISMATCH", text, retry=WHOLE_FLOW, resource=reference(target)
            )
        name = request.destination_container or target.container_id
        container = self.store.table(object_store.Container).get(name)
        if container is None:
            raise reference_not_found("destination_container", f"container '{name}'")
        self.check_absent(request, name, request.destination_name)
        new = object_store.Object()
        new.CopyFrom(target)
        new.id = new.name = request.destination_name
        new.container_id = name
        for field in ("version_id", "is_latest", "expire_time"):
            new.ClearField(field)
        new.update_time.CopyFrom(stamp())
        self.expires(new, request)
        if request.drop_metadata:
            new.metadata.clear()
        new.metadata.update(request.merge_metadata)
        in_lower_case(new)
        check_metadata(new.metadata)
        for field in ("content_type", "content_encoding", "content_disposition"):
            if request.HasField(field):
                setattr(new, field, getattr(request, field))
        itself = (target.container_id, target.name) == (name, new.name)
        if target.is_static_large_object and not request.share_segments and not itself:
            self.copy_segments(container, new)
        data = self.blobs.get(self.store.key(target), b"")
        if target.version_id and not target.is_static_large_object and not target.manifest:
            data = self.bytes_of(target)
        return Outcome(self.put_in(container, new, data, request.keep_old_segments))

    def copy_segments(self, container: Any, new: Any) -> None:
        """Gives the copy of a large object segments of its own."""
        start = object_store.UploadObjectStart(name=new.name)
        series = f"{new.name}/{self.new_version()}"
        copies: list[Any] = []
        for each in new.segments:
            data = self.bytes_of_segment(each)
            copies.append(self.put_segment(container, start, series, copies, data))
        new.ClearField("segments")
        new.segments.extend(copies)

    async def delete_object(
        self, request: object_store.DeleteObjectRequest, target: Any
    ) -> Outcome:
        parts = self.parts_of(target.manifest) if request.delete_dynamic_segments else []
        if request.version_id:
            self.forget_version(target, request.version_id)
        else:
            self.delete_one(target, request.keep_segments)
        for each in parts if target.manifest else ():
            self.gone(each)
        return Outcome(target)

    def delete_one(self, target: Any, keep_segments: bool = False) -> None:
        if self.is_versioned(target.container_id):
            self.keep_version(target)
            marker = self.make(object_store.Object, id=target.id, name=target.name)
            marker.container_id, marker.version_id = target.container_id, self.new_version()
            marker.is_delete_marker = True
            self.versions[self.store.key(target)].append(marker)
            self.gone(target)
            return
        self.gone(target)
        if not keep_segments:
            self.drop_segments(target.segments)

    def forget_version(self, target: Any, version: str) -> None:
        """Deletes a version for good; the one before becomes the latest again."""
        key = self.store.key(target)
        older = self.versions.get(key, [])
        self.versions[key] = [each for each in older if each.version_id != version]
        self.blobs.pop(f"{key}\0{version}", None)
        table = self.store.table(object_store.Object)
        now = table.get(key)
        if now is not None and (now.version_id or "null") == version:
            self.gone(now)
            now = None
        left = self.versions[key]
        if now is None and left and not left[-1].is_delete_marker:
            again = left.pop()
            table.put(again)
            self.blobs[key] = self.blobs.pop(f"{key}\0{again.version_id}", b"")
        if not left:
            del self.versions[key]

    async def delete_objects(
        self, request: object_store.DeleteObjectsRequest, target: Any
    ) -> Outcome:
        if bool(request.filter.ListFields()) == request.all_objects:
            text = "exactly one of filter, which is not empty, and all_objects must be given"
            raise invalid(violation("filter", text, "EXACTLY_ONE"))
        limit = min(request.limit_count or BATCH, BATCH)
        found = [
            each
            for each in self.children(object_store.Object, target)
            if is_wanted(each, request.filter)
        ]
        found.sort(key=lambda each: str(each.name))
        for each in found[:limit] if not request.dry_run else ():
            self.delete_one(each, request.keep_segments)
        deleted = [each.name for each in found[:limit]]
        return Outcome(answer={"deleted": deleted, "has_more": len(found) > limit})

    # -- containers -------------------------------------------------------------------------------

    async def update_container(
        self, request: object_store.UpdateContainerRequest, target: Any
    ) -> Outcome:
        changes = to_change(request)
        if changes.get("is_versioned") and (target.versions_container or target.history_container):
            raise self.wrong_state(target, "keeping versions in another container")
        for name, other in WAYS:
            if changes.get(name):
                if changes.get(other) or changes.get("is_versioned"):
                    raise invalid(violation(name, "excludes the other ways", "EXCLUSIVE"))
                self.mean(object_store.Container, changes[name], name)

        def change(each: Any) -> None:
            if "is_public" in changes:
                each.read_acl[:] = with_access(target.read_acl, changes["is_public"])
            for name, other in WAYS:
                if changes.get(name):
                    each.ClearField(other)
            in_lower_case(each)

        before = object_store.Container()
        before.CopyFrom(target)
        self.update(object_store.Container, target, request)
        new = self.changed(target, change)
        try:
            check_metadata(new.metadata)
        except Failure:
            self.store.table(object_store.Container).put(before)
            raise
        self.derive(object_store.Container)
        return Outcome(super().fresh(new))

    async def delete_container(
        self, request: object_store.DeleteContainerRequest, target: Any
    ) -> Outcome:
        there = list(self.all_versions(target))
        if not there:
            return self.delete(object_store.Container, target)
        if not request.delete_objects:
            raise self.in_use(target, f"the object '{there[0].name}'")

        def emptied() -> None:
            for each in self.children(object_store.Object, target):
                self.gone(each)
                self.drop_segments(each.segments)
            for key in [key for key in self.versions if key.startswith(f"{target.name}/")]:
                for each in self.versions.pop(key):
                    self.blobs.pop(f"{key}\0{each.version_id}", None)
            self.gone(target)

        self.store.later(0.3 * self.quirks.pace, emptied)
        return Outcome(target, pending=True)

    # -- temporary URLs ---------------------------------------------------------------------------

    async def generate_temporary_url(
        self, request: object_store.GenerateTemporaryUrlRequest, target: Any
    ) -> Outcome:
        key = target.temp_url_key or self.single(object_store.Account).temp_url_key
        if not key:
            raise Failure(
                Code.FAILED_PRECONDITION,
                "NO_TEMPORARY_URL_KEY",
                f"neither the container '{target.name}' nor its account has a key for temporary "
                "URLs: set temp_url_key of one",
                resource=reference(target),
            )
        digest = request.digest or "sha512"
        if digest not in DIGESTS:
            raise not_supported(f"the digest '{digest}'", self.location)
        when = expiry(request)
        base = urllib.parse.urlsplit(account_url(self))
        prefixed = request.HasField("prefix")
        path = f"{base.path}/{target.name}/{request.prefix if prefixed else request.object}"
        method = word_of(request, "method").replace("UNSPECIFIED", "GET")
        signed = f"{method}\n{when.seconds}\n{'prefix:' if prefixed else ''}{path}"
        if request.ip_range:
            signed = f"ip={request.ip_range}\n{signed}"
        signature = hmac.new(key.encode(), signed.encode(), DIGESTS[digest]).hexdigest()
        query = {"temp_url_sig": signature, "temp_url_expires": str(when.seconds)}
        if prefixed:
            query["temp_url_prefix"] = request.prefix
        if request.ip_range:
            query["temp_url_ip_range"] = request.ip_range
        if request.filename:
            query["filename"] = request.filename
        if request.show_in_browser:
            query["inline"] = ""
        url = urllib.parse.urlunsplit(
            base._replace(path=urllib.parse.quote(path), query=urllib.parse.urlencode(query))
        )
        return Outcome(answer={"url": url, "expire_time": when})


# The old ways of keeping versions, each with the one it takes the place of.
WAYS = (
    ("versions_container", "history_container"),
    ("history_container", "versions_container"),
)


def etag_of(segments: Sequence[Any]) -> str:
    """The etag of a large object."""
    etags = "".join(each.etag for each in segments)
    return hashlib.md5(etags.encode(), usedforsecurity=False).hexdigest()


def is_wanted(each: Any, wanted: Any) -> bool:
    """Whether an object fits a filter."""
    names = {*wanted.names, *wanted.ids}
    return (
        (not names or each.name in names)
        and each.name.startswith(wanted.prefix)
        and each.name > wanted.after_name
        and (not wanted.before_name or each.name < wanted.before_name)
    )


def check_sums(checksums: Any, data: bytes) -> None:
    for each in checksums:
        if each.algorithm not in hashlib.algorithms_available:
            text = f"nobody here computes {each.algorithm}"
            raise invalid(violation("checksums", text, "UNKNOWN"))
        own = hashlib.new(each.algorithm, data, usedforsecurity=False).hexdigest()
        if own != each.hex_digest.lower():
            text = f"the bytes have {each.algorithm} {own}, not {each.hex_digest}"
            raise Failure(Code.INVALID_ARGUMENT, "CHECKSUM_MISMATCH", text)


def expiry(request: Any) -> Timestamp:
    """Until when a temporary URL is good, in whole seconds."""
    now = stamp()
    when = Timestamp(seconds=now.seconds + request.expire_after.seconds)
    if request.HasField("expire_time"):
        when = Timestamp(seconds=request.expire_time.seconds)
    if when.seconds <= now.seconds:
        raise invalid(violation("expire_time", "is not in the future", "OUT_OF_RANGE"))
    return when
