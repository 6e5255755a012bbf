# SPDX-License-Identifier: Apache-2.0
"""The other resources a node pool needs, each through its life."""

from __future__ import annotations

import base64
import hashlib
import ssl
from typing import Any

import pytest
from conftest import ALDER, NORTH, Calls, Client, new_server, refused
from oaktreemodel.block_storage import v1 as block_storage
from oaktreemodel.compute import v1 as compute
from oaktreemodel.dns import v1 as dns
from oaktreemodel.network import v1 as network
from oaktreemodel.operation import v1 as operation


async def test_a_keypair_is_made_or_imported(client: Client) -> None:
    stub: Any = compute.KeypairServiceStub(client.channel)
    made = await stub.CreateKeypair(compute.CreateKeypairRequest(location=ALDER, name="own"))
    assert made.private_key.startswith("-----BEGIN OPENSSH PRIVATE KEY-----")
    assert (made.keypair.id, made.keypair.type_raw) == ("own", "ssh")
    blob = b"\0\0\0\x0bssh-ed25519\0\0\0\x20" + bytes(32)
    public = f"ssh-ed25519 {base64.b64encode(blob).decode()} me"
    request = compute.CreateKeypairRequest(location=ALDER, name="mine", public_key=public)
    imported = await stub.CreateKeypair(request)
    assert not imported.private_key
    digest = hashlib.md5(blob, usedforsecurity=False).hexdigest()
    assert imported.keypair.fingerprint.replace(":", "") == digest
    assert (await refused(stub.CreateKeypair(request))).reason == "ALREADY_EXISTS"
    server = (await client.servers.CreateServer(new_server(keypair="mine", wait=True))).server
    assert server.keypair_name == "mine"
    error = await refused(client.servers.CreateServer(new_server(keypair="lost")))
    assert error.reason == "REFERENCE_NOT_FOUND"
    delete = compute.DeleteKeypairRequest(location=ALDER, name_or_id="own")
    await stub.DeleteKeypair(delete)
    listed = await stub.ListKeypairs(compute.ListKeypairsRequest(locations=[ALDER]))
    assert [each.name for each in listed.keypairs] == ["mine"]


async def test_a_network_has_subnets_and_ports_and_then_servers(client: Client) -> None:
    networks: Any = network.NetworkServiceStub(client.channel)
    subnets: Any = network.SubnetServiceStub(client.channel)
    ports: Any = network.PortServiceStub(client.channel)
    request = network.CreateNetworkRequest(location=NORTH, name="lab", wait=True)
    lab = (await networks.CreateNetwork(request)).network
    assert lab.status == network.NETWORK_STATUS_ACTIVE
    none = network.CreatePortRequest(location=NORTH, network="lab")
    assert (await refused(ports.CreatePort(none))).reason == "NO_FREE_ADDRESS"
    wrong = network.CreateSubnetRequest(location=NORTH, network="lab", cidr="10.1.0.7/16")
    assert (await refused(subnets.CreateSubnet(wrong))).field_violations[0].field == "cidr"
    good = network.CreateSubnetRequest(
        location=NORTH, network="lab", name="lab-4", cidr="10.1.0.0/24"
    )
    subnet = (await subnets.CreateSubnet(good)).subnet
    assert (subnet.gateway_ip_address, subnet.network_id) == ("10.1.0.1", lab.id)
    port = (await ports.CreatePort(none)).port
    assert port.addresses[0].ip_address == "10.1.0.2"
    made = await client.servers.CreateServer(
        new_server(
            NORTH,
            networks=[compute.ServerNetwork(port=port.id)],
            addressing=compute.ServerAddressing(policy=compute.SERVER_ADDRESS_POLICY_NONE),
            wait=True,
        )
    )
    assert [each.ip_address for each in made.server.addresses] == ["10.1.0.2"]
    found = await ports.ListPorts(
        network.ListPortsRequest(filter=network.PortFilter(networks=["lab"]))
    )
    assert [(each.id, each.device_id) for each in found.ports] == [(port.id, made.server.id)]
    delete = network.DeleteNetworkRequest(location=NORTH, name_or_id="lab")
    assert (await refused(networks.DeleteNetwork(delete))).reason == "IN_USE"
    await client.servers.DeleteServer(
        compute.DeleteServerRequest(location=NORTH, name_or_id=made.server.id, wait=True)
    )
    kept = await ports.GetPort(network.GetPortRequest(location=NORTH, name_or_id=port.id))
    assert (kept.port.device_id, kept.port.status_raw) == ("", "DOWN")
    await ports.DeletePort(network.DeletePortRequest(location=NORTH, name_or_id=port.id))
    await networks.DeleteNetwork(delete)
    gone = network.GetSubnetRequest(location=NORTH, name_or_id="lab-4")
    assert (await refused(subnets.GetSubnet(gone))).reason == "NOT_FOUND"


