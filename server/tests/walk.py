# SPDX-License-Identifier: Apache-2.0
"""Calls any method of the model with a request that is made from its descriptor."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Mapping
from typing import Any

import grpc
import grpc.aio
from conftest import error_of
from examples import BEFORE, EXAMPLES
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from oaktreemodel.common import v1 as common

from oaktree.shapes import (
    OWN_FIELDS,
    Kind,
    Method,
    area_of,
    has_behavior,
    is_map,
    is_sensitive,
    kind_meant,
    kinds,
    method_of,
    methods,
    parent_of,
    parent_path,
    singular,
    type_name,
)


class Walker:
    """One who calls methods, makes what they need, and remembers which were called."""

    def __init__(self, channel: grpc.aio.Channel, location: common.Location) -> None:
        self.called: set[str] = set()
        self.last = ""
        self._channel = channel
        self._location = location
        self._objects: dict[Kind, Any] = {}
        # What was told once, by the name of its field.
        self._secrets: dict[str, Any] = {}
        self._number = itertools.count(1)

    # -- calls ------------------------------------------------------------------------------------

    async def call(self, method: Method, request: Message) -> Any:
        """The answer; of a stream, all answers."""
        self.called.add(method.name)
        self.last = method.name
        codec: dict[str, Any] = {
            "request_serializer": method.request.SerializeToString,
            "response_deserializer": method.response.FromString,
        }
        if method.client_streams:
            call = self._channel.stream_stream(method.path, **codec)
            return [each async for each in call(steps(request))]
        if method.server_streams:
            stream = self._channel.unary_stream(method.path, **codec)
            return [each async for each in stream(request)]
        return await self._channel.unary_unary(method.path, **codec)(request)

    async def refusal(self, method: Method, request: Message) -> str:
        """The reason for which a call is refused; empty where it is not."""
        try:
            await self.call(method, request)
        except grpc.aio.AioRpcError as failure:
            return error_of(failure).reason
        return ""

    # -- requests ---------------------------------------------------------------------------------

    async def request(self, method: Method, target: Any = None, **given: Any) -> Any:
        """A request with all that it must have, about that object."""
        if method.name in BEFORE:
            given = {**await BEFORE[method.name](self, target), **given}
        if method.parent is not None and target is not None and parent_id(target):
            given = {method.parent_field: parent_id(target), **given}
        request: Any = method.request()
        has = method.request.DESCRIPTOR.fields_by_name
        await self.fill(request, given)
        if "location" in has and not request.HasField("location"):
            request.location.CopyFrom(self._location)
        if "locations" in has and not request.locations:
            request.locations.append(self._location)
        if "name_or_id" in has and not request.name_or_id:
            named = target if target is not None else await self.object(method.named)
            request.name_or_id = named.id
        if method.parent is not None and not getattr(request, method.parent_field):
            parent = parent_id(target) if target is not None else ""
            wanted = has_behavior(has[method.parent_field], common.FIELD_BEHAVIOR_REQUIRED)
            if not parent and wanted:
                parent = (await self.object(method.parent)).id
            if parent:
                setattr(request, method.parent_field, parent)
        if "wait" in has:
            request.wait = True
        if method.client_streams:
            await self.put(request, "start", {})
            request.start.location.CopyFrom(self._location)
        return request

    async def fill(
        self, message: Any, given: Mapping[str, Any] | None = None, inner: bool = False
    ) -> None:
        """Fills in the example of this message, what is given, and all else that is required."""
        wanted = {**EXAMPLES.get(message.DESCRIPTOR.name, {}), **(given or {})}
        for name, value in wanted.items():
            # What stands in another request leaves it to that how long to wait, and the like.
            if not inner or message.DESCRIPTOR.fields_by_name[name].number >= OWN_FIELDS:
                await self.put(message, name, value)
        for field in message.DESCRIPTOR.fields:
            required = has_behavior(field, common.FIELD_BEHAVIOR_REQUIRED)
            own = field.number >= OWN_FIELDS or field.number == 3 or not is_request(message)
            if required and own and field.name not in wanted:
                if field.containing_oneof is None or field.has_presence:
                    await self.put(message, field.name, await self.value(message, field))

    async def put(self, message: Any, name: str, value: Any) -> None:
        """Sets a field as an example says it; @network is the id of a network."""
        field = message.DESCRIPTOR.fields_by_name[name]
        own = getattr(message, name)
        if is_map(field):
            own.update(value)
        elif field.is_repeated:
            for each in value:
                if isinstance(each, Mapping):
                    await self.fill(own.add(), each)
                else:
                    own.append(await self.meant(field, each))
        elif field.message_type is not None and isinstance(value, Mapping):
            own.SetInParent()
            if field.message_type.full_name == "google.protobuf.Struct":
                own.update(value)
            else:
                await self.fill(own, value, is_request(own))
        elif field.message_type is not None:
            own.CopyFrom(value)
        else:
            setattr(message, name, await self.meant(field, value))

    async def meant(self, field: Any, value: Any) -> Any:
        if isinstance(value, str) and value.startswith(("@", "!")):
            type_, _, attribute = value[1:].partition(".")
            if value.startswith("!"):
                self._objects[kinds()[type_]] = await self.create(kinds()[type_])
            return getattr(await self.object(kinds()[type_]), attribute or "id")
        if isinstance(value, str) and value.startswith("$") and value[1:].isidentifier():
            return self._secrets[value[1:]]
        if value == "#":
            number = next(self._number)
            return str(number) if field.cpp_type == field.CPPTYPE_STRING else number
        if isinstance(value, str) and "#" in value:
            return value.replace("#", str(next(self._number)))
        if field.enum_type is not None and isinstance(value, str):
            ending = [v.number for v in field.enum_type.values if v.name.endswith(f"_{value}")]
            return ending[0]
        return value

    async def value(self, message: Any, field: Any) -> Any:
        """Something that can stand in a field."""
        one: Any
        kind = kind_meant(singular(field.name), area_of(type(message)))
        if field.message_type is not None:
            full_name = field.message_type.full_name
            if full_name == "google.protobuf.Duration":
                one = Duration(seconds=10)
            elif full_name == "google.protobuf.Timestamp":
                one = Timestamp(seconds=4_000_000_000)
            else:
                one = {}
        elif field.enum_type is not None:
            names = [v for v in field.enum_type.values if not v.name.endswith("_OTHER")]
            one = names[1].number
        elif field.cpp_type == field.CPPTYPE_STRING and field.type == field.TYPE_BYTES:
            one = b"walk"
        elif field.cpp_type == field.CPPTYPE_STRING:
            named = kind is not None and field.name not in {"name", "key", "value"}
            one = (await self.object(kind)).id if named and kind else f"walk-{next(self._number)}"
        elif field.cpp_type == field.CPPTYPE_BOOL:
            one = True
        else:
            one = 1
        if is_map(field):
            return {"walk": "1"}
        return [one] if field.is_repeated else one

    # -- objects ----------------------------------------------------------------------------------

    async def object(self, kind: Kind) -> Any:
        """An object for others to need: one that was there from the beginning, or a new one."""
        if kind not in self._objects:
            there = await self.listed(kind) if parent_of(kind) is None else []
            self._objects[kind] = there[0] if there else await self.create(kind)
        return self._objects[kind]

    async def create(self, kind: Kind) -> Any:
        create = method_of(kind, common.VERB_CREATE)
        assert create is not None, f"there is no {type_name(kind)}, and none can be made"
        return await self.create_by(create)

    async def create_by(self, method: Method, **given: Any) -> Any:
        answer = await self.call(method, await self.request(method, **given))
        for field, value in answer.ListFields():
            if is_sensitive(field):
                self._secrets[field.name] = value
        return first(answer)

    async def listed(self, kind: Kind, target: Any = None, **given: Any) -> list[Any]:
        """What the List method of a kind answers."""
        method = method_of(kind, common.VERB_LIST)
        if method is None:
            return []
        answer = await self.call(method, await self.request(method, target, **given))
        return list(getattr(answer, method.response.DESCRIPTOR.fields_by_number[1].name))


async def steps(start: Any) -> AsyncIterator[Any]:
    """The requests of an upload of a few bytes."""
    kind = type(start)
    yield start
    yield kind(chunk={"data": b"walk", "offset_bytes": 0})
    yield kind(finish={})


def is_request(message: Any) -> bool:
    return str(message.DESCRIPTOR.name).endswith("Request")


def first(answer: Any) -> Any:
    """What stands in the first field of an answer."""
    return getattr(answer, answer.DESCRIPTOR.fields_by_number[1].name)


def parent_id(resource: Any) -> str:
    path = parent_path(type(resource))
    return str(getattr(resource, path)) if path else ""


def methods_of(kind: Kind, *verbs: common.Verb.ValueType) -> list[Method]:
    return [each for each in methods() if each.resource is kind and each.verb in verbs]
