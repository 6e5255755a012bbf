# SPDX-License-Identifier: Apache-2.0
"""Create, Update, Delete and actions, and waiting for them."""

from __future__ import annotations

import asyncio
from typing import Any

import grpc
import pytest
from conftest import ALDER, NORTH, Calls, Client, Serve, new_server, quirks, refused
from google.protobuf.duration_pb2 import Duration
from google.protobuf.field_mask_pb2 import FieldMask
from oaktreemodel.block_storage import v1 as block_storage
from oaktreemodel.common import v1 as common
from oaktreemodel.compute import v1 as compute
from oaktreemodel.dns import v1 as dns
from oaktreemodel.image import v1 as image
from oaktreemodel.network import v1 as network
from oaktreemodel.operation import v1 as operation

from oaktree.api.operations import ENDS
from oaktree.api.validation import message_violations
from oaktree.clouds.simulated import FLOATING, PROVIDER, SimulatedCloud
from oaktree.shapes import kind_of, methods


def operations(client: Client) -> Any:
    return operation.OperationServiceStub(client.channel)


async def test_a_create_answers_at_once_and_its_operation_ends(client: Client) -> None:
    made = await client.servers.CreateServer(new_server())
    assert made.server.status == compute.SERVER_STATUS_BUILD
    assert made.admin_pass
    assert made.operation.kind == "server.create"
    assert made.operation.state == operation.OPERATION_STATE_RUNNING
    request = operation.WaitOperationRequest(operation_id=made.operation.id)
    ended = (await operations(client).WaitOperation(request)).operation
    assert ended.state == operation.OPERATION_STATE_SUCCEEDED
    assert ended.resource.id == made.server.id
    now = await client.servers.GetServer(compute.GetServerRequest(name_or_id=made.server.id))
    assert now.server.public_ipv4


async def test_waiting_gives_an_active_server_with_its_floating_ip(client: Client) -> None:
    made = await client.servers.CreateServer(new_server(NORTH, wait=True))
    assert made.server.status == compute.SERVER_STATUS_ACTIVE
    kinds = [address.kind for address in made.server.addresses]
    assert kinds == [common.ADDRESS_KIND_FIXED, common.ADDRESS_KIND_FLOATING]
    listed = await client.floating_ips.ListFloatingIps(
        network.ListFloatingIpsRequest(
            filter=network.FloatingIpFilter(servers=[made.server.name], attached=True)
        )
    )
    assert [each.name for each in listed.floating_ips] == [made.server.public_ipv4]


async def test_a_wait_that_runs_out_is_no_error(slow: Client) -> None:
    request = new_server(wait=True, wait_timeout=Duration(nanos=1000))
    made = await slow.servers.CreateServer(request)
    assert made.operation.state == operation.OPERATION_STATE_RUNNING


async def test_a_caller_who_leaves_does_not_end_the_change(slow: Client) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await slow.servers.CreateServer(new_server(name="left", wait=True), timeout=1)
    assert caught.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED
    await asyncio.sleep(2.5)
    found = await slow.servers.GetServer(compute.GetServerRequest(name_or_id="left"))
    assert found.server.status == compute.SERVER_STATUS_ACTIVE


async def test_an_operation_is_known_after_a_restart(client: Client, serve: Serve) -> None:
    made = await client.servers.CreateServer(new_server())
    other = await serve(*client.clouds.values())
    request = operation.WaitOperationRequest(operation_id=made.operation.id)
    ended = (await operations(other).WaitOperation(request)).operation
    assert (ended.state, ended.kind) == (operation.OPERATION_STATE_SUCCEEDED, "server.create")
    await other.servers.DeleteServer(
        compute.DeleteServerRequest(location=ALDER, name_or_id=made.server.id, wait=True)
    )
    third = await serve(*client.clouds.values())
    get = operation.GetOperationRequest(operation_id=made.operation.id)
    gone = (await operations(third).GetOperation(get)).operation
    assert gone.state == operation.OPERATION_STATE_UNKNOWN
    get.operation_id = made.operation.id[:-3]
    assert (await refused(operations(third).GetOperation(get))).reason == "MALFORMED_OPERATION_ID"


