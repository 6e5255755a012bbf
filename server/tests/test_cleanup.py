# SPDX-License-Identifier: Apache-2.0
"""Deleting what is in a project: what goes, what stays, and in which order."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from conftest import NORTH, Calls, Client, new_server, refused
from google.protobuf.duration_pb2 import Duration
from oaktreemodel.block_storage import v1 as block_storage
from oaktreemodel.cloud import v1 as cloud
from oaktreemodel.common import v1 as common
from oaktreemodel.compute import v1 as compute
from oaktreemodel.network import v1 as network
from oaktreemodel.operation import v1 as operation

from oaktree.clouds.simulated.seed import uid

WHERE = common.Location(
    cloud="birch", region="north", project=common.Project(id=uid("birch", "project"))
)
SUCCEEDED = operation.OPERATION_STATE_SUCCEEDED
FAILED = operation.OPERATION_STATE_FAILED
CANCELLED = operation.OPERATION_STATE_CANCELLED
RUNNING = operation.OPERATION_STATE_RUNNING


class Broom:
    """The clean-ups of one project."""

    def __init__(self, client: Client) -> None:
        self._stub: Any = cloud.ProjectCleanupServiceStub(client.channel)
        self.operations: Any = operation.OperationServiceStub(client.channel)

    async def plan(self, **wanted: Any) -> list[Any]:
        request = cloud.PlanProjectCleanupRequest(
            location=WHERE, filter=cloud.ProjectCleanupFilter(**wanted), page_size=3
        )
        found: list[Any] = []
        while True:
            page = await self._stub.PlanProjectCleanup(request)
            found += page.project_cleanup_items
            if not page.next_page_token:
                return found
            request.page_token = page.next_page_token

    def start(self, *, wait: bool = True, **wanted: Any) -> Any:
        request = cloud.StartProjectCleanupRequest(
            location=WHERE, filter=cloud.ProjectCleanupFilter(**wanted), wait=wait
        )
        return self._stub.StartProjectCleanup(request)

    async def get(self, id_: str) -> Any:
        request = cloud.GetProjectCleanupRequest(name_or_id=id_)
        return (await self._stub.GetProjectCleanup(request)).project_cleanup

    async def items(self, id_: str, **wanted: Any) -> dict[tuple[str, str], Any]:
        request = cloud.ListProjectCleanupItemsRequest(
            project_cleanup=id_, filter=cloud.ProjectCleanupItemFilter(**wanted)
        )
        found = (await self._stub.ListProjectCleanupItems(request)).project_cleanup_items
        return {(each.resource_type, each.name): each for each in found}


@pytest.fixture
def broom(client: Client) -> Broom:
    return Broom(client)


async def test_a_plan_tells_the_order_and_deletes_nothing(client: Client, broom: Broom) -> None:
    await client.servers.CreateServer(new_server(NORTH, wait=True))
    planned = await broom.plan()
    waves = {each.resource_type: each.wave for each in planned}
    order = ["server", "floating_ip", "port", "subnet", "network"]
    assert [type_ for type_ in waves if type_ in order] == order
    assert sorted(set(waves.values())) == list(range(1, max(waves.values()) + 1))
    names = {(each.resource_type, each.name) for each in planned}
    assert {("server", "birch-0"), ("network", "private")} <= names
    assert not names & {("network", "public"), ("image", "debian-13")}
    assert ("security_group", "default") not in names
    assert await broom.plan() == planned


async def test_one_of_two_objects_of_a_name_is_spared(call: Calls, broom: Broom) -> None:
    for container in ("one", "two"):
        await call("CreateContainer", name=container)
        await call("CreateObject", container=container, name="a/b", data=b"x")
    wanted: dict[str, Any] = {"resource_types": ["object"], "spared_ids": ["one/a/b"]}
    planned = [each.id for each in await broom.plan(**wanted)]
    assert planned == ["two/a/b"]
    await broom.start(**wanted)
    for container, left in (("one", ["a/b"]), ("two", [])):
        listed = await call("ListObjects", container=container)
        assert [each.name for each in listed.objects] == left


async def test_all_goes_and_progress_is_told(client: Client, broom: Broom) -> None:
    await client.servers.CreateServer(new_server(NORTH, wait=True))
    begun = await broom.start(wait=False)
    assert begun.operation.kind == "project_cleanup.start"
    assert begun.operation.id == begun.project_cleanup.id
    again = await refused(broom.start())
    assert again.reason == "IN_TRANSITION"
    assert again.HasField("retry_delay")
    wait = operation.WaitOperationRequest(operation_id=begun.operation.id)
    ended = (await broom.operations.WaitOperation(wait)).operation
    assert (ended.state, ended.percent) == (SUCCEEDED, 100)
    assert {step.state for step in ended.steps} == {SUCCEEDED}
    done = await broom.get(begun.project_cleanup.id)
    assert (done.state, done.deleted_count) == (SUCCEEDED, done.object_count)
    assert await broom.plan() == []
    assert (await broom.start()).operation.state == SUCCEEDED


async def test_what_something_needs_that_stays_is_not_in_the_plan(broom: Broom) -> None:
    planned = await broom.plan(spared_names=["birch-0"])
    types = {each.resource_type for each in planned}
    assert "server" in types
    assert not types & {"network", "subnet"}
    assert [each.name for each in await broom.plan(names=["birch-1"])] == ["birch-1"]


async def test_what_is_left_is_said_with_its_reason(client: Client, broom: Broom) -> None:
    broken = new_server(NORTH, wait=True, metadata={"simulate": "delete_error"})
    await client.servers.CreateServer(broken)
    volumes: Any = block_storage.VolumeServiceStub(client.channel)
    stuck = "simulate=delete_error"
    await volumes.CreateVolume(
        block_storage.CreateVolumeRequest(location=NORTH, name=stuck, size_gib=1, wait=True)
    )
    await client.servers.LockServer(compute.LockServerRequest(location=NORTH, name_or_id="birch-0"))
    planned = {(each.resource_type, each.name): each for each in await broom.plan()}
    assert planned["server", "birch-0"].error.reason == "LOCKED"
    error = await refused(broom.start())
    assert error.reason == "CLEANUP_INCOMPLETE"
    assert {"birch-0", stuck} <= {each.name for each in error.leftovers}
    items = await broom.items(error.operation_id)
    assert items["server", "birch-0"].error.reason == "LOCKED"
    assert items["server", "new"].error.reason == "UPSTREAM_FAILED"
    assert items["volume", stuck].error.reason == "UPSTREAM_FAILED"
    assert items["server", "birch-1"].state == SUCCEEDED
    assert items["network", "private"].state == CANCELLED
    assert "could not be deleted" in items["network", "private"].error.message
    left = await broom.items(error.operation_id, states=[FAILED])
    assert {type_ for type_, _ in left} == {"server", "volume"}
    told = await broom.get(error.operation_id)
    counted = told.deleted_count + told.failed_count + told.withheld_count
    assert (told.state, counted) == (FAILED, told.object_count)
    nets: Any = network.NetworkServiceStub(client.channel)
    assert await nets.GetNetwork(network.GetNetworkRequest(location=NORTH, name_or_id="private"))


async def test_what_has_not_been_begun_can_be_given_up(client: Client, broom: Broom) -> None:
    begun = await broom.start(wait=False)
    id_ = begun.operation.id
    assert begun.operation.cancellable
    await asyncio.sleep(0)
    await broom.operations.CancelOperation(operation.CancelOperationRequest(operation_id=id_))
    ended = await broom.operations.WaitOperation(
        operation.WaitOperationRequest(operation_id=id_, wait_timeout=Duration(seconds=10))
    )
    assert ended.operation.state == CANCELLED
    assert (await broom.items(id_))["network", "private"].state == CANCELLED


async def test_a_clean_up_is_asked_for_by_the_id_of_its_project(
    client: Client, broom: Broom
) -> None:
    stub: Any = cloud.ProjectCleanupServiceStub(client.channel)
    named = common.Location(cloud="birch", region="north", project=common.Project(name="demo"))
    for location in (NORTH, named):
        request = cloud.StartProjectCleanupRequest(location=location)
        assert (await refused(stub.StartProjectCleanup(request))).reason == "INVALID_REQUEST"
    unknown = cloud.GetProjectCleanupRequest(name_or_id="nobody-made-this")
    error = await refused(stub.GetProjectCleanup(unknown))
    assert error.reason == "MALFORMED_OPERATION_ID"


async def test_the_catalogue_follows_from_what_regions_have(client: Client) -> None:
    regions: Any = cloud.CloudRegionServiceStub(client.channel)
    listed = (await regions.ListCloudRegions(cloud.ListCloudRegionsRequest())).cloud_regions
    assert [each.id for each in listed] == ["alder/RegionOne", "birch/north", "birch/south"]
    assert "baremetal" in listed[1].service_types
    assert "baremetal" not in listed[0].service_types
    services: Any = cloud.CatalogServiceServiceStub(client.channel)
    request = cloud.GetCatalogServiceRequest(location=NORTH, name_or_id="volumev3")
    found = (await services.GetCatalogService(request)).catalog_service
    assert (found.type, found.name, len(found.versions)) == ("block-storage", "cinder", 0)
    request.read_mask.paths.append("versions")
    found = (await services.GetCatalogService(request)).catalog_service
    assert found.versions[0].highest_microversion == "3.71"
    zones: Any = cloud.CloudZoneServiceStub(client.channel)
    wanted = cloud.CloudZoneFilter(service_types=["compute"])
    told = await zones.ListCloudZones(cloud.ListCloudZonesRequest(locations=[NORTH], filter=wanted))
    assert [each.id for each in told.cloud_zones] == ["compute//north-a", "compute//north-b"]
    clouds: Any = cloud.CloudServiceStub(client.channel)
    known = await clouds.GetCapabilities(cloud.GetCapabilitiesRequest(location=NORTH))
    types = {each.type for each in known.capabilities.services}
    assert {"compute", "dns", "object-store", "orchestration"} <= types
