# SPDX-License-Identifier: Apache-2.0
"""The hosts of simulated servers: which of them a server is on, and how it moves to another."""

from __future__ import annotations

import dataclasses
import functools
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from oaktreemodel.compute import v1 as compute

from oaktree.clouds import Outcome
from oaktree.clouds.simulated import seed
from oaktree.clouds.simulated.areas.compute import (
    ACTIONS,
    COLD_MIGRATION,
    COMPUTE,
    EVACUATION,
    LIVE_MIGRATION,
    LIVE_SERVER,
    STILL,
    has_room,
)
from oaktree.clouds.simulated.core import Core
from oaktree.clouds.simulated.lifecycle import Step
from oaktree.clouds.simulated.words import say
from oaktree.failures import WHOLE_FLOW, Code, Failure, reference_not_found
from oaktree.shapes import reference, word_of

# A server that is simulate=busy changes its memory faster than it can be moved.
BUSY = "busy"
APART = {"ANTI_AFFINITY", "SOFT_ANTI_AFFINITY"}


class Hosts(Core):
    """What is about the hosts of servers."""

    def __init__(self, *args: Any, **others: Any) -> None:
        # How many servers each host has.
        self.load: Counter[str] = Counter()
        # The migration that each server is going through, or waits to have confirmed.
        self.moving: dict[str, str] = {}
        # Where servers are wanted that have no host yet.
        self.destined: dict[str, str] = {}
        super().__init__(*args, **others)

    # -- where servers are ------------------------------------------------------------------------

    def compute_services(self) -> Iterator[Any]:
        """The services that run servers, one on each host."""
        for each in self.store.still(compute.ComputeService):
            if each.binary == COMPUTE:
                yield each

    def compute_service(self, host: str, field: str = "host") -> Any:
        for each in self.compute_services():
            if each.host == host:
                return each
        raise reference_not_found(field, f"host '{host}'").at(self.location)

    def place_server(self, server: Any, host: str) -> None:
        """Says which host a server is on."""
        server.compute_host = server.hypervisor_hostname = host
        server.host_id = ""
        say(server, "host_status", "UP" if host else "")
        if host:
            server.host_id = seed.uid(self.location.cloud, self.location.project.id, host)
            zone = next((each for each in self.compute_services() if each.host == host), None)
            if zone is not None:
                server.location.zone = zone.location.zone

    def choose_host(
        self, server: Any, wanted: str = "", zone: str = "", other: str = "", flavor: Any = None
    ) -> str:
        """The host with the fewest servers that may take this one.

        wanted: the only one that will do. zone: the only zone. other: one that will not do.
        flavor: the one it is to have then.
        """
        if wanted:
            self.compute_service(wanted)
        fit: Sequence[str] = [
            each.host
            for each in self.compute_services()
            if has_room(flavor or server.flavor)
            and each.host != other
            and (not wanted or each.host == wanted)
            and (not zone or each.location.zone == zone)
            and (each.status, each.state) == (ENABLED, UP)
        ]
        fit = self.in_company(server, fit)
        if not fit:
            raise self.no_valid_host(server)
        return min((self.load[host], host) for host in fit)[1]

    def no_valid_host(self, server: Any) -> Failure:
        return Failure(
            Code.RESOURCE_EXHAUSTED,
            "NO_VALID_HOST",
            "No valid host was found. There are not enough hosts available.",
            retry=WHOLE_FLOW,
            resource=reference(server),
        )

    def in_company(self, server: Any, hosts: Sequence[str]) -> Sequence[str]:
        """Those hosts that the server's group lets it be on."""
        groups = self.store.still(compute.ServerGroup)
        servers = self.store.still(compute.Server)
        for group in filter(None, map(groups.get, server.server_group_ids)):
            others = [servers.get(id_) for id_ in group.server_ids if id_ != server.id]
            there = Counter(each.compute_host for each in others if each and each.compute_host)
            policy = word_of(group, "policy")
            most = group.max_servers_per_host or 1
            if policy in APART:
                kept = [host for host in hosts if there[host] < most]
            else:
                kept = [host for host in hosts if host in there or not there]
            if kept or not policy.startswith("SOFT"):
                hosts = kept
        return hosts

    def noticed(self, before: Any, after: Any) -> None:
        super().noticed(before, after)
        seen = after if after is not None else before
        if not isinstance(seen, compute.Server):
            return
        if before is not None:
            self.load[before.compute_host] -= 1
        if after is not None:
            self.load[after.compute_host] += 1
            self.follow(after)

    def reached(self, resource: Any) -> None:
        super().reached(resource)
        if isinstance(resource, compute.ServerMigration):
            self.migrated(resource)
        elif isinstance(resource, compute.Server):
            self.settle(resource)

    def settle(self, server: Any) -> None:
        """Puts a server where it is to be by now."""
        migration = self.migration_of(server)
        status = word_of(server, "status")
        if status == "SHELVED_OFFLOADED":
            self.place_server(server, "")
        elif migration is not None:
            going = word_of(migration, "status")
            if going == "REVERTING" and not server.task_state_raw:
                self.place_server(server, migration.source_host)
            elif going not in STILL and status in {"VERIFY_RESIZE", "SHUTOFF"}:
                self.place_server(server, migration.destination_host)
        elif status == "ACTIVE" and not server.compute_host:
            wanted = self.destined.pop(server.id, "")
            self.place_server(server, self.choose_host(server, wanted, server.pinned_zone))

    # -- migrations -------------------------------------------------------------------------------

    def migration_of(self, server: Any) -> Any:
        """The migration that a server is going through."""
        id_ = self.moving.get(server.id)
        return self.store.still(compute.ServerMigration).get(id_) if id_ else None

    def follow(self, server: Any) -> None:
        """Says on a server's migration how far the server is."""
        migration = self.migration_of(server)
        if migration is None:
            return
        kind, going = word_of(migration, "type"), word_of(migration, "status")
        status, task = word_of(server, "status"), self.task_of(server)
        now = ""
        if status == "ERROR":
            now = "ERROR"
        elif kind == "EVACUATION":
            now = "DONE" if status == "SHUTOFF" and not task and going == "ACCEPTED" else ""
        elif kind == "LIVE_MIGRATION":
            return
        elif task in {"RESIZE_CONFIRMING", "RESIZE_REVERTING"}:
            now = task.removeprefix("RESIZE_")
        elif status == "VERIFY_RESIZE":
            now = "FINISHED"
        elif status in {"ACTIVE", "SHUTOFF"} and not task and going in STILL:
            now = "REVERTED" if going == "REVERTING" else "CONFIRMED"
        if not now or now == going:
            return
        self.courses.pop((type(migration), migration.id), None)
        migration = self.changed(migration, functools.partial(self.said, Step(0, {"status": now})))
        if now in {"ERROR", "CONFIRMED", "REVERTED", "DONE"}:
            del self.moving[server.id]
        if now == "DONE":
            # When its host is back, it finds out that the server is not there any more.
            self.goes_through(migration, [Step(1.0, {"status": "COMPLETED"})])

    def migrates(self, server: Any, type_: str, host: str, steps: Sequence[Step]) -> None:
        """Begins to tell of a move of a server."""
        table = self.store.table(compute.ServerMigration)
        new = self.make(compute.ServerMigration)
        fields = {
            "server_id": server.id,
            "number": len(table) + 1,
            "type": type_,
            "source_host": server.compute_host,
            "source_node": server.compute_host,
            "destination_host": host,
            "destination_node": host,
            "user_id": server.user_id,
        }
        self.declare(new, fields)
        self.say(new, steps[0])
        table.put(new)
        self.moving[server.id] = new.id
        self.goes_through(new, steps[1:])

    async def migrate_server(self, request: compute.MigrateServerRequest, target: Any) -> Outcome:
        action = LIVE_SERVER if request.live else ACTIONS["MigrateServer"]
        return self.moved(
            target, action, "LIVE_MIGRATION" if request.live else "MIGRATION", request.host
        )

    def moved(
        self, target: Any, action: Any, type_: str, host: str = "", flavor: Any = None
    ) -> Outcome:
        """Moves a server to another host, in any way."""
        live = type_ == "LIVE_MIGRATION"
        self.check_allowed(target, action)
        chosen = self.choose_host(target, host, target.pinned_zone, target.compute_host, flavor)
        what = "" if live else "resize" if type_ == "RESIZE" else "migrate"
        outcome = self.act(target, action, what=what)
        steps: Sequence[Step] = EVACUATION if type_ == "EVACUATION" else COLD_MIGRATION
        if live:
            steps = LIVE_MIGRATION
            if target.metadata.get("simulate") == BUSY:
                steps = steps[:-2]
            elif self.is_to_fail(target, "migrate"):
                steps = [*steps[:-2], Step(0.1, {"status": "FAILED"})]
        memory = target.flavor.ram_mib << 20
        own = [
            dataclasses.replace(step, fields={**step.fields, **moving_bytes(step, memory)})
            for step in steps
        ]
        self.migrates(target, type_, chosen, own)
        return outcome if not live else dataclasses.replace(outcome, pending=True)

    def check_allowed(self, target: Any, action: Any) -> None:
        """Refuses what the action would refuse, before a host is looked for."""
        self.check_idle(target)
        status = word_of(target, "status")
        if status not in action.allowed:
            raise self.wrong_state(target, f"{status}; it has to be {' or '.join(action.allowed)}")

    def migrated(self, migration: Any) -> None:
        """What a step of a live migration means for its server."""
        word = word_of(migration, "status")
        if word_of(migration, "type") != "LIVE_MIGRATION" or word not in LIVE_ENDS:
            return
        self.moving.pop(migration.server_id, None)
        server = self.store.still(compute.Server).get(migration.server_id)
        if server is None:
            return

        def change(each: Any) -> None:
            was = word_of(each, "vm_state")
            status = "SHUTOFF" if was == "STOPPED" else was
            self.say(each, Step(0, {"status": status, "task_state": None}))
            if word == "COMPLETED":
                self.place_server(each, migration.destination_host)

        self.changed(server, change)

    async def abort_server_migration(
        self, request: compute.AbortServerMigrationRequest, target: Any
    ) -> Outcome:
        return self.ended(target, "CANCELLED", ("QUEUED", "PREPARING", "RUNNING"))

    async def force_complete_server_migration(
        self, request: compute.ForceCompleteServerMigrationRequest, target: Any
    ) -> Outcome:
        return self.ended(target, "COMPLETED", ("RUNNING",))

    def ended(self, migration: Any, end: str, allowed: Sequence[str]) -> Outcome:
        """Brings a live migration to an end."""
        now, kind = word_of(migration, "status"), word_of(migration, "type")
        if now == end:
            return Outcome(migration)
        if kind != "LIVE_MIGRATION" or now not in allowed:
            needed = " or ".join(allowed)
            raise self.wrong_state(migration, f"{kind} in {now}; it has to be live and {needed}")
        last = Step(0.2, {"status": end, **NO_BYTES})
        self.goes_through(migration, [last])
        return Outcome(migration, pending=True)

    async def evacuate_server(self, request: compute.EvacuateServerRequest, target: Any) -> Outcome:
        if target.compute_host:
            service = self.compute_service(target.compute_host)
            if service.state != DOWN:
                raise self.wrong_state(target, f"on the host '{service.host}', which is not down")
        return self.moved(target, ACTIONS["EvacuateServer"], "EVACUATION", request.host)


UP, DOWN = compute.COMPUTE_SERVICE_STATE_UP, compute.COMPUTE_SERVICE_STATE_DOWN
ENABLED = compute.COMPUTE_SERVICE_STATUS_ENABLED
LIVE_ENDS = {"COMPLETED", "CANCELLED", "FAILED", "ERROR"}
BYTES = ("memory_total_bytes", "memory_processed_bytes", "memory_remaining_bytes")
NO_BYTES = dict.fromkeys(BYTES)


def moving_bytes(step: Step, memory: int) -> dict[str, Any]:
    """How much of a server's memory is moved while it RUNs; nobody says so before or after."""
    if step.fields["status"] != "RUNNING":
        return NO_BYTES
    left = memory if step.after < 0.2 else memory // 3
    return dict(zip(BYTES, (memory, memory - left, left), strict=True))