async def test_two_networks_that_could_be_meant_are_not_guessed(client: Client) -> None:
    networks: Any = network.NetworkServiceStub(client.channel)
    await networks.CreateNetwork(network.CreateNetworkRequest(location=NORTH, name="second"))
    error = await refused(client.servers.CreateServer(new_server(NORTH)))
    assert error.reason == "MULTIPLE_MATCHES"
    assert {match.name for match in error.matches} == {"private", "second"}


async def test_a_security_group_has_rules(client: Client) -> None:
    groups: Any = network.SecurityGroupServiceStub(client.channel)
    rules: Any = network.SecurityGroupRuleServiceStub(client.channel)
    group = (
        await groups.CreateSecurityGroup(
            network.CreateSecurityGroupRequest(location=ALDER, name="web")
        )
    ).security_group
    assert {rule.direction_raw for rule in group.rules} == {"egress"}
    request = network.CreateSecurityGroupRuleRequest(
        location=ALDER,
        security_group="web",
        direction=network.SECURITY_GROUP_RULE_DIRECTION_INGRESS,
        protocol="tcp",
        port_range_min=443,
        port_range_max=443,
    )
    rule = (await rules.CreateSecurityGroupRule(request)).security_group_rule
    assert (await refused(rules.CreateSecurityGroupRule(request))).reason == "ALREADY_EXISTS"
    get = network.GetSecurityGroupRequest(location=ALDER, name_or_id="web")
    assert len((await groups.GetSecurityGroup(get)).security_group.rules) == 3
    found = await rules.ListSecurityGroupRules(
        network.ListSecurityGroupRulesRequest(
            filter=network.SecurityGroupRuleFilter(security_groups=["web"], protocols=["tcp"])
        )
    )
    assert [each.id for each in found.security_group_rules] == [rule.id]
    await rules.DeleteSecurityGroupRule(
        network.DeleteSecurityGroupRuleRequest(location=ALDER, name_or_id=rule.id)
    )
    assert len((await groups.GetSecurityGroup(get)).security_group.rules) == 2
    delete = network.DeleteSecurityGroupRequest(location=ALDER, name_or_id="default")
    assert (await refused(groups.DeleteSecurityGroup(delete))).reason == "PROTECTED"


