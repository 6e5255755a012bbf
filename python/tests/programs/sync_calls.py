# SPDX-License-Identifier: Apache-2.0
"""What users write with grpc: a server of some methods, and a client that calls them.

It runs with every version the package promises to work with, and passes mypy --strict.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from concurrent import futures
from typing import NoReturn

import grpc
from oaktreemodel.common import v1 as common
from oaktreemodel.compute import v1 as compute
from oaktreemodel.image import v1 as image

SMALL = compute.Flavor(id="1", name="m1.small", vcpus=1, ram_mib=2048)


def abort(context: grpc.ServicerContext, error: common.Error, code: grpc.StatusCode) -> NoReturn:
    status = common.Status(code=error.code, message=error.message)
    status.details.add().Pack(error)
    context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
    context.abort(code, error.message)


class Flavors(compute.FlavorServiceServicer):
    def GetFlavor(
        self, request: compute.GetFlavorRequest, context: grpc.ServicerContext
    ) -> compute.GetFlavorResponse:
        if request.name_or_id != SMALL.name:
            abort(
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

    def WatchFlavors(
        self, request: compute.WatchFlavorsRequest, context: grpc.ServicerContext
    ) -> Iterator[compute.WatchFlavorsResponse]:
        event = compute.FlavorEvent(kind=common.WATCH_EVENT_KIND_PRESENT, flavor=SMALL)
        for token in ("1", "2", "3"):
            yield compute.WatchFlavorsResponse(events=[event, event], resume_token=token)


class Images(image.ImageServiceServicer):
    def UploadImage(
        self, request_iterator: Iterator[image.UploadImageRequest], context: grpc.ServicerContext
    ) -> Iterator[image.UploadImageResponse]:
        received = 0
        for request in request_iterator:
            received += len(request.chunk.data)
            yield image.UploadImageResponse(received_size_bytes=received)


@contextlib.contextmanager
def serving() -> Iterator[str]:
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=4))
    compute.add_FlavorServiceServicer_to_server(Flavors(), server)
    image.add_ImageServiceServicer_to_server(Images(), server)
    port = server.add_insecure_port("localhost:0")
    server.start()
    try:
        yield f"localhost:{port}"
    finally:
        server.stop(None).wait()


def error_of(failure: grpc.RpcError) -> common.Error:
    error = common.Error()
    for item in failure.trailing_metadata() or ():
        if item.key == "grpc-status-details-bin":
            common.Status.FromString(item.value).details[0].Unpack(error)
    return error


def unary(channel: grpc.Channel) -> None:
    flavors = compute.FlavorServiceStub(channel)
    response = flavors.GetFlavor(compute.GetFlavorRequest(name_or_id="m1.small"), timeout=10)
    flavor: compute.Flavor = response.flavor
    assert flavor == SMALL
    assert not flavor.HasField("rxtx_factor")


def server_stream(channel: grpc.Channel) -> None:
    flavors = compute.FlavorServiceStub(channel)
    kinds: list[common.WatchEventKind.ValueType] = []
    token = ""
    for response in flavors.WatchFlavors(compute.WatchFlavorsRequest(), timeout=10):
        kinds += [event.kind for event in response.events]
        token = response.resume_token
    assert kinds == [common.WATCH_EVENT_KIND_PRESENT] * 6
    assert token == "3"


def bidirectional_stream(channel: grpc.Channel) -> None:
    images = image.ImageServiceStub(channel)
    chunk = image.UploadImageChunk(data=bytes(1 << 20))
    requests = iter([image.UploadImageRequest(chunk=chunk)] * 3)
    received = [answer.received_size_bytes for answer in images.UploadImage(requests, timeout=10)]
    assert received == [1 << 20, 2 << 20, 3 << 20]


def error_detail(channel: grpc.Channel) -> None:
    flavors = compute.FlavorServiceStub(channel)
    try:
        flavors.GetFlavor(compute.GetFlavorRequest(name_or_id="m1.huge"), timeout=10)
    except grpc.RpcError as failure:
        error = error_of(failure)
        assert failure.code() is grpc.StatusCode.NOT_FOUND
        assert failure.details() == error.message == "There is no flavor m1.huge."
        assert error.reason == "FLAVOR_NOT_FOUND"
        assert error.retry_advice == common.RETRY_ADVICE_NEVER
    else:
        raise AssertionError("the call succeeded")


def unimplemented_method(channel: grpc.Channel) -> None:
    flavors = compute.FlavorServiceStub(channel)
    try:
        flavors.DeleteFlavor(compute.DeleteFlavorRequest(name_or_id="m1.small"), timeout=10)
    except grpc.RpcError as failure:
        assert failure.code() is grpc.StatusCode.UNIMPLEMENTED
        assert error_of(failure) == common.Error()
    else:
        raise AssertionError("the call succeeded")


Call = Callable[[grpc.Channel], None]
CALLS: tuple[Call, ...] = (
    unary,
    server_stream,
    bidirectional_stream,
    error_detail,
    unimplemented_method,
)


def main() -> None:
    with serving() as address, grpc.insecure_channel(address) as channel:
        for call in CALLS:
            call(channel)
            print("sync", call.__name__)


if __name__ == "__main__":
    main()
