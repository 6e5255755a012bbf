# SPDX-License-Identifier: Apache-2.0
"""The other resources a node pool needs, each through its life."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from conftest import ALDER, NORTH, Client, new_server, refused
from oaktreemodel.block_storage import v1 as block_storage
from oaktreemodel.compute import v1 as compute
from oaktreemodel.network import v1 as network
from oaktreemodel.operation import v1 as operation


async def test_a_keypair_is_made_or_imported(client: Client) -> None:
    stub: Any = compute.KeypairServiceStub(client.channel)
    made = await stub.CreateKeypair(compute.CreateKeypairRequest(location=ALDER, name="own"))
    assert made.private_key.startswith("-----BEGIN OPENSSH PRIVATE KEY-----")
    assert (made.keypair.id, made.keypair.type_raw) == ("own", "ssh")
    public = "ssh-ed25519 AAAA me"
    request = compute.CreateKeypairRequest(location=ALDER, name="mine", public_key=public)
    imported = await stub.CreateKeypair(request)
    assert not imported.private_key
    digest = hashlib.md5(public.encode(), usedforsecurity=False).hexdigest()
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
