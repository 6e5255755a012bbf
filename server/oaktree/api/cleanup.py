# SPDX-License-Identifier: Apache-2.0
"""Deleting what is in a project, wave by wave: what depends on something goes before it."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from google.protobuf.message import Message
from oaktreemodel.cloud import v1 as cloud
from oaktreemodel.common import v1 as common
from oaktreemodel.operation import v1 as operation

from oaktree.api import tokens
from oaktree.api.operations import ENDED, FAILED, RUNNING, SUCCEEDED, Operations, now
from oaktree.api.places import REMAINING, Key, Places, key
from oaktree.api.reading import Reader, everything, lacks, worst
from oaktree.clouds import Region
from oaktree.failures import (
    LIST_LIMIT,
    SAME_CALL,
    WHOLE_FLOW,
    Code,
    Failure,
    invalid,
    not_found,
    violation,
)
from oaktree.shapes import (
    Kind,
    area_of,
    kinds,
    method_named,
    method_of,
    parent_of,
    parent_path,
    reference,
    spoken_name,
    type_name,
    values_at,
)

PENDING = operation.OPERATION_STATE_PENDING
CANCELLED = operation.OPERATION_STATE_CANCELLED

KIND = "project_cleanup.start"
# What is deleted together. What only goes in the end is what others use.
WAVES = (
    ("cluster", "stack"),
    ("load_balancer",),
    ("server",),
    ("floating_ip", "image", "server_group", "volume_backup", "zone"),
    ("volume_snapshot",),
    ("volume",),
    ("router_interface",),
    ("port", "router"),
    ("subnet",),
    ("network",),
    ("security_group",),
    ("object",),
    ("container",),
)
# What an object uses: it has to go first, and keeps that where it stays.
USES: Mapping[str, Mapping[str, str]] = {
    "cluster": {"network": "fixed_network_id", "subnet": "fixed_subnet_id"},
    "load_balancer": {"network": "vip_network_id", "subnet": "vip_subnet_id"},
    "server": {"volume": "volumes.volume_id"},
    "floating_ip": {"router": "router_id"},
    "volume_snapshot": {"volume": "volume_id"},
    "router_interface": {
        "router": "router_id",
        "network": "network_id",
        "subnet": "addresses.subnet_id",
    },
    "router": {"network": "external_gateway.network_id"},
    "port": {
        "network": "network_id",
        "subnet": "addresses.subnet_id",
        "security_group": "security_group_ids",
    },
    "subnet": {"network": "network_id"},
    "object": {"container": "container_id"},
}
# What stays with another, by the field that has the id of that.
GOES_WITH: Mapping[str, Mapping[str, str]] = {
    "floating_ip": {"port": "port_id"},
    "volume": {"server": "attachments.server_id"},
    "router_interface": {"router": "router_id"},
    "port": {"server": "device_id"},
}
# What can be seen to be in the way.
GUARDS = {
    "is_protected": ("PROTECTED", "is protected: take is_protected back with an update first"),
    "is_locked": ("LOCKED", "is locked: call UnlockServer first"),
}
SERVICE_TYPES = {"container_infra": "container-infrastructure-management"}
# How many objects are deleted at once.
AT_ONCE = 8
# How long to wait for one of them, in seconds.
PATIENCE = 600.0
# How long a clean-up that has ended is remembered, in seconds. The promise is an hour.
MEMORY = 2 * 3600.0

log = logging.getLogger(__name__)

# An object by its type and its id.
Name = tuple[str, str]
Change = Callable[[Any, Any], Awaitable[Any]]


def service_type(type_: str) -> str:
    area = area_of(kinds()[type_])
    return SERVICE_TYPES.get(area, area.replace("_", "-"))


@dataclass
class Item:
    """An object that is to be deleted."""

    told: cloud.ProjectCleanupItem
    resource: Any
    # What cannot be deleted while this is there.
    uses: frozenset[Name]

    @property
    def name(self) -> Name:
        return self.told.resource_type, self.told.id

    def ends(self, state: operation.OperationState.ValueType, why: Failure | None = None) -> None:
        self.told.state = state
        self.told.end_time.CopyFrom(now())
        if why is not None:
            self.told.error.CopyFrom(why.error)
        else:
            self.told.ClearField("error")


@dataclass
class Cleanup:
    """A clean-up that has begun."""

    told: cloud.ProjectCleanup
    items: list[Item]
    steps: list[operation.OperationStep]
    # How long to wait for one object.
    patience: float
    error: common.Error | None = None
    given_up: bool = False
    ended: float | None = None
    task: asyncio.Task[None] | None = None
    room: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))

    def count(self) -> None:
        """Says how many objects have come to what."""
        states = [item.told.state for item in self.items]
        self.told.object_count = len(states)
        self.told.deleted_count = states.count(SUCCEEDED)
        self.told.failed_count = states.count(FAILED)
        self.told.withheld_count = states.count(CANCELLED)

    def operation(self) -> operation.Operation:
        """The operation as which it is waited for."""
        told = self.told
        at_work = told.state == RUNNING
        seen = operation.Operation(
            location=told.location,
            id=told.id,
            kind=KIND,
            resource=reference(told),
            state=told.state,
            steps=self.steps,
            create_time=told.create_time,
            start_time=told.create_time,
            end_time=None if at_work else told.end_time,
            cancellable=at_work and not self.given_up,
            error=self.error,
        )
        done = sum(item.told.state in ENDED for item in self.items)
        seen.percent = 100 * done // len(self.items) if self.items else 100
        return seen


class Cleanups:
    """Plans clean-ups, carries them out, and tells of those there were."""

    def __init__(
        self, places: Places, reader: Reader, operations: Operations, change: Change
    ) -> None:
        self._places = places
        self._reader = reader
        self._operations = operations
        self._change = change
        self._known: dict[str, Cleanup] = {}
        operations.own[KIND] = self._operation

    async def close(self) -> None:
        for each in self._known.values():
            if each.task is not None:
                each.task.cancel()

    # -- what the service asks for ----------------------------------------------------------------

    async def plan(self, request: Any) -> tuple[Region, list[Item], list[common.LocationError]]:
        """What would be deleted, in that order, and which services did not answer."""
        if not request.location.project.id:
            raise invalid(violation("location.project.id", "must be given", "REQUIRED"))
        region = await self._places.one(request.location)
        there, silent = await self._look(region, request.filter)
        if silent and (not there or getattr(request, "require_all_locations", False)):
            raise worst(silent, not there)
        return region, list(planned(there, region, request.filter)), silent

    async def start(self, request: Any) -> Cleanup:
        region, items, silent = await self.plan(request)
        if silent:
            raise worst(silent, False)
        place = key(region.location)
        self._forget()
        for each in self._known.values():
            if each.told.state == RUNNING and key(each.told.location) == place:
                raise Failure(
                    Code.FAILED_PRECONDITION,
                    "IN_TRANSITION",
                    "the project is being cleaned up already",
                    retry=SAME_CALL,
                    delay_seconds=region.poll_interval,
                    operation_id=each.told.id,
                )
        cleanup = self._begun(place, region, request, items)
        self._known[cleanup.told.id] = cleanup
        self._operations.remember(cleanup.operation())
        if items:
            cleanup.task = asyncio.create_task(self._carry_out(cleanup))
        else:
            self._end(cleanup)
        return cleanup

    def get(self, id_: str) -> Cleanup:
        self._operations.read(id_)
        if id_ not in self._known:
            raise not_found("such clean-up: this oaktree remembers none")
        return self._known[id_]

    def give_up(self, id_: str) -> None:
        """Leaves what has not been begun."""
        cleanup = self._known[id_]
        cleanup.given_up = True
        for item in cleanup.items:
            if item.told.state == PENDING:
                text = f"{spoken(item)} was left: somebody asked to give the clean-up up"
                item.ends(CANCELLED, Failure(Code.CANCELLED, "", text, retry=WHOLE_FLOW))
        cleanup.count()

    def _operation(self, id_: str) -> operation.Operation | None:
        known = self._known.get(id_)
        return known.operation() if known is not None else None

    def _forget(self) -> None:
        limit = time.monotonic() - MEMORY
        for id_, each in list(self._known.items()):
            if each.ended is not None and each.ended < limit:
                del self._known[id_]

    # -- what there is ----------------------------------------------------------------------------

    async def _look(
        self, region: Region, wanted: cloud.ProjectCleanupFilter
    ) -> tuple[dict[Name, Any], list[common.LocationError]]:
        """All that is there of the types that matter, and which services did not answer."""
        there: dict[Name, Any] = {}
        silent: dict[str, common.LocationError] = {}
        types = [type_ for wave in WAVES for type_ in wave]
        # What lives in another is asked for after that.
        for type_ in sorted(types, key=lambda each: parent_of(kinds()[each]) is not None):
            service = service_type(type_)
            if service in silent or (wanted.service_types and service not in wanted.service_types):
                continue
            kind = kinds()[type_]
            above = parent_of(kind)
            parents: list[Any] = [None]
            if above is not None:
                parents = [each for (own, _), each in there.items() if own == type_name(above)]
            for parent in parents:
                found = await self._reader.ask_one(region, asks(kind, parent))
                if not isinstance(found, common.LocationError):
                    there |= {(type_, reference(each).id): each for each in found}
                elif not lacks(found):
                    found.error.upstream.service = service
                    silent[service] = found
        return there, list(silent.values())

    # -- carrying out -----------------------------------------------------------------------------

    def _begun(self, place: Key, region: Region, request: Any, items: list[Item]) -> Cleanup:
        begun = now()
        id_ = tokens.encode(
            [KIND, list(place), "project_cleanup", secrets.token_hex(8), "", "", begun.seconds]
        )
        told = cloud.ProjectCleanup(
            location=region.location,
            id=id_,
            filter=request.filter if request.HasField("filter") else None,
            state=RUNNING,
            create_time=begun,
        )
        for item in items:
            item.told.project_cleanup_id = id_
            item.told.ClearField("error")
        waves = {item.told.wave for item in items}
        steps = [
            operation.OperationStep(kind=f"project_cleanup.wave_{wave}", state=PENDING)
            for wave in sorted(waves)
        ]
        patience = PATIENCE
        if request.HasField("item_timeout"):
            patience = request.item_timeout.ToNanoseconds() / 1e9
        cleanup = Cleanup(told, items, steps, patience)
        cleanup.count()
        return cleanup

    async def _carry_out(self, cleanup: Cleanup) -> None:
        # The deadline was the caller's, who may be gone.
        REMAINING.set(None)
        for number, step in enumerate(cleanup.steps, 1):
            wave = [item for item in cleanup.items if item.told.wave == number]
            step.state = RUNNING
            step.start_time.CopyFrom(now())
            await asyncio.gather(*(self._take(cleanup, item) for item in wave))
            states = {item.told.state for item in wave}
            step.state = next((each for each in (FAILED, CANCELLED) if each in states), SUCCEEDED)
            step.end_time.CopyFrom(now())
        self._end(cleanup)

    async def _take(self, cleanup: Cleanup, item: Item) -> None:
        """Deletes one object, or says why it stays."""
        async with cleanup.room:
            if item.told.state != PENDING:
                return
            item.told.state = RUNNING
            try:
                await self._delete(item, cleanup)
                item.ends(SUCCEEDED)
            except Failure as failure:
                item.ends(FAILED, failure)
            except Exception:
                log.exception("%s could not be deleted", spoken(item))
                text = f"{spoken(item)} could not be deleted: the log of this oaktree says why"
                item.ends(FAILED, Failure(Code.INTERNAL, "INTERNAL", text))
            if item.told.state == FAILED:
                keep(item, cleanup.items)
            cleanup.count()

    async def _delete(self, item: Item, cleanup: Cleanup) -> None:
        until = time.monotonic() + cleanup.patience
        method = deletion(item.told.resource_type)
        request = delete_request(item, cleanup.told.location)
        while True:
            left = until - time.monotonic()
            try:
                done = await self._change(method, request)
            except Failure as failure:
                delay = failure.error.retry_delay.ToNanoseconds() / 1e9 or 1.0
                if failure.error.retry_advice != SAME_CALL or delay >= left:
                    raise
                await asyncio.sleep(delay)
                continue
            begun = getattr(done, "operation", None)
            if begun is None or not begun.id or begun.state == SUCCEEDED:
                return
            ended = await self._operations.wait(begun.id, left)
            if ended.state == FAILED:
                raise Failure.of(ended.error)
            if ended.state != SUCCEEDED:
                text = f"{spoken(item)} was still there after {cleanup.patience:g} s"
                raise Failure(Code.INTERNAL, "UPSTREAM_FAILED", text, retry=WHOLE_FLOW)
            return

    def _end(self, cleanup: Cleanup) -> None:
        left = [item for item in cleanup.items if item.told.state != SUCCEEDED]
        cleanup.told.state = SUCCEEDED
        if left:
            cleanup.told.state = CANCELLED if cleanup.given_up else FAILED
        if cleanup.told.state == FAILED:
            cleanup.error = incomplete(cleanup, left).error
        cleanup.told.end_time.CopyFrom(now())
        cleanup.count()
        cleanup.ended = time.monotonic()
        self._operations.remember(cleanup.operation())


def asks(kind: Kind, parent: Message | None) -> Callable[[Region], Awaitable[list[Any]]]:
    return lambda region: everything(region, kind, parent)


# -- what goes and what stays ---------------------------------------------------------------------


def planned(
    there: Mapping[Name, Any], region: Region, wanted: cloud.ProjectCleanupFilter
) -> Iterator[Item]:
    """What goes, in the order in which it does."""
    mine = {name: each for name, each in there.items() if not is_of_the_cloud(name, each)}
    # What stays with each, as it uses it or holds it.
    kept_by = {name: mine.keys() & set(used(name, each)) for name, each in mine.items()}
    for name, each in mine.items():
        for other, path in GOES_WITH.get(name[0], {}).items():
            for id_ in values_at(each, path):
                if (other, id_) in kept_by:
                    kept_by[other, id_].add(name)
    chosen = {name for name, each in mine.items() if goes(name, each, region, wanted)}
    stays: set[Name] = set()
    # What vanishes with something that goes neither is deleted nor keeps anything.
    waiting = [name for name in mine.keys() - chosen if host_of(name, mine[name]) not in chosen]
    while waiting:
        name = waiting.pop()
        if name not in stays:
            stays.add(name)
            waiting.extend(kept_by[name])
    wave = 0
    for types in WAVES:
        going = sorted(name for name in chosen - stays if name[0] in types)
        wave += bool(going)
        for name in going:
            yield item_of(name, mine[name], wave, frozenset(kept_by[name]))


def is_of_the_cloud(name: Name, resource: Any) -> bool:
    """Whether it is a port that the cloud made for itself, and takes away itself."""
    if name[0] != "port":
        return False
    return bool(resource.device_owner) and not resource.device_owner.startswith("compute:")


def host_of(name: Name, resource: Any) -> Name:
    """The server that a port belongs to, which most often takes it along."""
    return "server", resource.device_id if name[0] == "port" else ""


def used(name: Name, resource: Any) -> Iterator[Name]:
    for other, path in USES.get(name[0], {}).items():
        for id_ in values_at(resource, path):
            yield other, id_


def goes(name: Name, resource: Any, region: Region, wanted: cloud.ProjectCleanupFilter) -> bool:
    """Whether it is the project's, and is to be deleted."""
    owner = resource.location.project.id
    if owner and owner != region.location.project.id:
        return False
    if name[0] == "security_group" and resource.name == "default":
        return False
    if name[0] == "router_interface":
        # It goes with its router.
        return True
    return fits(name[0], resource, wanted)


