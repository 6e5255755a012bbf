# SPDX-License-Identifier: Apache-2.0
"""Operations: what slow changes wait for, and how they end.

An operation's id says where it is, what it changes and what that has to come to, so any oaktree
with the same clouds can ask again. What is remembered beside is only when it began and ended.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp
from oaktreemodel.common import v1 as common
from oaktreemodel.compute import v1 as compute
from oaktreemodel.image import v1 as image
from oaktreemodel.network import v1 as network
from oaktreemodel.operation import v1 as operation

from oaktree.api import tokens
from oaktree.api.places import Places, key
from oaktree.api.reading import kinds
from oaktree.clouds import Outcome, Region
from oaktree.failures import WHOLE_FLOW, Code, Failure
from oaktree.shapes import Method, reference, snake, type_name

# How long an operation that has ended is remembered, in seconds.
MEMORY = 3600.0
ID_LIMIT = 512

PENDING = operation.OPERATION_STATE_PENDING
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


def _server_failed(server: Any, needs: str) -> Failure | None:
    if server.status == compute.SERVER_STATUS_ERROR:
        fault = server.fault.message or "the cloud does not say why"
        if "No valid host" in fault:
            return Failure(Code.RESOURCE_EXHAUSTED, "NO_VALID_HOST", fault, retry=WHOLE_FLOW)
        return Failure(Code.INTERNAL, "UPSTREAM_FAILED", f"the server is in ERROR: {fault}")
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
    if server.status == compute.SERVER_STATUS_ACTIVE and needs and not server.task_state:
        if not server.addresses:
            return Failure(
                Code.FAILED_PRECONDITION,
                "NO_ADDRESS",
                "the server is ACTIVE and got no address",
                retry=WHOLE_FLOW,
            )
    return _server_failed(server, needs)


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
    "server.delete": End(_server_deleted, gone=True),
    "server.start": _server("ACTIVE"),
    "server.stop": _server("SHUTOFF"),
    "server.reboot": _server("ACTIVE", idle=True),
    "server.pause": _server("PAUSED"),
    "server.unpause": _server("ACTIVE"),
    "server.suspend": _server("SUSPENDED"),
    "server.resume": _server("ACTIVE"),
    "server.rescue": _server("RESCUE"),
    "server.unrescue": _server("ACTIVE"),
    "server.resize": End(_resized, _server_failed),
    "server.confirm_resize": _server("ACTIVE", "SHUTOFF", idle=True),
    "server.revert_resize": _server("ACTIVE", "SHUTOFF", idle=True),
    "server.rebuild": _server("ACTIVE", "SHUTOFF", idle=True),
    "server.shelve": _server("SHELVED_OFFLOADED", "SHELVED", idle=True),
    "server.unshelve": _server("ACTIVE"),
    "server.migrate": _server("VERIFY_RESIZE", "ACTIVE", idle=True),
    "server.change_password": _server("ACTIVE", idle=True),
    "server.restore": _server("ACTIVE"),
    "server.create_image": End(_image_active, _image_failed),
    "server_interface.attach": End(_has_port, _server_failed),
    "server_interface.detach": End(lambda server, port: not _has_port(server, port), gone=True),
    "server_volume.attach": End(_has_volume, _server_failed),
    "server_volume.detach": End(lambda server, id_: not _has_volume(server, id_), gone=True),
    "image.upload": End(_image_active, _image_failed),
    "image.import": End(_image_active, _image_failed),
    "image.delete": End(lambda value, needs: False, gone=True),
    "floating_ip.create": End(
        lambda value, needs: value.status == network.FLOATING_IP_STATUS_ACTIVE
    ),
    "floating_ip.attach": End(
        lambda value, needs: value.status == network.FLOATING_IP_STATUS_ACTIVE
    ),
    "floating_ip.detach": End(lambda value, needs: not value.port_id),
    "floating_ip.delete": End(
        lambda value, needs: value.status == network.FLOATING_IP_STATUS_DOWN and not value.port_id,
        gone=True,
    ),
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
        self._remembered: dict[str, tuple[float, operation.Operation]] = {}
        self._changed = asyncio.Condition()

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
        await self._remember(made)
        return made

    async def _remember(self, known: operation.Operation) -> None:
        limit = time.monotonic() - MEMORY
        for id_, (when, each) in list(self._remembered.items()):
            if when < limit and each.state in ENDED:
                del self._remembered[id_]
        async with self._changed:
            self._remembered[known.id] = (time.monotonic(), known)
            self._changed.notify_all()

    def remembered(self) -> list[operation.Operation]:
        return [known for _, known in self._remembered.values()]

    async def look(self, id_: str) -> tuple[operation.Operation, Region]:
        """The operation as the cloud tells of it now."""
        try:
            kind, place, type_, object_id, needs, begun = tokens.decode(id_)
        except ValueError:
            raise Failure(
                Code.INVALID_ARGUMENT,
                "MALFORMED_OPERATION_ID",
                "operation_id: no oaktree made this id",
            ) from None
        cloud, region_name, project = place
        location = common.Location(
            cloud=cloud, region=region_name, project=common.Project(id=project)
        )
        region = await self._places.one(location)
        _, known = self._remembered.get(id_, (0.0, None))
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
            await self._remember(seen)
        return seen, region

    async def wait(self, id_: str, timeout: float | None) -> operation.Operation:
        """The operation when it has ended, or when the time has passed."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            seen, region = await self.look(id_)
            if seen.state in ENDED:
                return seen
            pause = region.poll_interval
            if deadline is not None:
                left = deadline - time.monotonic()
                if left <= 0:
                    return seen
                pause = min(pause, left)
            await asyncio.sleep(pause)


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