async def test_a_failed_change_is_the_error_of_who_waits(client: Client) -> None:
    error = await refused(
        client.servers.CreateServer(new_server(name="huge", flavor="too-big", wait=True))
    )
    assert (error.code, error.reason) == (8, "NO_VALID_HOST")
    assert error.operation_id
    assert (error.resource.type, error.resource.name) == ("server", "huge")
    still = await client.servers.GetServer(compute.GetServerRequest(name_or_id=error.resource.id))
    assert still.server.status == compute.SERVER_STATUS_ERROR
    assert "No valid host" in still.server.fault.message


async def test_no_address_is_a_failure_unless_no_network_was_asked_for(client: Client) -> None:
    request = new_server(metadata={"simulate": "no_address"}, wait=True)
    assert (await refused(client.servers.CreateServer(request))).reason == "NO_ADDRESS"
    bare = new_server(name="bare", no_network=True, wait=True)
    made = await client.servers.CreateServer(bare)
    assert made.operation.state == operation.OPERATION_STATE_SUCCEEDED
    assert not made.server.addresses


async def test_what_failed_is_deleted_where_that_was_asked_for(client: Client) -> None:
    request = new_server(name="huge", flavor="too-big", wait=True, delete_on_failure=True)
    await refused(client.servers.CreateServer(request))
    listing = compute.ListServersRequest(filter=compute.ServerFilter(names=["huge"]))
    async with asyncio.timeout(30):
        while (await client.servers.ListServers(listing)).servers:
            await asyncio.sleep(0.05)


async def test_a_request_id_makes_two_calls_one_change(client: Client) -> None:
    request = new_server(request_id="once", name="single")
    first, second = await asyncio.gather(
        client.servers.CreateServer(request), client.servers.CreateServer(request)
    )
    assert first.server.id == second.server.id
    request.wait = True
    third = await client.servers.CreateServer(request)
    assert third.server.id == first.server.id
    assert third.server.status == compute.SERVER_STATUS_ACTIVE
    request.name = "another"
    error = await refused(client.servers.CreateServer(request))
    assert (error.code, error.reason) == (6, "REQUEST_ID_REUSED")


async def test_secrets_are_not_repeated(client: Client) -> None:
    request = new_server(request_id="secret")
    assert (await client.servers.CreateServer(request)).admin_pass
    assert not (await client.servers.CreateServer(request)).admin_pass


async def test_secrets_in_what_is_made_are_not_repeated(client: Client) -> None:
    zones = dns.ZoneServiceStub(client.channel)
    await zones.CreateZone(
        dns.CreateZoneRequest(location=ALDER, name="given.test.", email="a@given.test")
    )
    transfers = dns.ZoneTransferServiceStub(client.channel)
    request = dns.CreateZoneTransferRequest(location=ALDER, zone="given.test.", request_id="key")
    first = (await transfers.CreateZoneTransfer(request)).zone_transfer
    again = (await transfers.CreateZoneTransfer(request)).zone_transfer
    assert first.key and not again.key
    assert first.id == again.id


async def test_everything_wrong_is_said_at_once(client: Client) -> None:
    request = compute.CreateServerRequest(
        location=ALDER,
        name="x" * 300,
        networks=[compute.ServerNetwork()],
        no_network=True,
        disk_config=77,  # type: ignore[arg-type]
        wait_timeout=Duration(seconds=-1),
    )
    error = await refused(client.servers.CreateServer(request))
    assert (error.code, error.reason) == (3, "INVALID_REQUEST")
    assert {each.field for each in error.field_violations} == {
        "name",
        "flavor",
        "image",
        "networks[0].network",
        "no_network",
        "disk_config",
        "wait_timeout",
    }


