# SPDX-License-Identifier: Apache-2.0
"""The interop server in Python; ../README.rst says what it answers to what."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections import defaultdict
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, NoReturn, TypeAlias

import grpc
from interop import Data
from oaktreemodel.common import v1 as common
from oaktreemodel.compute import v1 as compute
from oaktreemodel.image import v1 as image
from oaktreemodel.network import v1 as network
from oaktreemodel.operation import v1 as operation

PAGE_SIZE = 3
BATCH_SIZE = 3
BOOKMARK_SECONDS = 0.02
# How long "slow" takes.
SLOW_SECONDS = 30.0
# How long to wait for a call to end.
ENDED_SECONDS = 10.0
CHUNK_BYTES = 256 * 1024
# More than a client takes unless it says otherwise, which is 4 MiB.
OVERSIZED_BYTES = 5 * 1024 * 1024
# More than gRPC's C++ library takes as metadata.
TOO_LARGE_BYTES = 20_000

CODES = {code.value[0]: code for code in grpc.StatusCode}

Context: TypeAlias = grpc.aio.ServicerContext[Any, Any]


async def fail(context: Context, error: common.Error) -> NoReturn:
    status = common.Status(code=error.code, message=error.message)
    status.details.add().Pack(error)
    details = (("grpc-status-details-bin", status.SerializeToString()),)
    await context.abort(CODES[error.code], error.message, details)


def tag_of(context: Context) -> str:
    """The caller's own name for this call."""
    return str(dict(context.invocation_metadata() or ()).get("call-tag"))


