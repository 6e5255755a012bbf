# SPDX-License-Identifier: Apache-2.0
"""Get and List, over several clouds at once."""

from __future__ import annotations

from typing import Any

import grpc
import pytest
from conftest import ALDER, NORTH, Client, Serve, new_server, quirks, refused
from google.protobuf.field_mask_pb2 import FieldMask
from oaktreemodel.cloud import v1 as cloud
from oaktreemodel.common import v1 as common
from oaktreemodel.compute import v1 as compute
from oaktreemodel.image import v1 as image
from oaktreemodel.network import v1 as network

from oaktree.api import filters
from oaktree.clouds.simulated import FLOATING, PROVIDER, SimulatedCloud
from oaktree.shapes import methods


async def test_a_name_is_found_wherever_it_is(client: Client) -> None:
    found = await client.servers.GetServer(compute.GetServerRequest(name_or_id="alder-0"))
    assert found.server.location.cloud == "alder"
    again = await client.servers.GetServer(compute.GetServerRequest(name_or_id=found.server.id))
    assert again.server == found.server


async def test_a_name_that_two_have_is_refused_with_both(client: Client) -> None:
    error = await refused(client.servers.GetServer(compute.GetServerRequest(name_or_id="birch-0")))
    assert (error.code, error.reason) == (9, "MULTIPLE_MATCHES")
    assert [match.location.region for match in error.matches] == ["north", "south"]
    one = compute.GetServerRequest(name_or_id="birch-0", location=NORTH)
    assert (await client.servers.GetServer(one)).server.location.region == "north"


async def test_what_is_not_there_is_said_only_when_all_have_answered(serve: Serve) -> None:
    client = await serve(
        SimulatedCloud("alder", quirks(PROVIDER)),
        SimulatedCloud("birch", quirks(FLOATING, failing=True)),
    )
    request = compute.GetServerRequest(name_or_id="nobody")
    error = await refused(client.servers.GetServer(request))
    assert (error.code, error.reason) == (14, "LOCATION_UNREACHABLE")
    assert [each.location.cloud for each in error.unreachable] == ["birch"]
    request.location.CopyFrom(ALDER)
    assert (await refused(client.servers.GetServer(request))).reason == "NOT_FOUND"


async def test_pages_join_to_the_whole_in_order(client: Client) -> None:
    whole = (await client.servers.ListServers(compute.ListServersRequest())).servers
    assert len(whole) == 6
    keys = [(s.location.cloud, s.location.region, s.id) for s in whole]
    assert keys == sorted(keys)
    joined: list[compute.Server] = []
    request = compute.ListServersRequest(page_size=4)
    while True:
        page = await client.servers.ListServers(request)
        assert len(page.servers) <= 4
        joined += page.servers
        if not page.next_page_token:
            break
        request.page_token = page.next_page_token
    assert joined == list(whole)


async def test_a_token_is_bound_to_its_request(client: Client) -> None:
    page = await client.servers.ListServers(compute.ListServersRequest(page_size=1))
    for request in (
        compute.ListServersRequest(page_token=page.next_page_token, locations=[ALDER]),
        compute.ListServersRequest(page_token="nonsense"),
        compute.ListServersRequest(page_token=page.next_page_token[:-4] + "AAAA"),
    ):
        error = await refused(client.servers.ListServers(request))
        assert error.field_violations[0].field == "page_token"
    other_size = compute.ListServersRequest(page_token=page.next_page_token, page_size=2)
    assert len((await client.servers.ListServers(other_size)).servers) == 2


async def test_lists_go_past_a_thousand(serve: Serve) -> None:
    client = await serve(SimulatedCloud("alder", quirks(PROVIDER, servers=2500)))
    request, ids = compute.ListServersRequest(page_size=5000), []
    while True:
        page = await client.servers.ListServers(request)
        assert len(page.servers) <= 1000
        ids += [server.id for server in page.servers]
        if not page.next_page_token:
            break
        request.page_token = page.next_page_token
    assert len(ids) == len(set(ids)) == 2500


