# SPDX-License-Identifier: Apache-2.0
"""A server over a real socket, and what tests ask it with."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator, Callable
from typing import Any

import grpc
import grpc.aio
import pytest
from oaktreemodel.common import v1 as common
from oaktreemodel.compute import v1 as compute
from oaktreemodel.image import v1 as image
from oaktreemodel.network import v1 as network

from oaktree.clouds import Cloud
from oaktree.clouds.simulated import FLOATING, PROVIDER, Quirks, SimulatedCloud
from oaktree.serve.config import Config
from oaktree.serve.server import Oaktree
from oaktree.shapes import method_named

PACE = 0.1
SLOW = 2.0
ALDER = common.Location(cloud="alder", region="RegionOne")
NORTH = common.Location(cloud="birch", region="north")


def quirks(kind: Quirks, **others: Any) -> Quirks:
    return dataclasses.replace(kind, pace=PACE, **others)


@dataclasses.dataclass
class Client:
    """Stubs for the services, and the server they talk to."""

    oaktree: Oaktree
    channel: grpc.aio.Channel
    clouds: dict[str, SimulatedCloud]

    @property
    def servers(self) -> compute.ServerServiceAsyncStub:
        return compute.ServerServiceStub(self.channel)

    @property
    def flavors(self) -> compute.FlavorServiceAsyncStub:
        return compute.FlavorServiceStub(self.channel)

    @property
    def images(self) -> image.ImageServiceAsyncStub:
        return image.ImageServiceStub(self.channel)

    @property
    def floating_ips(self) -> network.FloatingIpServiceAsyncStub:
        return network.FloatingIpServiceStub(self.channel)


Serve = Callable[..., Any]


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Starts a server for these clouds, or for alder and birch."""
    running: list[Client] = []

    async def start(*clouds: SimulatedCloud, **settings: Any) -> Client:
        chosen = clouds or (
            SimulatedCloud("alder", quirks(PROVIDER)),
            SimulatedCloud("birch", quirks(FLOATING), regions=("north", "south")),
        )
        listed: list[Cloud] = list(chosen)
        config = Config(listen="127.0.0.1:0", simulated=True, drain=0.1, **settings)
        oaktree = Oaktree(config, listed)
        await oaktree.start()
        channel = grpc.aio.insecure_channel(oaktree.address)
        client = Client(oaktree, channel, {each.name: each for each in chosen})
        running.append(client)
        return client

    yield start
    for client in running:
        await client.channel.close()
        await client.oaktree.stop()


@pytest.fixture
async def client(serve: Serve) -> Client:
    made: Client = await serve()
    return made


@pytest.fixture
async def slow(serve: Serve) -> Client:
    """For tests that look at what is under way, however busy the machine is."""
    made: Client = await serve(SimulatedCloud("alder", dataclasses.replace(PROVIDER, pace=SLOW)))
    return made


def error_of(failure: grpc.aio.AioRpcError) -> common.Error:
    """The Error in the details of a failed call."""
    metadata = failure.trailing_metadata()
    assert metadata is not None
    details = dict(metadata)["grpc-status-details-bin"]
    assert isinstance(details, bytes)
    status = common.Status.FromString(details)
    error = common.Error()
    assert status.details[0].Unpack(error)
    assert status.code == failure.code().value[0] == error.code
    assert len(details) + len(status.message.encode()) < 4096
    return error


async def refused(call: Any) -> common.Error:
    """The Error of a call that has to fail."""
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        if hasattr(call, "__aiter__"):
            async for _ in call:
                pass
        else:
            await call
    return error_of(caught.value)


def new_server(location: common.Location = ALDER, **fields: Any) -> compute.CreateServerRequest:
    """A request for a server that has all it needs."""
    given = {"name": "new", "flavor": "small", "image": "debian-13", **fields}
    return compute.CreateServerRequest(location=location, **given)


class Calls:
    """Calls methods by their names, all in one place."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._channel = channel

    def __call__(self, name: str, /, **fields: Any) -> Any:
        method = method_named(name)
        places = {"location": NORTH, "locations": [NORTH]}
        place: Any = {key: value for key, value in places.items() if method.request_has(key)}
        call = self._channel.unary_unary(
            method.path,
            request_serializer=method.request.SerializeToString,
            response_deserializer=method.response.FromString,
        )
        return call(method.request(**place, **fields))

    async def reason(self, name: str, /, **fields: Any) -> str:
        """The reason for which a call is refused."""
        return (await refused(self(name, **fields))).reason


@pytest.fixture
def call(client: Client) -> Calls:
    return Calls(client.channel)