def fits(type_: str, resource: Any, wanted: cloud.ProjectCleanupFilter) -> bool:
    """Whether it fits the filter, and is not spared."""
    has = resource.DESCRIPTOR.fields_by_name
    id_ = reference(resource).id
    metadata = getattr(resource, "metadata" if "metadata" in has else "properties", {})
    tests = (
        not wanted.names or resource.name in wanted.names,
        not wanted.ids or id_ in wanted.ids,
        not wanted.name_prefixes or resource.name.startswith(tuple(wanted.name_prefixes)),
        not wanted.service_types or service_type(type_) in wanted.service_types,
        not wanted.resource_types or type_ in wanted.resource_types,
        all(metadata.get(name) == value for name, value in wanted.metadata.items()),
        set(wanted.tags) <= set(getattr(resource, "tags", ())),
        type_ not in wanted.spared_resource_types,
        resource.name not in wanted.spared_names,
        id_ not in wanted.spared_ids,
        is_old(resource, wanted, "create_time"),
        is_old(resource, wanted, "update_time"),
    )
    return all(tests)


def is_old(resource: Any, wanted: cloud.ProjectCleanupFilter, path: str) -> bool:
    latest = f"latest_{path}"
    if not wanted.HasField(latest):  # type: ignore[arg-type]
        return True
    known = path in resource.DESCRIPTOR.fields_by_name and resource.HasField(path)
    limit = getattr(wanted, latest).ToNanoseconds()
    return known and getattr(resource, path).ToNanoseconds() <= limit