async def test_a_volume_is_made_attached_and_grown(client: Client) -> None:
    volumes: Any = block_storage.VolumeServiceStub(client.channel)
    request = block_storage.CreateVolumeRequest(location=ALDER, name="data", size_gib=10, wait=True)
    made = await volumes.CreateVolume(request)
    assert made.volume.status == block_storage.VOLUME_STATUS_AVAILABLE
    assert made.operation.kind == "volume.create"
    attach = compute.AttachServerVolumeRequest(
        location=ALDER, server="alder-0", volume="data", wait=True
    )
    attached = await client.servers.AttachServerVolume(attach)
    assert attached.server_volume.device == "/dev/vdb"
    assert attached.operation.state == operation.OPERATION_STATE_SUCCEEDED
    await client.servers.AttachServerVolume(attach)
    attach.server = "alder-1"
    assert (await refused(client.servers.AttachServerVolume(attach))).reason == "IN_USE"
    used = await volumes.ListVolumes(
        block_storage.ListVolumesRequest(
            filter=block_storage.VolumeFilter(servers=["alder-0"], attached=True)
        )
    )
    assert [each.name for each in used.volumes] == ["data"]
    delete = block_storage.DeleteVolumeRequest(location=ALDER, name_or_id="data", wait=True)
    assert (await refused(volumes.DeleteVolume(delete))).reason == "IN_USE"
    detach = compute.DetachServerVolumeRequest(
        location=ALDER, server="alder-0", name_or_id="data", wait=True
    )
    await client.servers.DetachServerVolume(detach)
    assert (await refused(client.servers.DetachServerVolume(detach))).reason == "NOT_FOUND"
    detach.missing_ok = True
    await client.servers.DetachServerVolume(detach)
    grow = block_storage.ExtendVolumeRequest(
        location=ALDER, name_or_id="data", size_gib=20, wait=True
    )
    assert (await volumes.ExtendVolume(grow)).volume.size_gib == 20
    assert (await volumes.ExtendVolume(grow)).volume.size_gib == 20
    grow.size_gib = 10
    assert (await refused(volumes.ExtendVolume(grow))).reason == "INVALID_REQUEST"
    gone = await volumes.DeleteVolume(delete)
    assert gone.operation.state == operation.OPERATION_STATE_SUCCEEDED


@pytest.mark.parametrize("place, zones", [(ALDER, 2), (NORTH, 2)])
async def test_zones_and_limits_are_told(client: Client, place: Any, zones: int) -> None:
    stub: Any = compute.AvailabilityZoneServiceStub(client.channel)
    listed = await stub.ListAvailabilityZones(
        compute.ListAvailabilityZonesRequest(locations=[place])
    )
    assert len(listed.availability_zones) == zones
    limits: Any = compute.ComputeLimitsServiceStub(client.channel)
    known = await limits.GetComputeLimits(compute.GetComputeLimitsRequest(location=place))
    assert known.compute_limits.servers.used == 2
    assert known.compute_limits.vcpus.unlimited
    volumes: Any = block_storage.VolumeLimitsServiceStub(client.channel)
    request = block_storage.GetVolumeLimitsRequest(location=place)
    assert (await volumes.GetVolumeLimits(request)).volume_limits.volumes.used == 0


async def test_watches_tell_of_these_too(client: Client) -> None:
    stub: Any = network.PortServiceStub(client.channel)
    answers = [
        answer
        async for answer in stub.WatchPorts(
            network.WatchPortsRequest(locations=[ALDER], snapshot_only=True)
        )
    ]
    seen = [event.port for answer in answers for event in answer.events if event.HasField("port")]
    assert len(seen) == 2
    assert all(port.device_id for port in seen)


async def server_on(call: Calls, *networks: Any, **fields: Any) -> Any:
    given = {"name": "on", "flavor": "small", "image": "debian-13", "wait": True, **fields}
    return (await call("CreateServer", networks=networks, **given)).server


async def test_a_server_is_in_the_groups_of_its_ports(call: Calls) -> None:
    for name in ("web", "db"):
        await call("CreateSecurityGroup", name=name)
    web = (await call("GetSecurityGroup", name_or_id="web")).security_group
    server = await server_on(call, {"network": "private"}, security_groups=[web.id])
    assert list(server.security_group_names) == ["web"]
    assert await call.reason("DeleteSecurityGroup", name_or_id="web") == "IN_USE"
    which = {"name_or_id": server.id}
    wrong = {"security_groups": ["db", "lost", "none"], **which}
    for name in ("AddServerSecurityGroups", "RemoveServerSecurityGroups"):
        error = await refused(call(name, **wrong))
        assert (error.reason, len(error.field_violations)) == ("REFERENCE_NOT_FOUND", 2)
    added = await call("AddServerSecurityGroups", security_groups=["db", "web"], **which)
    assert list(added.server.security_group_names) == ["web", "db"]
    left = await call("RemoveServerSecurityGroups", security_groups=[web.id], **which)
    assert list(left.server.security_group_names) == ["db"]
    wanted = {"device_ids": [server.id]}
    port = (await call("ListPorts", filter=wanted)).ports[0]
    db = (await call("GetSecurityGroup", name_or_id="db")).security_group
    assert list(port.security_group_ids) == [db.id]
    await call("DeleteSecurityGroup", name_or_id="web")
    await call("UpdateSecurityGroup", name_or_id="db", name="data")
    assert list((await call("GetServer", **which)).server.security_group_names) == ["data"]
    mask = {"paths": ["security_groups"]}
    default = {"security_groups": ["default"], "update_mask": mask}
    await call("UpdatePort", name_or_id=port.id, **default)
    assert list((await call("GetServer", **which)).server.security_group_names) == ["default"]
    alone = await server_on(call, no_network=True)
    none = {"name_or_id": alone.id, "security_groups": ["data"]}
    assert await call.reason("AddServerSecurityGroups", **none) == "WRONG_STATE"