class ServerService(compute.ServerServiceServicer):
    def __init__(self, data: Data) -> None:
        self.data = data
        # By the tags of the calls: set when the call has ended.
        self.ended: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)

    def note_the_end(self, context: Context) -> None:
        """By a callback: a handler is not told when its call ends while it sends."""
        ended = self.ended[tag_of(context)]
        # types-grpcio takes no function for a callback.
        context.add_done_callback(lambda _: ended.set())  # type: ignore[arg-type]

    async def fail_if_asked(self, context: Context, name: str) -> None:
        if name == "too-large":
            error = common.Error()
            error.CopyFrom(self.data.errors["largest"])
            error.upstream.message = "x" * TOO_LARGE_BYTES
            await fail(context, error)
        if name in self.data.errors:
            await fail(context, self.data.errors[name])

    async def GetServer(
        self, request: compute.GetServerRequest, context: Context
    ) -> compute.GetServerResponse:
        name = request.name_or_id
        await self.fail_if_asked(context, name)
        if name == "future":
            server = compute.Server(status_raw="QUANTUM")
            server.status = 99  # type: ignore[assignment]
            # What is left then are the fields that this server does not know.
            request.ClearField("name_or_id")
            server.MergeFromString(request.SerializeToString())
            return compute.GetServerResponse(server=server)
        if name.startswith("ended:"):
            tag = name.removeprefix("ended:")
            try:
                await asyncio.wait_for(self.ended[tag].wait(), ENDED_SECONDS)
            except asyncio.TimeoutError:
                await fail(context, self.data.errors["nope"])
            return compute.GetServerResponse(server=compute.Server(name=tag))
        if name == "oversized":
            return compute.GetServerResponse(
                server=compute.Server(user_data=bytes(OVERSIZED_BYTES))
            )
        if name == "peer":
            names = context.auth_context().get("x509_common_name", [])
            caller = compute.Server(name=context.peer(), description=b"".join(names).decode())
            return compute.GetServerResponse(server=caller)
        if name == "metadata":
            given = context.invocation_metadata() or ()
            notes = tuple(pair for pair in given if pair[0].startswith("call-note"))
            await context.send_initial_metadata(notes)
            context.set_trailing_metadata(notes)
            return compute.GetServerResponse()
        cloud = request.location.cloud
        for server in self.data.servers.servers:
            if name in (server.id, server.name) and cloud in ("", server.location.cloud):
                break
        else:
            await fail(context, self.data.errors["nope"])
        return compute.GetServerResponse(server=server)

    async def ListServers(
        self, request: compute.ListServersRequest, context: Context
    ) -> compute.ListServersResponse:
        if request.page_size < 0:
            await fail(context, self.data.errors["page-size"])
        clouds = {location.cloud for location in request.locations}
        servers = [
            server
            for server in self.data.servers.servers
            if not clouds or server.location.cloud in clouds
        ]
        start = int(request.page_token or 0)
        end = start + (request.page_size or PAGE_SIZE)
        return compute.ListServersResponse(
            servers=servers[start:end], next_page_token=str(end) if end < len(servers) else ""
        )

    def events(self) -> list[compute.ServerEvent]:
        """What a watch tells: the servers of each place, then that there are no more."""
        result = []
        servers = list(self.data.servers.servers)
        for server, after in zip(servers, [*servers[1:], None], strict=True):
            result.append(compute.ServerEvent(kind=common.WATCH_EVENT_KIND_PRESENT, server=server))
            if after is None or after.location.cloud != server.location.cloud:
                synced = compute.ServerEvent(
                    kind=common.WATCH_EVENT_KIND_SYNCED, location=server.location
                )
                synced.location.ClearField("zone")
                result.append(synced)
        result.append(compute.ServerEvent(kind=common.WATCH_EVENT_KIND_SYNCED))
        return result

    async def WatchServers(
        self, request: compute.WatchServersRequest, context: Context
    ) -> AsyncIterator[compute.WatchServersResponse]:
        self.note_the_end(context)
        events = self.events()
        token = request.resume_token or "0"
        if not token.isdecimal() or int(token) > len(events):
            resync = compute.ServerEvent(kind=common.WATCH_EVENT_KIND_RESYNC_REQUIRED)
            yield compute.WatchServersResponse(events=[resync])
            return
        given = int(token)
        while given < len(events):
            batch = events[given : given + BATCH_SIZE]
            given += len(batch)
            yield compute.WatchServersResponse(events=batch, resume_token=str(given))
        while not request.snapshot_only:
            await asyncio.sleep(BOOKMARK_SECONDS)
            yield compute.WatchServersResponse(resume_token=str(given))

    async def CreateServer(
        self, request: compute.CreateServerRequest, context: Context
    ) -> compute.CreateServerResponse:
        self.note_the_end(context)
        await self.fail_if_asked(context, request.name)
        if request.name == "compressed":
            context.set_compression(grpc.Compression.Gzip)
        if request.name == "slow" and request.wait:
            seconds = SLOW_SECONDS
            if request.HasField("wait_timeout"):
                seconds = request.wait_timeout.ToTimedelta().total_seconds()
            await asyncio.sleep(seconds)
        server = compute.Server(
            location=request.location,
            id=f"id-of-{request.name}",
            name=request.name,
            status=compute.SERVER_STATUS_BUILD,
            status_raw="BUILD",
            metadata=request.metadata,
            tags=request.tags,
            description=request.description,
            scheduler_hints=request.scheduler_hints,
            user_data=request.user_data,
        )
        return compute.CreateServerResponse(
            server=server,
            operation=operation.Operation(
                location=request.location,
                id=f"create-{request.name}",
                kind="server.create",
                resource=common.ResourceRef(
                    location=server.location, id=server.id, name=server.name, type="server"
                ),
                state=operation.OPERATION_STATE_RUNNING,
            ),
        )


class FlavorService(compute.FlavorServiceServicer):
    def __init__(self, data: Data) -> None:
        self.data = data

    async def ListFlavors(
        self, request: compute.ListFlavorsRequest, context: Context
    ) -> compute.ListFlavorsResponse:
        return self.data.flavors


class FloatingIpService(network.FloatingIpServiceServicer):
    def __init__(self, data: Data) -> None:
        self.data = data

    async def ListFloatingIps(
        self, request: network.ListFloatingIpsRequest, context: Context
    ) -> network.ListFloatingIpsResponse:
        return self.data.floating_ips


