#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The least a gRPC server in Python can do: it answers every call with messages prepared before.

    bare.py DIRECTORY

There, SERVICE/METHOD/ has a file for each message of an answer, in the order of their names. It
reads no request and knows no protobuf. Prints 'listening on HOST:PORT'.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc
import grpc.aio

Context = grpc.aio.ServicerContext[bytes, bytes]


def handler(directory: Path) -> grpc.RpcMethodHandler[Any, Any]:
    messages = [path.read_bytes() for path in sorted(directory.iterdir())]

    async def unary(request: bytes, context: Context) -> bytes:
        return messages[0]

    async def stream(request: bytes, context: Context) -> AsyncIterator[bytes]:
        for message in messages:
            yield message

    if directory.name.startswith("Watch"):
        return grpc.unary_stream_rpc_method_handler(stream)
    return grpc.unary_unary_rpc_method_handler(unary)


async def main() -> None:
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    server = grpc.aio.server()
    for service in Path(sys.argv[1]).iterdir():
        handlers = {method.name: handler(method) for method in service.iterdir()}
        generic = grpc.method_handlers_generic_handler(service.name, handlers)
        server.add_generic_rpc_handlers((generic,))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    print(f"listening on 127.0.0.1:{port}", flush=True)
    await stopping.wait()
    await server.stop(0)


if __name__ == "__main__":
    asyncio.run(main())