async def test_one_cloud_down_costs_its_own_part(serve: Serve) -> None:
    client = await serve(
        SimulatedCloud("alder", quirks(PROVIDER)),
        SimulatedCloud("birch", quirks(FLOATING, failing=True)),
    )
    answer = await client.servers.ListServers(compute.ListServersRequest())
    assert {server.location.cloud for server in answer.servers} == {"alder"}
    assert [each.location.cloud for each in answer.unreachable] == ["birch"]
    assert answer.unreachable[0].error.reason == "LOCATION_UNREACHABLE"
    strict = compute.ListServersRequest(require_all_locations=True)
    assert (await refused(client.servers.ListServers(strict))).code == 14
    dead = compute.ListServersRequest(locations=[common.Location(cloud="birch")])
    assert (await refused(client.servers.ListServers(dead))).code == 14


async def test_a_slow_cloud_is_unreachable(serve: Serve) -> None:
    client = await serve(
        SimulatedCloud("alder", quirks(PROVIDER)),
        SimulatedCloud("birch", quirks(FLOATING, latency=60.0)),
        patience=0.2,
    )
    answer = await client.servers.ListServers(compute.ListServersRequest())
    assert len(answer.servers) == 2
    assert [each.location.cloud for each in answer.unreachable] == ["birch"]


async def test_a_deadline_leaves_time_for_the_answers_there_are(serve: Serve) -> None:
    client = await serve(
        SimulatedCloud("alder", quirks(PROVIDER)),
        SimulatedCloud("birch", quirks(FLOATING, latency=60.0)),
    )
    answer = await client.servers.ListServers(compute.ListServersRequest(), timeout=2)
    assert len(answer.servers) == 2
    assert [each.location.cloud for each in answer.unreachable] == ["birch"]


@pytest.mark.parametrize(
    "location, what",
    [
        (common.Location(cloud="oak"), "cloud 'oak'"),
        (common.Location(cloud="birch", region="west"), "region 'west'"),
        (common.Location(cloud="birch", zone="north-z"), "zone 'north-z'"),
        (common.Location(project=common.Project(id="p")), "project 'p'"),
    ],
)
async def test_an_unknown_place_is_named(
    client: Client, location: common.Location, what: str
) -> None:
    request = compute.ListServersRequest(locations=[location])
    error = await refused(client.servers.ListServers(request))
    assert (error.code, error.reason) == (3, "UNKNOWN_LOCATION")
    assert what in error.message


async def test_zones_and_filters_select(client: Client) -> None:
    zone = common.Location(cloud="alder", zone="regionone-a")
    answer = await client.servers.ListServers(compute.ListServersRequest(locations=[zone]))
    assert [server.name for server in answer.servers] == ["alder-0"]

    async def names(**fields: object) -> set[str]:
        wanted = compute.ServerFilter(**fields)  # type: ignore[arg-type]
        found = await client.servers.ListServers(compute.ListServersRequest(filter=wanted))
        return {server.name for server in found.servers}

    assert await names(names=["alder-0", "birch-1"]) == {"alder-0", "birch-1"}
    assert await names(names=["alder-0"], statuses=[compute.SERVER_STATUS_ERROR]) == set()
    assert await names(flavors=["small"], name_prefixes=["alder"]) == {"alder-0", "alder-1"}
    assert await names(flavors=["tiny"]) == set()
    assert await names(zones=["north-b"]) == {"birch-1"}
    assert await names(ip_addresses=["203.0.113.2"]) == {"alder-0"}


async def test_a_read_mask_leaves_the_rest_out(client: Client) -> None:
    request = compute.GetServerRequest(name_or_id="alder-0", read_mask=FieldMask(paths=["status"]))
    server = (await client.servers.GetServer(request)).server
    filled = {field.name for field, _ in server.ListFields()}
    assert filled == {"location", "id", "name", "status", "status_raw"}
    request.read_mask.paths.append("addresses.ip_address")
    error = await refused(client.servers.GetServer(request))
    assert [each.field for each in error.field_violations] == ["read_mask"]


async def test_every_field_of_every_filter_is_understood() -> None:
    seen = 0
    for method in methods():
        field = method.request.DESCRIPTOR.fields_by_name.get("filter")
        if field is not None and method.verb == common.VERB_LIST:
            kind = type(getattr(method.request(), field.name))
            assert filters.unsupported(method.resource, kind) == [], method.name
            seen += 1
    assert seen


