# SPDX-License-Identifier: Apache-2.0
"""What is particular to simulated servers."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import ipaddress
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from google.protobuf.message import Message
from oaktreemodel.block_storage import v1 as block_storage
from oaktreemodel.common import v1 as common
from oaktreemodel.compute import v1 as compute
from oaktreemodel.image import v1 as image
from oaktreemodel.network import v1 as network

from oaktree.clouds import Outcome
from oaktree.clouds.simulated.areas.block_storage import check_room
from oaktree.clouds.simulated.areas.compute import ACTIONS, HARD_REBOOT, SOFT_REBOOT
from oaktree.clouds.simulated.bookkeeping import Bookkeeping
from oaktree.clouds.simulated.floating_ips import FloatingIps
from oaktree.clouds.simulated.hosts import Hosts
from oaktree.clouds.simulated.images import Images
from oaktree.clouds.simulated.lifecycle import Action, Step
from oaktree.clouds.simulated.networks import TAG
from oaktree.clouds.simulated.volumes import ROOT, Volumes
from oaktree.clouds.simulated.words import say
from oaktree.failures import (
    Code,
    Failure,
    invalid,
    multiple_matches,
    not_found,
    not_supported,
    violation,
)
from oaktree.shapes import Kind, reference, spoken_name, word_of

# Metadata by which a caller makes a simulated server fail: simulate=error, simulate=no_address.
SIMULATE = "simulate"
AUTO = {compute.SERVER_ADDRESS_POLICY_UNSPECIFIED, compute.SERVER_ADDRESS_POLICY_AUTO}
# What says which floating IP a server gets, and how.
OF_FLOATING = (
    "floating_network",
    "floating_ip",
    "reuse_unattached",
    "nat_destination",
    "nat_destination_port",
)
TAGS, TAG_LENGTH, TEXT_LENGTH, USER_DATA_LENGTH = 50, 60, 255, 65535


@dataclasses.dataclass
class Disk:
    """A volume that a new server is to have."""

    volume: Any
    # What asked for it, and where in the request that is.
    wanted: Any
    at: str
    device: str = ""
    is_new: bool = False


class Review:
    """Gathers what is wrong with a request, so that all of it is said at once."""

    def __init__(self, region: Any) -> None:
        self.region = region
        self.wrong: dict[tuple[str, str], common.FieldViolation] = {}
        # What is in the way besides: told when nothing is wrong with the request itself.
        self.others: list[Failure] = []

    def say(self, field: str, text: str, reason: str = "INVALID") -> None:
        self.wrong.setdefault((field, text), violation(field, text, reason))

    @contextlib.contextmanager
    def part(self, called: Callable[[str], str] = str) -> Iterator[None]:
        """What fails in here is told with the rest.

        called: what the request calls the field that a failure is about.
        """
        try:
            yield
        except Failure as failure:
            for each in failure.error.field_violations:
                self.say(called(each.field), each.description, each.reason)
            if not failure.error.field_violations:
                self.others.append(failure)

    def mean(self, kind: Kind, name: str, field: str) -> Any:
        """What a field refers to; None where it is empty or wrong."""
        with self.part():
            return self.region.mean(kind, name, field) if name else None
        return None

    def image(self, name: str) -> Any:
        """The image to put on a server."""
        found = self.mean(image.Image, name, "image")
        if found is not None and found.status != image.IMAGE_STATUS_ACTIVE:
            self.say("image", f"is {found.status_raw}, not active", "WRONG_STATE")
        return found

    def texts(self, request: Any) -> None:
        """Looks at what a request says of a server: nothing may be too long or too much."""
        given = {field.name: value for field, value in request.ListFields()}
        for field in ("description", "hostname"):
            if len(given.get(field, "")) > TEXT_LENGTH:
                self.say(field, f"has more than {TEXT_LENGTH} characters", "TOO_LONG")
        for key, value in given.get("metadata", {}).items():
            if not key or max(len(key), len(value)) > TEXT_LENGTH:
                text = f"a key has from 1 to {TEXT_LENGTH} characters, a value at most as many"
                self.say("metadata", f"'{key[:TAG_LENGTH]}': {text}", "TOO_LONG")
        for tag in given.get("tags", ()):
            if not 0 < len(tag) <= TAG_LENGTH:
                text = f"'{tag[:TAG_LENGTH]}' has not from 1 to {TAG_LENGTH} characters"
                self.say("tags", text, "TOO_LONG")
            if {"/", ","} & set(tag):
                self.say("tags", f"'{tag[:TAG_LENGTH]}' has a slash or comma", "MALFORMED")
        if len(set(given.get("tags", ()))) > TAGS:
            self.say("tags", f"are more than {TAGS}", "TOO_MANY")
        if -(-len(given.get("user_data", b"")) // 3) * 4 > USER_DATA_LENGTH:
            self.say("user_data", f"has more than {USER_DATA_LENGTH} bytes in base64", "TOO_LONG")
        for version, kind in ((4, ipaddress.IPv4Address), (6, ipaddress.IPv6Address)):
            field = f"access_ipv{version}"
            try:
                kind(given.get(field) or kind(0))
            except ValueError as error:
                self.say(field, str(error), "MALFORMED")

    def end(self) -> None:
        if self.wrong:
            failure = invalid(*self.wrong.values())
            if all(each.reason == "REFERENCE_NOT_FOUND" for each in self.wrong.values()):
                failure.error.reason = "REFERENCE_NOT_FOUND"
            raise failure.at(self.region.location)
        for each in self.others:
            raise each


def partitioned(server: Any, request: Any, otherwise: str = "") -> None:
    """Says how the disk of a server is partitioned."""
    word = word_of(request, "disk_config")
    if word == "OTHER":
        server.disk_config, server.disk_config_raw = request.disk_config, request.disk_config_raw
    elif word != "UNSPECIFIED" or otherwise:
        say(server, "disk_config", otherwise if word == "UNSPECIFIED" else word)


class Servers(Hosts, FloatingIps, Images, Volumes, Bookkeeping):
    """The methods of ServerService that are not like all others."""

    async def create_server(self, request: compute.CreateServerRequest, target: None) -> Outcome:
        review = Review(self)
        flavor = review.mean(compute.Flavor, request.flavor, "flavor")
        found = review.image(request.image)
        group = review.mean(compute.ServerGroup, request.server_group, "server_group")
        review.mean(compute.Keypair, request.keypair, "keypair")
        review.texts(request)
        host = self.host_asked(request, review)
        disks = self.disks_asked(request, flavor, review)
        asked = self.connections_asked(request, review)
        with review.part():
            self.check_quotas(compute.Server)
            self.check_metadata(request.metadata)
            if flavor is not None:
                self.check_quota(flavor)
            if any(disk.is_new for disk in disks):
                made = [disk.volume for disk in disks if disk.is_new]
                size = sum(volume.size_gib for volume in made)
                check_room(self, volumes=len(made), volume_size_gib=size)
        review.end()
        new = self.make(compute.Server)
        new.name = request.name
        self.has_flavor(new, flavor)
        if found is not None and not request.boot.from_new_volume:
            new.image_id = found.id
        new.keypair_name = request.keypair
        new.metadata.update(request.metadata)
        new.tags.extend(dict.fromkeys(request.tags))
        new.description, new.user_data = request.description, request.user_data
        new.access_ipv4, new.access_ipv6 = request.access_ipv4, request.access_ipv6
        groups = map(self.store.table(network.SecurityGroup).get, asked.security_groups)
        new.security_group_names.extend([each.name for each in groups] or ["default"])
        new.has_config_drive = request.config_drive
        new.is_locked = False
        new.hostname = request.hostname or request.name
        new.location.zone = request.location.zone or self.zones[0]
        new.pinned_zone = request.location.zone
        new.user_id = self.user_id
        partitioned(new, request, "MANUAL")
        new.trusted_image_certificate_ids.extend(request.trusted_image_certificates)
        if request.HasField("scheduler_hints"):
            new.scheduler_hints.CopyFrom(request.scheduler_hints)
        if group is not None:
            new.server_group_ids.append(group.id)
        if host:
            self.destined[new.id] = host
        del asked.block_devices[:]
        for disk in disks:
            if not disk.is_new:
                asked.block_devices.add(volume=disk.volume.id)
        self.asked[new.id] = asked
        for each in asked.networks:
            if each.port:
                port = self.store.table(network.Port).get(each.port)
                self.changed(port, functools.partial(self.reserved, new.id))
        for disk in disks:
            if disk.is_new:
                self.declare(disk.volume, {"status": "CREATING"})
                self.store.table(block_storage.Volume).put(disk.volume)
            new.volumes.append(self.attached(new, disk.volume, disk.wanted, disk.device))
        password = request.admin_pass or secrets.token_urlsafe(9)
        return Outcome(self.born(new), pending=True, answer={"admin_pass": password})

    # -- what a new server is to have -------------------------------------------------------------

    def host_asked(self, request: Any, review: Review) -> str:
        """The host that a server is wanted on; empty where any will do."""
        found = ""
        for field in ("host", "hypervisor_hostname"):
            wanted = getattr(request, field)
            if wanted and found and wanted != found:
                review.say(field, f"is not on the host '{found}'")
            elif wanted:
                with review.part():
                    found = self.compute_service(wanted, field).host
        return found

    def disks_asked(self, request: Any, flavor: Any, review: Review) -> list[Disk]:
        """The volumes that a new server is to have, with the one it boots from first."""
        boot, disks = request.boot, []
        own = [field.name for field, _ in boot.ListFields() if field.name.startswith("volume_")]
        if boot.volume:
            for name in own + ["from_new_volume"] * boot.from_new_volume:
                review.say(f"boot.{name}", "excludes volume", "EXCLUSIVE")
            disks.append(self.disk_there(boot, "boot.", ROOT, review))
            if disks[0] is not None and not disks[0].volume.is_bootable:
                review.say("boot.volume", "cannot be booted from: see SetVolumeBootable")
        elif boot.from_new_volume and request.image:
            least = 0 if flavor is None else flavor.disk_gib
            disks.append(self.disk_made(boot, "boot.", {"image": request.image}, review, least))
        else:
            for name in own:
                review.say(f"boot.{name}", "goes with from_new_volume only")
        for index, each in enumerate(request.block_devices):
            at, content = f"block_devices[{index}].", each.WhichOneof("content")
            if each.local and content != "blank_size_gib":
                review.say(f"{at}local", "goes with blank_size_gib only")
            if content == "blank_size_gib" and each.blank_size_gib < 1:
                review.say(f"{at}blank_size_gib", "is at least 1", "OUT_OF_RANGE")
            elif not content or not getattr(each, content):
                review.say(f"{at}volume", "something has to be on it", "REQUIRED")
            elif content == "volume":
                for name in ("volume_size_gib", "volume_type"):
                    if getattr(each, name):
                        review.say(f"{at}{name}", "excludes volume", "EXCLUSIVE")
                disks.append(self.disk_there(each, at, "", review))
            elif content == "blank_size_gib":
                for name in ("volume_size_gib", "volume_type")[: 2 if each.local else 1]:
                    if getattr(each, name):
                        text = "excludes local" if each.local else "excludes blank_size_gib"
                        review.say(f"{at}{name}", text, "EXCLUSIVE")
                if not each.local:
                    disks.append(
                        self.disk_made(each, at, {"size_gib": each.blank_size_gib}, review)
                    )
            else:
                disks.append(self.disk_made(each, at, {content: getattr(each, content)}, review))
        found = [disk for disk in disks if disk is not None]
        for number, disk in enumerate(found):
            if disk.volume.id in {each.volume.id for each in found[:number]}:
                review.say(f"{disk.at}volume", "is named twice")
        return found

    def disk_there(self, wanted: Any, at: str, device: str, review: Review) -> Disk | None:
        """A volume that there is already."""
        volume = review.mean(block_storage.Volume, wanted.volume, f"{at}volume")
        if volume is None:
            return None
        with review.part():
            self.check_attachable(volume)
        return Disk(volume, wanted, at, device)

    def disk_made(
        self, wanted: Any, at: str, of: Any, review: Review, least: int = 0
    ) -> Disk | None:
        """A volume that is made for the server; one to boot from where it has a least size."""
        request = block_storage.CreateVolumeRequest(volume_type=wanted.volume_type, **of)
        request.size_gib = request.size_gib or wanted.volume_size_gib or least

        def called(name: str) -> str:
            if "image" in of and name == "image" and at == "boot.":
                return name
            return at + {"size_gib": "volume_size_gib"}.get(name, name)

        with review.part(called):
            volume = self.volume_asked(request)
            return Disk(volume, wanted, at, ROOT if at == "boot." else "", is_new=True)
        return None

    def connections_asked(self, request: Any, review: Review) -> Any:
        """The request with what it is to be connected to, each by its id.

        Networks that nobody named are among them, and whether it gets a floating IP is decided.
        """
        asked = compute.CreateServerRequest()
        asked.CopyFrom(request)
        groups = [
            review.mean(network.SecurityGroup, each, "security_groups")
            for each in request.security_groups
        ]
        asked.security_groups[:] = dict.fromkeys(each.id for each in groups if each is not None)
        del asked.networks[:]
        policy, before = request.addressing.policy, len(review.wrong)
        nets = [
            self.network_asked(each, f"networks[{index}].", asked, review)
            for index, each in enumerate(request.networks)
        ]
        if policy == compute.SERVER_ADDRESS_POLICY_EXTERNAL_NETWORK:
            if request.no_network:
                review.say("addressing.policy", "excludes no_network", "EXCLUSIVE")
            net = self.outside(request.addressing.external_network, "external_network", review)
            if net is not None and net.id not in {each.id for each in nets if each is not None}:
                nets.append(net)
                asked.networks.add(network=net.id)
        elif request.addressing.external_network:
            review.say("addressing.external_network", "goes with EXTERNAL_NETWORK only")
        if not request.networks and not request.no_network and not asked.networks:
            with review.part():
                nets.append(self.default_network())
                asked.networks.add(network=nets[-1].id)
        if len(review.wrong) == before and not review.others:
            asked.addressing.CopyFrom(self.floating_asked(request.addressing, nets, asked, review))
        return asked

    def network_asked(self, wanted: Any, at: str, asked: Any, review: Review) -> Any:
        """A network that a new server is to be on, or that of a port it is to have."""
        if wanted.port:
            port = review.mean(network.Port, wanted.port, f"{at}port")
            if port is None:
                return None
            if wanted.fixed_ip_address:
                review.say(f"{at}fixed_ip_address", "excludes port", "EXCLUSIVE")
            if port.device_id:
                review.others.append(self.in_use(port, f"'{port.device_id}'"))
            if port.id in {each.port for each in asked.networks}:
                review.say(f"{at}port", "is named twice")
            asked.networks.add(port=port.id, tag=wanted.tag)
            return self.store.table(network.Network).get(port.network_id)
        net = review.mean(network.Network, wanted.network, f"{at}network")
        if net is None:
            return None
        if not net.subnet_ids:
            text = f"the network '{net.name}' has no subnet to take an address from"
            review.others.append(self.no_address(net, text))
        elif wanted.fixed_ip_address:
            with review.part(lambda name: f"{at}fixed_ip_address"):
                self.subnet_for(net, network.PortFixedIp(ip_address=wanted.fixed_ip_address))
                self.check_free(net, wanted.fixed_ip_address)
                given = {each.fixed_ip_address for each in asked.networks if each.network == net.id}
                if wanted.fixed_ip_address in given:
                    raise invalid(violation("", "is asked for twice", "INVALID"))
        asked.networks.add(network=net.id, fixed_ip_address=wanted.fixed_ip_address, tag=wanted.tag)
        return net

    def outside(self, name: str, field: str, review: Review) -> Any:
        """The external network that a field of the addressing names, or the only one."""
        path = f"addressing.{field}"
        net = review.mean(network.Network, name, path)
        if not name:
            with review.part(lambda name: path):
                net = self.external_network("")
        if net is not None and not net.is_external:
            review.say(path, f"'{net.name}' is not external")
            return None
        return net

    def floating_asked(self, wanted: Any, nets: Any, asked: Any, review: Review) -> Any:
        """The floating IP that a new server is to get, and what that is to be mapped on."""
        decided = compute.ServerAddressing(policy=compute.SERVER_ADDRESS_POLICY_NONE)
        floating = wanted.policy == compute.SERVER_ADDRESS_POLICY_FLOATING
        if not floating and wanted.policy not in AUTO:
            for name in OF_FLOATING:
                if getattr(wanted, name):
                    review.say(f"addressing.{name}", "goes with a floating IP only")
            return decided
        pool = None
        if wanted.floating_network:
            pool = self.outside(wanted.floating_network, "floating_network", review)
        own = review.mean(network.FloatingIp, wanted.floating_ip, "addressing.floating_ip")
        if own is not None and own.port_id:
            review.others.append(self.in_use(own, f"the address {own.fixed_ip_address}"))
        if own is not None and pool is not None and own.network_id != pool.id:
            review.say("addressing.floating_ip", f"is not from the network '{pool.name}'")
        inside = self.inside_asked(wanted, nets, asked, review)
        if floating and not self.quirks.floating_ips:
            review.others.append(not_supported("floating IPs", self.location))
            return decided
        enough = not nets or any(net.is_external for net in nets)
        if not floating and own is None and (enough or not self.quirks.floating_ips):
            return decided
        if len(inside) > 1:
            several = [reference(net) for net, _ in inside]
            review.others.append(multiple_matches("no nat_destination", several))
        if not inside and not (wanted.nat_destination or wanted.nat_destination_port):
            review.say("addressing", "it is on no network that a floating IP can be mapped on")
        if inside and own is None and pool is None:
            pool = self.outside("", "floating_network", review)
        if inside and (own is not None or pool is not None):
            decided.policy = compute.SERVER_ADDRESS_POLICY_FLOATING
            decided.floating_network = pool.id if pool is not None else ""
            decided.floating_ip = own.id if own is not None else ""
            decided.reuse_unattached = wanted.reuse_unattached
            decided.nat_destination, decided.nat_destination_port = inside[0][0].id, inside[0][1]
        return decided

    def inside_asked(
        self, wanted: Any, nets: Any, asked: Any, review: Review
    ) -> list[tuple[Any, str]]:
        """What a floating IP can be mapped on: networks that are inside, and ports on them."""
        inside = [
            (net, each.port)
            for net, each in zip(nets, asked.networks, strict=True)
            if not net.is_external
        ]
        path = "addressing.nat_destination"
        net = review.mean(network.Network, wanted.nat_destination, path)
        port = review.mean(network.Port, wanted.nat_destination_port, f"{path}_port")
        if port is not None:
            inside = [each for each in inside if each[1] == port.id]
            if not inside:
                review.say(f"{path}_port", "is none of those in networks that are inside")
        elif net is not None:
            inside = [each for each in inside if each[0].id == net.id][:1]
            if not inside:
                review.say(path, "is none of its networks that are inside")
        return inside

    # -- how it comes about -----------------------------------------------------------------------

    def reached(self, resource: Any) -> None:
        """What comes with a step that was taken."""
        is_server = isinstance(resource, compute.Server)
        if is_server and resource.status != compute.SERVER_STATUS_ERROR:
            resource.ClearField("fault")
        new = is_server and resource.id in self.asked
        if not new or resource.status != compute.SERVER_STATUS_ACTIVE:
            super().reached(resource)
            if new and resource.status == compute.SERVER_STATUS_ERROR:
                self.unmade(resource)
            return
        asked = self.asked[resource.id]
        way = asked.metadata.get(SIMULATE, "")
        if way == "error":
            raise self.no_valid_host(resource)
        super().reached(resource)
        resource.launch_time.CopyFrom(resource.update_time)
        self.told_password(resource)
        if way != "no_address":
            for each in asked.networks:
                self.connect(resource, each, asked.security_groups)
            self.compute_addresses(resource)
            if asked.addressing.policy == compute.SERVER_ADDRESS_POLICY_FLOATING:
                self.later_floating(resource.id, asked.addressing)
        del self.asked[resource.id]

    def broken(self, kind: Kind, id_: str, failure: Failure) -> None:
        super().broken(kind, id_, failure)
        if kind is not compute.Server:
            return

        def change(server: Any) -> None:
            server.fault.create_time.CopyFrom(server.update_time)
            self.unmade(server)

        self.store.change(kind, id_, change)

    def unmade(self, server: Any) -> None:
        """Takes from a server that could not be made what was made for it, and what was given."""
        asked = self.asked.pop(server.id, None)
        if asked is None:
            return
        self.destined.pop(server.id, None)
        for port in self.ports_of(server):
            self.release(port)
        given = {each.volume for each in asked.block_devices}
        for each in server.volumes:
            each.delete_on_termination = each.volume_id not in given
        self.release_volumes(server)
        for name in ("addresses", "volumes"):
            server.ClearField(name)

    def later_floating(self, server_id: str, wanted: Any) -> None:
        """Maps a floating IP to a server that is ACTIVE already."""

        def event() -> None:
            server = self.store.table(compute.Server).get(server_id)
            if server is None:
                return
            fixed = [
                each.ip_address
                for each in server.addresses
                if each.kind == common.ADDRESS_KIND_FIXED
                and each.network_id == wanted.nat_destination
                and wanted.nat_destination_port in {"", each.port_id}
            ]
            request = network.CreateFloatingIpRequest(
                network=wanted.floating_network,
                reuse_unattached=wanted.reuse_unattached,
                fixed_ip_address=fixed[0] if fixed else "",
            )
            try:
                own = self.store.table(network.FloatingIp).get(wanted.floating_ip)
                if own is None:
                    self.floating_ip(request, server)
                elif own.port_id:
                    raise self.in_use(own, f"the address {own.fixed_ip_address}")
                else:
                    self.map_to(own, server, request)
            except Failure as failure:
                self.broken(compute.Server, server_id, failure)

        self.store.later(0.0, event)

    def has_flavor(self, server: Any, flavor: Any) -> None:
        server.flavor.Clear()
        for name in ("id", "name", "vcpus", "ram_mib", "disk_gib", "ephemeral_gib", "swap_mib"):
            setattr(server.flavor, name, getattr(flavor, name))
        server.flavor.extra_specs.update(flavor.extra_specs)

    async def delete_server(self, request: compute.DeleteServerRequest, target: Any) -> Outcome:
        self.check_unlocked(target)
        for each in self.store.table(network.FloatingIp):
            if each.server_id == target.id:
                self.unmap(each)
                if request.delete_floating_ips:
                    self.gone(each)
        self.destined.pop(target.id, None)
        self.release_volumes(target)
        for port in self.ports_of(target):
            self.release(port)
        return self.delete(compute.Server, self.store.table(compute.Server).get(target.id))

    async def reboot_server(self, request: compute.RebootServerRequest, target: Any) -> Outcome:
        hard = request.reboot_type == compute.SERVER_REBOOT_TYPE_HARD
        return self.act(target, HARD_REBOOT if hard else SOFT_REBOOT)

    async def resize_server(self, request: compute.ResizeServerRequest, target: Any) -> Outcome:
        flavor = self.mean(compute.Flavor, request.flavor, "flavor")
        action = ACTIONS["ResizeServer"]
        if request.confirm:
            confirm = ACTIONS["ConfirmServerResize"].steps
            action = dataclasses.replace(action, steps=[*action.steps, *confirm])
        outcome = self.moved(target, action, "RESIZE", flavor=flavor)
        self.resized[target.id] = target.flavor

        def change(each: Any) -> None:
            self.has_flavor(each, flavor)
            partitioned(each, request)

        new = self.changed(target, change)
        return dataclasses.replace(outcome, resource=new)

    async def revert_server_resize(
        self, request: compute.RevertServerResizeRequest, target: Any
    ) -> Outcome:
        outcome = self.act(target, ACTIONS["RevertServerResize"])
        before = self.resized.pop(target.id, target.flavor)
        new = self.changed(outcome.resource, lambda each: each.flavor.CopyFrom(before))
        return dataclasses.replace(outcome, resource=new)

    async def rebuild_server(self, request: compute.RebuildServerRequest, target: Any) -> Outcome:
        review = Review(self)
        found = review.image(request.image)
        review.mean(compute.Keypair, request.keypair, "keypair")
        review.texts(request)
        with review.part():
            self.check_metadata(request.metadata)
        if request.preserve_ephemeral:
            review.others.append(not_supported("keeping the ephemeral disk", self.location))
        review.end()
        outcome = self.act(target, ACTIONS["RebuildServer"])

        def change(each: Any) -> None:
            if each.image_id:
                each.image_id = found.id
            for name in ("name", "description", "hostname", "user_data"):
                if request.HasField(name):
                    setattr(each, name, getattr(request, name))
            if request.HasField("keypair"):
                each.keypair_name = request.keypair
            if request.metadata:
                each.metadata.clear()
                each.metadata.update(request.metadata)
            if request.trusted_image_certificates:
                each.trusted_image_certificate_ids[:] = request.trusted_image_certificates
            partitioned(each, request)

        new = self.changed(outcome.resource, change)
        password = request.admin_pass or secrets.token_urlsafe(9)
        return dataclasses.replace(outcome, resource=new, answer={"admin_pass": password})

    async def rescue_server(self, request: compute.RescueServerRequest, target: Any) -> Outcome:
        outcome = self.act(target, ACTIONS["RescueServer"])
        password = request.admin_pass or secrets.token_urlsafe(9)
        return dataclasses.replace(outcome, answer={"admin_pass": password})

    async def lock_server(self, request: compute.LockServerRequest, target: Any) -> Outcome:
        def change(each: Any) -> None:
            each.is_locked, each.locked_reason = True, request.reason

        return Outcome(self.changed(target, change))

    async def unlock_server(self, request: compute.UnlockServerRequest, target: Any) -> Outcome:
        def change(each: Any) -> None:
            each.is_locked, each.locked_reason = False, ""

        return Outcome(self.changed(target, change))

    def reserved(self, server_id: str, port: Any) -> None:
        port.device_id = server_id

    async def set_server_metadata(
        self, request: compute.SetServerMetadataRequest, target: Any
    ) -> Outcome:
        self.check_unlocked(target)
        self.check_texts(request)
        self.check_metadata({**target.metadata, **request.metadata})
        return Outcome(self.changed(target, lambda each: each.metadata.update(request.metadata)))

    def check_texts(self, request: Any) -> None:
        review = Review(self)
        review.texts(request)
        review.end()

    def check_metadata(self, metadata: Mapping[str, str]) -> None:
        """Refuses more metadata than the quota allows a server."""
        room = self.quota_now().server_metadata_items
        if room.HasField("limit") and len(metadata) > room.limit:
            raise self.quota("server metadata items", room.limit)

    async def remove_server_metadata(
        self, request: compute.RemoveServerMetadataRequest, target: Any
    ) -> Outcome:
        self.check_unlocked(target)

        def change(each: Any) -> None:
            for name in list(each.metadata) if request.all_keys else request.keys:
                each.metadata.pop(name, None)

        return Outcome(self.changed(target, change))

    async def add_server_tags(self, request: compute.AddServerTagsRequest, target: Any) -> Outcome:
        tags = [*target.tags, *request.tags]
        self.check_texts(compute.CreateServerRequest(tags=tags))
        return Outcome(self.tagged(target, tags))

    async def remove_server_tags(
        self, request: compute.RemoveServerTagsRequest, target: Any
    ) -> Outcome:
        gone = set(target.tags) if request.all_tags else set(request.tags)
        return Outcome(self.tagged(target, [tag for tag in target.tags if tag not in gone]))

    async def add_server_security_groups(
        self, request: compute.AddServerSecurityGroupsRequest, target: Any
    ) -> Outcome:
        return self.regrouped(request, target, lambda now, given: dict.fromkeys([*now, *given]))

    async def remove_server_security_groups(
        self, request: compute.RemoveServerSecurityGroupsRequest, target: Any
    ) -> Outcome:
        return self.regrouped(
            request, target, lambda now, given: [each for each in now if each not in given]
        )

    def regrouped(
        self, request: Any, target: Any, choose: Callable[[Any, Any], Iterable[str]]
    ) -> Outcome:
        """Puts all ports of a server into other security groups."""
        review = Review(self)
        names = request.security_groups
        found = [review.mean(network.SecurityGroup, each, "security_groups") for each in names]
        review.end()
        ports = self.ports_of(target)
        if not ports and target.task_state_raw:
            raise self.in_transition(target, target.task_state_raw)
        if not ports:
            raise self.wrong_state(target, "on no network: there is no port to put into a group")
        given = [each.id for each in found]
        for port in ports:
            wanted = list(choose(port.security_group_ids, given))

            def change(each: Any, wanted: Sequence[str] = wanted) -> None:
                each.security_group_ids[:] = wanted

            if wanted != list(port.security_group_ids):
                self.changed(port, change)
        return Outcome(self.fresh(target))

    def noticed(self, before: Any, after: Any) -> None:
        """A server tells which groups its ports are in, whoever has put them there."""
        super().noticed(before, after)
        ports: list[Any] = []
        if before is None or after is None:
            return
        if isinstance(after, network.Port):
            if before.security_group_ids != after.security_group_ids:
                ports = [after]
        elif isinstance(after, network.SecurityGroup) and before.name != after.name:
            there = self.store.still(network.Port)
            ports = [each for each in there if after.id in each.security_group_ids]
        for id_ in {each.device_id for each in ports}:
            self.store.change(compute.Server, id_, self.name_groups)

    async def create_server_image(
        self, request: compute.CreateServerImageRequest, target: Any
    ) -> Outcome:
        return self.imaged(request, target, "IMAGE_SNAPSHOT", {})

    async def create_server_backup(
        self, request: compute.CreateServerBackupRequest, target: Any
    ) -> Outcome:
        if not target.image_id:
            raise invalid(violation("name_or_id", "boots from a volume", "INVALID"))
        if request.rotation < 1:
            raise invalid(violation("rotation", "is at least 1", "OUT_OF_RANGE"))
        series = {
            "image_type": "backup",
            "backup_type": request.backup_type,
            "instance_uuid": target.id,
        }
        outcome = self.imaged(request, target, "IMAGE_BACKUP", series)
        there = [
            each
            for each in self.store.table(image.Image)
            if all(each.properties.get(name) == value for name, value in series.items())
        ]
        for each in there[: -request.rotation]:
            self.gone(each)
        return outcome

    def imaged(self, request: Any, target: Any, task: str, properties: Any) -> Outcome:
        """Makes an image of a server, on which a task is at work meanwhile."""
        steps = [Step(0, {"task_state": task}), Step(0.2, {"task_state": None})]
        allowed = ["ACTIVE", "SHUTOFF", "PAUSED", "SUSPENDED"]
        server = self.act(target, Action(allowed, steps)).resource
        made = self.make(image.Image, name=request.name, disk_format="qcow2")
        made.container_format = "bare"
        made.properties.update({**request.properties, **properties})
        say(made, "visibility", "PRIVATE")
        outcome = self.has_bytes(self.born(made), b"a snapshot of " + target.id.encode())
        return Outcome(server, pending=True, awaited=outcome.resource, answer={"image_id": made.id})

    async def reset_server_state(
        self, request: compute.ResetServerStateRequest, target: Any
    ) -> Outcome:
        self.courses.pop((compute.Server, target.id), None)
        word = word_of(request, "state")
        fields = {"status": word, "vm_state": word, "task_state": None}
        return Outcome(self.changed(target, lambda each: self.say(each, Step(0, fields))))

    def told_password(self, server: Any) -> None:
        """Windows guests make a password and tell it, encrypted for the key pair."""
        own = self.store.still(image.Image).get(server.image_id)
        if own is not None and own.os_type == "windows" and server.keypair_name:
            self.store.untold["password", server.id] = secrets.token_urlsafe(192)

    async def get_server_console_log(
        self, request: compute.GetServerConsoleLogRequest, target: Any
    ) -> Outcome:
        lines = [
            f"[    0.{at:06d}] {text}"
            for at, text in enumerate(
                ("Booting a simulated kernel", f"Host name: {target.hostname}", "login:")
            )
        ]
        shown = lines
        if request.HasField("length_lines"):
            shown = lines[max(0, len(lines) - request.length_lines) :]
        return Outcome(answer={"text": "\n".join(shown), "truncated": len(shown) < len(lines)})

    async def create_server_remote_console(
        self, request: compute.CreateServerRemoteConsoleRequest, target: Any
    ) -> Outcome:
        known = {
            compute.SERVER_CONSOLE_TYPE_UNSPECIFIED,
            compute.SERVER_CONSOLE_TYPE_NOVNC,
        }
        if request.console_type not in known:
            raise Failure(
                Code.UNIMPLEMENTED,
                "NOT_SUPPORTED_BY_CLOUD",
                "this cloud has NOVNC consoles only",
                location=self.location,
            )
        console = compute.ServerRemoteConsole(
            protocol="vnc",
            url=f"https://console.{self.location.cloud}.test/?token={secrets.token_urlsafe(18)}",
            server_id=target.id,
        )
        say(console, "console_type", "NOVNC")
        return Outcome(target, answer={"remote_console": console})

    # -- what lives in a server -------------------------------------------------------------------

    def fresh(self, target: Any) -> Any:
        if not isinstance(target, compute.ServerInterface | compute.ServerVolume):
            return super().fresh(target)
        server = super().fresh(compute.Server(id=target.server_id))
        for each in self.children(type(target), server):
            if each.id == target.id:
                return each
        raise not_found(f"{spoken_name(type(target))} '{target.id}'", self.location)

    async def page(
        self, kind: Kind, *, after: str = "", limit: int = 1000, parent: Any = None, **others: Any
    ) -> Sequence[Message]:
        if kind is not compute.ServerAction:
            return await super().page(kind, after=after, limit=limit, parent=parent, **others)
        await self.answer(kind)
        found = self.actions_of(parent)
        ids = [each.id for each in found]
        begin = ids.index(after) + 1 if after in ids else 0
        return found[begin : begin + limit]

    async def update_server_volume(
        self, request: compute.UpdateServerVolumeRequest, target: Any
    ) -> Outcome:
        def change(server: Any) -> None:
            for each in server.volumes:
                if each.id == target.id:
                    each.delete_on_termination = request.delete_on_termination

        server = self.store.table(compute.Server).get(target.server_id)
        self.changed(server, change)
        return Outcome(self.fresh(target))

    def children(self, kind: Kind, parent: Any) -> Sequence[Any]:
        if kind is compute.ServerInterface:
            fixed = (a for a in parent.addresses if a.kind == common.ADDRESS_KIND_FIXED)
            return [self.interface(parent, id_) for id_ in dict.fromkeys(a.port_id for a in fixed)]
        if kind is compute.ServerVolume:
            return list(parent.volumes)
        if kind is compute.ServerAction:
            return self.actions_of(parent)
        return super().children(kind, parent)

    def interface(self, server: Any, port_id: str) -> compute.ServerInterface:
        fixed = [
            each
            for each in server.addresses
            if each.port_id == port_id and each.kind == common.ADDRESS_KIND_FIXED
        ]
        return compute.ServerInterface(
            location=server.location,
            id=port_id,
            server_id=server.id,
            port_id=port_id,
            network_id=fixed[0].network_id,
            mac_address=fixed[0].mac_address,
            addresses=fixed,
            port_status_raw="ACTIVE",
            tag=self.store.untold.get((TAG, port_id), ""),
        )

    async def attach_server_interface(
        self, request: compute.AttachServerInterfaceRequest, target: Any
    ) -> Outcome:
        review, asked = Review(self), compute.CreateServerRequest()
        wanted = compute.ServerNetwork(
            fixed_ip_address=request.fixed_ip_address, tag=request.tag, port=request.port
        )
        if request.port:
            port = review.mean(network.Port, request.port, "port")
            if port is not None and any(a.port_id == port.id for a in target.addresses):
                return Outcome(self.interface(target, port.id), awaited=target)
        else:
            wanted.network = request.network
        self.network_asked(wanted, "", asked, review)
        review.end()
        self.check_idle(target)
        connected: list[Any] = []

        def change(each: Any) -> None:
            connected.append(self.connect(each, asked.networks[0]))
            self.compute_addresses(each)

        new = self.changed(target, change)
        return Outcome(self.interface(new, connected[0].id), awaited=new)

    async def detach_server_interface(
        self, request: compute.DetachServerInterfaceRequest, target: Any
    ) -> Outcome:
        server = self.store.table(compute.Server).get(target.server_id)
        self.check_idle(server)
        for each in self.store.table(network.FloatingIp):
            if each.port_id == target.port_id:
                self.unmap(each)
        port = self.store.table(network.Port).get(target.port_id)
        if port is not None:
            self.release(port)

        def change(each: Any) -> None:
            kept = [a for a in each.addresses if a.port_id != target.port_id]
            del each.addresses[:]
            each.addresses.extend(kept)
            self.compute_addresses(each)
            self.name_groups(each)

        return Outcome(target, awaited=self.changed(server, change))
