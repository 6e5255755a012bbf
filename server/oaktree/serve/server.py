# SPDX-License-Identifier: Apache-2.0
"""The server from start to stop."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import signal
import socket
import ssl
from collections.abc import Callable
from pathlib import Path

import grpc
import grpc.aio
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from oaktree.api.service import Api
from oaktree.clouds import Cloud
from oaktree.clouds.simulated import FLOATING, PROVIDER, Quirks, SimulatedCloud
from oaktree.serve.config import Config, ConfigError
from oaktree.serve.handlers import register

# A chunk of an upload is 1 MiB, a request with its envelope little more.
LARGEST_MESSAGE = 4 << 20
OPTIONS = (
    ("grpc.max_receive_message_length", LARGEST_MESSAGE),
    ("grpc.so_reuseport", 0),
    # Watches idle between bookmarks; their connections have to be known alive.
    ("grpc.keepalive_time_ms", 60_000),
    ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
)

log = logging.getLogger("oaktree")


def clouds_of(config: Config) -> list[Cloud]:
    """The clouds that are to be served."""

    def quirks(kind: Quirks) -> Quirks:
        return dataclasses.replace(kind, pace=config.pace, servers=config.servers)

    return [
        SimulatedCloud("alder", quirks(PROVIDER)),
        SimulatedCloud("birch", quirks(FLOATING), regions=("north", "south")),
    ]


def check_free(listen: str) -> None:
    """Raises ConfigError when the port is taken: grpc itself would only say that binding failed."""
    host, _, port = listen.rpartition(":")
    try:
        found = socket.getaddrinfo(host.strip("[]"), int(port), type=socket.SOCK_STREAM)
    except OSError as error:
        raise ConfigError(f"listen: '{host}' is no address: {error.strerror}") from None
    except ValueError:
        # Among others, the parts of a name have 63 characters at the most.
        raise ConfigError(f"listen: '{host}' is no address: it can be no name") from None
    family, kind, protocol, _, address = found[0]
    with socket.socket(family, kind, protocol) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except OSError as error:
            raise ConfigError(
                f"cannot listen on {listen}: {error.strerror}; stop what listens there, or choose "
                "another port with --listen"
            ) from None


def credentials(config: Config) -> grpc.ServerCredentials | None:
    if not config.tls_cert:
        return None
    try:
        # gRPC would take them as they are, and only log what is wrong with them.
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(config.tls_cert, config.tls_key)
    except (ssl.SSLError, OSError) as error:
        raise ConfigError(
            f"tls_cert and tls_key: no PEM certificate and its key can be read from "
            f"{config.tls_cert} and {config.tls_key}: {error.strerror or error}"
        ) from None
    key, chain = Path(config.tls_key).read_bytes(), Path(config.tls_cert).read_bytes()
    return grpc.ssl_server_credentials([(key, chain)])


class Oaktree:
    """A running server."""

    def __init__(self, config: Config, clouds: list[Cloud] | None = None) -> None:
        self._config = config
        self.api = Api(
            clouds if clouds is not None else clouds_of(config), patience=config.patience
        )
        self._server = grpc.aio.server(options=OPTIONS)
        self._health = health.aio.HealthServicer()
        self._hurry = asyncio.Event()
        self.address = ""

    async def start(self) -> None:
        """Listens. Raises ConfigError where that is not possible."""
        check_free(self._config.listen)
        services = register(self._server, self.api)
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        reflection.enable_server_reflection(
            [*services, health.SERVICE_NAME, reflection.SERVICE_NAME], self._server
        )
        secure = credentials(self._config)
        listen = self._config.listen
        try:
            port = (
                self._server.add_secure_port(listen, secure)
                if secure
                else self._server.add_insecure_port(listen)
            )
        except RuntimeError as error:
            raise ConfigError(f"cannot listen on {listen}: {error}") from None
        await self._server.start()
        for name in ("", *services):
            await self._health.set(name, health_pb2.HealthCheckResponse.SERVING)
        self.address = f"{listen.rpartition(':')[0]}:{port}"

    async def stop(self) -> None:
        """Ends: takes no more calls, and gives those there are their time."""
        await self._health.enter_graceful_shutdown()
        stopped = asyncio.ensure_future(self._server.stop(self._config.drain))
        # Whoever watches is to go to another server: this one is told first to take no more calls.
        await asyncio.sleep(0)
        self.api.end_watches()
        hurry = asyncio.ensure_future(self._hurry.wait())
        await asyncio.wait({stopped, hurry}, return_when=asyncio.FIRST_COMPLETED)
        hurry.cancel()
        if not stopped.done():
            # A second stop would wait for the first.
            stopped.cancel()
            await asyncio.wait({stopped})
            await self._server.stop(None)
        await self.api.close()

    def hurry(self) -> None:
        """Gives the calls that are left no more time to end."""
        self._hurry.set()

    async def wait(self) -> None:
        await self._server.wait_for_termination()


async def serve(config: Config, ready: Callable[[str], None]) -> None:
    """Serves until SIGTERM or SIGINT; the second of them ends the calls that are left."""
    server = Oaktree(config)
    await server.start()
    ready(server.address)
    signals: asyncio.Queue[None] = asyncio.Queue()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, signals.put_nowait, None)
    await signals.get()
    log.info("stopping; calls have %g s to end, or until the next signal", config.drain)
    stopped = asyncio.ensure_future(server.stop())
    again = asyncio.ensure_future(signals.get())
    await asyncio.wait({stopped, again}, return_when=asyncio.FIRST_COMPLETED)
    again.cancel()
    server.hurry()
    await stopped