async def test_clouds_and_capabilities_tell_all_a_user_needs(client: Client) -> None:
    stub = cloud.CloudServiceStub(client.channel)
    listed = await stub.ListClouds(cloud.ListCloudsRequest())
    assert [each.name for each in listed.clouds] == ["alder", "birch"]
    assert list(listed.clouds[1].regions) == ["north", "south"]
    request = cloud.GetCapabilitiesRequest(location=NORTH)
    known = (await stub.GetCapabilities(request)).capabilities
    assert known.id == "birch/north"
    assert known.network.floating_ip_needed
    assert "server.resize" in known.features
    request.location.region = ""
    error = await refused(stub.GetCapabilities(request))
    assert error.reason == "LOCATION_AMBIGUOUS"


async def test_computed_addresses_say_why(client: Client) -> None:
    server = (await client.servers.GetServer(compute.GetServerRequest(name_or_id="alder-0"))).server
    assert server.public_ipv4 == server.interface_address == "203.0.113.2"
    assert server.public_ipv4_reason == compute.SERVER_ADDRESS_REASON_EXTERNAL_NETWORK
    made = await client.servers.CreateServer(new_server(NORTH, wait=True))
    assert made.server.public_ipv4_reason == compute.SERVER_ADDRESS_REASON_FLOATING_IP
    assert made.server.private_ipv4_reason == compute.SERVER_ADDRESS_REASON_INTERNAL_NETWORK


async def test_a_cloud_without_floating_ips_says_so(client: Client) -> None:
    request = network.CreateFloatingIpRequest(location=ALDER)
    error = await refused(client.floating_ips.CreateFloatingIp(request))
    assert (error.code, error.reason) == (12, "NOT_SUPPORTED_BY_CLOUD")
    here = network.ListFloatingIpsRequest(locations=[ALDER])
    assert (await refused(client.floating_ips.ListFloatingIps(here))).code == 12
    pools = await client.floating_ips.ListFloatingIpPools(network.ListFloatingIpPoolsRequest())
    places = [(each.location.region, each.name) for each in pools.floating_ip_pools]
    assert places == [("north", "public"), ("south", "public")]
    everywhere = network.ListFloatingIpsRequest(require_all_locations=True)
    assert not (await client.floating_ips.ListFloatingIps(everywhere)).unreachable
    get = network.GetFloatingIpRequest(name_or_id="203.0.113.99")
    assert (await refused(client.floating_ips.GetFloatingIp(get))).reason == "NOT_FOUND"


async def test_children_are_listed_in_their_parent(client: Client) -> None:
    request = compute.ListServerInterfacesRequest(server="alder-0")
    found = await client.servers.ListServerInterfaces(request)
    assert [each.addresses[0].ip_address for each in found.server_interfaces] == ["203.0.113.2"]
    request.server = "nobody"
    assert (await refused(client.servers.ListServerInterfaces(request))).reason == "NOT_FOUND"


async def test_images_hide_what_is_hidden(client: Client) -> None:
    made = image.CreateImageRequest(location=ALDER, name="old", disk_format="raw", is_hidden=True)
    await client.images.CreateImage(made)

    async def names(wanted: image.ImageFilter) -> set[str]:
        request = image.ListImagesRequest(locations=[ALDER], filter=wanted)
        return {each.name for each in (await client.images.ListImages(request)).images}

    assert await names(image.ImageFilter()) == {"debian-13", "fedora-43"}
    assert await names(image.ImageFilter(is_hidden=True)) == {"old"}


async def test_an_error_stays_small_whatever_is_asked(client: Client) -> None:
    place = common.Location(
        cloud="x" * 200, project=common.Project(id="p", domain_name="y" * 60_000)
    )
    request = compute.GetServerRequest(name_or_id="z", location=place)
    assert (await refused(client.servers.GetServer(request))).reason == "UNKNOWN_LOCATION"
    wanted = compute.ServerFilter(statuses=[1000 + n for n in range(5000)])  # type: ignore[misc]
    listing = compute.ListServersRequest(filter=wanted)
    error = await refused(client.servers.ListServers(listing))
    assert error.omitted_count + len(error.field_violations) == 5000


