# SPDX-License-Identifier: Apache-2.0
"""What is particular to simulated floating IPs."""

from __future__ import annotations

import time
from typing import Any

from oaktreemodel.common import v1 as common
from oaktreemodel.compute import v1 as compute
from oaktreemodel.network import v1 as network

from oaktree.clouds import Outcome
from oaktree.clouds.simulated import routing
from oaktree.clouds.simulated.lifecycle import Step
from oaktree.clouds.simulated.networks import Networks
from oaktree.failures import Code, Failure, not_supported, reference_not_found
from oaktree.shapes import reference

SWEPT_AT_ONCE = 1000


class FloatingIps(Networks):
    """The methods of FloatingIpService that are not like all others."""

    async def create_floating_ip(
        self, request: network.CreateFloatingIpRequest, target: None
    ) -> Outcome:
        return self.floating_ip(request, self.named_server(request.server, "server"))

    def floating_ip(self, request: Any, server: Any) -> Outcome:
        """Allocates one, or takes one that is free, and maps it where it is to go."""
        if not self.quirks.floating_ips:
            raise not_supported("floating IPs", self.location)
        pool = self.external_network(request.network)
        new = None
        if request.reuse_unattached:
            free = [each for each in self.store.table(network.FloatingIp) if not each.port_id]
            new = free[0] if free else None
        if new is None:
            address = request.floating_ip_address or self.next_address(pool)
            if request.floating_ip_address:
                self.check_free(pool, address)
            new = self.born(
                self.make(
                    network.FloatingIp,
                    request,
                    name=address,
                    floating_ip_address=address,
                    network_id=pool.id,
                    etag="1",
                )
            )
        if server is None and not request.port:
            return Outcome(new)
        return self.map_to(new, server, request)

    async def attach_floating_ip(
        self, request: network.AttachFloatingIpRequest, target: Any
    ) -> Outcome:
        server = self.named_server(request.server, "server")
        port_id = self.port_of(server, request)[0]
        if target.port_id == port_id:
            return Outcome(target, pending=True)
        self.check_not_forwarding(target)
        if target.port_id and not request.take_over:
            raise Failure(
                Code.FAILED_PRECONDITION,
                "IN_USE",
                f"the floating IP {target.name} is mapped to {target.fixed_ip_address}",
                resource=reference(target),
            )
        if target.port_id:
            self.unmap(target)
        return self.map_to(target, server, request)

    async def detach_floating_ip(
        self, request: network.DetachFloatingIpRequest, target: Any
    ) -> Outcome:
        server = self.named_server(request.server, "server")
        if server is not None and target.server_id != server.id:
            raise Failure(
                Code.FAILED_PRECONDITION,
                "NOT_ATTACHED_HERE",
                f"the floating IP {target.name} is not mapped to the server '{server.name}'",
                resource=reference(target),
            )
        return Outcome(self.unmap(target) if target.port_id else target, pending=True)

    async def delete_floating_ip(self, request: Any, target: Any) -> Outcome:
        self.check_not_forwarding(target)
        if target.port_id:
            target = self.unmap(target)
        return self.delete(network.FloatingIp, target)

    async def delete_unattached_floating_ips(
        self, request: network.DeleteUnattachedFloatingIpsRequest, target: None
    ) -> Outcome:
        limit = time.time() - request.older_than.ToNanoseconds() / 1e9
        spares = request.HasField("older_than")
        swept = [
            each
            for each in self.store.table(network.FloatingIp)
            if not each.port_id
            and not each.port_forwardings
            and not (spares and each.update_time.seconds >= limit)
        ]
        most = request.limit_count or SWEPT_AT_ONCE
        if not request.dry_run:
            for each in swept[:most]:
                self.gone(each)
        return Outcome(
            answer={
                "released": [reference(each) for each in swept[:most]],
                "has_more": len(swept) > most,
            }
        )

    # -- mapping ----------------------------------------------------------------------------------

    def check_not_forwarding(self, target: Any) -> None:
        for each in target.port_forwardings:
            raise self.in_use(target, f"the port forwarding '{each.id}'")

    def named_server(self, name: str, field: str) -> Any:
        return self.mean(compute.Server, name, field) if name else None

    def port_of(self, server: Any, request: Any) -> tuple[str, str]:
        """The port a floating IP goes to, and the address there."""
        if server is not None:
            fixed = [each for each in server.addresses if each.kind == common.ADDRESS_KIND_FIXED]
            wanted = request.fixed_ip_address
            for each in fixed:
                if not wanted or each.ip_address == wanted:
                    return each.port_id, each.ip_address
            raise reference_not_found("server", f"address '{wanted}' of '{server.name}' to map to")
        for server in self.store.table(compute.Server):
            for each in server.addresses:
                if each.port_id == request.port and each.kind == common.ADDRESS_KIND_FIXED:
                    return each.port_id, each.ip_address
        raise reference_not_found("port", f"port '{request.port}'")

    def map_to(self, target: Any, server: Any, request: Any) -> Outcome:
        port_id, fixed = self.port_of(server, request)
        owner = server.id if server is not None else self.owner_of(port_id)

        def change(each: Any) -> None:
            each.port_id, each.fixed_ip_address, each.server_id = port_id, fixed, owner
            each.attached = True
            router = routing.router_between(self, port_id, each.id)
            each.router_id = router.id if router is not None else ""

        new = self.changed(target, change)
        self.goes_through(new, [Step(0.2, {"status": "ACTIVE"})])

        def show(each: Any) -> None:
            own = next(a for a in each.addresses if a.port_id == port_id)
            added = each.addresses.add()
            added.CopyFrom(own)
            added.ip_address = target.floating_ip_address
            self.set_floating(added)
            self.compute_addresses(each)

        if owner:
            self.store.change(compute.Server, owner, show)
        return Outcome(new, pending=True)

    def owner_of(self, port_id: str) -> str:
        for server in self.store.table(compute.Server):
            if any(each.port_id == port_id for each in server.addresses):
                return str(server.id)
        return ""

    def unmap(self, target: Any) -> Any:
        def hide(server: Any) -> None:
            kept = [each for each in server.addresses if each.ip_address != target.name]
            del server.addresses[:]
            server.addresses.extend(kept)
            self.compute_addresses(server)

        self.store.change(compute.Server, target.server_id, hide)

        def change(each: Any) -> None:
            each.port_id = each.fixed_ip_address = each.server_id = each.router_id = ""
            each.attached = False
            self.say(each, Step(0, {"status": "DOWN"}))

        return self.changed(target, change)