async def test_what_a_newer_client_asks_for_is_refused(client: Client) -> None:
    known = compute.DeleteServerRequest(location=ALDER, name_or_id="none", missing_ok=True)
    newer = known.SerializeToString() + b"\xfa\x7c\x01x"  # a text as field 1999
    place = common.Location.FromString(ALDER.SerializeToString() + b"\xfa\x7c\x01x")
    for request, field in (
        (compute.DeleteServerRequest.FromString(newer), ""),
        (compute.DeleteServerRequest(location=place, name_or_id="none"), "location"),
    ):
        error = await refused(client.servers.DeleteServer(request))
        assert (error.code, error.reason) == (3, "INVALID_REQUEST")
        said = [(each.field, each.reason) for each in error.field_violations]
        assert said == [(field, "UNKNOWN_FIELD")]
    await client.servers.DeleteServer(known)


async def test_what_a_field_refers_to_must_exist(client: Client) -> None:
    error = await refused(client.servers.CreateServer(new_server(flavor="giant")))
    assert (error.code, error.reason) == (3, "REFERENCE_NOT_FOUND")
    assert error.field_violations[0].field == "flavor"


async def test_every_reference_that_is_wrong_is_said(call: Calls) -> None:
    names = ("flavor", "image", "keypair", "server_group", "host")
    wrong: dict[str, Any] = dict.fromkeys(names, "lost")
    wrong |= {"security_groups": ["lost"], "networks": [{"network": "lost"}]}
    error = await refused(call("CreateServer", name="x", **wrong))
    assert (error.code, error.reason) == (3, "REFERENCE_NOT_FOUND")
    told = {each.field for each in error.field_violations}
    assert told == {*names, "security_groups", "networks[0].network"}
    assert {each.reason for each in error.field_violations} == {"REFERENCE_NOT_FOUND"}


async def test_what_is_said_of_a_server_has_limits(call: Calls) -> None:
    given = {"name": "x", "flavor": "small", "image": "debian-13"}
    which = {"name_or_id": "birch-0"}
    texts: dict[str, tuple[str, ...]] = {
        "description": ("CreateServer", "UpdateServer", "RebuildServer"),
        "user_data": ("CreateServer", "RebuildServer"),
        "metadata": ("CreateServer", "UpdateServer", "RebuildServer", "SetServerMetadata"),
        "tags": ("CreateServer", "UpdateServer", "AddServerTags"),
        "access_ipv4": ("CreateServer", "UpdateServer"),
    }
    for field, value in (
        ("description", "d" * 256),
        ("user_data", b"x" * 50_000),
        ("metadata", {"k" * 256: "v"}),
        ("metadata", {"k": "v" * 256}),
        ("tags", [f"{number}" for number in range(51)]),
        ("tags", ["t" * 61]),
        ("tags", ["a/b"]),
        ("tags", ["a,b"]),
        ("access_ipv4", "2001:db8::1"),
    ):
        for name in texts[field]:
            fields: dict[str, Any] = dict(given if name == "CreateServer" else which)
            if name == "UpdateServer":
                fields["update_mask"] = FieldMask(paths=[field])
            if name == "RebuildServer":
                fields["image"] = "debian-13"
            error = await refused(call(name, **fields, **{field: value}))
            assert [each.field for each in error.field_violations] == [field], name
    most = {"tags": ["t" * 60], "user_data": b"x" * 49_149, "metadata": {"k" * 255: "v" * 255}}
    await call("CreateServer", description="d" * 255, **most, **given)
    await call("AddServerTags", tags=[f"{number}" for number in range(50)], **which)
    assert await call.reason("AddServerTags", tags=["more"], **which) == "INVALID_REQUEST"