async def test_pages_end_for_objects_with_places_of_their_own(client: Client) -> None:
    stub: Any = compute.KeypairServiceStub(client.channel)
    for number in range(3):
        await stub.CreateKeypair(compute.CreateKeypairRequest(location=ALDER, name=f"k{number}"))
    names: list[str] = []
    request = compute.ListKeypairsRequest(page_size=1)
    while len(names) < 10:
        page = await stub.ListKeypairs(request)
        names += [each.name for each in page.keypairs]
        if not page.next_page_token:
            break
        request.page_token = page.next_page_token
    assert names == ["k0", "k1", "k2"]


async def test_other_projects_are_for_administrators(client: Client) -> None:
    request = compute.ListServersRequest(all_projects=True)
    assert (await refused(client.servers.ListServers(request))).code == 7


async def test_bytes_that_are_no_request_are_the_callers_fault(client: Client) -> None:
    call: Any = client.channel.unary_unary("/oaktree.compute.v1.ServerService/GetServer")
    error = await refused(call(b"\xff\xff"))
    assert (error.code, error.reason) == (3, "MALFORMED_REQUEST")
    nothing: Any = client.channel.unary_unary("/oaktree.compute.v1.ServerService/PaintServer")
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await nothing(b"")
    assert caught.value.code() == grpc.StatusCode.UNIMPLEMENTED


async def test_a_page_ends_where_it_would_be_too_large_for_a_client(serve: Serve) -> None:
    clouds = [SimulatedCloud(name, quirks(PROVIDER, servers=60)) for name in ("alder", "oak")]
    for each in clouds:
        stuff(each)
    client = await serve(*clouds)
    request, ids, pages = compute.ListServersRequest(), [], 0
    while True:
        page = await client.servers.ListServers(request)
        assert page.servers
        assert page.ByteSize() <= 1 << 20
        ids += [(each.location.cloud, each.id) for each in page.servers]
        pages += 1
        if not page.next_page_token:
            break
        request.page_token = page.next_page_token
    assert ids == sorted(set(ids))
    assert (len(ids), pages) == (120, 4)


def stuff(simulated: SimulatedCloud) -> None:
    """Gives each server of a cloud as much metadata as many clouds allow."""
    (region,) = simulated._regions
    page = region.page
    metadata = {f"key {number}": "x" * 250 for number in range(100)}

    async def stuffed(*args: Any, **kwargs: Any) -> Any:
        found: Any = await page(*args, **kwargs)
        return [compute.Server(id=e.id, location=e.location, metadata=metadata) for e in found]

    region.page = stuffed  # type: ignore[method-assign]


async def test_a_page_has_one_object_at_least(serve: Serve, client: Client) -> None:
    client.clouds["alder"].describe = lambda: cloud.Cloud(  # type: ignore[method-assign]
        name="alder", regions=["x" * 100_000 for _ in range(12)]
    )
    stub = cloud.CloudServiceStub(client.channel)
    first = await stub.ListClouds(cloud.ListCloudsRequest())
    assert [each.name for each in first.clouds] == ["alder"]
    request = cloud.ListCloudsRequest(page_token=first.next_page_token)
    rest = await stub.ListClouds(request)
    assert [each.name for each in rest.clouds] == ["birch"]
    assert not rest.next_page_token


async def test_a_chosen_id_is_unique_only_when_all_have_answered(serve: Serve) -> None:
    client = await serve(
        SimulatedCloud("alder", quirks(PROVIDER)),
        SimulatedCloud("birch", quirks(FLOATING, failing=True)),
    )
    stub = compute.KeypairServiceStub(client.channel)
    await stub.CreateKeypair(compute.CreateKeypairRequest(location=ALDER, name="k"))
    request = compute.GetKeypairRequest(name_or_id="k")
    error = await refused(stub.GetKeypair(request))
    assert error.reason == "LOCATION_UNREACHABLE"
    assert [each.location.cloud for each in error.unreachable] == ["birch"]
    request.location.CopyFrom(ALDER)
    assert (await stub.GetKeypair(request)).keypair.name == "k"
    listed = await client.servers.ListServers(compute.ListServersRequest())
    found = compute.GetServerRequest(name_or_id=listed.servers[0].id)
    assert (await client.servers.GetServer(found)).server == listed.servers[0]
