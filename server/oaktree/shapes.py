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
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeVar

import oaktreemodel
from google.protobuf import descriptor_pool, message_factory
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message
from oaktreemodel.common import v1 as common

Kind = type[Message]
# Descriptors of messages and fields: protobuf has two implementations, whose types differ.
Descriptor = Any
FieldDescriptor = Any

# The field of a request that names what the resource lives in.
PARENT_FIELD = 3
# From this number on the fields of a request are its method's own.
OWN_FIELDS = 20

CHANGES = frozenset(
    {common.VERB_CREATE, common.VERB_UPDATE, common.VERB_DELETE, common.VERB_ACTION}
)


P = ParamSpec("P")
T = TypeVar("T")


def cached(function: Callable[P, T]) -> Callable[P, T]:
    """functools.cache, whose types take classes of messages for unhashable."""
    return functools.cache(function)  # type: ignore[return-value]


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

    @functools.cached_property
    def parent(self) -> Kind | None:
        """The resource that the request names as the one the other lives in."""
        return parent_of(self.resource) if self.parent_field else None

    @functools.cached_property
    def named(self) -> Kind:
        """The resource that name_or_id names: of what is only told of another, that other."""
        own = {each.resource for each in methods() if each.verb == common.VERB_GET}
        if self.verb != common.VERB_QUERY or self.resource in own:
            return self.resource
        name = self.service.rsplit(".", 1)[1].removesuffix("Service")
        return next((kind for kind in own if kind.DESCRIPTOR.name == name), self.resource)

    @property
    def parent_field(self) -> str:
        field = self.request.DESCRIPTOR.fields_by_number.get(PARENT_FIELD)
        return field.name if field else ""


def snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def load_model() -> None:
    """Imports every module of the model, so that the descriptor pool has them all."""
    prefix = f"{oaktreemodel.__name__}."
    for module in pkgutil.walk_packages(oaktreemodel.__path__, prefix):
        if module.name.endswith("_pb2"):
            importlib.import_module(module.name)


@cached
def message_class(full_name: str) -> Kind:
    descriptor = descriptor_pool.Default().FindMessageTypeByName(full_name)
    return message_factory.GetMessageClass(descriptor)


def type_name(kind: Kind) -> str:
    """The short name of a resource: server."""
    descriptor = kind.DESCRIPTOR
    rule = descriptor.GetOptions().Extensions[common.resource]
    return rule.type or snake(descriptor.name)


def area_of(kind: Kind) -> str:
    """The area a message belongs to: compute."""
    return str(kind.DESCRIPTOR.file.package.split(".")[1])


@cached
def parent_of(kind: Kind) -> Kind | None:
    """The resource in which resources of this kind live."""
    rule = kind.DESCRIPTOR.GetOptions().Extensions[common.resource]
    return message_class(rule.parent) if rule.parent else None


@cached
def child_kinds(kind: Kind) -> tuple[Kind, ...]:
    """The kinds of resources that live in one of this kind."""
    return tuple(each for each in kinds().values() if parent_of(each) is kind)


@cached
def parent_path(kind: Kind) -> str:
    """The field of a resource that tells the one it lives in; empty where none does."""
    parent = parent_of(kind)
    if parent is None:
        return ""
    type_ = type_name(parent)
    called = [type_, *(m.parent_field for m in methods() if m.resource is kind)]
    has = kind.DESCRIPTOR.fields_by_name
    paths = [f"{each}{what}" for what in ("_id", "_name", "") for each in called if each]
    return next((path for path in paths if path in has), "")


def spoken_name(kind: Kind) -> str:
    """The name of a resource as people say it: floating IP."""
    return re.sub(r"\bip\b", "IP", type_name(kind).replace("_", " "))


def spoken(resource: Any) -> str:
    """An object as messages name it: the floating IP '192.0.2.7'."""
    return f"the {spoken_name(type(resource))} '{resource.name or resource.id}'"


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


@cached
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


@cached
def kinds() -> dict[str, Kind]:
    """The resources of the model by their short names."""
    return {type_name(method.resource): method.resource for method in methods()}


