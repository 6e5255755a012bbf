#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Calls oaktree, and in turns with it a bare server that returns the same bytes.

    calls.py DIRECTORY ROUNDS SERVERS MANY

Gets one of SERVERS servers and lists them all; creates, watches and deletes one; takes a snapshot
of MANY servers over all clouds. Writes DIRECTORY/measured, one value a line: the operation, whose
it is, what it is, and the value in seconds or in what the name says. Not to its output, for that
is where gRPC says what it thinks of connections that end.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import math
import os
import shutil
import signal
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path

import grpc.aio
from oaktreemodel.common import v1 as common
from oaktreemodel.compute import v1 as compute

HERE = Path(__file__).resolve().parent
ENVIRONMENT = os.environ | {
    "PYTHONPATH": f"{os.environ.get('PYTHONPATH', '')}:{HERE.parents[1] / 'server'}"
}
# How many calls are under way at once where calls a second are counted.
AT_ONCE = 16
# Simulated servers are made a hundred times as fast as they are by default.
PACE = 0.01
# The regions that --simulated serves, each of which has as many servers.
REGIONS = 3
ALDER = common.Location(cloud="alder")

SERVICE = compute.Server.DESCRIPTOR.file.services_by_name["ServerService"].full_name
TICKS = os.sysconf("SC_CLK_TCK")
MEASURED: list[str] = []

# What is called with the number of the call.
Operation = Callable[[int], Awaitable[object]]


class Server:
    """A server in a process of its own."""

    def __init__(self, name: str, process: asyncio.subprocess.Process, address: str) -> None:
        self.name = name
        self._proc = Path(f"/proc/{process.pid}")
        # The lists of the bench may be longer than users' are.
        options = [("grpc.max_receive_message_length", -1)]
        self.channel = grpc.aio.insecure_channel(address, options)
        self.stub: compute.ServerServiceAsyncStub = compute.ServerServiceStub(self.channel)

    def cpu(self) -> float:
        """The seconds it has used so far."""
        fields = (self._proc / "stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def peak(self) -> int:
        """The most memory it has had, in bytes."""
        lines = (self._proc / "status").read_text().splitlines()
        (line,) = (line for line in lines if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024

    async def unary(self, method: str, request: bytes) -> bytes:
        """The bytes of an answer: decoding them would be the client's work."""
        call: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes]
        call = self.channel.unary_unary(f"/{SERVICE}/{method}")
        return await call(request)

    async def stream(self, method: str, request: bytes) -> list[bytes]:
        call: grpc.aio.UnaryStreamMultiCallable[bytes, bytes]
        call = self.channel.unary_stream(f"/{SERVICE}/{method}")
        return [message async for message in call(request)]


@contextlib.asynccontextmanager
async def serving(name: str, *command: str) -> AsyncIterator[Server]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-B", *command, stdout=asyncio.subprocess.PIPE, env=ENVIRONMENT
    )
    try:
        assert process.stdout
        said = (await process.stdout.readline()).decode().split()
        if said[:2] != ["listening", "on"]:
            sys.exit(f"calls.py: '{' '.join(command)}' does not start")
        server = Server(name, process, said[2])
        yield server
        await server.channel.close()
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        await process.wait()


def oaktree(servers: int, pace: float = 1.0) -> contextlib.AbstractAsyncContextManager[Server]:
    settings = ("--listen=127.0.0.1:0", "--log-level=error", "--drain=0", "--patience=600")
    flags = ("--simulated", f"--servers={servers}", f"--pace={pace}")
    return serving("oaktree", "-m", "oaktree", *settings, *flags)


def bare(directory: Path) -> contextlib.AbstractAsyncContextManager[Server]:
    return serving("bare", str(HERE / "bare.py"), str(directory))


def prepare(directory: Path, method: str, messages: Sequence[bytes]) -> None:
    """What the bare server is to answer."""
    answer = directory / SERVICE / method
    answer.mkdir(parents=True)
    for number, message in enumerate(messages):
        (answer / f"{number:06}").write_bytes(message)


def tell(operation: str, server: Server, what: str, value: float) -> None:
    MEASURED.append(f"{operation} {server.name} {what} {value:.9f}\n")


async def measure(name: str, server: Server, operation: Operation, calls: int) -> None:
    """One call after the other, for their latency; and several at once, for calls a second."""
    for number in range(calls):
        start = time.perf_counter()
        await operation(number)
        tell(name, server, "latency", time.perf_counter() - start)

    numbers = iter(range(calls))

    async def work() -> None:
        for number in numbers:
            await operation(number)

    cpu, start = server.cpu(), time.perf_counter()
    await asyncio.gather(*(work() for _ in range(AT_ONCE)))
    tell(name, server, "rate", calls / (time.perf_counter() - start))
    tell(name, server, "cpu", (server.cpu() - cpu) / calls)