async def test_a_port_that_was_given_outlives_its_server(call: Calls) -> None:
    for name in ("one", "two"):
        await call("CreatePort", network="private", name=name)
    server = await server_on(call, {"port": "one"}, {"network": "private"}, addressing=NOWHERE)
    own = [each.port_id for each in server.addresses]
    attach = {"server": server.id, "wait": True}
    for _ in range(2):
        await call("AttachServerInterface", port="two", **attach)
    tagged = await call("AttachServerInterface", network="private", tag="mine", **attach)
    made = tagged.server_interface
    assert made.tag == "mine"
    listed = await call("ListServerInterfaces", server=server.id)
    assert len(listed.server_interfaces) == 4
    await call("DetachServerInterface", name_or_id="two", **attach)
    await call("DetachServerInterface", name_or_id=made.id, **attach)
    assert await call.reason("GetPort", name_or_id=made.id) == "NOT_FOUND"
    await call("DeleteServer", name_or_id=server.id, wait=True)
    assert await call.reason("GetPort", name_or_id=own[1]) == "NOT_FOUND"
    for name in ("one", "two"):
        port = (await call("GetPort", name_or_id=name)).port
        assert (port.device_id, port.device_owner, port.status_raw) == ("", "", "DOWN")
        await call("DeletePort", name_or_id=name)


async def test_a_port_that_goes_takes_its_floating_ip_along(call: Calls) -> None:
    server = await server_on(call)
    port = server.addresses[0].port_id
    await call("DetachServerInterface", server=server.id, name_or_id=port, wait=True)
    found = (await call("GetServer", name_or_id=server.id)).server
    assert not found.addresses
    assert not found.security_group_names
    floating = (await call("GetFloatingIp", name_or_id=server.public_ipv4)).floating_ip
    assert (floating.port_id, floating.server_id) == ("", "")


async def test_a_create_that_is_refused_reserves_nothing(call: Calls) -> None:
    await call("CreatePort", network="private", name="one")
    for networks in (
        [{"port": "one"}, {"network": "lost"}],
        [{"port": "one"}, {"port": "one"}],
        [{"port": "one", "fixed_ip_address": "10.0.0.77"}],
    ):
        wrong = {"name": "x", "flavor": "small", "image": "debian-13", "networks": networks}
        assert (await refused(call("CreateServer", **wrong))).code == 3
    assert not (await call("GetPort", name_or_id="one")).port.device_id
    error = {"metadata": {"simulate": "error"}, "networks": [{"port": "one"}]}
    failing = {"name": "x", "flavor": "small", "image": "debian-13", "wait": True, **error}
    assert await call.reason("CreateServer", **failing) == "NO_VALID_HOST"
    assert not (await call("GetPort", name_or_id="one")).port.device_id


