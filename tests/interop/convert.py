# SPDX-License-Identifier: Apache-2.0
"""Makes the messages of the interop tests from recorded answers of nova, glance and neutron.

It writes canonical protobuf JSON, one message a file, which every language loads with the parser of
its own protobuf library. What it does to an answer is what the comments of the protos promise.
"""

from __future__ import annotations

import argparse
import base64
import ipaddress
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from google.protobuf import json_format
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from oaktreemodel.common import v1 as common
from oaktreemodel.compute import v1 as compute
from oaktreemodel.image import v1 as image
from oaktreemodel.network import v1 as network

if TYPE_CHECKING:
    from google.protobuf.internal.enum_type_wrapper import _EnumTypeWrapper

HERE = Path(__file__).parent
REGION = "RegionOne"
# An end user of a cloud as old as clouds get, and the administrator of a new one: between them
# they are told all that nova tells.
SERVERS = {
    "north": "compute-servers-detail-v2.1",
    "south": "compute-servers-detail-all-tenants",
}
# The cloud of all else.
CLOUD = "south"

# gRPC's codes, by number as they are in an Error.
INVALID_ARGUMENT, NOT_FOUND, RESOURCE_EXHAUSTED, FAILED_PRECONDITION = 3, 5, 8, 9
# A status message and its encoded details stay under this together.
ERROR_LIMIT = 4096

# What glance says of every image. All else are its properties.
IMAGE_ATTRIBUTES = {
    *("id", "name", "status", "visibility", "disk_format", "container_format", "size"),
    *("virtual_size", "min_ram", "min_disk", "checksum", "os_hash_algo", "os_hash_value"),
    *("protected", "os_hidden", "tags", "created_at", "updated_at", "stores", "locations"),
    *("direct_url", "os_distro", "os_version", "os_type", "os_admin_user", "architecture"),
    *("owner", "self", "file", "schema"),
}

POWER_STATES = {
    0: compute.SERVER_POWER_STATE_PENDING,
    1: compute.SERVER_POWER_STATE_RUNNING,
    3: compute.SERVER_POWER_STATE_PAUSED,
    4: compute.SERVER_POWER_STATE_SHUTDOWN,
    6: compute.SERVER_POWER_STATE_CRASHED,
    7: compute.SERVER_POWER_STATE_SUSPENDED,
}

Json = Mapping[str, Any]
Value = TypeVar("Value", bound=int)


@dataclass(frozen=True)
class Surroundings:
    """What else is known about the cloud that an answer came from."""

    cloud: str
    # The project of the caller's credentials.
    project: common.Project
    flavors: Mapping[str, Json]
    external_networks: frozenset[str]

    def location(self, project_id: str, zone: str = "") -> common.Location:
        project = self.project if project_id == self.project.id else common.Project(id=project_id)
        return common.Location(cloud=self.cloud, region=REGION, zone=zone, project=project)


def time(text: str | None) -> Timestamp | None:
    """nova leaves the time zone out of some times; all are UTC."""
    if text is None:
        return None
    result = Timestamp()
    result.FromJsonString(text if text.endswith("Z") else text + "Z")
    return result


def address(text: str | None) -> str:
    return str(ipaddress.ip_address(text)) if text else ""


def said(recorded: Json, attribute: str) -> str:
    """The text of an attribute, empty where the cloud says null or nothing."""
    return recorded.get(attribute) or ""


def word(enum: _EnumTypeWrapper[Value], prefix: str, raw: str) -> Value:
    """The enum's value for the cloud's word: not said, not known, or known."""
    values = dict(enum.items())
    name = raw.upper() if raw else "UNSPECIFIED"
    return values.get(f"{prefix}_{name}", values[f"{prefix}_OTHER"])


def server_flavor(recorded: Json, flavors: Mapping[str, Json]) -> compute.ServerFlavor:
    """Until 2.47 nova says the id alone, and from then on all but the id."""
    name = said(recorded, "original_name")
    known: Json = flavors.get(said(recorded, "id")) or next(
        (flavor for flavor in flavors.values() if flavor["name"] == name), {}
    )
    size = recorded if name else known
    return compute.ServerFlavor(
        id=said(recorded, "id") or said(known, "id"),
        name=name or said(known, "name"),
        vcpus=size.get("vcpus"),
        ram_mib=size.get("ram"),
        disk_gib=size.get("disk"),
        ephemeral_gib=size.get("ephemeral", size.get("OS-FLV-EXT-DATA:ephemeral")),
        # Nova once said none with an empty text.
        swap_mib=0 if size.get("swap") == "" else size.get("swap"),
        extra_specs=size.get("extra_specs"),
    )


