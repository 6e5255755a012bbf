# SPDX-License-Identifier: Apache-2.0
"""The methods of the model as gRPC handlers.

They take and give bytes, so that a request which is no protobuf is INVALID_ARGUMENT: a handler that
grpc deserializes for would answer UNKNOWN.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from typing import Any, NoReturn

import grpc
import grpc.aio
from google.protobuf.message import DecodeError, Message

from oaktree.api.service import Api, Caller
from oaktree.failures import Code, Failure, status_of
from oaktree.shapes import Method, methods

DETAILS = "grpc-status-details-bin"
CODES = {code.value[0]: code for code in grpc.StatusCode}

DRAIN_SECONDS = 1.0

log = logging.getLogger(__name__)


def register(server: grpc.aio.Server, api: Api) -> list[str]:
    """Serves every method of the model, and says which services that makes."""
    services: dict[str, dict[str, grpc.RpcMethodHandler[Any, Any]]] = {}
    for method in methods():
        services.setdefault(method.service, {})[method.name] = handler(api, method)
    server.add_generic_rpc_handlers(
        tuple(
            grpc.method_handlers_generic_handler(name, handlers)
            for name, handlers in services.items()
        )
    )
    return list(services)


def handler(api: Api, method: Method) -> grpc.RpcMethodHandler[Any, Any]:
    def parse(data: bytes) -> Any:
        try:
            return method.request.FromString(data)
        except DecodeError:
            raise Failure(
                Code.INVALID_ARGUMENT,
                "MALFORMED_REQUEST",
                f"these bytes are no {method.request.DESCRIPTOR.full_name}",
            ) from None

    async def unary(data: bytes, context: grpc.aio.ServicerContext[Any, Any]) -> bytes:
        try:
            response = await api.unary(method, parse(data), caller(context))
        except Exception as error:
            await refuse(context, method, error)
        return response.SerializeToString()

    async def stream(
        data: bytes, context: grpc.aio.ServicerContext[Any, Any]
    ) -> AsyncIterator[bytes]:
        try:
            async for response in api.stream(method, parse(data), caller(context)):
                yield response.SerializeToString()
        except Exception as error:
            await refuse(context, method, error)

    async def both(
        chunks: AsyncIterator[bytes], context: grpc.aio.ServicerContext[Any, Any]
    ) -> AsyncIterator[bytes]:
        async def requests() -> AsyncIterator[Message]:
            async for data in chunks:
                yield parse(data)

        try:
            async for response in api.upload(method, requests(), caller(context)):
                yield response.SerializeToString()
        except Exception as error:
            await drain(chunks)
            await refuse(context, method, error)

    if method.client_streams:
        return grpc.stream_stream_rpc_method_handler(both)
    if method.server_streams:
        return grpc.unary_stream_rpc_method_handler(stream)
    return grpc.unary_unary_rpc_method_handler(unary)


def caller(context: grpc.aio.ServicerContext[Any, Any]) -> Caller:
    identities = context.peer_identities() or ()
    return Caller(b",".join(identities).decode(errors="replace"), context.time_remaining())


async def drain(chunks: AsyncIterator[bytes]) -> None:
    """Takes what a caller is just sending: a call that ends in the middle of a write can lose its
    status on the way."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(DRAIN_SECONDS):
            async for _ in chunks:
                pass


async def refuse(
    context: grpc.aio.ServicerContext[Any, Any], method: Method, error: Exception
) -> NoReturn:
    """Ends the call with the failure, and an Error in its details."""
    if not isinstance(error, Failure):
        log.exception("%s failed", method.name)
        error = Failure(
            Code.INTERNAL, "INTERNAL", f"{method.name} failed: the log of this oaktree says why"
        )
    status = status_of(error.error)
    await context.abort(
        CODES[status.code], status.message, ((DETAILS, status.SerializeToString()),)
    )
    raise AssertionError("abort returns never")
