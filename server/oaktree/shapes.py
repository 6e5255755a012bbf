# SPDX-License-Identifier: Apache-2.0
"""What the protos say about themselves: methods, resources, and what a field asks for.

Everything that is the same for every resource is driven by this, so that a new proto is served with
no new code here.
"""

from __future__ import annotations

import functools
import importlib
import pkgutil
import re
from dataclasses import dataclass
from typing import Any

import oaktreemodel
from google.protobuf import descriptor_pool, message_factory
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message
from oaktreemodel.common import v1 as common

Kind = type[Message]
# Descriptors of messages and fields: protobuf has two implementations, whose types differ.
Descriptor = Any
FieldDescriptor = Any

# From this number on the fields of a request are its method's own.
OWN_FIELDS = 20

CHANGES = frozenset(
    {common.VERB_CREATE, common.VERB_UPDATE, common.VERB_DELETE, common.VERB_ACTION}
)


@dataclass(frozen=True)
class Method:
    """A method of the API."""

    service: str
    name: str
    verb: common.Verb.ValueType
    resource: Kind
    request: Kind
    response: Kind
    client_streams: bool
    server_streams: bool

    @property
    def path(self) -> str:
        """The path of the method in a gRPC call."""
        return f"/{self.service}/{self.name}"

    @property
    def snake_name(self) -> str:
        return snake(self.name)

    @property
    def changes(self) -> bool:
        return self.verb in CHANGES

    def request_has(self, field: str) -> bool:
        return field in self.request.DESCRIPTOR.fields_by_name

    @property
    def parent(self) -> Kind | None:
        """The resource that the request names as the one the other lives in."""
        rule = self.resource.DESCRIPTOR.GetOptions().Extensions[common.resource]
        return message_class(rule.parent) if rule.parent and self.parent_field else None

    @property
    def parent_field(self) -> str:
        field = self.request.DESCRIPTOR.fields_by_number.get(3)
        return field.name if field else ""


def snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def load_model() -> None:
    """Imports every module of the model, so that the descriptor pool has them all."""
    prefix = f"{oaktreemodel.__name__}."
    for module in pkgutil.walk_packages(oaktreemodel.__path__, prefix):
        if module.name.endswith("_pb2"):
            importlib.import_module(module.name)


@functools.cache
def message_class(full_name: str) -> Kind:
    descriptor = descriptor_pool.Default().FindMessageTypeByName(full_name)
    return message_factory.GetMessageClass(descriptor)


def type_name(kind: Kind) -> str:
    """The short name of a resource: server."""
    descriptor = kind.DESCRIPTOR
    rule = descriptor.GetOptions().Extensions[common.resource]
    return rule.type or snake(descriptor.name)


def spoken_name(kind: Kind) -> str:
    """The name of a resource as people say it: floating IP."""
    return re.sub(r"\bip\b", "IP", type_name(kind).replace("_", " "))


def _method(descriptor: MethodDescriptor) -> Method:
    rule = descriptor.GetOptions().Extensions[common.method]
    return Method(
        service=descriptor.containing_service.full_name,
        name=descriptor.name,
        verb=rule.verb,
        resource=message_class(rule.resource),
        request=message_class(descriptor.input_type.full_name),
        response=message_class(descriptor.output_type.full_name),
        client_streams=descriptor.client_streaming,
        server_streams=descriptor.server_streaming,
    )


@functools.cache
def methods() -> tuple[Method, ...]:
    """Every method of the model."""
    load_model()
    found: list[Method] = []
    for module in pkgutil.walk_packages(oaktreemodel.__path__, f"{oaktreemodel.__name__}."):
        if module.name.endswith("_pb2"):
            file = importlib.import_module(module.name).DESCRIPTOR
            for service in file.services_by_name.values():
                found.extend(_method(method) for method in service.methods)
    return tuple(found)


def method_of(kind: Kind, verb: common.Verb.ValueType) -> Method | None:
    """The method that does this to that resource, where there is one."""
    return next((m for m in methods() if m.resource is kind and m.verb == verb), None)


def method_named(name: str) -> Method:
    """The method of that name, of which there is one only."""
    return next(method for method in methods() if method.name == name)


def has_behavior(field: FieldDescriptor, behavior: common.FieldBehavior.ValueType) -> bool:
    return behavior in field.GetOptions().Extensions[common.field_behavior]


def is_sensitive(field: FieldDescriptor) -> bool:
    return bool(field.GetOptions().Extensions[common.sensitive])


def reference(resource: Message) -> common.ResourceRef:
    """What tells this object from all others."""
    return common.ResourceRef(
        location=resource.location,  # type: ignore[attr-defined]
        id=resource.id,  # type: ignore[attr-defined]
        name=resource.name,  # type: ignore[attr-defined]
        type=type_name(type(resource)),
    )


def to_change(request: Any) -> dict[str, Any]:
    """What an update sets, by field; what is to be cleared has its empty value."""
    mask = set(request.update_mask.paths) if request.HasField("update_mask") else None
    changes = {}
    for field in request.DESCRIPTOR.fields:
        if field.number < OWN_FIELDS or field.name == "update_mask":
            continue
        if field.is_repeated:
            wanted = bool(getattr(request, field.name)) or (mask is not None and field.name in mask)
        else:
            wanted = request.HasField(field.name) or (mask is not None and field.name in mask)
        if wanted:
            changes[field.name] = getattr(request, field.name)
    return changes
