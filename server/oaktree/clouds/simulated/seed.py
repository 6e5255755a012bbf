# SPDX-License-Identifier: Apache-2.0
"""What a simulated region has from the beginning, and what it says it can do."""

from __future__ import annotations

import hashlib
import ipaddress
import uuid
from typing import TYPE_CHECKING, Any

from oaktreemodel.cloud import v1 as cloud
from oaktreemodel.common import v1 as common
from oaktreemodel.compute import v1 as compute
from oaktreemodel.image import v1 as image
from oaktreemodel.network import v1 as network

from oaktree.clouds.simulated import areas, routing
from oaktree.clouds.simulated.areas.compute import HOSTS, own_zone, server
from oaktree.clouds.simulated.areas.image import (
    CONTAINER_FORMATS,
    DISK_FORMATS,
    import_methods,
)
from oaktree.clouds.simulated.words import say
from oaktree.shapes import Method, kind_of, methods, type_name

if TYPE_CHECKING:
    from oaktree.clouds.simulated.core import Core
    from oaktree.clouds.simulated.region import SimulatedRegion

# name, vCPUs, RAM in MiB, disk in GiB
FLAVORS = (
    ("tiny", 1, 512, 1),
    ("small", 1, 2048, 20),
    ("medium", 2, 4096, 40),
    ("large", 4, 8192, 80),
    # No host has room for it.
    ("too-big", 512, 4_194_304, 100_000),
)
IMAGES = (("debian-13", "debian", "13"), ("fedora-43", "fedora", "43"))
# The addresses that RFC 5737 sets aside for documentation.
PUBLIC = "203.0.113.0/24"
PRIVATE = "10.0.0.0/16"
EPOCH = 1_767_225_600


def uid(*names: str) -> str:
    """The same UUID for the same names."""
    return str(uuid.UUID(bytes=hashlib.sha256("/".join(names).encode()).digest()[:16], version=4))


def mac(address: str) -> str:
    digest = hashlib.sha256(address.encode()).digest()
    return "fa:16:3e:" + ":".join(f"{byte:02x}" for byte in digest[:3])


def fill(region: SimulatedRegion) -> None:
    """Puts flavors, images, networks and servers into a new region."""
    place = region.location.cloud, region.location.region
    for name, vcpus, ram, disk in FLAVORS:
        region.store.table(compute.Flavor).put(
            compute.Flavor(
                location=region.location,
                id=uid(*place, "flavor", name),
                name=name,
                vcpus=vcpus,
                ram_mib=ram,
                disk_gib=disk,
                is_public=True,
                is_disabled=False,
                rxtx_factor=1.0,
            )
        )
    for name, distro, version in IMAGES:
        add_image(region, uid(*place, "image", name), name, distro, version)
    add_networks(region)
    region.default_group()
    for number in range(region.quirks.servers):
        add_server(region, f"{region.location.cloud}-{number}", number)


def operators(region: Core) -> common.Project:
    """The project of those who run the cloud, whose is what all have in common."""
    return common.Project(
        id=uid(region.location.cloud, "project", "admin"),
        name="admin",
        domain_id="default",
        domain_name="Default",
    )


def add_image(region: SimulatedRegion, id_: str, name: str, distro: str, version: str) -> None:
    new = region.make(
        image.Image,
        id=id_,
        name=name,
        disk_format=region.quirks.image_format,
        container_format="bare",
        os_distro=distro,
        os_version=version,
        os_type="linux",
        architecture="x86_64",
        min_disk_gib=1,
        is_protected=False,
        is_hidden=False,
    )
    new.create_time.seconds = EPOCH
    new.location.project.CopyFrom(operators(region))
    say(new, "visibility", "PUBLIC")
    outcome = region.has_bytes(region.born(new), f"{name}\n".encode() * 1024)
    region.changed(outcome.resource, lambda each: say(each, "status", "ACTIVE"))


def add_networks(region: SimulatedRegion) -> None:
    wanted = [("public", PUBLIC, True)]
    if region.quirks.floating_ips:
        wanted.append(("private", PRIVATE, False))
    place = region.location.cloud, region.location.region
    for name, cidr, external in wanted:
        net = region.make(
            network.Network,
            id=uid(*place, "network", name),
            name=name,
            is_external=external,
            is_shared=external,
            admin_state_up=True,
            mtu_bytes=1500,
            etag="1",
        )
        subnet = region.make(
            network.Subnet,
            id=uid(*place, "subnet", name),
            name=name,
            network_id=net.id,
            cidr=cidr,
            ip_version=4,
            gateway_ip_address=str(next(ipaddress.ip_network(cidr).hosts())),
            is_dhcp_enabled=True,
            etag="1",
        )
        if external:
            net.location.project.CopyFrom(operators(region))
            subnet.location.project.CopyFrom(operators(region))
        net.subnet_ids.append(subnet.id)
        region.born(subnet)
        region.born(net)
        if region.quirks.floating_ips and external:
            pool = network.FloatingIpPool(location=region.location, id=net.id, name=net.name)
            region.store.table(network.FloatingIpPool).put(pool)
    for net in region.store.table(network.Network):
        region.add_segments(net)
    if region.quirks.floating_ips:
        add_router(region)