async def in_turns(
    name: str, servers: Sequence[Server], operation: Callable[[Server], Operation], calls: int
) -> None:
    """Each server in its turn; a first call, which opens the connection, is not counted."""
    for server in servers:
        await operation(server)(0)
    for server in servers:
        await measure(name, server, operation(server), calls)


async def reads(directory: Path, rounds: int, count: int) -> None:
    request = compute.ListServersRequest(locations=[ALDER], page_size=count)
    listing = request.SerializeToString()
    async with oaktree(count) as real:
        listed = await real.unary("ListServers", listing)
        servers = compute.ListServersResponse.FromString(listed).servers
        if len(servers) != count:
            sys.exit(f"calls.py: {len(servers)} servers were listed, not {count}")
        getting = compute.GetServerRequest(
            location=ALDER, name_or_id=servers[count // 2].id
        ).SerializeToString()
        prepare(directory, "ListServers", [listed])
        prepare(directory, "GetServer", [await real.unary("GetServer", getting)])
        async with bare(directory) as other:
            for number in range(rounds):
                both = [real, other] if number % 2 else [other, real]
                await in_turns("get", both, lambda s: lambda _: s.unary("GetServer", getting), 200)
                await in_turns(
                    "list", both, lambda s: lambda _: s.unary("ListServers", listing), 20
                )


async def cycle(server: Server, name: str, seen: list[bytes] | None = None) -> None:
    """Creates a server, watches it until it is ACTIVE, and deletes it, as clients do."""
    made = await server.stub.CreateServer(
        compute.CreateServerRequest(location=ALDER, name=name, flavor="small", image="debian-13")
    )
    watch = server.stub.WatchServers(
        compute.WatchServersRequest(
            locations=[ALDER], filter=compute.ServerFilter(ids=[made.server.id])
        )
    )
    active = False
    async for batch in watch:
        if seen is not None:
            seen.append(batch.SerializeToString())
        active = any(each.server.status == compute.SERVER_STATUS_ACTIVE for each in batch.events)
        if active:
            break
    watch.cancel()
    if not active:
        sys.exit(f"calls.py: the server {name} of {server.name} did not become ACTIVE")
    deleted = await server.stub.DeleteServer(
        compute.DeleteServerRequest(location=ALDER, name_or_id=made.server.id)
    )
    if seen is not None:
        seen[:] = [made.SerializeToString(), *seen, deleted.SerializeToString()]


async def cycles(directory: Path, rounds: int) -> None:
    async with oaktree(2, PACE) as real:
        seen: list[bytes] = []
        await cycle(real, "recorded", seen)
        prepare(directory, "CreateServer", seen[:1])
        prepare(directory, "WatchServers", seen[1:-1])
        prepare(directory, "DeleteServer", seen[-1:])
        names = (f"bench-{number}" for number in itertools.count())
        async with bare(directory) as other:
            for number in range(rounds):
                both = [real, other] if number % 2 else [other, real]
                await in_turns("cycle", both, lambda s: lambda _: cycle(s, next(names)), 20)


async def snapshot(server: Server) -> list[bytes]:
    """All servers of all clouds."""
    request = compute.WatchServersRequest(snapshot_only=True).SerializeToString()
    cpu, start = server.cpu(), time.perf_counter()
    messages = await server.stream("WatchServers", request)
    tell("snapshot", server, "wall", time.perf_counter() - start)
    tell("snapshot", server, "cpu", server.cpu() - cpu)
    return messages


def present(messages: Sequence[bytes]) -> int:
    """How many servers a snapshot has."""
    batches = (compute.WatchServersResponse.FromString(message) for message in messages)
    return sum(
        event.kind == common.WATCH_EVENT_KIND_PRESENT for batch in batches for event in batch.events
    )


async def snapshots(directory: Path, rounds: int, many: int) -> None:
    region = math.ceil(many / REGIONS)
    async with oaktree(region) as real:
        tell("snapshot", real, "before", real.peak())
        messages = await snapshot(real)
        if (got := present(messages)) != region * REGIONS:
            sys.exit(f"calls.py: a snapshot had {got} servers, not {region * REGIONS}")
        tell("snapshot", real, "servers", got)
        tell("snapshot", real, "bytes", sum(map(len, messages)))
        prepare(directory, "WatchServers", messages)
        async with bare(directory) as other:
            for number in range(rounds):
                for server in [real, other] if number % 2 else [other, real]:
                    await snapshot(server)
            for server in (real, other):
                tell("snapshot", server, "peak", server.peak())


async def main() -> None:
    directory, (rounds, servers, many) = Path(sys.argv[1]), map(int, sys.argv[2:])
    if not Path("/proc/self/stat").exists():
        print("SKIP: there is no /proc that says what a process has used; run it on Linux")
        sys.exit(77)
    shutil.rmtree(directory, ignore_errors=True)
    await reads(directory / "reads", rounds, servers)
    await cycles(directory / "cycles", rounds)
    await snapshots(directory / "snapshots", math.ceil(rounds / 5), many)
    (directory / "measured").write_text("".join(MEASURED))


if __name__ == "__main__":
    asyncio.run(main())