async def test_an_address_is_checked_before_a_server_is_made(call: Calls) -> None:
    fixed = {"network": "private", "fixed_ip_address": "10.0.7.7"}
    taken = {"name": "x", "flavor": "small", "image": "debian-13", "addressing": NOWHERE}
    server = await server_on(call, fixed, addressing=NOWHERE)
    assert server.private_ipv4 == "10.0.7.7"
    assert await call.reason("CreateServer", networks=[fixed], **taken) == "IN_USE"
    attach = {"server": "birch-0", "network": "private"}
    for wrong in ("not-an-ip", "192.0.2.1"):
        fixed["fixed_ip_address"] = wrong
        error = await refused(call("CreateServer", networks=[fixed], **taken))
        assert [each.field for each in error.field_violations] == ["networks[0].fixed_ip_address"]
        error = await refused(call("AttachServerInterface", fixed_ip_address=wrong, **attach))
        assert [each.field for each in error.field_violations] == ["fixed_ip_address"]
    fixed["fixed_ip_address"] = "10.0.8.8"
    error = await refused(call("CreateServer", networks=[fixed, fixed], **taken))
    assert [each.field for each in error.field_violations] == ["networks[1].fixed_ip_address"]


def addressing(**fields: Any) -> compute.ServerAddressing:
    return compute.ServerAddressing(**fields)


NOWHERE = addressing(policy=compute.SERVER_ADDRESS_POLICY_NONE)
FLOATING = compute.SERVER_ADDRESS_POLICY_FLOATING
EXTERNAL = compute.SERVER_ADDRESS_POLICY_EXTERNAL_NETWORK


@pytest.mark.parametrize(
    "field, fields",
    [
        ("floating_ip", {"floating_ip": "192.0.2.99"}),
        ("floating_network", {"floating_network": "private"}),
        ("floating_network", {"floating_network": "lost"}),
        ("floating_network", {"floating_network": "public", "policy": EXTERNAL}),
        ("nat_destination", {"nat_destination": "lost"}),
        ("nat_destination", {"nat_destination": "public"}),
        ("nat_destination_port", {"nat_destination_port": "lost"}),
        ("nat_destination_port", {"nat_destination_port": "spare"}),
        ("external_network", {"external_network": "public"}),
        ("external_network", {"external_network": "private", "policy": EXTERNAL}),
        ("external_network", {"external_network": "lost", "policy": EXTERNAL}),
    ],
)
async def test_addressing_that_cannot_be_is_refused(call: Calls, field: str, fields: Any) -> None:
    await call("CreatePort", network="private", name="spare")
    request = {"name": "x", "flavor": "small", "image": "debian-13"}
    error = await refused(call("CreateServer", addressing=addressing(**fields), **request))
    assert [each.field for each in error.field_violations] == [f"addressing.{field}"]


async def test_a_server_gets_the_address_that_was_asked_for(call: Calls) -> None:
    floating = (await call("CreateFloatingIp")).floating_ip
    chosen = addressing(floating_ip=floating.name)
    server = await server_on(call, addressing=chosen)
    assert server.public_ipv4 == floating.name
    again = {"name": "x", "flavor": "small", "image": "debian-13", "addressing": chosen}
    assert await call.reason("CreateServer", **again) == "IN_USE"
    outside = await server_on(call, addressing=addressing(policy=EXTERNAL))
    assert [each.network_name for each in outside.addresses] == ["public"]
    both = await server_on(call, {"network": "private"}, addressing=addressing(policy=EXTERNAL))
    assert {each.network_name for each in both.addresses} == {"private", "public"}
    enough = await server_on(call, {"network": "public"})
    assert [each.network_name for each in enough.addresses] == ["public"]
    nowhere = {"no_network": True, "addressing": addressing(policy=FLOATING)}
    again.update(nowhere)
    assert await call.reason("CreateServer", **again) == "INVALID_REQUEST"


async def test_what_a_floating_ip_is_mapped_on_is_not_guessed(call: Calls) -> None:
    await call("CreateNetwork", name="second", wait=True)
    await call("CreateSubnet", network="second", cidr="10.9.0.0/24")
    await call("CreatePort", network="private", name="one")
    networks = [{"network": "second"}, {"port": "one"}]
    request = {"name": "x", "flavor": "small", "image": "debian-13", "networks": networks}
    error = await refused(call("CreateServer", **request))
    assert error.reason == "MULTIPLE_MATCHES"
    assert {each.name for each in error.matches} == {"private", "second"}
    for fields, named in (
        ({"nat_destination_port": "one"}, "private"),
        ({"nat_destination": "second"}, "second"),
    ):
        server = await server_on(call, *networks, addressing=addressing(policy=FLOATING, **fields))
        floating = (await call("GetFloatingIp", name_or_id=server.public_ipv4)).floating_ip
        inside = {each.ip_address: each.network_name for each in server.addresses}
        assert inside[floating.fixed_ip_address] == named
        await call("DeleteServer", name_or_id=server.id, wait=True)