async def test_a_quota_limits_what_a_server_says(call: Calls) -> None:
    await call("UpdateComputeQuota", server_metadata_items={"limit": 2})
    three = {"metadata": dict.fromkeys("abc", "x")}
    which = {"name_or_id": "birch-0"}
    request = {"name": "x", "flavor": "small", "image": "debian-13", **three}
    assert await call.reason("CreateServer", **request) == "QUOTA_EXCEEDED"
    assert await call.reason("SetServerMetadata", **which, **three) == "QUOTA_EXCEEDED"
    mask = FieldMask(paths=["metadata"])
    assert await call.reason("UpdateServer", update_mask=mask, **which, **three) == "QUOTA_EXCEEDED"
    for names in ("ab", "ba"):
        await call("SetServerMetadata", metadata=dict.fromkeys(names, "y"), **which)
    assert await call.reason("SetServerMetadata", metadata={"c": "y"}, **which) == "QUOTA_EXCEEDED"


async def test_a_rebuild_takes_all_that_it_is_given(call: Calls) -> None:
    await call("CreateKeypair", name="key")
    which = {"name_or_id": "birch-0", "image": "fedora-43"}
    assert await call.reason("RebuildServer", keypair="lost", **which) == "REFERENCE_NOT_FOUND"
    kept = {"preserve_ephemeral": True, **which}
    assert await call.reason("RebuildServer", **kept) == "NOT_SUPPORTED_BY_CLOUD"
    fields = {
        "keypair": "key",
        "hostname": "guest",
        "disk_config": compute.SERVER_DISK_CONFIG_AUTO,
        "trusted_image_certificates": ["one"],
    }
    server = (await call("RebuildServer", wait=True, **fields, **which)).server
    assert (server.keypair_name, server.hostname) == ("key", "guest")
    assert (server.disk_config_raw, list(server.trusted_image_certificate_ids)) == ("AUTO", ["one"])
    server = (await call("RebuildServer", wait=True, keypair="", **which)).server
    assert (server.keypair_name, server.hostname) == ("", "guest")


async def test_a_change_needs_one_place(client: Client) -> None:
    request = new_server(common.Location(cloud="birch"))
    assert (await refused(client.servers.CreateServer(request))).reason == "LOCATION_AMBIGUOUS"
    stop = compute.StopServerRequest(name_or_id="alder-0")
    assert (await refused(client.servers.StopServer(stop))).reason == "LOCATION_AMBIGUOUS"


async def test_the_location_of_an_answer_may_be_given_back(client: Client) -> None:
    made = (await client.servers.CreateServer(new_server(NORTH, wait=True))).server
    assert made.location.zone
    get = network.GetFloatingIpRequest(location=made.location, name_or_id=made.public_ipv4)
    assert (await client.floating_ips.GetFloatingIp(get)).floating_ip.server_id == made.id
    stop = compute.StopServerRequest(location=made.location, name_or_id=made.name)
    await client.servers.StopServer(stop)


async def test_a_quota_is_one_error_whatever_the_cloud_calls_it(serve: Serve) -> None:
    client = await serve(
        SimulatedCloud("alder", quirks(PROVIDER, server_quota=2)),
        SimulatedCloud("birch", quirks(FLOATING, server_quota=2)),
    )
    statuses = set()
    for name in ("alder", "birch"):
        request = new_server(common.Location(cloud=name))
        error = await refused(client.servers.CreateServer(request))
        assert (error.code, error.reason) == (8, "QUOTA_EXCEEDED")
        assert error.metadata["quota"] == "servers"
        statuses.add(error.upstream.http_status)
    assert statuses == {413, 409}


