# SPDX-License-Identifier: Apache-2.0
"""From one message to another: what a request gives goes where the object has it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp

from oaktree.clouds.simulated.lifecycle import Fields
from oaktree.clouds.simulated.words import say
from oaktree.shapes import OWN_FIELDS, PARENT_FIELD, FieldDescriptor, is_map, singular, word_of

# From a field of a request, by its path, and what it names to the object that is meant; None where
# the text stands for itself.
Refer = Callable[[str, str], Any]
Given = Iterable[tuple[FieldDescriptor, Any]]

QUOTA = "oaktree.common.v1.QuotaLimit"


def stamp() -> Timestamp:
    now = Timestamp()
    now.GetCurrentTime()
    now.nanos = 0
    return now


def own_fields(request: Any) -> Given:
    """What a request gives that is its method's own; of what stands in requests, all."""
    if not request.DESCRIPTOR.name.endswith("Request"):
        return list(request.ListFields())
    return [
        (field, value)
        for field, value in request.ListFields()
        if field.number >= OWN_FIELDS or field.number == PARENT_FIELD
    ]


def destination(name: str, target: Any, copies: Mapping[str, str]) -> str:
    """The field of an object that a field of a request goes to; empty where there is none."""
    has = target.DESCRIPTOR.fields_by_name
    one = singular(name)
    paths = (name, f"{name}_id", f"{one}_ids", f"{name}_name", f"{one}_names")
    return copies[name] if name in copies else next((each for each in paths if each in has), "")


def refers(name: str, path: str) -> bool:
    """Whether a field that goes there names another object."""
    return path != name and path.endswith(("_id", "_ids", "_name", "_names"))


def pour(
    given: Given,
    target: Any,
    refer: Refer | None = None,
    copies: Mapping[str, str] | None = None,
    prefix: str = "",
    replace: bool = False,
) -> None:
    """Sets what the object has of what is given.

    refer: without it, what names other objects is left out. replace: lists and messages are put in
    place of what there is, and what is empty clears.
    """
    for field, value in given:
        path = destination(field.name, target, copies or {})
        if not path:
            continue
        own = target.DESCRIPTOR.fields_by_name[path]
        if replace:
            target.ClearField(path)
        if refers(field.name, path):
            if refer is not None:
                names = value if field.is_repeated else [value]
                found = [_named(refer, prefix + field.name, each, path) for each in names if each]
                if own.is_repeated:
                    getattr(target, path).extend(found)
                elif found:
                    setattr(target, path, found[0])
        else:
            place(field, value, target, own, refer, f"{prefix}{field.name}.")


def _named(refer: Refer, field: str, name: str, path: str) -> str:
    found = refer(field, name)
    if found is None:
        return name
    return str(found.name if path.endswith(("_name", "_names")) else found.id)


def place(
    field: FieldDescriptor, value: Any, target: Any, own: FieldDescriptor, refer: Any, prefix: str
) -> None:
    """Puts a value where it fits; where the shapes differ too much, nothing is done."""
    name = own.name
    if is_map(own) or is_map(field):
        if is_map(own) and is_map(field):
            getattr(target, name).update(value)
    elif own.is_repeated:
        values = value if field.is_repeated else [value]
        if own.message_type is None and own.cpp_type == field.cpp_type:
            getattr(target, name).extend(values)
        elif own.message_type is not None and field.message_type is not None:
            for index, each in enumerate(values):
                fill(each, getattr(target, name).add(), refer, f"{prefix[:-1]}[{index}].")
    elif field.is_repeated:
        return
    elif own.message_type is not None and field.message_type is not None:
        getattr(target, name).SetInParent()
        fill(value, getattr(target, name), refer, prefix)
    elif own.message_type is not None:
        if own.message_type.full_name == QUOTA and isinstance(value, int):
            getattr(target, name).limit = value
            getattr(target, name).unlimited = False
    elif own.enum_type is not None and field.enum_type is own.enum_type:
        set_enum(target, name, value)
    elif own.enum_type is None and own.cpp_type == field.cpp_type:
        setattr(target, name, value)


def fill(source: Any, target: Any, refer: Refer | None = None, prefix: str = "") -> None:
    """Puts a message into another, as far as the shapes agree."""
    if source.DESCRIPTOR is target.DESCRIPTOR:
        target.CopyFrom(source)
    else:
        pour(source.ListFields(), target, refer, prefix=prefix)


def set_enum(target: Any, name: str, value: int) -> None:
    """Sets an enum, and its twin unless that says what the other value is."""
    setattr(target, name, value)
    word = word_of(target, name)
    if f"{name}_raw" in target.DESCRIPTOR.fields_by_name and word != "OTHER":
        say(target, name, "" if word == "UNSPECIFIED" else word)


def assign(resource: Any, name: str, value: Any) -> None:
    """Sets a field to a value of its own type; adds to a list or map."""
    field = resource.DESCRIPTOR.fields_by_name[name]
    if is_map(field):
        getattr(resource, name).update(value)
    elif field.is_repeated:
        getattr(resource, name).extend(value)
    elif field.message_type is not None:
        getattr(resource, name).CopyFrom(value)
    elif field.enum_type is not None and not isinstance(value, str):
        set_enum(resource, name, value)
    else:
        setattr(resource, name, value)


class _Attributes(dict[str, Any]):
    def __init__(self, resource: Any) -> None:
        super().__init__()
        self._resource = resource

    def __missing__(self, name: str) -> Any:
        return getattr(self._resource, name)


def filled_in(text: str, resource: Any) -> str:
    """A text with what stands in braces filled in from a resource."""
    return text.format_map(_Attributes(resource))


def declare(
    resource: Any, fields: Fields, region: Any = None, request: Any = None, about: Any = None
) -> None:
    """Sets fields as declared, each in place of what there is.

    about: the object that what has to be computed is about, where it is another.
    """
    for name, value in fields.items():
        if callable(value):
            value = value(region, resource if about is None else about, request)
        field = resource.DESCRIPTOR.fields_by_name[name]
        resource.ClearField(name)
        if value is None:
            if field.enum_type is not None:
                say(resource, name, "")
        elif is_map(field):
            getattr(resource, name).update(value)
        elif field.is_repeated:
            _declare_list(getattr(resource, name), value, region, request)
        elif field.message_type is not None:
            _declare_message(resource, name, value, region, request)
        elif field.enum_type is not None and isinstance(value, str):
            say(resource, name, value)
        else:
            setattr(resource, name, value)


def _declare_list(own: Any, values: Any, region: Any, request: Any) -> None:
    for each in values:
        if isinstance(each, Mapping):
            declare(own.add(), each, region, request)
        else:
            own.append(each)


def _declare_message(resource: Any, name: str, value: Any, region: Any, request: Any) -> None:
    own = getattr(resource, name)
    own.SetInParent()
    if not isinstance(value, Mapping):
        own.CopyFrom(value)
    elif own.DESCRIPTOR.full_name == "google.protobuf.Struct":
        own.update(value)
    else:
        declare(own, value, region, request)