def server_addresses(recorded: Json) -> list[common.Address]:
    return [
        common.Address(
            ip_address=address(one["addr"]),
            ip_version=one["version"],
            kind=word(common.AddressKind, "ADDRESS_KIND", said(one, "OS-EXT-IPS:type")),
            kind_raw=said(one, "OS-EXT-IPS:type"),
            mac_address=said(one, "OS-EXT-IPS-MAC:mac_addr").lower(),
            network_name=network_name,
        )
        for network_name, ones in sorted(recorded.items())
        for one in ones
    ]


def choose_addresses(server: compute.Server, external_networks: frozenset[str]) -> None:
    """Fills the addresses to use, with the reason for each, where networks have a plain role."""

    def choose(field: str, ip_address: str, reason: compute.ServerAddressReason.ValueType) -> None:
        if ip_address and not getattr(server, field):
            setattr(server, field, ip_address)
            setattr(server, f"{field}_reason", reason)

    choose("public_ipv4", server.access_ipv4, compute.SERVER_ADDRESS_REASON_ACCESS_ADDRESS)
    choose("public_ipv6", server.access_ipv6, compute.SERVER_ADDRESS_REASON_ACCESS_ADDRESS)
    for one in server.addresses:
        if one.kind == common.ADDRESS_KIND_FLOATING:
            continue
        if one.network_name in external_networks:
            role, reason = "public", compute.SERVER_ADDRESS_REASON_EXTERNAL_NETWORK
        else:
            role, reason = "private", compute.SERVER_ADDRESS_REASON_INTERNAL_NETWORK
        choose(f"{role}_ipv{one.ip_version}", one.ip_address, reason)
    for one in server.addresses:
        if one.kind == common.ADDRESS_KIND_FLOATING:
            choose("public_ipv4", one.ip_address, compute.SERVER_ADDRESS_REASON_FLOATING_IP)
    public = server.public_ipv4 or server.public_ipv6
    private = server.private_ipv4 or server.private_ipv6
    server.interface_address = public or private
    if public:
        server.interface_address_reason = compute.SERVER_ADDRESS_REASON_PUBLIC_ADDRESS
    elif private:
        server.interface_address_reason = compute.SERVER_ADDRESS_REASON_ONLY_ADDRESS


def convert_server(recorded: Json, around: Surroundings) -> compute.Server:
    location = around.location(recorded["tenant_id"], recorded["OS-EXT-AZ:availability_zone"])
    power_state = recorded["OS-EXT-STS:power_state"]
    image_recorded = recorded["image"] or {}
    server = compute.Server(
        location=location,
        id=recorded["id"],
        name=recorded["name"],
        status=word(compute.ServerStatus, "SERVER_STATUS", recorded["status"]),
        status_raw=recorded["status"],
        vm_state=word(
            compute.ServerVmState, "SERVER_VM_STATE", said(recorded, "OS-EXT-STS:vm_state")
        ),
        vm_state_raw=said(recorded, "OS-EXT-STS:vm_state"),
        task_state=word(
            compute.ServerTaskState, "SERVER_TASK_STATE", said(recorded, "OS-EXT-STS:task_state")
        ),
        task_state_raw=said(recorded, "OS-EXT-STS:task_state"),
        power_state=POWER_STATES.get(power_state, compute.SERVER_POWER_STATE_OTHER),
        power_state_raw=str(power_state),
        progress_percent=recorded.get("progress"),
        image_id=said(image_recorded, "id"),
        image_properties=image_recorded.get("properties"),
        flavor=server_flavor(recorded["flavor"], around.flavors),
        addresses=server_addresses(recorded["addresses"]),
        access_ipv4=address(recorded["accessIPv4"]),
        access_ipv6=address(recorded["accessIPv6"]),
        create_time=time(recorded["created"]),
        update_time=time(recorded["updated"]),
        launch_time=time(recorded["OS-SRV-USG:launched_at"]),
        terminate_time=time(recorded["OS-SRV-USG:terminated_at"]),
        user_id=recorded["user_id"],
        keypair_name=recorded["key_name"],
        metadata=recorded["metadata"],
        tags=recorded.get("tags"),
        description=said(recorded, "description"),
        security_group_names=[group["name"] for group in recorded.get("security_groups", [])],
        volumes=[
            compute.ServerVolume(
                location=location,
                id=volume["id"],
                server_id=recorded["id"],
                volume_id=volume["id"],
                delete_on_termination=volume.get("delete_on_termination"),
            )
            for volume in recorded["os-extended-volumes:volumes_attached"]
        ],
        has_config_drive=bool(recorded["config_drive"]),
        disk_config=word(
            compute.ServerDiskConfig, "SERVER_DISK_CONFIG", recorded["OS-DCF:diskConfig"]
        ),
        disk_config_raw=recorded["OS-DCF:diskConfig"],
        is_locked=recorded.get("locked"),
        locked_reason=said(recorded, "locked_reason"),
        host_id=recorded["hostId"],
        host_status=word(
            compute.ServerHostStatus, "SERVER_HOST_STATUS", said(recorded, "host_status")
        ),
        host_status_raw=said(recorded, "host_status"),
        hostname=said(recorded, "OS-EXT-SRV-ATTR:hostname"),
        server_group_ids=recorded.get("server_groups"),
        pinned_zone=said(recorded, "pinned_availability_zone"),
        trusted_image_certificate_ids=recorded.get("trusted_image_certificates"),
        compute_host=said(recorded, "OS-EXT-SRV-ATTR:host"),
        hypervisor_hostname=said(recorded, "OS-EXT-SRV-ATTR:hypervisor_hostname"),
        instance_name=said(recorded, "OS-EXT-SRV-ATTR:instance_name"),
        reservation_id=said(recorded, "OS-EXT-SRV-ATTR:reservation_id"),
        launch_index=recorded.get("OS-EXT-SRV-ATTR:launch_index"),
        kernel_image_id=said(recorded, "OS-EXT-SRV-ATTR:kernel_id"),
        ramdisk_image_id=said(recorded, "OS-EXT-SRV-ATTR:ramdisk_id"),
        root_device_name=said(recorded, "OS-EXT-SRV-ATTR:root_device_name"),
        user_data=base64.b64decode(said(recorded, "OS-EXT-SRV-ATTR:user_data")),
    )
    if fault := recorded.get("fault"):
        server.fault.CopyFrom(
            compute.ServerFault(
                code=fault["code"],
                message=fault["message"],
                details=fault.get("details"),
                create_time=time(fault["created"]),
            )
        )
    if "scheduler_hints" in recorded:
        server.scheduler_hints.update(recorded["scheduler_hints"])
        server.scheduler_hints.SetInParent()
    choose_addresses(server, around.external_networks)
    return server


