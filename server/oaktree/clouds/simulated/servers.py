# SPDX-License-Identifier: Apache-2.0
"""What is particular to simulated servers."""

from __future__ import annotations

import dataclasses
import functools
import secrets
from collections.abc import Sequence
from typing import Any

from google.protobuf.message import Message
from oaktreemodel.common import v1 as common
from oaktreemodel.compute import v1 as compute
from oaktreemodel.image import v1 as image
from oaktreemodel.network import v1 as network

from oaktree.clouds import Outcome
from oaktree.clouds.simulated.areas.compute import ACTIONS, HARD_REBOOT, SOFT_REBOOT
from oaktree.clouds.simulated.bookkeeping import Bookkeeping
from oaktree.clouds.simulated.floating_ips import FloatingIps
from oaktree.clouds.simulated.hosts import Hosts
from oaktree.clouds.simulated.images import Images
from oaktree.clouds.simulated.lifecycle import Action, Step
from oaktree.clouds.simulated.volumes import Volumes
from oaktree.clouds.simulated.words import say
from oaktree.failures import Code, Failure, invalid, not_found, not_supported, violation
from oaktree.shapes import Kind, spoken_name, word_of

# Metadata by which a caller makes a simulated server fail: simulate=error, simulate=no_address.
SIMULATE = "simulate"
NO_HOST = "No valid host was found. There are not enough hosts available."


