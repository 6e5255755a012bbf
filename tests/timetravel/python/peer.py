# SPDX-License-Identifier: Apache-2.0
"""The client and the server in Python; ../README.rst says what they do."""

from __future__ import annotations

import importlib
import pkgutil
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import oaktreemodel
from google.protobuf import descriptor_pb2, descriptor_pool, json_format
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from oaktreemodel.common.v1 import error_pb2

# No call is to hang.
TIMEOUT = 30.0
# The field in which an answer has the request as the server understood it.
UNDERSTOOD = 100_000
DETAILS = "grpc-status-details-bin"
CODES = {code.value[0]: code for code in grpc.StatusCode}


class Model:
    """The messages of a descriptor set or, of today, those of the stubs."""

    def __init__(self, source: str) -> None:
        if source == "today":
            for module in pkgutil.walk_packages(oaktreemodel.__path__, "oaktreemodel."):
                if module.name.endswith("_pb2"):
                    importlib.import_module(module.name)
            self.pool = descriptor_pool.Default()
        else:
            self.pool = descriptor_pool.DescriptorPool()
            files = descriptor_pb2.FileDescriptorSet.FromString(Path(source).read_bytes())
            for file in files.file:
                self.pool.Add(file)

    def method(self, path: str) -> Any:
        return self.pool.FindMethodByName(path[1:].replace("/", "."))

    def parse(self, descriptor: Any, data: bytes) -> Message:
        message: Message = GetMessageClass(descriptor)()
        message.ParseFromString(data)
        return message

    def error(self, details: bytes) -> bytes:
        """The Error in the details of a call, as it goes through this model."""
        for detail in error_pb2.Status.FromString(details).details:
            if detail.type_url.endswith("/oaktree.common.v1.Error"):
                descriptor = self.pool.FindMessageTypeByName("oaktree.common.v1.Error")
                return self.parse(descriptor, detail.value).SerializeToString()
        return b""


def varint(number: int) -> bytes:
    result = b""
    while number > 127:
        result += bytes([number % 128 + 128])
        number //= 128
    return result + bytes([number])


def lines(path: str) -> Iterator[list[str]]:
    return (line.split() for line in Path(path).read_text().splitlines())


def unhex(text: str) -> bytes:
    return b"" if text == "-" else bytes.fromhex(text)


# --- The server


def answering(model: Model, path: str, code: int, data: bytes) -> Callable[..., Iterator[bytes]]:
    method = model.method(path)

    def handle(requests: Iterator[bytes], context: grpc.ServicerContext) -> Iterator[bytes]:
        request = model.parse(method.input_type, next(requests)).SerializeToString()
        if code:
            descriptor = model.pool.FindMessageTypeByName("oaktree.common.v1.Error")
            error = model.parse(descriptor, data)
            status = error_pb2.Status(code=code, message="as asked")
            status.details.add().Pack(error)
            context.set_trailing_metadata(((DETAILS, status.SerializeToString()),))
            context.abort(CODES[code], "as asked")
        answer = model.parse(method.output_type, data).SerializeToString()
        yield answer + varint(UNDERSTOOD * 8 + 2) + varint(len(request)) + request

    return handle


def serve(model: Model, answers: str) -> None:
    services: dict[str, dict[str, Any]] = {}
    for path, code, data in lines(answers):
        _, service, name = path.split("/")
        services.setdefault(service, {})[name] = grpc.stream_stream_rpc_method_handler(
            answering(model, path, int(code), unhex(data))
        )
    # What is not registered is for gRPC itself to answer.
    server = grpc.server(ThreadPoolExecutor(4))
    server.add_generic_rpc_handlers(
        tuple(
            grpc.method_handlers_generic_handler(service, handlers)
            for service, handlers in services.items()
        )
    )
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    stopped = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopped.set())
    print(f"listening on 127.0.0.1:{port}", flush=True)
    stopped.wait()
    server.stop(None)


# --- The client


def call(model: Model, requests: str, address: str) -> None:
    with grpc.insecure_channel(address) as channel:
        for path, data, form in lines(requests):
            method = model.method(path)
            request = model.parse(method.input_type, unhex(data)).SerializeToString()
            # On the wire all kinds of calls are this one.
            start: Callable[..., Any] = channel.stream_stream(path)
            stream = start(iter([request]), timeout=TIMEOUT)
            code, got, text = 0, b"", "-"
            try:
                answer = model.parse(method.output_type, next(stream, b""))
                got = answer.SerializeToString()
                if form == "json":
                    text = json_format.MessageToJson(answer, indent=None)
                if method.server_streaming:
                    stream.cancel()
                else:
                    list(stream)
            except grpc.RpcError:
                code = stream.code().value[0]
                got = model.error(dict(stream.trailing_metadata() or ()).get(DETAILS, b""))
            print(path, code, got.hex() or "-", text)


def main(arguments: list[str]) -> int:
    if arguments[:1] == ["serve"] and len(arguments) == 3:
        serve(Model(arguments[1]), arguments[2])
    elif arguments[:1] == ["call"] and len(arguments) == 4:
        call(Model(arguments[1]), arguments[2], arguments[3])
    else:
        print("usage: peer.py serve MODEL ANSWERS | peer.py call MODEL REQUESTS ADDRESS")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