async def test_an_update_sets_what_is_present_and_clears_what_the_mask_names(
    client: Client,
) -> None:
    request = compute.UpdateServerRequest(
        location=ALDER, name_or_id="alder-0", description="mine", name="renamed"
    )
    server = (await client.servers.UpdateServer(request)).server
    assert (server.name, server.description) == ("renamed", "mine")
    clear = compute.UpdateServerRequest(
        location=ALDER,
        name_or_id=server.id,
        update_mask=FieldMask(paths=["description", "tags"]),
        tags=["a", "b"],
    )
    server = (await client.servers.UpdateServer(clear)).server
    assert (server.name, server.description, list(server.tags)) == ("renamed", "", ["a", "b"])
    for wrong in (
        compute.UpdateServerRequest(location=ALDER, name_or_id=server.id),
        compute.UpdateServerRequest(location=ALDER, name_or_id=server.id, tags=["c"]),
        compute.UpdateServerRequest(
            location=ALDER, name_or_id=server.id, update_mask=FieldMask(paths=["*"])
        ),
        compute.UpdateServerRequest(
            location=ALDER, name_or_id=server.id, name="x", update_mask=FieldMask(paths=["tags"])
        ),
    ):
        assert (await refused(client.servers.UpdateServer(wrong))).reason == "INVALID_REQUEST"


async def test_an_etag_that_is_old_changes_nothing(client: Client) -> None:
    made = await client.floating_ips.CreateFloatingIp(
        network.CreateFloatingIpRequest(location=NORTH)
    )
    request = network.UpdateFloatingIpRequest(
        location=NORTH,
        name_or_id=made.floating_ip.id,
        etag=made.floating_ip.etag,
        description="first",
    )
    changed = (await client.floating_ips.UpdateFloatingIp(request)).floating_ip
    assert changed.description == "first"
    request.description = "second"
    error = await refused(client.floating_ips.UpdateFloatingIp(request))
    assert (error.code, error.reason) == (10, "ETAG_MISMATCH")


async def test_a_delete_ends_and_may_be_repeated(client: Client) -> None:
    request = compute.DeleteServerRequest(location=ALDER, name_or_id="alder-0", wait=True)
    gone = await client.servers.DeleteServer(request)
    assert gone.server.name == "alder-0"
    assert gone.operation.state == operation.OPERATION_STATE_SUCCEEDED
    assert (await refused(client.servers.DeleteServer(request))).reason == "NOT_FOUND"
    request.missing_ok = True
    assert not (await client.servers.DeleteServer(request)).HasField("server")


async def test_actions_go_where_they_should(client: Client) -> None:
    stop = compute.StopServerRequest(location=ALDER, name_or_id="alder-0", wait=True)
    assert (await client.servers.StopServer(stop)).server.status_raw == "SHUTOFF"
    again = await client.servers.StopServer(stop)
    assert again.operation.state == operation.OPERATION_STATE_SUCCEEDED
    pause = compute.PauseServerRequest(location=ALDER, name_or_id="alder-0")
    error = await refused(client.servers.PauseServer(pause))
    assert (error.code, error.reason) == (9, "WRONG_STATE")
    start = compute.StartServerRequest(location=ALDER, name_or_id="alder-0", wait=True)
    assert (await client.servers.StartServer(start)).server.status_raw == "ACTIVE"
    hard = compute.RebootServerRequest(
        location=ALDER, name_or_id="alder-0", reboot_type=compute.SERVER_REBOOT_TYPE_HARD, wait=True
    )
    assert (await client.servers.RebootServer(hard)).server.status_raw == "ACTIVE"


async def test_the_same_change_is_joined_and_another_is_not(slow: Client) -> None:
    stop = compute.StopServerRequest(location=ALDER, name_or_id="alder-0", wait=True)
    both = await asyncio.gather(slow.servers.StopServer(stop), slow.servers.StopServer(stop))
    assert [each.server.status_raw for each in both] == ["SHUTOFF", "SHUTOFF"]
    await slow.servers.StartServer(compute.StartServerRequest(location=ALDER, name_or_id="alder-0"))
    assert (await refused(slow.servers.StopServer(stop))).reason == "IN_TRANSITION"