async def test_a_flavor_does_not_take_the_place_of_another(call: Calls) -> None:
    medium = (await call("GetFlavor", name_or_id="medium")).flavor
    given = {"name": "medium2", "id": medium.id, "vcpus": 1, "ram_mib": 64}
    assert await call.reason("CreateFlavor", **given) == "ALREADY_EXISTS"
    assert (await call("GetFlavor", name_or_id="medium")).flavor == medium


async def test_zones_have_whole_names_and_none_under_them_when_they_go(call: Calls) -> None:
    given = {"email": "me@example.test"}
    for name in ("example.test", "test.", "example..test.", "."):
        assert await call.reason("CreateZone", name=name, **given) == "INVALID_REQUEST"
    for wrong in (
        {},
        {"masters": ["192.0.2.1"], **given},
        {"type": dns.ZONE_TYPE_SECONDARY},
        {"type": dns.ZONE_TYPE_SECONDARY, "masters": ["192.0.2.1"], "ttl_seconds": 60},
        {"type": dns.ZONE_TYPE_CATALOG, **given},
    ):
        reason = await call.reason("CreateZone", name="example.test.", **wrong)
        assert reason == "INVALID_REQUEST"
    for name in ("example.test.", "notexample.test.", "sub.example.test."):
        await call("CreateZone", name=name, wait=True, **given)
    record = {"zone": "example.test.", "type": "A", "records": ["192.0.2.1"]}
    wrong = {**record, "name": "www.example.test"}
    assert await call.reason("CreateRecordSet", **wrong) == "INVALID_REQUEST"
    wrong = {**record, "name": "www.example.test.", "type": "SOA"}
    assert await call.reason("CreateRecordSet", **wrong) == "INVALID_REQUEST"
    delete = {"name_or_id": "example.test.", "wait": True}
    assert await call.reason("DeleteZone", **delete) == "IN_USE"
    await call("DeleteZone", name_or_id="sub.example.test.", wait=True)
    await call("AddZoneShare", zone="example.test.", project="friends")
    assert await call.reason("DeleteZone", **delete) == "IN_USE"
    await call("DeleteZone", delete_shares=True, **delete)


async def test_what_is_no_keypair_is_refused(call: Calls) -> None:
    other = compute.KEYPAIR_TYPE_OTHER
    for wrong in (
        {"name": "a/b"},
        {"name": "line\n"},
        {"name": "ключ"},
        {"public_key": "rubbish"},
        {"public_key": "ssh-ed25519 AAAA me"},
        {"public_key": "rubbish", "type": compute.KEYPAIR_TYPE_X509},
        {"type": other, "type_raw": "pgp"},
    ):
        assert await call.reason("CreateKeypair", **{"name": "k", **wrong}) == "INVALID_REQUEST"
    await call("CreateKeypair", name="My key_1-2@home.test")
    made = await call("CreateKeypair", name="windows", type=other, type_raw="x509")
    pair = made.keypair
    assert (pair.type, pair.type_raw) == (compute.KEYPAIR_TYPE_X509, "x509")
    assert made.private_key
    data = ssl.PEM_cert_to_DER_cert(pair.public_key)
    digest = hashlib.sha1(data, usedforsecurity=False).hexdigest()
    assert pair.fingerprint.replace(":", "") == digest
    theirs = (await call("CreateKeypair", name="windows", user="friend")).keypair
    assert (theirs.id, theirs.name, theirs.user_id) == ("friend/windows", "windows", "friend")
    assert await call.reason("CreateKeypair", name="windows", user="friend") == "ALREADY_EXISTS"
