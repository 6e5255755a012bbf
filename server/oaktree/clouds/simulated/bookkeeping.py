# SPDX-License-Identifier: Apache-2.0
"""What a simulated Nova keeps account of: what was done to servers, and how much projects use."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from oaktreemodel.compute import v1 as compute

from oaktree.clouds import Outcome, Region, View
from oaktree.clouds.simulated import seed
from oaktree.clouds.simulated.areas.compute import QUOTA, RECORDED, only_limits
from oaktree.clouds.simulated.generic import Generic, limits
from oaktree.clouds.simulated.pouring import stamp
from oaktree.failures import invalid, not_supported, violation
from oaktree.shapes import Kind, snake

# How long Nova remembers a server that is gone, so as to tell what was used.
REMEMBERED = 10_000
HOUR = 3600e9


class Bookkeeping(Generic):
    """The records of servers, usages, quotas and limits."""

    def __init__(self, *args: Any, **others: Any) -> None:
        # The servers that are gone, as they last were.
        self.left: list[Any] = []
        # What the servers have together.
        self.together: Counter[str] = Counter()
        super().__init__(*args, **others)

    # -- what was done to servers -----------------------------------------------------------------

    async def perform(self, method: str, request: Message, target: Message | None) -> Outcome:
        outcome = await super().perform(method, request, target)
        word = RECORDED.get(method)
        if word is not None and target is not None:
            self.record(target, word if isinstance(word, str) else word(request))
        return outcome

    def record(self, target: Any, word: str) -> None:
        """Remembers what was done to a server, or to something of it."""
        server_id = getattr(target, "server_id", "") or target.id
        new = self.make(compute.ServerAction, server_id=server_id, action=word)
        new.id = f"req-{new.id}"
        new.project_id, new.user_id = self.location.project.id, self.user_id
        new.start_time.CopyFrom(stamp())
        new.update_time.CopyFrom(new.start_time)
        self.store.table(compute.ServerAction).put(new)

    def actions_of(self, server: Any) -> list[Any]:
        """What was done to a server, the newest first."""
        made = compute.ServerAction(
            location=self.location,
            id=f"req-{seed.uid(server.id, 'create')}",
            server_id=server.id,
            action="create",
            project_id=self.location.project.id,
            user_id=server.user_id or self.user_id,
            start_time=server.create_time,
            update_time=server.create_time,
        )
        stored = [
            each for each in self.store.table(compute.ServerAction) if each.server_id == server.id
        ]
        found = [*reversed(stored), made]
        for number, each in enumerate(found):
            told = compute.ServerAction()
            told.CopyFrom(each)
            newest = number == 0
            failed = newest and server.status == compute.SERVER_STATUS_ERROR
            event = told.events.add(event=f"compute_{snake(each.action)}", host=server.compute_host)
            event.host_id = server.host_id
            event.start_time.CopyFrom(each.start_time)
            if failed:
                told.message = server.fault.message
                event.details = server.fault.message
            if not (newest and server.task_state_raw):
                event.result = "Error" if failed else "Success"
                event.end_time.CopyFrom(server.update_time if newest else each.update_time)
            found[number] = told
        return found

    # -- usage ------------------------------------------------------------------------------------

    def was_there(self, server: Any) -> None:
        """Remembers a server that is gone."""
        last = compute.Server()
        last.CopyFrom(server)
        last.terminate_time.CopyFrom(stamp())
        self.left.append(last)
        del self.left[:-REMEMBERED]

    def as_asked(self, request: Message) -> Region:
        """For usages, a view of those between the times of the request."""
        if not isinstance(request, compute.ListComputeUsagesRequest):
            return super().as_asked(request)
        begin, end = times(request)

        async def objects(kind: Kind, parent: Message | None) -> Sequence[Any]:
            await self.answer(kind)
            usage = self.usage(begin, end)
            return [usage] if usage.server_hours else []

        return View(self, f"{begin.ToNanoseconds()}-{request.end_time.ToNanoseconds()}", objects)

    async def get_compute_usage(
        self, request: compute.GetComputeUsageRequest, target: None
    ) -> Outcome:
        return Outcome(self.usage(*times(request)))

    def usage(self, begin: Timestamp, end: Timestamp) -> Any:
        """What the project had of its servers between two times."""
        usage = compute.ComputeUsage(
            location=self.location,
            id=self.location.project.id,
            start_time=begin,
            end_time=end,
        )
        for server in [*self.left, *self.store.table(compute.Server)]:
            for own in _usages(server, begin, end):
                usage.server_usages.append(own)
                usage.server_hours += own.hours
                usage.vcpu_hours += own.hours * own.vcpus
                usage.ram_mib_hours += own.hours * own.ram_mib
                usage.disk_gib_hours += own.hours * own.disk_gib
        return usage

    # -- quotas and limits ------------------------------------------------------------------------

    def quota_now(self) -> Any:
        """The quota of the project, with what is used."""
        self.derive(compute.ComputeQuota)
        return self.single(compute.ComputeQuota)

    def noticed(self, before: Any, after: Any) -> None:
        super().noticed(before, after)
        for each, sign in ((before, -1), (after, 1)):
            if isinstance(each, compute.Server):
                self.together["servers"] += sign
                self.together["vcpus"] += sign * each.flavor.vcpus
                self.together["ram_mib"] += sign * each.flavor.ram_mib

    def in_use_now(self) -> dict[str, int]:
        groups = len(self.store.table(compute.ServerGroup))
        used = {name: self.together[name] for name in ("servers", "vcpus", "ram_mib")}
        return {**used, "server_groups": groups}

    def check_quota(self, flavor: Any) -> None:
        """Refuses a server whose flavor the quota has no room for."""
        quota = self.quota_now()
        for name, wanted in (("vcpus", flavor.vcpus), ("ram_mib", flavor.ram_mib)):
            own = getattr(quota, name)
            if own.HasField("limit") and own.used + wanted > own.limit:
                raise self.quota(name, own.limit)

    async def get_compute_quota(
        self, request: compute.GetComputeQuotaRequest, target: None
    ) -> Outcome:
        if request.user and request.defaults:
            raise invalid(violation("user", "excludes defaults", "EXCLUSIVE"))
        self.check_undivided(request)
        if request.defaults:
            return Outcome(only_limits(self.unused(compute.ComputeQuota)))
        return Outcome(self.quota_now())

    async def update_compute_quota(
        self, request: compute.UpdateComputeQuotaRequest, target: None
    ) -> Outcome:
        self.check_undivided(request)
        given = {field.name for field, _ in request.ListFields()}
        for name in limits(compute.ComputeQuota):
            if name not in QUOTA and name in given:
                raise not_supported(f"a quota of {name}", self.location)
        there = self.quota_now()
        self.check_limits(there, request)
        self.update(compute.ComputeQuota, there, request)
        return Outcome(self.quota_now())

    async def reset_compute_quota(
        self, request: compute.ResetComputeQuotaRequest, target: None
    ) -> Outcome:
        self.check_undivided(request)
        self.store.table(compute.ComputeQuota).remove(self.quota_now().id)
        return Outcome(self.quota_now())

    def check_undivided(self, request: Any) -> None:
        if request.user:
            raise not_supported("quotas of single users", self.location)

    async def get_compute_limits(
        self, request: compute.GetComputeLimitsRequest, target: None
    ) -> Outcome:
        told = compute.ComputeLimits(location=self.location, id=self.single_id)
        quota = self.quota_now()
        for name in QUOTA:
            getattr(told, name).CopyFrom(getattr(quota, name))
            getattr(told, name).ClearField("reserved")
        told.keypairs.used = len(self.store.table(compute.Keypair))
        return Outcome(told)


def times(request: Any) -> tuple[Timestamp, Timestamp]:
    """Between what times usage is asked for: up to now at the latest."""
    now = stamp()
    end = request.end_time if request.HasField("end_time") else now
    if request.start_time.ToNanoseconds() >= end.ToNanoseconds():
        raise invalid(violation("start_time", "is not before end_time", "INVALID"))
    return request.start_time, min(end, now, key=lambda each: each.ToNanoseconds())


def _usages(server: Any, begin: Timestamp, end: Timestamp) -> Iterator[Any]:
    """What of that time a server was there."""
    if not server.HasField("launch_time"):
        return
    ends = server.terminate_time if server.HasField("terminate_time") else end
    first = max(server.launch_time.ToNanoseconds(), begin.ToNanoseconds())
    last = min(ends.ToNanoseconds(), end.ToNanoseconds())
    if last < first:
        return
    own = compute.ServerUsage(
        server_id=server.id,
        server_name=server.name,
        flavor_name=server.flavor.name,
        hours=(last - first) / HOUR,
        vcpus=server.flavor.vcpus,
        ram_mib=server.flavor.ram_mib,
        disk_gib=server.flavor.disk_gib + server.flavor.ephemeral_gib,
        start_time=server.launch_time,
        state=server.vm_state,
        state_raw=server.vm_state_raw,
    )
    until = stamp()
    if server.HasField("terminate_time"):
        own.end_time.CopyFrom(server.terminate_time)
        until = server.terminate_time
        own.state, own.state_raw = compute.SERVER_VM_STATE_OTHER, "terminated"
    own.uptime.FromNanoseconds(until.ToNanoseconds() - server.launch_time.ToNanoseconds())
    yield own