def convert_flavor(recorded: Json, around: Surroundings) -> compute.Flavor:
    return compute.Flavor(
        location=common.Location(cloud=around.cloud, region=REGION),
        id=recorded["id"],
        name=recorded["name"],
        description=recorded["description"],
        vcpus=recorded["vcpus"],
        ram_mib=recorded["ram"],
        disk_gib=recorded["disk"],
        ephemeral_gib=recorded["OS-FLV-EXT-DATA:ephemeral"],
        swap_mib=recorded["swap"] or 0,
        rxtx_factor=recorded["rxtx_factor"],
        is_public=recorded["os-flavor-access:is_public"],
        is_disabled=recorded["OS-FLV-DISABLED:disabled"],
        extra_specs=recorded["extra_specs"],
    )


def image_checksums(recorded: Json) -> list[common.Checksum]:
    found = {
        "md5": recorded["checksum"],
        recorded["os_hash_algo"]: recorded["os_hash_value"],
    }
    return [
        common.Checksum(algorithm=name, hex_digest=digest)
        for name, digest in found.items()
        if digest
    ]


def convert_image(recorded: Json, around: Surroundings) -> image.Image:
    return image.Image(
        location=around.location(recorded["owner"]),
        id=recorded["id"],
        name=recorded["name"],
        status=word(image.ImageStatus, "IMAGE_STATUS", recorded["status"]),
        status_raw=recorded["status"],
        visibility=word(image.ImageVisibility, "IMAGE_VISIBILITY", recorded["visibility"]),
        visibility_raw=recorded["visibility"],
        disk_format=recorded["disk_format"],
        container_format=recorded["container_format"],
        size_bytes=recorded["size"],
        virtual_size_bytes=recorded["virtual_size"],
        min_ram_mib=recorded["min_ram"],
        min_disk_gib=recorded["min_disk"],
        checksums=image_checksums(recorded),
        is_protected=recorded["protected"],
        is_hidden=recorded["os_hidden"],
        tags=recorded["tags"],
        create_time=time(recorded["created_at"]),
        update_time=time(recorded["updated_at"]),
        store_ids=recorded["stores"].split(","),
        os_distro=said(recorded, "os_distro"),
        os_version=said(recorded, "os_version"),
        os_type=said(recorded, "os_type"),
        os_admin_user=said(recorded, "os_admin_user"),
        architecture=said(recorded, "architecture"),
        properties={
            name: value for name, value in recorded.items() if name not in IMAGE_ATTRIBUTES
        },
    )