def add_router(region: SimulatedRegion) -> None:
    """What joins the two networks, so that floating IPs lead somewhere."""
    id_ = uid(region.location.cloud, region.location.region, "router", "outside")
    region.sow(network.Router, {"id": id_, "name": "outside", "status": "ACTIVE"})
    router = region.store.table(network.Router).get(id_)
    routing.updated(region, router, network.UpdateRouterRequest(external_network="public"))
    routing.added(region, router, network.AddRouterInterfaceRequest(subnet="private"))
    for port in routing.ports_of(region, router):
        region.courses.pop((network.Port, port.id))
        region.changed(port, lambda each: say(each, "status", "ACTIVE"))


def add_server(region: SimulatedRegion, name: str, number: int) -> Any:
    """A server that has been there for long."""
    place = region.location.cloud, region.location.region
    new = region.make(compute.Server, id=uid(*place, "server", name), name=name)
    flavor = region.mean(compute.Flavor, "small", "flavor")
    region.has_flavor(new, flavor)
    new.image_id = uid(*place, "image", "debian-13")
    new.create_time.seconds = new.update_time.seconds = new.launch_time.seconds = EPOCH + number
    host = HOSTS[number % len(HOSTS)]
    region.place_server(new, host)
    new.location.zone = own_zone(region, host)
    new.is_locked = False
    new.hostname = name
    region.say(new, server(0, "ACTIVE", "ACTIVE", "RUNNING"))
    new.update_time.seconds = EPOCH + number
    if number < SERVERS_WITH_PORTS:
        region.connect(new, compute.ServerNetwork(network=region.default_network().id))
        region.compute_addresses(new)
    region.store.table(compute.Server).put(new)
    return new


# Of many servers only the first are on a network, which has room for so many.
SERVERS_WITH_PORTS = 100


def capabilities(region: SimulatedRegion) -> cloud.Capabilities:
    """What a simulated region says it can do."""
    quirks = region.quirks
    return cloud.Capabilities(
        regions=[region.location.region],
        image=cloud.ImageCapabilities(
            disk_formats=DISK_FORMATS,
            container_formats=CONTAINER_FORMATS,
            preferred_disk_format=quirks.image_format,
            import_methods=import_methods(region),
            direct_upload=True,
            stores=quirks.image_stores,
        ),
        network=network_capabilities(region),
        limits=[
            cloud.Limit(
                name="server.count",
                quota=common.QuotaLimit(
                    limit=quirks.server_quota, used=len(region.store.table(compute.Server))
                ),
            )
        ],
        features=features(region),
        simulated_in_depth=in_depth(region),
        config_drive_forced=False,
        reach=cloud.CLOUD_REACH_SIMULATED,
    )


def network_capabilities(region: Core) -> cloud.NetworkCapabilities:
    """How servers of a simulated region get their addresses."""
    quirks = region.quirks
    known = cloud.NetworkCapabilities(
        floating_ip_source=(
            cloud.FLOATING_IP_SOURCE_NETWORK
            if quirks.floating_ips
            else cloud.FLOATING_IP_SOURCE_NONE
        ),
        floating_ip_needed=quirks.floating_ips,
        security_group_source=cloud.SECURITY_GROUP_SOURCE_NETWORK,
        addresses_private=False,
    )
    for net in region.store.table(network.Network):
        external = net.is_external
        known.roles.add(
            network_id=net.id,
            network_name=net.name,
            external_ipv4=external,
            external_ipv6=False,
            internal_ipv4=not external,
            internal_ipv6=False,
            nat_destination=quirks.floating_ips and not external,
            nat_source=quirks.floating_ips and external,
            default_interface=False,
            source=cloud.NETWORK_ROLE_SOURCE_INFERRED,
        )
    return known


def features(region: SimulatedRegion) -> list[str]:
    """The actions that are simulated."""
    return sorted(
        kind_of(method)
        for method in methods()
        if method.verb == common.VERB_ACTION and type_name(method.resource) not in region.lacks
    )


def in_depth(region: SimulatedRegion) -> list[str]:
    """The types of the resources that code is about, beside the data."""

    def has_code(method: Method) -> bool:
        action = areas.action(method.name)
        return hasattr(region, method.snake_name) or (action is not None and bool(action.does))

    types = {type_name(each.resource) for each in methods() if has_code(each)}
    return sorted(types - region.lacks)