def item_of(name: Name, resource: Any, wave: int, uses: frozenset[Name]) -> Item:
    type_ = name[0]
    told = cloud.ProjectCleanupItem(
        location=resource.location,
        id=reference(resource).id,
        name=resource.name,
        kind="router_interface.remove" if type_ == "router_interface" else f"{type_}.delete",
        resource_type=type_,
        service_type=service_type(type_),
        wave=wave,
        state=PENDING,
    )
    for path in ("create_time", "update_time"):
        if path in resource.DESCRIPTOR.fields_by_name and resource.HasField(path):
            getattr(told, path).CopyFrom(getattr(resource, path))
    item = Item(told, resource, uses)
    for flag, (reason, text) in GUARDS.items():
        if getattr(resource, flag, False):
            failure = Failure(
                Code.FAILED_PRECONDITION,
                reason,
                f"{spoken(item)} {text}",
                resource=reference(resource),
            )
            told.error.CopyFrom(failure.error)
    return item


# -- deleting --------------------------------------------------------------------------------------


def deletion(type_: str) -> Any:
    """The method that deletes an object of a type."""
    if type_ == "router_interface":
        return method_named("RemoveRouterInterface")
    method = method_of(kinds()[type_], common.VERB_DELETE)
    assert method is not None, type_
    return method


