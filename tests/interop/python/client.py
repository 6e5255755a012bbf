# SPDX-License-Identifier: Apache-2.0
"""The interop client in Python; ../README.rst says what its cases are about."""

from __future__ import annotations

import asyncio
import hashlib
import os
import queue
import sys
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import grpc
from google.protobuf.message import Message
from interop import Data
from oaktreemodel.common import v1 as common
from oaktreemodel.compute import v1 as compute
from oaktreemodel.image import v1 as image
from oaktreemodel.network import v1 as network
from oaktreemodel.operation import v1 as operation

# No case is to hang.
TIMEOUT = 30.0
CHUNK_BYTES = 512 * 1024
# How much of a message is shown that is not as expected.
SHOWN = 400
# Field 1000 of a message to come: the text "future".
UNKNOWN_FIELD = b"\xc2\x3e\x06future"
# What becomes of an error that is larger than gRPC lets through: the server or the client may
# notice, and Go's client has no limit of its own.
TOO_LARGE_CODES = (
    grpc.StatusCode.RESOURCE_EXHAUSTED,
    grpc.StatusCode.INTERNAL,
    grpc.StatusCode.FAILED_PRECONDITION,
)

Thing = TypeVar("Thing")


class Mismatch(Exception):  # noqa: N818
    def __init__(self, expected: object, got: object) -> None:
        super().__init__(f"expected {show(expected)}, got {show(got)}")


def show(thing: object) -> str:
    return " ".join(str(thing).split())[:SHOWN]


def expect(expected: Thing, got: Thing) -> None:
    if expected != got:
        raise Mismatch(expected, got)


def call_of(error: grpc.RpcError) -> grpc.Call:
    """Every error of a call is the call itself, which its type does not tell."""
    assert isinstance(error, grpc.Call)
    return error


def expect_code(expected: grpc.StatusCode, call: Callable[[], object]) -> None:
    try:
        call()
    except grpc.RpcError as error:
        expect(expected, call_of(error).code())
    else:
        raise Mismatch(expected, "OK")


def details_of(error: grpc.RpcError) -> bytes:
    for key, value in call_of(error).trailing_metadata() or ():
        if key == "grpc-status-details-bin":
            assert isinstance(value, bytes)
            return value
    return b""