async def test_a_wait_ends_when_nothing_is_at_work_any_more(client: Client) -> None:
    stop = compute.StopServerRequest(location=ALDER, name_or_id="alder-0")
    stopping = await client.servers.StopServer(stop)
    await asyncio.sleep(0.1)
    start = compute.StartServerRequest(location=ALDER, name_or_id="alder-0", wait=True)
    await client.servers.StartServer(start)
    wait = operation.WaitOperationRequest(operation_id=stopping.operation.id)
    ended = (await operations(client).WaitOperation(wait)).operation
    assert ended.state == operation.OPERATION_STATE_FAILED
    assert ended.error.reason == "WRONG_STATE"


async def test_a_floating_ip_that_no_cloud_has_is_refused_at_once(client: Client) -> None:
    addressing = compute.ServerAddressing(policy=compute.SERVER_ADDRESS_POLICY_FLOATING)
    request = new_server(ALDER, addressing=addressing, wait=True)
    assert (await refused(client.servers.CreateServer(request))).reason == "NOT_SUPPORTED_BY_CLOUD"


async def test_a_failure_that_passes_is_tried_again(serve: Serve) -> None:
    client = await serve(SimulatedCloud("alder", quirks(PROVIDER, server_quota=2)))
    request = new_server(request_id="retry")
    assert (await refused(client.servers.CreateServer(request))).reason == "QUOTA_EXCEEDED"
    delete = compute.DeleteServerRequest(location=ALDER, name_or_id="alder-0", wait=True)
    await client.servers.DeleteServer(delete)
    assert (await client.servers.CreateServer(request)).server.name == "new"


async def test_a_watch_of_operations_is_like_any_other(slow: Client) -> None:
    stub = operations(slow)
    running = operation.OperationFilter(states=[operation.OPERATION_STATE_RUNNING])
    call = stub.WatchOperations(operation.WatchOperationsRequest(filter=running))
    made = await slow.servers.CreateServer(new_server())
    seen: list[int] = []
    async with asyncio.timeout(20):
        while common.WATCH_EVENT_KIND_UNMATCHED not in seen:
            answer = await call.read()
            assert answer.resume_token
            seen += [e.kind for e in answer.events if e.operation.id == made.operation.id]
    call.cancel()
    first = {common.WATCH_EVENT_KIND_PRESENT, common.WATCH_EVENT_KIND_ADDED}
    assert seen[0] in first
    junk = operation.WatchOperationsRequest(resume_token="junk")
    assert (await refused(stub.WatchOperations(junk))).reason == "INVALID_REQUEST"


async def test_a_resize_waits_to_be_confirmed(client: Client) -> None:
    resize = compute.ResizeServerRequest(
        location=ALDER, name_or_id="alder-0", flavor="medium", wait=True
    )
    server = (await client.servers.ResizeServer(resize)).server
    assert (server.status_raw, server.flavor.name) == ("VERIFY_RESIZE", "medium")
    confirm = compute.ConfirmServerResizeRequest(location=ALDER, name_or_id="alder-0", wait=True)
    assert (await client.servers.ConfirmServerResize(confirm)).server.status_raw == "ACTIVE"
    back = compute.ResizeServerRequest(
        location=ALDER, name_or_id="alder-0", flavor="small", confirm=True, wait=True
    )
    assert (await client.servers.ResizeServer(back)).server.status_raw == "ACTIVE"
    again = compute.ResizeServerRequest(
        location=ALDER, name_or_id="alder-0", flavor="medium", wait=True
    )
    await client.servers.ResizeServer(again)
    revert = compute.RevertServerResizeRequest(location=ALDER, name_or_id="alder-0", wait=True)
    server = (await client.servers.RevertServerResize(revert)).server
    assert (server.status_raw, server.flavor.name) == ("ACTIVE", "small")