def singular(plural: str) -> str:
    for ending, instead in (
        ("ies", "y"),
        ("sses", "ss"),
        ("uses", "us"),
        ("ches", "ch"),
        ("s", ""),
    ):
        if plural.endswith(ending):
            return plural.removesuffix(ending) + instead
    return plural


@cached
def kind_meant(name: str, area: str) -> Kind | None:
    """The resource that a field of this name refers to, seen from an area; None where none is.

    image is an image, snapshot in block_storage a volume_snapshot, external_network a network.
    Users, projects and the like are known by id outside of identity: few may look for them.
    """
    visible = {
        type_: kind
        for type_, kind in kinds().items()
        if area_of(kind) == area or area_of(kind) != "identity"
    }
    own = {type_: kind for type_, kind in visible.items() if area_of(kind) == area}
    longer = [
        kind
        for type_, kind in own.items()
        if type_.endswith(f"_{name}") and parent_of(kind) is None
    ]
    if name in own:
        return own[name]
    if len(longer) == 1:
        return longer[0]
    if name in visible:
        return visible[name]
    for known in (own, visible):
        shorter = [type_ for type_ in known if name.endswith(f"_{type_}")]
        if shorter:
            return known[max(shorter, key=len)]
    return None


@cached
def is_single(kind: Kind) -> bool:
    """Whether a project has just one of a resource, which is asked for without naming it."""
    own = [method for method in methods() if method.resource is kind]
    asks = {common.VERB_GET, common.VERB_QUERY}
    named = {common.VERB_CREATE, common.VERB_LIST}
    return any(
        each.verb in asks and not each.request_has("name_or_id") and each.parent is None
        for each in own
    ) and not any(each.verb in named for each in own)


def kind_of(method: Method) -> str:
    """The kind of operation a method leads to: server.create, server.confirm_resize."""
    type_ = type_name(method.resource)
    name = snake(method.name)
    own = {*type_.split("_"), f"{type_}s".rsplit("_", 1)[-1]}
    words = [word for word in name.split("_") if word not in own]
    return f"{type_}.{'_'.join(words) if name != f'create_{type_}' else 'create'}"


@cached
def method_of(kind: Kind, verb: common.Verb.ValueType) -> Method | None:
    """The method that does this to that resource, where there is one."""
    return next((m for m in methods() if m.resource is kind and m.verb == verb), None)


@cached
def method_named(name: str) -> Method:
    """The method of that name, of which there is one only."""
    return next(method for method in methods() if method.name == name)


def has_behavior(field: FieldDescriptor, behavior: common.FieldBehavior.ValueType) -> bool:
    return behavior in field.GetOptions().Extensions[common.field_behavior]


def is_map(field: FieldDescriptor) -> bool:
    return field.message_type is not None and bool(field.message_type.GetOptions().map_entry)


def is_sensitive(field: FieldDescriptor) -> bool:
    return bool(field.GetOptions().Extensions[common.sensitive])


def reference(resource: Message) -> common.ResourceRef:
    """What tells this object from all others."""
    id_ = resource.id  # type: ignore[attr-defined]
    if type_name(type(resource)) == "object":
        # Its id is unique in its container only.
        id_ = f"{resource.container_id}/{id_}"  # type: ignore[attr-defined]
    return common.ResourceRef(
        location=resource.location,  # type: ignore[attr-defined]
        id=id_,
        name=resource.name,  # type: ignore[attr-defined]
        type=type_name(type(resource)),
    )


def word_of(resource: Any, field: str) -> str:
    """The name of an enum's value without its prefix."""
    enum = resource.DESCRIPTOR.fields_by_name[field].enum_type
    prefix = f"{snake(enum.name).upper()}_"
    name = enum.values_by_number[getattr(resource, field)].name
    return str(name).removeprefix(prefix)


def values_at(resource: Any, path: str) -> list[Any]:
    """What stands at a path, of which any part may be a list."""
    found = [resource]
    for name in path.split("."):
        values = [getattr(each, name) for each in found]
        found = []
        for value in values:
            found.extend(value if hasattr(value, "extend") else [value])
    return found


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
            given = field.has_presence and request.HasField(field.name)
            given = given or (not field.has_presence and bool(getattr(request, field.name)))
            wanted = given or (mask is not None and field.name in mask)
        if wanted:
            changes[field.name] = getattr(request, field.name)
    return changes
