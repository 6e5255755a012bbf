# SPDX-License-Identifier: Apache-2.0
"""Calls over a real socket: those of the programs that users would write."""

from __future__ import annotations

import asyncio

import grpc
import pytest
from programs import async_calls, sync_calls


@pytest.mark.parametrize("call", sync_calls.CALLS, ids=lambda call: call.__name__)
def test_sync(call: sync_calls.Call) -> None:
    with sync_calls.serving() as address, grpc.insecure_channel(address) as channel:
        call(channel)


@pytest.mark.parametrize("call", async_calls.CALLS, ids=lambda call: call.__name__)
def test_asyncio(call: async_calls.Call) -> None:
    async def run() -> None:
        async with (
            async_calls.serving() as address,
            grpc.aio.insecure_channel(address) as channel,
        ):
            await call(channel)

    asyncio.run(run())


def test_sync_client_of_asyncio_server() -> None:
    async def run() -> None:
        async with async_calls.serving() as address:
            await asyncio.get_running_loop().run_in_executor(None, calls, address)

    def calls(address: str) -> None:
        with grpc.insecure_channel(address) as channel:
            for call in sync_calls.CALLS:
                call(channel)

    asyncio.run(run())