class ImageService(image.ImageServiceServicer):
    def __init__(self, data: Data) -> None:
        self.data = data
        self.images = {one.name: one for one in data.images.images}
        self.bytes = {"public-img": b"x" * 4096}

    async def ListImages(
        self, request: image.ListImagesRequest, context: Context
    ) -> image.ListImagesResponse:
        return self.data.images

    async def UploadImage(
        self, requests: AsyncIterator[image.UploadImageRequest], context: Context
    ) -> AsyncIterator[image.UploadImageResponse]:
        requests = aiter(requests)
        first = await anext(requests, None)
        if first is None or not first.HasField("start"):
            await fail(context, self.data.errors["out-of-order"])
        start = first.start
        name = start.create.name
        result = image.Image(
            location=start.location,
            id=f"id-of-{name}",
            name=name,
            status=image.IMAGE_STATUS_QUEUED,
            status_raw="queued",
            disk_format=start.create.disk_format,
            container_format=start.create.container_format,
        )
        yield image.UploadImageResponse(image=result)
        received = bytearray()
        async for request in requests:
            if request.HasField("chunk") and request.chunk.offset_bytes == len(received):
                received += request.chunk.data
                yield image.UploadImageResponse(received_size_bytes=len(received))
            elif request.HasField("finish"):
                break
            else:
                await fail(context, self.data.errors["out-of-order"])
        else:
            await fail(context, self.data.errors["out-of-order"])
        if start.HasField("size_bytes") and start.size_bytes != len(received):
            await fail(context, self.data.errors["short"])
        result.status = image.IMAGE_STATUS_ACTIVE
        result.status_raw = "active"
        result.size_bytes = len(received)
        result.checksums.extend(request.finish.checksums)
        self.images[name] = result
        self.bytes[name] = bytes(received)
        yield image.UploadImageResponse(
            image=result,
            operation=operation.Operation(
                location=result.location,
                id=f"upload-{name}",
                kind="image.upload",
                resource=common.ResourceRef(
                    location=result.location, id=result.id, name=name, type="image"
                ),
                state=operation.OPERATION_STATE_SUCCEEDED,
            ),
            received_size_bytes=len(received),
            persisted_size_bytes=len(received),
        )

    async def DownloadImage(
        self, request: image.DownloadImageRequest, context: Context
    ) -> AsyncIterator[image.DownloadImageResponse]:
        if request.name_or_id not in self.bytes:
            await fail(context, self.data.errors["nope"])
        content = self.bytes[request.name_or_id]
        end = len(content)
        if request.HasField("length_bytes"):
            end = min(end, request.offset_bytes + request.length_bytes)
        yield image.DownloadImageResponse(image=self.images[request.name_or_id])
        for offset in range(request.offset_bytes, end, CHUNK_BYTES):
            chunk = content[offset : min(end, offset + CHUNK_BYTES)]
            yield image.DownloadImageResponse(data=chunk, offset_bytes=offset)


def credentials(certificates: Path, *, mutual: bool) -> grpc.ServerCredentials:
    chain = [certificates.joinpath(name).read_bytes() for name in ("server.key", "server.pem")]
    authority = certificates.joinpath("authority.pem").read_bytes() if mutual else None
    return grpc.ssl_server_credentials([(chain[0], chain[1])], authority, mutual)


async def serve(data: Data, certificates: Path) -> None:
    server = grpc.aio.server()
    # The methods that are missing here answer UNIMPLEMENTED.
    compute.add_ServerServiceServicer_to_server(ServerService(data), server)
    compute.add_FlavorServiceServicer_to_server(FlavorService(data), server)
    network.add_FloatingIpServiceServicer_to_server(FloatingIpService(data), server)
    image.add_ImageServiceServicer_to_server(ImageService(data), server)
    listen = "127.0.0.1:0"
    ports = [
        server.add_insecure_port(listen),
        server.add_secure_port(listen, credentials(certificates, mutual=False)),
        server.add_secure_port(listen, credentials(certificates, mutual=True)),
    ]
    await server.start()
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    print("listening on", *(f"127.0.0.1:{port}" for port in ports), flush=True)
    await stopped.wait()
    await server.stop(grace=None)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: server.py DATA CERTIFICATES")
    asyncio.run(serve(Data(Path(sys.argv[1])), Path(sys.argv[2])))