def convert_floating_ip(recorded: Json, around: Surroundings) -> network.FloatingIp:
    result = network.FloatingIp(
        location=around.location(recorded["project_id"]),
        id=recorded["id"],
        name=address(recorded["floating_ip_address"]),
        description=recorded["description"],
        attached=bool(recorded["port_id"]),
        fixed_ip_address=address(recorded["fixed_ip_address"]),
        floating_ip_address=address(recorded["floating_ip_address"]),
        network_id=recorded["floating_network_id"],
        port_id=recorded["port_id"],
        router_id=recorded["router_id"],
        status=word(network.FloatingIpStatus, "FLOATING_IP_STATUS", recorded["status"]),
        status_raw=recorded["status"],
        qos_policy_id=recorded["qos_policy_id"],
        tags=recorded["tags"],
        port_forwardings=[
            network.FloatingIpPortForwarding(
                protocol=forwarding["protocol"],
                external_port=forwarding["external_port"],
                internal_ip_address=address(forwarding["internal_ip_address"]),
                internal_port=forwarding["internal_port"],
            )
            for forwarding in recorded["port_forwardings"]
        ],
        create_time=time(recorded["created_at"]),
        update_time=time(recorded["updated_at"]),
        etag=str(recorded["revision_number"]),
    )
    if port := recorded["port_details"]:
        result.port.CopyFrom(
            network.FloatingIpPort(
                name=port["name"],
                network_id=port["network_id"],
                mac_address=port["mac_address"].lower(),
                admin_state_up=port["admin_state_up"],
                status=word(network.PortStatus, "PORT_STATUS", port["status"]),
                status_raw=port["status"],
                device_id=port["device_id"],
                device_owner=port["device_owner"],
            )
        )
        if port["device_owner"].startswith("compute:"):
            result.server_id = port["device_id"]
    return result


def upstream(service: str, recorded: Json) -> common.UpstreamError:
    code, body = next(iter(recorded["body"].items()))
    return common.UpstreamError(
        service=service, http_status=recorded["status"], code=code, message=body["message"]
    )


def refer(server: compute.Server) -> common.ResourceRef:
    return common.ResourceRef(
        location=server.location, id=server.id, name=server.name, type="server"
    )


def error(code: int, message: str, reason: str = "", **fields: Any) -> common.Error:
    fields.setdefault("retry_advice", common.RETRY_ADVICE_NEVER)
    return common.Error(code=code, message=message, reason=reason, domain="oaktree", **fields)


def wire_size(one: common.Error) -> int:
    """The size of an error on the wire: the message, and the status that repeats it."""
    status = common.Status(code=one.code, message=one.message)
    status.details.add().Pack(one)
    return len(one.message.encode()) + status.ByteSize()


def largest_error(servers: Iterable[compute.Server]) -> common.Error:
    """An error with something in each field, and as large as an error may be."""
    ref = refer(next(iter(servers)))
    result = error(
        FAILED_PRECONDITION,
        "Zu viele Server heißen так: 同じ名前 (100 % of them).",
        "MULTIPLE_MATCHES",
        metadata={"quota": "cores", "limit": "40"},
        location=ref.location,
        retry_advice=common.RETRY_ADVICE_WHOLE_FLOW,
        field_violations=[
            common.FieldViolation(field="name_or_id", description="not unique", reason="NOT_UNIQUE")
        ],
        operation_id="operation-1",
        resource=ref,
        leftovers=[ref],
        upstream=common.UpstreamError(service="compute", http_status=409, code="conflict"),
        unreachable=[
            common.LocationError(
                location=common.Location(cloud="west"),
                error=common.Error(code=14, message="connection refused", domain="oaktree"),
            )
        ],
    )
    result.retry_delay.FromMilliseconds(1500)
    wanted = 100
    for index in range(wanted):
        result.omitted_count = wanted - index
        match = result.matches.add()
        match.CopyFrom(ref)
        match.id = f"{index:08}{ref.id[8:]}"
        if wire_size(result) >= ERROR_LIMIT:
            del result.matches[-1]
            break
    # The last bytes, one by one, for a length may take one more byte itself.
    while True:
        result.upstream.message += "."
        if wire_size(result) >= ERROR_LIMIT:
            result.upstream.message = result.upstream.message[:-1]
            return result


def widest_error() -> common.Error:
    """An error that is as large as may be, and larger than any other as gRPC sends it.

    The message goes in a header of its own, where each byte beyond ASCII becomes three.
    """
    result = error(NOT_FOUND, "", "NOT_FOUND")
    while wire_size(result) < ERROR_LIMIT:
        result.message += "ü"
    result.message = result.message[:-1]
    return result


