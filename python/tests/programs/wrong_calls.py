# SPDX-License-Identifier: Apache-2.0
"""Mistakes of users that mypy --strict has to find, each where its comment says."""

import grpc
from grpc import aio
from oaktreemodel.common import v1 as common
from oaktreemodel.compute import v1 as compute

print(compute.Sever)  # error: attr-defined
compute.Flavor(nmae="m1.small")  # error: call-arg
compute.Flavor(vcpus="two")  # error: arg-type
compute.Flavor().HasField("name")  # error: arg-type
compute.FlavorEvent(kind=3)  # error: arg-type
compute.FlavorEvent(kind=common.VERB_GET)  # error: arg-type


def sync_call(channel: grpc.Channel) -> str:
    flavors = compute.FlavorServiceStub(channel)
    flavors.GetFlavors(compute.GetFlavorRequest())  # error: attr-defined
    flavors.GetFlavor(compute.ListFlavorsRequest())  # error: arg-type
    return flavors.GetFlavor(compute.GetFlavorRequest())  # error: return-value


async def asyncio_call(channel: aio.Channel) -> None:
    flavors = compute.FlavorServiceStub(channel)
    print(flavors.GetFlavor(compute.GetFlavorRequest()).flavor)  # error: attr-defined
    for _ in flavors.WatchFlavors(compute.WatchFlavorsRequest()):  # error: attr-defined
        pass