class Client:
    def __init__(self, data: Data, certificates: Path, addresses: list[str]) -> None:
        self.data = data
        self.certificates = certificates
        address, self.tls_address, self.mutual_address = addresses
        self.address = address
        channel = grpc.insecure_channel(address)
        self.servers = compute.ServerServiceStub(channel)
        self.flavors = compute.FlavorServiceStub(channel)
        self.images = image.ImageServiceStub(channel)
        self.floating_ips = network.FloatingIpServiceStub(channel)
        self.operations = operation.OperationServiceStub(channel)

    # --- What calls carry

    def get(self) -> None:
        for server in self.data.servers.servers:
            for name in (server.id, server.name):
                request = compute.GetServerRequest(
                    name_or_id=name, location=common.Location(cloud=server.location.cloud)
                )
                response = self.servers.GetServer(request, timeout=TIMEOUT)
                expect(compute.GetServerResponse(server=server), response)

    def lists(self) -> None:
        expect(
            self.data.flavors,
            self.flavors.ListFlavors(compute.ListFlavorsRequest(), timeout=TIMEOUT),
        )
        expect(self.data.images, self.images.ListImages(image.ListImagesRequest(), timeout=TIMEOUT))
        expect(
            self.data.floating_ips,
            self.floating_ips.ListFloatingIps(network.ListFloatingIpsRequest(), timeout=TIMEOUT),
        )

    def pages(self) -> None:
        for clouds in ([], ["south"]):
            expected = [
                server
                for server in self.data.servers.servers
                if not clouds or server.location.cloud in clouds
            ]
            got: list[compute.Server] = []
            sizes: list[int] = []
            request = compute.ListServersRequest(
                page_size=3, locations=[common.Location(cloud=cloud) for cloud in clouds]
            )
            while not sizes or request.page_token:
                page = self.servers.ListServers(request, timeout=TIMEOUT)
                got += page.servers
                sizes.append(len(page.servers))
                request.page_token = page.next_page_token
            expect(expected, got)
            expect([3] * (len(expected) // 3) + [len(expected) % 3], sizes)

    def create(self) -> None:
        request = compute.CreateServerRequest(
            location=common.Location(cloud="south", region="RegionOne"),
            name="björk-1",
            description="",
            metadata={"": "empty key", "schlüssel": "値", "empty value": ""},
            tags=["a", "a", ""],
            user_data=bytes(range(256)),
        )
        request.scheduler_hints.update({"group": "one", "query": [1.5, True, None, {"deep": []}]})
        server = compute.Server(
            location=request.location,
            id="id-of-björk-1",
            name=request.name,
            status=compute.SERVER_STATUS_BUILD,
            status_raw="BUILD",
            metadata=request.metadata,
            tags=request.tags,
            user_data=request.user_data,
            scheduler_hints=request.scheduler_hints,
        )
        expected = compute.CreateServerResponse(
            server=server,
            operation=operation.Operation(
                location=request.location,
                id="create-björk-1",
                kind="server.create",
                resource=common.ResourceRef(
                    location=request.location, id=server.id, name=server.name, type="server"
                ),
                state=operation.OPERATION_STATE_RUNNING,
            ),
        )
        expect(expected, self.servers.CreateServer(request, timeout=TIMEOUT))

    def send_user_data(self, name: str, content: bytes, **settings: Any) -> None:
        """Sends a message with the content, and gets one with it."""
        request = compute.CreateServerRequest(name=name, user_data=content)
        response = self.servers.CreateServer(request, timeout=TIMEOUT, **settings)
        if response.server.user_data != content:
            raise Mismatch(f"{len(content)} bytes", f"{len(response.server.user_data)} other bytes")

    def large(self) -> None:
        self.send_user_data("large", bytes(range(256)) * 3 * 4096)

    def oversized(self) -> None:
        """Is refused by whoever gets it, and the connection lives on."""
        peer = self.peer(self.servers).name
        for call in (
            lambda: self.send_user_data("oversized", bytes(5 * 1024 * 1024)),
            self.get_named("oversized"),
        ):
            expect_code(grpc.StatusCode.RESOURCE_EXHAUSTED, call)
        expect(peer, self.peer(self.servers).name)

    def compressed(self) -> None:
        self.send_user_data("compressed", bytes(2**20), compression=grpc.Compression.Gzip)

    def metadata(self) -> None:
        notes: tuple[tuple[str, str | bytes], ...] = (
            ("call-note", "one, and"),
            ("call-note", "two"),
            ("call-note-bin", bytes(range(256))),
            ("call-note-bin", b""),
        )
        request = compute.GetServerRequest(name_or_id="metadata")
        _, call = self.servers.GetServer.with_call(request, timeout=TIMEOUT, metadata=notes)
        for got in (call.initial_metadata(), call.trailing_metadata()):
            # Of one key they come in order.
            for key in dict(notes):
                values = [value for name, value in notes if name == key]
                expect(values, [value for name, value in got or () if name == key])

    # --- Connections

    def peer(self, servers: compute.ServerServiceStub) -> compute.Server:
        """What the server knows of this client: its address, and the name in its certificate."""
        request = compute.GetServerRequest(name_or_id="peer")
        return servers.GetServer(request, timeout=TIMEOUT).server

    def peer_over_tls(
        self, address: str, authority: str, name: str = "127.0.0.1", *, certificate: bool = False
    ) -> compute.Server:
        """The same over a new connection, to a server that has to be of that name."""

        def pem(file: str) -> bytes:
            return (self.certificates / file).read_bytes()

        credentials = grpc.ssl_channel_credentials(
            pem(f"{authority}.pem"),
            pem("client.key") if certificate else None,
            pem("client.pem") if certificate else None,
        )
        options = [("grpc.ssl_target_name_override", name)]
        with grpc.secure_channel(address, credentials, options) as channel:
            return self.peer(compute.ServerServiceStub(channel))

    def tls(self) -> None:
        expect("", self.peer_over_tls(self.tls_address, "authority").description)

    def tls_wrong_name(self) -> None:
        call = partial(self.peer_over_tls, self.tls_address, "authority", "oaktree.example")
        expect_code(grpc.StatusCode.UNAVAILABLE, call)

    def tls_stranger(self) -> None:
        call = partial(self.peer_over_tls, self.tls_address, "stranger")
        expect_code(grpc.StatusCode.UNAVAILABLE, call)

    def mutual_tls(self) -> None:
        peer = self.peer_over_tls(self.mutual_address, "authority", certificate=True)
        expect("client", peer.description)

    def mutual_tls_no_certificate(self) -> None:
        call = partial(self.peer_over_tls, self.mutual_address, "authority")
        expect_code(grpc.StatusCode.UNAVAILABLE, call)

    # --- Streams

    def expected_events(self) -> list[compute.ServerEvent]:
        events = []
        for cloud in ("north", "south"):
            servers = [one for one in self.data.servers.servers if one.location.cloud == cloud]
            events += [
                compute.ServerEvent(kind=common.WATCH_EVENT_KIND_PRESENT, server=server)
                for server in servers
            ]
            synced = compute.ServerEvent(
                kind=common.WATCH_EVENT_KIND_SYNCED, location=servers[0].location
            )
            synced.location.ClearField("zone")
            events.append(synced)
        events.append(compute.ServerEvent(kind=common.WATCH_EVENT_KIND_SYNCED))
        return events

    def watch(self) -> None:
        events: list[compute.ServerEvent] = []
        sizes: list[int] = []
        request = compute.WatchServersRequest(snapshot_only=True)
        for response in self.servers.WatchServers(request, timeout=TIMEOUT):
            events += response.events
            sizes.append(len(response.events))
            expect(str(len(events)), response.resume_token)
        expect(self.expected_events(), events)
        expect([3, 3, 3, 2], sizes)

    def resume(self) -> None:
        events: list[compute.ServerEvent] = []
        request = compute.WatchServersRequest()
        for wanted in (6, len(self.expected_events())):
            call = self.servers.WatchServers(request, timeout=TIMEOUT)
            while len(events) < wanted:
                response = next(call)
                events += response.events
                request.resume_token = response.resume_token
            call.cancel()
        expect(self.expected_events(), events)

    def resync(self) -> None:
        request = compute.WatchServersRequest(resume_token="of another age")
        responses = list(self.servers.WatchServers(request, timeout=TIMEOUT))
        event = compute.ServerEvent(kind=common.WATCH_EVENT_KIND_RESYNC_REQUIRED)
        expect([compute.WatchServersResponse(events=[event])], responses)

    def content(self) -> bytes:
        return bytes((index + index // 256) % 256 for index in range(2 * 1024 * 1024 + 7))

    def upload_steps(
        self, name: str, content: bytes, announced: int, progress: queue.Queue[int]
    ) -> Iterator[image.UploadImageRequest]:
        """The requests of an upload, each sent when the answer to the one before has come."""
        start = image.UploadImageStart(
            location=common.Location(cloud="south"),
            create=image.CreateImageRequest(
                name=name, disk_format="qcow2", container_format="bare"
            ),
            size_bytes=announced,
        )
        yield image.UploadImageRequest(start=start)
        for offset in range(0, len(content), CHUNK_BYTES):
            expect(offset, progress.get(timeout=TIMEOUT))
            data = content[offset : offset + CHUNK_BYTES]
            chunk = image.UploadImageChunk(data=data, offset_bytes=offset)
            yield image.UploadImageRequest(chunk=chunk)
        expect(len(content), progress.get(timeout=TIMEOUT))
        checksum = common.Checksum(algorithm="md5", hex_digest="0123456789abcdef0123456789abcdef")
        yield image.UploadImageRequest(finish=image.UploadImageFinish(checksums=[checksum]))

    def upload(self) -> None:
        content = self.content()
        name = "uploaded-by-python"
        progress: queue.Queue[int] = queue.Queue()
        answers = []
        for answer in self.images.UploadImage(
            self.upload_steps(name, content, len(content), progress), timeout=TIMEOUT
        ):
            answers.append(answer)
            progress.put(answer.received_size_bytes)
        self.expect_uploaded(name, content, answers)

    def upload_at_once(self) -> None:
        """A client stream: nothing is read before all is sent."""
        content = self.content()
        name = "uploaded-at-once-by-python"
        progress: queue.Queue[int] = queue.Queue()
        for offset in (*range(0, len(content), CHUNK_BYTES), len(content)):
            progress.put(offset)
        sent = threading.Event()

        def steps() -> Iterator[image.UploadImageRequest]:
            yield from self.upload_steps(name, content, len(content), progress)
            sent.set()

        call = self.images.UploadImage(steps(), timeout=TIMEOUT)
        expect(True, sent.wait(TIMEOUT))
        self.expect_uploaded(name, content, list(call))

    def expect_uploaded(
        self, name: str, content: bytes, answers: list[image.UploadImageResponse]
    ) -> None:
        first, last = answers[0], answers[-1]
        expect(len(content) // CHUNK_BYTES + 3, len(answers))
        expect(image.IMAGE_STATUS_QUEUED, first.image.status)
        expected = image.Image()
        expected.CopyFrom(first.image)
        expected.status = image.IMAGE_STATUS_ACTIVE
        expected.status_raw = "active"
        expected.size_bytes = len(content)
        expected.checksums.add(algorithm="md5", hex_digest="0123456789abcdef0123456789abcdef")
        expect(expected, last.image)
        expect(len(content), last.persisted_size_bytes)
        expect(operation.OPERATION_STATE_SUCCEEDED, last.operation.state)
        expect((last.image, content), self.read_image(image.DownloadImageRequest(name_or_id=name)))

    def upload_short(self) -> None:
        progress: queue.Queue[int] = queue.Queue()
        steps = self.upload_steps("short", b"too little", 11, progress)
        call = self.images.UploadImage(steps, timeout=TIMEOUT)

        def answers() -> None:
            for answer in call:
                progress.put(answer.received_size_bytes)

        self.expect_error("short", answers)

    def upload_out_of_order(self) -> None:
        chunk = image.UploadImageChunk(data=b"late", offset_bytes=5)
        steps = [
            image.UploadImageRequest(start=image.UploadImageStart()),
            image.UploadImageRequest(chunk=chunk),
        ]
        # What ends without a finish is as wrong as what leaves bytes out.
        for some in (steps, steps[:1], []):
            call = self.images.UploadImage(iter(some), timeout=TIMEOUT)
            self.expect_error("out-of-order", partial(list, call))

    def read_image(self, request: image.DownloadImageRequest) -> tuple[image.Image, bytes]:
        """The image, and all its bytes, which must come in order."""
        answers = iter(self.images.DownloadImage(request, timeout=TIMEOUT))
        first = next(answers)
        content = b""
        for answer in answers:
            expect(request.offset_bytes + len(content), answer.offset_bytes)
            content += answer.data
        return first.image, content

    def download(self) -> None:
        (expected,) = (one for one in self.data.images.images if one.name == "public-img")
        request = image.DownloadImageRequest(name_or_id="public-img")
        got, content = self.read_image(request)
        expect(expected, got)
        expect(expected.size_bytes, len(content))
        for checksum in expected.checksums:
            digest = hashlib.new(checksum.algorithm, content).hexdigest()
            expect(checksum.hex_digest, digest)
        request.offset_bytes = 1000
        request.length_bytes = 24
        expect((expected, content[1000:1024]), self.read_image(request))

    # --- Ends before the end

    def expect_ended(self, tag: str) -> None:
        """The server has seen the end of the call: it answers only then."""
        request = compute.GetServerRequest(name_or_id=f"ended:{tag}")
        expect(tag, self.servers.GetServer(request, timeout=TIMEOUT).server.name)

    def deadline(self) -> None:
        tag = f"python-deadline-{os.getpid()}"
        request = compute.CreateServerRequest(name="slow", wait=True)
        began = time.monotonic()
        try:
            self.servers.CreateServer(request, timeout=2, metadata=(("call-tag", tag),))
        except grpc.RpcError as error:
            expect(grpc.StatusCode.DEADLINE_EXCEEDED, call_of(error).code())
        else:
            raise Mismatch("DEADLINE_EXCEEDED", "OK")
        took = time.monotonic() - began
        if not 1.9 < took < 20:
            raise Mismatch("2 seconds", f"{took:.2f} seconds")
        self.expect_ended(tag)

    def wait_timeout(self) -> None:
        request = compute.CreateServerRequest(name="slow", wait=True)
        request.wait_timeout.FromMilliseconds(100)
        response = self.servers.CreateServer(request, timeout=TIMEOUT)
        expect(operation.OPERATION_STATE_RUNNING, response.operation.state)

    def cancel(self) -> None:
        tag = f"python-cancel-{os.getpid()}"
        request = compute.WatchServersRequest()
        call = self.servers.WatchServers(request, timeout=TIMEOUT, metadata=(("call-tag", tag),))
        for response in call:
            if not response.events:
                # The first bookmark: from here on the stream would never end.
                break
        call.cancel()
        expect(grpc.StatusCode.CANCELLED, call.code())
        self.expect_ended(tag)

    # --- Errors

    def expect_error(self, name: str, call: Callable[[], object]) -> None:
        expected = self.data.errors[name]
        try:
            call()
        except grpc.RpcError as error:
            code, message = call_of(error).code().value[0], call_of(error).details()
            expect((expected.code, expected.message), (code, message))
            status = common.Status.FromString(details_of(error))
            expect((expected.code, expected.message), (status.code, status.message))
            got = common.Error()
            expect([True], [detail.Unpack(got) for detail in status.details])
            expect(expected, got)
        else:
            raise Mismatch(expected, "OK")

    def get_named(self, name: str) -> Callable[[], object]:
        request = compute.GetServerRequest(name_or_id=name)
        return lambda: self.servers.GetServer(request, timeout=TIMEOUT)

    def not_found(self) -> None:
        self.expect_error("nope", self.get_named("no such server"))

    def multiple_matches(self) -> None:
        self.expect_error("twins", self.get_named("twins"))

    def quota(self) -> None:
        request = compute.CreateServerRequest(name="quota")
        self.expect_error("quota", lambda: self.servers.CreateServer(request, timeout=TIMEOUT))

    def invalid_argument(self) -> None:
        request = compute.ListServersRequest(page_size=-1)
        self.expect_error("page-size", lambda: self.servers.ListServers(request, timeout=TIMEOUT))

    def largest_error(self) -> None:
        for name in ("largest", "widest"):
            self.expect_error(name, self.get_named(name))

    def too_large_error(self) -> None:
        """Becomes another error, and neither hangs nor ends the channel."""
        try:
            self.get_named("too-large")()
        except grpc.RpcError as error:
            if call_of(error).code() not in TOO_LARGE_CODES:
                raise Mismatch(TOO_LARGE_CODES, call_of(error).code()) from None
        else:
            raise Mismatch("an error", "OK")
        self.get()

    def unimplemented(self) -> None:
        for call in (
            lambda: self.servers.RebootServer(compute.RebootServerRequest(), timeout=TIMEOUT),
            lambda: self.operations.GetOperation(operation.GetOperationRequest(), timeout=TIMEOUT),
        ):
            try:
                call()
            except grpc.RpcError as error:
                expect(grpc.StatusCode.UNIMPLEMENTED, call_of(error).code())
                # With an Error it would be the cloud that cannot, and not the server.
                expect(b"", details_of(error))
            else:
                raise Mismatch("UNIMPLEMENTED", "OK")

    # --- What is newer than this client

    def future(self) -> compute.Server:
        """A server with a status and a field of a model to come."""
        request = compute.GetServerRequest(name_or_id="future")
        request.MergeFromString(UNKNOWN_FIELD)
        return self.servers.GetServer(request, timeout=TIMEOUT).server

    def unknown_enum(self) -> None:
        server = self.future()
        expect(99, int(server.status))
        expect("QUANTUM", server.status_raw)
        again = compute.Server.FromString(server.SerializeToString())
        expect(99, int(again.status))

    def unknown_field(self) -> None:
        server = self.future()
        expect(b"\x20\x63" + b"\x2a\x07QUANTUM" + UNKNOWN_FIELD, server.SerializeToString())

    # --- What only Python has

    def asyncio(self) -> None:
        """The same stubs over an asyncio channel."""

        async def calls() -> tuple[Message, list[compute.ServerEvent]]:
            async with grpc.aio.insecure_channel(self.address) as channel:
                servers = compute.ServerServiceStub(channel)
                page = await servers.ListServers(
                    compute.ListServersRequest(page_size=1000), timeout=TIMEOUT
                )
                events: list[compute.ServerEvent] = []
                request = compute.WatchServersRequest(snapshot_only=True)
                async for response in servers.WatchServers(request, timeout=TIMEOUT):
                    events += response.events
                return page, events

        expect((self.data.servers, self.expected_events()), asyncio.run(calls()))


CASES = [
    Client.get,
    Client.lists,
    Client.pages,
    Client.create,
    Client.large,
    Client.oversized,
    Client.compressed,
    Client.metadata,
    Client.tls,
    Client.tls_wrong_name,
    Client.tls_stranger,
    Client.mutual_tls,
    Client.mutual_tls_no_certificate,
    Client.watch,
    Client.resume,
    Client.resync,
    Client.upload,
    Client.upload_at_once,
    Client.upload_short,
    Client.upload_out_of_order,
    Client.download,
    Client.deadline,
    Client.wait_timeout,
    Client.cancel,
    Client.not_found,
    Client.multiple_matches,
    Client.quota,
    Client.invalid_argument,
    Client.largest_error,
    Client.too_large_error,
    Client.unimplemented,
    Client.unknown_enum,
    Client.unknown_field,
    Client.asyncio,
]


def main(arguments: list[str]) -> int:
    cases = {case.__name__: case for case in CASES}
    if len(arguments) < 5:
        print("usage: client.py DATA CERTIFICATES ADDRESS TLS_ADDRESS MUTUAL_ADDRESS [CASE...]")
        print(f"cases: {' '.join(cases)}")
        return 2
    data, certificates, names = arguments[0], arguments[1], arguments[5:]
    if unknown := [name for name in names if name not in cases]:
        print(f"no such case: {' '.join(unknown)}; there are: {' '.join(cases)}")
        return 2
    client = Client(Data(Path(data)), Path(certificates), arguments[2:5])
    failed = False
    for name in names or cases:
        try:
            cases[name](client)
        except Mismatch as mismatch:
            failed = True
            print(f"FAILED {name}: {mismatch}", flush=True)
        except grpc.RpcError as error:
            failed = True
            print(f"FAILED {name}: expected success, got {show(error)}", flush=True)
        else:
            print(f"ok {name}", flush=True)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