def delete_request(item: Item, location: common.Location) -> Any:
    method = deletion(item.told.resource_type)
    request = method.request(location=location, missing_ok=True)
    if method.request_has("name_or_id"):
        request.name_or_id = item.resource.id
    else:
        request.port = item.resource.id
    if method.parent is not None:
        above = getattr(item.resource, parent_path(type(item.resource)))
        setattr(request, method.parent_field, above)
    if method.request_has("cascade"):
        request.cascade = True
    return request


def keep(item: Item, items: Sequence[Item]) -> None:
    """Withholds what an object that could not be deleted still needs, and what that needs."""
    kept, waiting = {item.name}, [item]
    while waiting:
        each = waiting.pop()
        for other in items:
            if other.name in each.uses - kept:
                kept.add(other.name)
                waiting.append(other)
                if other.told.state == PENDING:
                    text = f"{spoken(other)} was left: {spoken(item)} could not be deleted"
                    why = Failure(Code.FAILED_PRECONDITION, "IN_USE", text, retry=WHOLE_FLOW)
                    other.ends(CANCELLED, why)


def spoken(item: Item) -> str:
    return f"the {spoken_name(type(item.resource))} '{item.told.name or item.told.id}'"


def incomplete(cleanup: Cleanup, left: list[Item]) -> Failure:
    """CLEANUP_INCOMPLETE, with some of what is left."""
    first = next((item for item in left if item.told.state == FAILED), left[0])
    failure = Failure(
        Code.FAILED_PRECONDITION,
        "CLEANUP_INCOMPLETE",
        f"{len(left)} of {len(cleanup.items)} objects are left, and ListProjectCleanupItems tells "
        f"why; the first: {first.told.error.message}",
        retry=WHOLE_FLOW,
        location=cleanup.told.location,
        leftovers=[reference(item.resource) for item in left[:LIST_LIMIT]],
        operation_id=cleanup.told.id,
    )
    failure.error.omitted_count = max(0, len(left) - LIST_LIMIT)
    return failure