async def test_a_busy_or_locked_server_says_so(slow: Client) -> None:
    await slow.servers.StopServer(compute.StopServerRequest(location=ALDER, name_or_id="alder-0"))
    error = await refused(
        slow.servers.SuspendServer(
            compute.SuspendServerRequest(location=ALDER, name_or_id="alder-0")
        )
    )
    assert (error.reason, error.retry_advice) == ("IN_TRANSITION", common.RETRY_ADVICE_SAME_CALL)
    assert error.HasField("retry_delay")
    lock = compute.LockServerRequest(location=ALDER, name_or_id="alder-1", reason="audit")
    assert (await slow.servers.LockServer(lock)).server.locked_reason == "audit"
    delete = compute.DeleteServerRequest(location=ALDER, name_or_id="alder-1")
    assert (await refused(slow.servers.DeleteServer(delete))).reason == "LOCKED"
    which: dict[str, Any] = {"location": ALDER, "name_or_id": "alder-1"}
    for change in (
        slow.servers.SetServerMetadata(
            compute.SetServerMetadataRequest(metadata={"a": "b"}, **which)
        ),
        slow.servers.RemoveServerMetadata(
            compute.RemoveServerMetadataRequest(all_keys=True, **which)
        ),
        slow.servers.RebootServer(compute.RebootServerRequest(**which)),
    ):
        assert (await refused(change)).reason == "LOCKED"
    # These Nova leaves to everybody.
    await slow.servers.AddServerTags(compute.AddServerTagsRequest(tags=["t"], **which))
    volumes: Any = block_storage.VolumeServiceStub(slow.channel)
    await volumes.CreateVolume(
        block_storage.CreateVolumeRequest(location=ALDER, name="data", size_gib=1, wait=True)
    )
    attach = compute.AttachServerVolumeRequest(location=ALDER, server="alder-0", volume="data")
    begun = compute.RebootServerRequest(
        location=ALDER, name_or_id="alder-0", reboot_type=compute.SERVER_REBOOT_TYPE_HARD
    )
    await slow.servers.RebootServer(begun)
    assert (await refused(slow.servers.AttachServerVolume(attach))).reason == "IN_TRANSITION"
    await slow.servers.UnlockServer(
        compute.UnlockServerRequest(location=ALDER, name_or_id="alder-1")
    )
    await slow.servers.DeleteServer(delete)


async def test_a_floating_ip_moves(client: Client) -> None:
    made = await client.servers.CreateServer(new_server(NORTH, wait=True))
    address = made.server.public_ipv4
    attach = network.AttachFloatingIpRequest(
        location=NORTH, name_or_id=address, server="birch-0", wait=True
    )
    assert (await refused(client.floating_ips.AttachFloatingIp(attach))).reason == "IN_USE"
    attach.take_over = True
    moved = (await client.floating_ips.AttachFloatingIp(attach)).floating_ip
    assert moved.status == network.FLOATING_IP_STATUS_ACTIVE
    get = compute.GetServerRequest(location=NORTH, name_or_id="birch-0")
    assert (await client.servers.GetServer(get)).server.public_ipv4 == address
    get.name_or_id = made.server.id
    assert not (await client.servers.GetServer(get)).server.public_ipv4
    detach = network.DetachFloatingIpRequest(location=NORTH, name_or_id=address, wait=True)
    await client.floating_ips.DetachFloatingIp(detach)
    sweep = network.DeleteUnattachedFloatingIpsRequest(location=NORTH, dry_run=True)
    swept = await client.floating_ips.DeleteUnattachedFloatingIps(sweep)
    assert [each.name for each in swept.released] == [address]
    sweep.dry_run = False
    await client.floating_ips.DeleteUnattachedFloatingIps(sweep)
    left = await client.floating_ips.ListFloatingIps(network.ListFloatingIpsRequest())
    assert not left.floating_ips


async def test_user_data_comes_only_when_named(client: Client) -> None:
    made = (await client.servers.CreateServer(new_server(user_data=b"\0#!"))).server
    assert not made.user_data
    get = compute.GetServerRequest(location=ALDER, name_or_id=made.id)
    assert not (await client.servers.GetServer(get)).server.user_data
    get.read_mask.paths.append("user_data")
    assert (await client.servers.GetServer(get)).server.user_data == b"\0#!"