def errors(servers: list[compute.Server], read: Callable[[str], Json]) -> dict[str, common.Error]:
    """What the interop servers answer with, by the name that asks for it."""
    named: dict[str, list[compute.Server]] = {}
    for server in servers:
        named.setdefault(server.name, []).append(server)
    twins = named["vm-ba162f"]
    stopped, running = named["stopped-vm"][-1], twins[-1]
    return {
        "nope": error(
            NOT_FOUND,
            "No server has this id or name in any cloud you can reach.",
            "NOT_FOUND",
            upstream=upstream("compute", read("compute-error-404-server")),
        ),
        "twins": error(
            FAILED_PRECONDITION,
            f"{len(twins)} servers are named {running.name}: say which by its id, or its location.",
            "MULTIPLE_MATCHES",
            matches=[refer(server) for server in twins],
        ),
        "quota": error(
            RESOURCE_EXHAUSTED,
            "The quota of project demo allows no more cores and instances.",
            "QUOTA_EXCEEDED",
            metadata={
                "quota": "cores,instances",
                "limit": "40,10",
                "used": "5,4",
                "requested": "90,90",
            },
            location=stopped.location,
            upstream=upstream("compute", read("compute-error-403-quota")),
        ),
        "page-size": error(
            INVALID_ARGUMENT,
            "page_size is negative.",
            "INVALID_REQUEST",
            field_violations=[
                common.FieldViolation(
                    field="page_size", description="Must be 0 or more.", reason="OUT_OF_RANGE"
                )
            ],
        ),
        "out-of-order": error(
            INVALID_ARGUMENT,
            "An upload is a start, chunks that follow on each other, and a finish.",
            "OUT_OF_ORDER",
            retry_advice=common.RETRY_ADVICE_WHOLE_FLOW,
        ),
        "short": error(
            INVALID_ARGUMENT, "Fewer or more bytes came than were announced.", "SIZE_MISMATCH"
        ),
        "largest": largest_error(servers),
        "widest": widest_error(),
    }


def order(one: compute.Server | compute.Flavor | image.Image | network.FloatingIp) -> list[str]:
    """The order of lists."""
    return [one.location.cloud, one.location.region, one.id]


def messages(recordings: Path) -> dict[str, Message]:
    """All messages, by the name of their file."""

    def read(name: str) -> Json:
        recording: Json = json.loads((recordings / f"{name}.json").read_text(encoding="utf-8"))
        return recording

    def body(name: str) -> Json:
        result: Json = read(name)["body"]
        return result

    project = body("token-demo")["token"]["project"]
    own_project = common.Project(
        id=project["id"],
        name=project["name"],
        domain_id=project["domain"]["id"],
        domain_name=project["domain"]["name"],
    )
    flavors = {one["id"]: one for one in body("compute-flavors-detail")["flavors"]}
    external = frozenset(
        one["name"] for one in body("network-networks")["networks"] if one["router:external"]
    )
    user, administrator = (
        Surroundings(cloud, whose, flavors, external)
        for cloud, whose in (("north", own_project), (CLOUD, common.Project()))
    )
    servers = sorted(
        (
            convert_server(one, around)
            for around in (user, administrator)
            for one in body(SERVERS[around.cloud])["servers"]
        ),
        key=order,
    )
    here = Surroundings(CLOUD, own_project, flavors, external)
    result: dict[str, Message] = {
        "servers": compute.ListServersResponse(servers=servers),
        "flavors": compute.ListFlavorsResponse(
            flavors=sorted((convert_flavor(one, here) for one in flavors.values()), key=order)
        ),
        "images": image.ListImagesResponse(
            images=sorted(
                (convert_image(one, here) for one in body("image-images")["images"]), key=order
            )
        ),
        "floating_ips": network.ListFloatingIpsResponse(
            floating_ips=sorted(
                (
                    convert_floating_ip(one, here)
                    for one in body("network-floatingips")["floatingips"]
                ),
                key=order,
            )
        ),
    }
    for name, one in errors(servers, read).items():
        result[f"errors/{name}"] = one
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "output", type=Path, nargs="?", default=HERE / "data", help="the folder to write to"
    )
    output: Path = parser.parse_args().output
    (output / "errors").mkdir(parents=True, exist_ok=True)
    for name, message in messages(HERE / "recordings").items():
        # Sorted, for a map has no order of its own.
        text = json_format.MessageToJson(message, indent=1, sort_keys=True, ensure_ascii=False)
        (output / f"{name}.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