class Servers(Hosts, FloatingIps, Images, Volumes, Bookkeeping):
    """The methods of ServerService that are not like all others."""

    async def create_server(self, request: compute.CreateServerRequest, target: None) -> Outcome:
        flavor = self.mean(compute.Flavor, request.flavor, "flavor")
        self.check_quota(flavor)
        new = self.make(compute.Server)
        new.name = request.name
        self.has_flavor(new, flavor)
        if request.image:
            found = self.mean(image.Image, request.image, "image")
            if found.status != image.IMAGE_STATUS_ACTIVE:
                raise invalid(
                    violation("image", f"is {found.status_raw}, not active", "WRONG_STATE")
                )
            new.image_id = found.id
        new.keypair_name = request.keypair
        new.metadata.update(request.metadata)
        new.tags.extend(request.tags)
        new.description = request.description
        new.access_ipv4, new.access_ipv6 = request.access_ipv4, request.access_ipv6
        new.security_group_names.extend(request.security_groups or ["default"])
        new.has_config_drive = request.config_drive
        new.is_locked = False
        new.hostname = request.hostname or request.name
        new.location.zone = request.location.zone or self.zones[0]
        new.pinned_zone = request.location.zone
        new.user_id = self.user_id
        say(new, "disk_config", "MANUAL")
        if request.server_group:
            group = self.mean(compute.ServerGroup, request.server_group, "server_group")
            new.server_group_ids.append(group.id)
        if request.host or request.hypervisor_hostname:
            wanted = request.host or request.hypervisor_hostname
            self.destined[new.id] = self.compute_service(wanted).host
        if request.keypair:
            self.mean(compute.Keypair, request.keypair, "keypair")
        for group in request.security_groups:
            self.mean(network.SecurityGroup, group, "security_groups")
        policy = request.addressing.policy
        if policy == compute.SERVER_ADDRESS_POLICY_FLOATING and not self.quirks.floating_ips:
            raise not_supported("floating IPs", self.location)
        if self.quirks.floating_ips and request.addressing.floating_network:
            self.external_network(request.addressing.floating_network)
        self.asked[new.id] = request
        for each in request.networks:
            if each.network:
                self.mean_network(each.network, "networks.network")
                continue
            port = self.mean(network.Port, each.port, "networks.port")
            if port.device_id:
                raise self.in_use(port, f"'{port.device_id}'")
            self.changed(port, functools.partial(self.reserved, new.id))
        if not request.networks and not request.no_network:
            self.default_network()
        password = request.admin_pass or secrets.token_urlsafe(9)
        return Outcome(self.born(new), pending=True, answer={"admin_pass": password})

    def reached(self, resource: Any) -> None:
        """What comes with a step that was taken."""
        super().reached(resource)
        if not isinstance(resource, compute.Server) or resource.id not in self.asked:
            return
        if resource.status != compute.SERVER_STATUS_ACTIVE:
            return
        request = self.asked.pop(resource.id)
        way = request.metadata.get(SIMULATE, "")
        if way == "error" or resource.flavor.name == "too-big":
            for name, word in (
                ("status", "ERROR"),
                ("vm_state", "ERROR"),
                ("power_state", "PENDING"),
            ):
                say(resource, name, word)
            self.place_server(resource, "")
            resource.fault.code = 500
            resource.fault.message = NO_HOST
            resource.fault.create_time.CopyFrom(resource.update_time)
            return
        resource.launch_time.CopyFrom(resource.update_time)
        self.told_password(resource)
        if request.no_network or way == "no_address":
            return
        wanted = request.networks or [compute.ServerNetwork(network=self.default_network().id)]
        for each in wanted:
            self.connect(resource, each)
        self.compute_addresses(resource)
        policy = request.addressing.policy
        auto = policy in {
            compute.SERVER_ADDRESS_POLICY_UNSPECIFIED,
            compute.SERVER_ADDRESS_POLICY_AUTO,
        }
        if self.quirks.floating_ips and (auto or policy == compute.SERVER_ADDRESS_POLICY_FLOATING):
            self.later_floating(resource.id, request)

    def later_floating(self, server_id: str, request: Any) -> None:
        """Maps a floating IP to a server that is ACTIVE already."""

        def event() -> None:
            server = self.store.table(compute.Server).get(server_id)
            if server is None:
                return
            wanted = network.CreateFloatingIpRequest(
                network=request.addressing.floating_network,
                reuse_unattached=request.addressing.reuse_unattached,
            )
            try:
                self.floating_ip(wanted, server)
            except Failure as failure:
                self.broken(compute.Server, server_id, failure)

        self.store.later(0.0, event)

    def has_flavor(self, server: Any, flavor: Any) -> None:
        server.flavor.Clear()
        for name in ("id", "name", "vcpus", "ram_mib", "disk_gib", "ephemeral_gib", "swap_mib"):
            setattr(server.flavor, name, getattr(flavor, name))
        server.flavor.extra_specs.update(flavor.extra_specs)

    async def delete_server(self, request: compute.DeleteServerRequest, target: Any) -> Outcome:
        if target.is_locked:
            self.check_idle(target)
        for each in self.store.table(network.FloatingIp):
            if each.server_id == target.id:
                self.unmap(each)
                if request.delete_floating_ips:
                    self.gone(each)
        self.release_volumes(target)
        self.release_ports(target)
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
        new = self.changed(target, lambda each: self.has_flavor(each, flavor))
        return dataclasses.replace(outcome, resource=new)

    async def revert_server_resize(
        self, request: compute.RevertServerResizeRequest, target: Any
    ) -> Outcome:
        outcome = self.act(target, ACTIONS["RevertServerResize"])
        before = self.resized.pop(target.id, target.flavor)
        new = self.changed(outcome.resource, lambda each: each.flavor.CopyFrom(before))
        return dataclasses.replace(outcome, resource=new)

    async def rebuild_server(self, request: compute.RebuildServerRequest, target: Any) -> Outcome:
        found = self.mean(image.Image, request.image, "image")
        outcome = self.act(target, ACTIONS["RebuildServer"])

        def change(each: Any) -> None:
            each.image_id = found.id
            for name in ("name", "description"):
                if request.HasField(name):
                    setattr(each, name, getattr(request, name))
            if request.metadata:
                each.metadata.clear()
                each.metadata.update(request.metadata)

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
        return Outcome(self.changed(target, lambda each: each.metadata.update(request.metadata)))

    async def remove_server_metadata(
        self, request: compute.RemoveServerMetadataRequest, target: Any
    ) -> Outcome:
        def change(each: Any) -> None:
            for name in list(each.metadata) if request.all_keys else request.keys:
                each.metadata.pop(name, None)

        return Outcome(self.changed(target, change))

    async def add_server_tags(self, request: compute.AddServerTagsRequest, target: Any) -> Outcome:
        return Outcome(self.tagged(target, [*target.tags, *request.tags]))

    async def remove_server_tags(
        self, request: compute.RemoveServerTagsRequest, target: Any
    ) -> Outcome:
        gone = set(target.tags) if request.all_tags else set(request.tags)
        return Outcome(self.tagged(target, [tag for tag in target.tags if tag not in gone]))

    async def add_server_security_groups(
        self, request: compute.AddServerSecurityGroupsRequest, target: Any
    ) -> Outcome:
        def change(each: Any) -> None:
            names = [*each.security_group_names, *request.security_groups]
            each.security_group_names[:] = list(dict.fromkeys(names))

        return Outcome(self.changed(target, change))

    async def remove_server_security_groups(
        self, request: compute.RemoveServerSecurityGroupsRequest, target: Any
    ) -> Outcome:
        def change(each: Any) -> None:
            each.security_group_names[:] = [
                name for name in each.security_group_names if name not in request.security_groups
            ]

        return Outcome(self.changed(target, change))

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
            return [
                self.interface(parent, each)
                for each in parent.addresses
                if each.kind == common.ADDRESS_KIND_FIXED
            ]
        if kind is compute.ServerVolume:
            return list(parent.volumes)
        if kind is compute.ServerAction:
            return self.actions_of(parent)
        return super().children(kind, parent)

    def interface(self, server: Any, address: Any) -> compute.ServerInterface:
        return compute.ServerInterface(
            location=server.location,
            id=address.port_id,
            server_id=server.id,
            port_id=address.port_id,
            network_id=address.network_id,
            mac_address=address.mac_address,
            addresses=[address],
            port_status_raw="ACTIVE",
        )

    async def attach_server_interface(
        self, request: compute.AttachServerInterfaceRequest, target: Any
    ) -> Outcome:
        self.check_idle(target)

        def change(each: Any) -> None:
            self.connect(each, request)
            self.compute_addresses(each)

        new = self.changed(target, change)
        return Outcome(self.interface(new, new.addresses[-1]), awaited=new)

    async def detach_server_interface(
        self, request: compute.DetachServerInterfaceRequest, target: Any
    ) -> Outcome:
        server = self.store.table(compute.Server).get(target.server_id)
        self.check_idle(server)

        def change(each: Any) -> None:
            kept = [a for a in each.addresses if a.port_id != target.port_id]
            del each.addresses[:]
            each.addresses.extend(kept)
            self.compute_addresses(each)

        return Outcome(target, awaited=self.changed(server, change))
