# SPDX-License-Identifier: Apache-2.0
"""What users write with grpc.aio: a server of some methods, and a client that calls them.

It runs with every version the package promises to work with, and passes mypy --strict.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, NoReturn

import grpc
from grpc import aio
from oaktreemodel.common import v1 as common
from oaktreemodel.compute import v1 as compute
from oaktreemodel.image import v1 as image

SMALL = compute.Flavor(id="1", name="m1.small", vcpus=1, ram_mib=2048)

Context = aio.ServicerContext[Any, Any]


async def abort(context: Context, error: common.Error, code: grpc.StatusCode) -> NoReturn:
    status = common.Status(code=error.code, message=error.message)
    status.details.add().Pack(error)
    details = (("grpc-status-details-bin", status.SerializeToString()),)
    await context.abort(code, error.message, details)


class Flavors(compute.FlavorServiceServicer):
    async def GetFlavor(
        self, request: compute.GetFlavorRequest, context: Context
    ) -> compute.GetFlavorResponse:
        if request.name_or_id != SMALL.name:
            await abort(
                context,
                common.Error(
                    code=5,
                    message=f"There is no flavor {request.name_or_id}.",
                    reason="FLAVOR_NOT_FOUND",
                    domain="oaktree",
                    retry_advice=common.RETRY_ADVICE_NEVER,
                ),
                grpc.StatusCode.NOT_FOUND,
            )
        return compute.GetFlavorResponse(flavor=SMALL)

    async def WatchFlavors(
        self, request: compute.WatchFlavorsRequest, context: Context
    ) -> AsyncIterator[compute.WatchFlavorsResponse]:
        event = compute.FlavorEvent(kind=common.WATCH_EVENT_KIND_PRESENT, flavor=SMALL)
        for token in ("1", "2", "3"):
            yield compute.WatchFlavorsResponse(events=[event, event], resume_token=token)


class Images(image.ImageServiceServicer):
    async def UploadImage(
        self, request_iterator: AsyncIterator[image.UploadImageRequest], context: Context
    ) -> AsyncIterator[image.UploadImageResponse]:
        received = 0
        async for request in request_iterator:
            received += len(request.chunk.data)
            yield image.UploadImageResponse(received_size_bytes=received)


@contextlib.asynccontextmanager
async def serving() -> AsyncIterator[str]:
    server = aio.server()
    compute.add_FlavorServiceServicer_to_server(Flavors(), server)
    image.add_ImageServiceServicer_to_server(Images(), server)
    port = server.add_insecure_port("localhost:0")
    await server.start()
    try:
        yield f"localhost:{port}"
    finally:
        await server.stop(None)


def error_of(failure: aio.AioRpcError) -> common.Error:
    error = common.Error()
    for key, value in failure.trailing_metadata() or ():
        if key == "grpc-status-details-bin" and isinstance(value, bytes):
            common.Status.FromString(value).details[0].Unpack(error)
    return error


async def unary(channel: aio.Channel) -> None:
    flavors = compute.FlavorServiceStub(channel)
    response = await flavors.GetFlavor(compute.GetFlavorRequest(name_or_id="m1.small"), timeout=10)
    flavor: compute.Flavor = response.flavor
    assert flavor == SMALL
    assert not flavor.HasField("rxtx_factor")


async def server_stream(channel: aio.Channel) -> None:
    flavors: compute.FlavorServiceAsyncStub = compute.FlavorServiceStub(channel)
    kinds: list[common.WatchEventKind.ValueType] = []
    token = ""
    async for response in flavors.WatchFlavors(compute.WatchFlavorsRequest(), timeout=10):
        kinds += [event.kind for event in response.events]
        token = response.resume_token
    assert kinds == [common.WATCH_EVENT_KIND_PRESENT] * 6
    assert token == "3"


async def bidirectional_stream(channel: aio.Channel) -> None:
    images = image.ImageServiceStub(channel)

    async def requests() -> AsyncIterator[image.UploadImageRequest]:
        for _ in range(3):
            yield image.UploadImageRequest(chunk=image.UploadImageChunk(data=bytes(1 << 20)))

    answers = images.UploadImage(requests(), timeout=10)
    received = [answer.received_size_bytes async for answer in answers]
    assert received == [1 << 20, 2 << 20, 3 << 20]


async def error_detail(channel: aio.Channel) -> None:
    flavors = compute.FlavorServiceStub(channel)
    try:
        await flavors.GetFlavor(compute.GetFlavorRequest(name_or_id="m1.huge"), timeout=10)
    except aio.AioRpcError as failure:
        error = error_of(failure)
        assert failure.code() is grpc.StatusCode.NOT_FOUND
        assert failure.details() == error.message == "There is no flavor m1.huge."
        assert error.reason == "FLAVOR_NOT_FOUND"
        assert error.retry_advice == common.RETRY_ADVICE_NEVER
    else:
        raise AssertionError("the call succeeded")


async def unimplemented_method(channel: aio.Channel) -> None:
    flavors = compute.FlavorServiceStub(channel)
    try:
        await flavors.DeleteFlavor(compute.DeleteFlavorRequest(name_or_id="m1.small"), timeout=10)
    except aio.AioRpcError as failure:
        assert failure.code() is grpc.StatusCode.UNIMPLEMENTED
        assert error_of(failure) == common.Error()
    else:
        raise AssertionError("the call succeeded")


Call = Callable[[aio.Channel], Awaitable[None]]
CALLS: tuple[Call, ...] = (
    unary,
    server_stream,
    bidirectional_stream,
    error_detail,
    unimplemented_method,
)


async def main() -> None:
    async with serving() as address, aio.insecure_channel(address) as channel:
        for call in CALLS:
            await call(channel)
            print("asyncio", call.__name__)


if __name__ == "__main__":
    asyncio.run(main())