async def test_flavors_have_extra_specs_and_accesses(client: Client) -> None:
    made = await client.flavors.CreateFlavor(
        compute.CreateFlavorRequest(
            location=ALDER, name="own", vcpus=1, ram_mib=64, is_public=False, disk_gib=1
        )
    )
    specs = compute.SetFlavorExtraSpecsRequest(
        location=ALDER, name_or_id="own", extra_specs={"hw:cpu_policy": "shared"}
    )
    flavor = (await client.flavors.SetFlavorExtraSpecs(specs)).flavor
    assert dict(flavor.extra_specs) == {"hw:cpu_policy": "shared"}
    access = compute.AddFlavorAccessRequest(location=ALDER, flavor="own", project="p1")
    await client.flavors.AddFlavorAccess(access)
    await client.flavors.AddFlavorAccess(access)
    listed = await client.flavors.ListFlavorAccesses(
        compute.ListFlavorAccessesRequest(location=ALDER, flavor="own")
    )
    assert [each.id for each in listed.flavor_accesses] == [f"{made.flavor.id}/p1"]
    remove = compute.RemoveFlavorAccessRequest(location=ALDER, flavor="own", name_or_id="p2")
    assert (await refused(client.flavors.RemoveFlavorAccess(remove))).reason == "NOT_FOUND"
    remove.missing_ok = True
    await client.flavors.RemoveFlavorAccess(remove)
    public = compute.ListFlavorAccessesRequest(location=ALDER, flavor="small")
    assert (await refused(client.flavors.ListFlavorAccesses(public))).reason == "FLAVOR_IS_PUBLIC"
    twice = compute.CreateFlavorRequest(location=ALDER, name="own", vcpus=1, ram_mib=64)
    assert (await refused(client.flavors.CreateFlavor(twice))).code == 6


async def test_a_snapshot_is_an_image(client: Client) -> None:
    request = compute.CreateServerImageRequest(
        location=ALDER, name_or_id="alder-0", name="snapshot", wait=True
    )
    made = await client.servers.CreateServerImage(request)
    assert made.operation.kind == "server.create_image"
    found = await client.images.GetImage(image.GetImageRequest(name_or_id="snapshot"))
    assert found.image.id == made.image_id
    assert found.image.status == image.IMAGE_STATUS_ACTIVE


async def test_operations_are_listed_and_cannot_all_be_given_up(slow: Client) -> None:
    made = await slow.servers.CreateServer(new_server())
    stub = operations(slow)
    id_ = made.operation.id
    for wanted, found in (
        (operation.OperationFilter(kinds=["server.create"]), [id_]),
        (operation.OperationFilter(ids=[id_]), [id_]),
        (operation.OperationFilter(ids=["other"]), []),
    ):
        listed = await stub.ListOperations(operation.ListOperationsRequest(filter=wanted))
        assert [each.id for each in listed.operations] == found
    cancel = operation.CancelOperationRequest(operation_id=made.operation.id)
    assert (await refused(stub.CancelOperation(cancel))).reason == "NOT_CANCELLABLE"
    await stub.WaitOperation(operation.WaitOperationRequest(operation_id=made.operation.id))
    ended = await stub.CancelOperation(cancel)
    assert ended.operation.state == operation.OPERATION_STATE_SUCCEEDED


def test_every_slow_change_has_an_end() -> None:
    slow = [
        method
        for method in methods()
        if "operation" in method.response.DESCRIPTOR.fields_by_name
        and method.service != "oaktree.operation.v1.OperationService"
    ]
    assert slow
    assert [method.name for method in slow if kind_of(method) not in ENDS] == []


def test_what_must_be_given_may_be_zero() -> None:
    request = compute.SetComputeServiceForcedDownRequest(name_or_id="host")
    assert [each.field for each in message_violations(request, "")] == ["is_forced_down"]
    request.is_forced_down = False
    assert message_violations(request, "") == []
