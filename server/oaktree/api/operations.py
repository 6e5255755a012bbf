# SPDX-License-Identifier: Apache-2.0
"""Operations: what slow changes wait for, and how they end.

An operation's id says where it is, what it changes and what that has to come to, so any oaktree
with the same clouds can ask again. What is remembered beside is only when it began and ended.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from oaktreemodel.cloud import v1 as cloud
from oaktreemodel.common import v1 as common
from oaktreemodel.compute import v1 as compute
from oaktreemodel.image import v1 as image
from oaktreemodel.network import v1 as network
from oaktreemodel.operation import v1 as operation

from oaktree.api import tokens
from oaktree.api.places import Places, Selection, key
from oaktree.api.reading import kinds
from oaktree.clouds import Outcome, Region
from oaktree.failures import WHOLE_FLOW, Code, Failure
from oaktree.shapes import Kind, Method, reference, snake, type_name

# How long an operation that has ended is remembered, in seconds.
MEMORY = 3600.0
LONG_MEMORY = 24 * 3600.0
ID_LIMIT = 512

RUNNING = operation.OPERATION_STATE_RUNNING
SUCCEEDED = operation.OPERATION_STATE_SUCCEEDED
FAILED = operation.OPERATION_STATE_FAILED
UNKNOWN = operation.OPERATION_STATE_UNKNOWN
ENDED = {SUCCEEDED, FAILED, UNKNOWN, operation.OPERATION_STATE_CANCELLED}


@dataclass(frozen=True)
class End:
    """How a change ends."""

    # Whether it is done, from the object and what was asked for besides.
    done: Callable[[Any, str], bool]
    # Why it failed; None while it has not.
    failed: Callable[[Any, str], Failure | None] = lambda resource, needs: None
    # Whether it is done when the object is gone.
    gone: bool = False


# What a server is only on the way to something else.
IN_BETWEEN = {
    compute.ServerStatus.Value(f"SERVER_STATUS_{name}")
    for name in (
        "BUILD REBOOT HARD_REBOOT PASSWORD REBUILD MIGRATING RESIZE REVERT_RESIZE UNSPECIFIED OTHER"
    ).split()
}


def _server_failed(server: Any, needs: str) -> Failure | None:
    """Asked when it is not done: failed is what is in ERROR, or what nothing is at work on."""
    if server.status == compute.SERVER_STATUS_ERROR:
        fault = server.fault.message or "the cloud does not say why"
        if "No valid host" in fault:
            return Failure(Code.RESOURCE_EXHAUSTED, "NO_VALID_HOST", fault, retry=WHOLE_FLOW)
        return Failure(Code.INTERNAL, "UPSTREAM_FAILED", f"the server is in ERROR: {fault}")
    if not server.task_state_raw and server.status not in IN_BETWEEN:
        return Failure(
            Code.FAILED_PRECONDITION,
            "WRONG_STATE",
            f"nothing is at work on the server any more, and it is {server.status_raw}",
            retry=WHOLE_FLOW,
        )
    return None


def _server_created(server: Any, needs: str) -> bool:
    return server.status == compute.SERVER_STATUS_ACTIVE and (
        not needs
        or (
            needs == "floating"
            and any(each.kind == common.ADDRESS_KIND_FLOATING for each in server.addresses)
        )
        or (needs == "address" and bool(server.addresses))
    )


def _create_failed(server: Any, needs: str) -> Failure | None:
    if server.status == compute.SERVER_STATUS_ACTIVE and not server.task_state_raw:
        if needs and not server.addresses:
            return Failure(
                Code.FAILED_PRECONDITION,
                "NO_ADDRESS",
                "the server is ACTIVE and got no address",
                retry=WHOLE_FLOW,
            )
        return None  # the oaktree itself is at work, on the floating IP
    return _server_failed(server, needs)


def _delete_failed(server: Any, needs: str) -> Failure | None:
    idle = not server.task_state_raw
    if idle and server.status == compute.SERVER_STATUS_ERROR:
        return _server_failed(server, needs)
    return None


def _floating_failed(value: Any, needs: str) -> Failure | None:
    if value.status == network.FLOATING_IP_STATUS_ERROR:
        return Failure(Code.INTERNAL, "UPSTREAM_FAILED", f"{value.name} is in ERROR")
    return None


def _mapped(value: Any, needs: str) -> bool:
    return bool(value.status == network.FLOATING_IP_STATUS_ACTIVE)


def _resized(server: Any, needs: str) -> bool:
    if needs == "confirmed":
        names = {compute.SERVER_STATUS_ACTIVE, compute.SERVER_STATUS_SHUTOFF}
        return server.status in names and not server.task_state_raw
    return bool(server.status == compute.SERVER_STATUS_VERIFY_RESIZE)


def _has_port(server: Any, port_id: str) -> bool:
    return any(each.port_id == port_id for each in server.addresses)


def _has_volume(server: Any, volume_id: str) -> bool:
    return any(each.volume_id == volume_id for each in server.volumes)


def _server(*names: str, idle: bool = False) -> End:
    statuses = {compute.ServerStatus.Value(f"SERVER_STATUS_{name}") for name in names}

    def done(server: Any, needs: str) -> bool:
        return server.status in statuses and not (idle and server.task_state_raw)

    return End(done, _server_failed)


def _image_failed(value: Any, needs: str) -> Failure | None:
    bad = {image.IMAGE_STATUS_KILLED, image.IMAGE_STATUS_DELETED, image.IMAGE_STATUS_QUEUED}
    if value.status in bad:
        return Failure(
            Code.INTERNAL,
            "UPSTREAM_FAILED",
            f"the image ended as {value.status_raw}",
            retry=WHOLE_FLOW,
        )
    return None


def _image_active(value: Any, needs: str) -> bool:
    return bool(value.status == image.IMAGE_STATUS_ACTIVE)


def _volume(done: str, bad: str = "error") -> End:
    names = set(done.split())
    return End(
        lambda volume, needs: volume.status_raw in names,
        lambda volume, needs: (
            Failure(Code.INTERNAL, "UPSTREAM_FAILED", f"the volume is in {volume.status_raw}")
            if volume.status_raw.startswith(bad)
            else None
        ),
    )


def _up(building: int, error: int) -> End:
    """What Neutron builds: it is done when it no longer does, up or not."""

    def failed(value: Any, needs: str) -> Failure | None:
        if value.status != error:
            return None
        return Failure(Code.INTERNAL, "UPSTREAM_FAILED", f"'{value.name or value.id}' is in ERROR")

    return End(lambda value, needs: value.status not in {building, error}, failed)


def _server_deleted(server: Any, needs: str) -> bool:
    return server.status in {compute.SERVER_STATUS_SOFT_DELETED, compute.SERVER_STATUS_DELETED}


ENDS: Mapping[str, End] = {
    "server.create": End(_server_created, _create_failed),
    "server.delete": End(_server_deleted, _delete_failed, gone=True),
    "server.start": _server("ACTIVE", idle=True),
    "server.stop": _server("SHUTOFF"),
    "server.reboot": _server("ACTIVE", idle=True),
    "server.pause": _server("PAUSED"),
    "server.unpause": _server("ACTIVE", idle=True),
    "server.suspend": _server("SUSPENDED"),
    "server.resume": _server("ACTIVE", idle=True),
    "server.rescue": _server("RESCUE"),
    "server.unrescue": _server("ACTIVE", idle=True),
    "server.resize": End(_resized, _server_failed),
    "server.confirm_resize": _server("ACTIVE", "SHUTOFF", idle=True),
    "server.revert_resize": _server("ACTIVE", "SHUTOFF", idle=True),
    "server.rebuild": _server("ACTIVE", "SHUTOFF", idle=True),
    "server.shelve": _server("SHELVED_OFFLOADED", "SHELVED", idle=True),
    "server.unshelve": _server("ACTIVE", idle=True),
    "server.migrate": _server("VERIFY_RESIZE", "ACTIVE", idle=True),
    "server.change_password": _server("ACTIVE", idle=True),
    "server.restore": _server("ACTIVE", idle=True),
    "server.create_image": End(_image_active, _image_failed),
    "server_interface.attach": End(_has_port, _server_failed),
    "server_interface.detach": End(lambda server, port: not _has_port(server, port), gone=True),
    "server_volume.attach": End(_has_volume, _server_failed),
    "server_volume.detach": End(lambda server, id_: not _has_volume(server, id_), gone=True),
    "image.upload": End(_image_active, _image_failed),
    "image.import": End(_image_active, _image_failed),
    "image.delete": End(lambda value, needs: False, gone=True),
    "floating_ip.create": End(_mapped, _floating_failed),
    "floating_ip.attach": End(_mapped, _floating_failed),
    "floating_ip.detach": End(lambda value, needs: not value.port_id, _floating_failed),
    "floating_ip.delete": End(lambda value, needs: False, gone=True),
    "network.create": _up(network.NETWORK_STATUS_BUILD, network.NETWORK_STATUS_ERROR),
    "port.create": _up(network.PORT_STATUS_BUILD, network.PORT_STATUS_ERROR),
    "volume.create": _volume("available"),
    "volume.delete": End(lambda volume, needs: False, _volume("", "error_deleting").failed, True),
    "volume.extend": _volume("available in-use"),
    "volume.retype": _volume("available in-use"),
}


def kind_of(method: Method) -> str:
    """The kind of operation a method leads to: server.create, server.confirm_resize."""
    type_ = type_name(method.resource)
    name = snake(method.name)
    words = [word for word in name.split("_") if word not in type_.split("_")]
    return f"{type_}.{'_'.join(words) if name != f'create_{type_}' else 'create'}"


def needs_of(method: Method, request: Any, outcome: Outcome) -> str:
    """What the object has to have besides its state."""
    resource = outcome.resource
    if isinstance(resource, compute.ServerInterface):
        return resource.port_id
    if isinstance(resource, compute.ServerVolume):
        return resource.volume_id
    if method.name != "CreateServer":
        return "confirmed" if getattr(request, "confirm", False) else ""
    policy = request.addressing.policy
    if request.no_network or policy == compute.SERVER_ADDRESS_POLICY_NONE:
        return "" if request.no_network else "address"
    return "floating" if policy == compute.SERVER_ADDRESS_POLICY_FLOATING else "address"


def now() -> Timestamp:
    stamp = Timestamp()
    stamp.GetCurrentTime()
    return stamp


class Operations:
    """The operations this oaktree remembers, and the ones it is told of by id."""

    def __init__(self, places: Places) -> None:
        self._places = places
        # In the order in which something was last known of them.
        self._remembered: dict[str, tuple[float, operation.Operation]] = {}

    async def begin(
        self, region: Region, method: Method, request: Any, outcome: Outcome
    ) -> operation.Operation | None:
        """The operation that a change has led to; None for a change that has none."""
        if outcome.resource is None or "operation" not in method.response.DESCRIPTOR.fields_by_name:
            return None
        awaited: Any = outcome.awaited if outcome.awaited is not None else outcome.resource
        kind = kind_of(method)
        begun = now()
        id_ = tokens.encode(
            [
                kind,
                list(key(region.location)),
                type_name(type(awaited)),
                awaited.id,
                needs_of(method, request, outcome),
                begun.seconds,
            ]
        )
        assert len(id_) <= ID_LIMIT, kind
        made = operation.Operation(
            location=region.location,
            id=id_,
            kind=kind,
            resource=reference(awaited),
            state=RUNNING if outcome.pending else SUCCEEDED,
            create_time=begun,
            start_time=begun,
            end_time=None if outcome.pending else begun,
            upstream_request_ids=outcome.upstream_request_ids,
        )
        self._remember(made)
        return made

    def _remember(self, known: operation.Operation) -> None:
        now = time.monotonic()
        self._remembered.pop(known.id, None)
        self._remembered[known.id] = now, known
        for id_, (when, each) in list(itertools.islice(self._remembered.items(), 2)):
            # One that never ended is forgotten too: its id still tells all.
            if now - when > (MEMORY if each.state in ENDED else LONG_MEMORY):
                del self._remembered[id_]

    def remembered(self, region: Region) -> list[operation.Operation]:
        """Those of a region, in the order of their ids."""
        place = key(region.location)
        found = [known for _, known in self._remembered.values() if key(known.location) == place]
        return sorted(found, key=lambda each: each.id)

    async def look(self, id_: str) -> tuple[operation.Operation, Region | None]:
        """The operation as the cloud tells of it now."""
        try:
            kind, place, type_, object_id, needs, begun = tokens.decode(
                id_, str, list, str, str, str, int
            )
            cloud_name, region_name, project = map(str, place)
        except ValueError:
            raise Failure(
                Code.INVALID_ARGUMENT,
                "MALFORMED_OPERATION_ID",
                "operation_id: no oaktree made this id",
            ) from None
        location = common.Location(
            cloud=cloud_name, region=region_name, project=common.Project(id=project)
        )
        _, known = self._remembered.get(id_, (0.0, None))
        try:
            region = await self._places.one(location)
        except Failure as failure:
            if failure.code != Code.INVALID_ARGUMENT:
                raise
            # The cloud is not configured here any more.
            gone = operation.Operation(id=id_, location=location, kind=kind, state=UNKNOWN)
            return gone, None
        if known is not None and known.state in ENDED:
            return known, region
        seen = operation.Operation()
        if known is not None:
            seen.CopyFrom(known)
        else:
            seen.id = id_
            seen.location.CopyFrom(region.location)
            seen.kind = kind
            seen.create_time.seconds = begun
            seen.start_time.seconds = begun
        resource_kind = kinds().get(type_)
        end = ENDS.get(kind)
        if resource_kind is None or end is None:
            seen.state = UNKNOWN
            return seen, region
        found: Any = await region.get(resource_kind, object_id)
        judge(seen, end, found, needs)
        if found is not None:
            seen.resource.CopyFrom(reference(found))
        elif known is None:
            seen.resource.CopyFrom(
                common.ResourceRef(location=region.location, id=object_id, type=type_)
            )
        if seen.state in ENDED:
            seen.end_time.CopyFrom(now())
            if seen.state == FAILED:
                seen.error.operation_id = id_
                seen.error.resource.CopyFrom(seen.resource)
                seen.error.location.CopyFrom(region.location)
            self._remember(seen)
        return seen, region

    async def wait(self, id_: str, timeout: float | None) -> operation.Operation:
        """The operation when it has ended, or when the time has passed."""
        deadline = None if timeout is None else time.monotonic() + timeout
        pause = 1.0
        while True:
            try:
                seen, region = await self.look(id_)
            except Failure as failure:
                # A cloud that is silent for a while does not end a wait.
                if failure.code != Code.UNAVAILABLE or id_ not in self._remembered:
                    raise
                seen = self._remembered[id_][1]
            else:
                pause = region.poll_interval if region is not None else pause
            if seen.state in ENDED:
                return seen
            if deadline is not None:
                left = deadline - time.monotonic()
                if left <= 0:
                    return seen
                pause = min(pause, left)
            await asyncio.sleep(pause)


class Remembered(Region):
    """The operations of a region, answered for as a region answers for its objects."""

    def __init__(self, region: Region, operations: Operations) -> None:
        self.location = region.location
        self.identity = region.identity
        self.poll_interval = region.poll_interval
        self._region = region
        self._operations = operations

    async def page(
        self,
        kind: Kind,
        *,
        after: str = "",
        limit: int = 1000,
        parent: Message | None = None,
        wanted: Message | None = None,
        fields: frozenset[str] | None = None,
    ) -> Sequence[Message]:
        known = self._operations.remembered(self._region)
        asked = [each.id for each in known if each.id > after][:limit]
        return [(await self._operations.look(id_))[0] for id_ in asked]

    async def get(
        self, kind: Kind, id_: str, *, fields: frozenset[str] | None = None
    ) -> Message | None:
        return (await self._operations.look(id_))[0]

    async def named(
        self, kind: Kind, name: str, *, fields: frozenset[str] | None = None
    ) -> Sequence[Message]:
        return []

    async def capabilities(self) -> cloud.Capabilities:
        return await self._region.capabilities()


class OperationPlaces(Places):
    """Where operations are listed and watched: the same places, with other objects in them."""

    def __init__(self, places: Places, operations: Operations) -> None:
        super().__init__(places.clouds.values())
        self._places = places
        self._operations = operations

    @property
    def patience(self) -> float:
        return self._places.patience

    async def select(self, locations: Sequence[common.Location]) -> Selection:
        selection = await self._places.select(locations)
        selection.regions = [Remembered(each, self._operations) for each in selection.regions]
        return selection


def judge(seen: operation.Operation, end: End, found: Any, needs: str) -> None:
    """Sets the state by what the object has come to."""
    if found is None:
        # A change whose object is gone can no longer be told of, unless that was the change.
        seen.state = SUCCEEDED if end.gone else UNKNOWN
    elif end.done(found, needs):
        seen.state = SUCCEEDED
        seen.percent = 100
    elif (failure := end.failed(found, needs)) is not None:
        seen.state = FAILED
        seen.error.CopyFrom(failure.error)
    else:
        seen.state = RUNNING


def failure_of(ended: operation.Operation) -> Failure:
    """The failure that a failed operation is to whoever waits for it."""
    return Failure.of(ended.error)
