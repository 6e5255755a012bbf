# SPDX-License-Identifier: Apache-2.0
"""What can be seen to be wrong with a request before anybody is asked: all of it at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from google.protobuf.duration_pb2 import Duration
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from google.protobuf.unknown_fields import UnknownFieldSet
from oaktreemodel.common import v1 as common

from oaktree.api import areas, tokens
from oaktree.api.masks import unknown_paths, update_violations
from oaktree.failures import Code, Failure, invalid, violation
from oaktree.shapes import OWN_FIELDS, FieldDescriptor, Method, has_behavior, is_map, method_of

NAME_LIMIT = 255
REQUEST_ID_LIMIT = 128
NAMES = {"name", "name_or_id", "cloud", "region", "zone"}
# What no text of a request has to be longer than, but those that carry files or lists.
TEXT_LIMIT = 64 << 10


def check(method: Method, request: Any) -> None:
    """Raises INVALID_ARGUMENT with everything that is wrong."""
    wrong = message_violations(request, "")
    has = request.DESCRIPTOR.fields_by_name
    if "page_size" in has and request.page_size < 0:
        wrong.append(violation("page_size", "must not be negative", "OUT_OF_RANGE"))
    wrong += _tokens(request)
    if "read_mask" in has and request.HasField("read_mask"):
        wrong += unknown_paths(method.resource.DESCRIPTOR, request.read_mask, "read_mask")
    if method.verb == common.VERB_UPDATE:
        own = [
            field
            for field in request.DESCRIPTOR.fields
            if field.number >= OWN_FIELDS and field.name != "update_mask"
        ]
        wrong += update_violations(request, own)
        wrong += _cleared(method, request)
    if wrong:
        raise invalid(*wrong)
    if "all_projects" in has and request.all_projects:
        raise Failure(
            Code.PERMISSION_DENIED,
            "NOT_PERMITTED",
            "all_projects: it is for administrators, and the caller is none",
        )


def _cleared(method: Method, request: Any) -> list[common.FieldViolation]:
    """What an update would take away that the object could not be created without."""
    create = method_of(method.resource, common.VERB_CREATE)
    if create is None:
        return []
    masked = method.request_has("update_mask")
    mask = set(request.update_mask.paths) if masked else set()
    wrong = []
    for field in create.request.DESCRIPTOR.fields:
        own = request.DESCRIPTOR.fields_by_name.get(field.name)
        if own is None or field.number < OWN_FIELDS or own.number < OWN_FIELDS:
            continue
        if has_behavior(field, common.FIELD_BEHAVIOR_REQUIRED):
            # What is optional in both can be set to 0 and false.
            said = own.has_presence and request.HasField(own.name)
            value = said if field.has_presence else getattr(request, own.name)
            if (said or own.name in mask) and not value:
                wrong.append(violation(own.name, "cannot be empty", "REQUIRED"))
    return wrong


def _tokens(request: Any) -> list[common.FieldViolation]:
    """What is wrong with the tokens that a request hands back."""
    has = request.DESCRIPTOR.fields_by_name
    wrong: list[common.FieldViolation] = []
    for field in (each for each in tokens.SHAPES if each in has):
        try:
            tokens.opened(request, field)
        except Failure as failure:
            wrong += failure.error.field_violations
    if "resume_token" in has and request.resume_token:
        if request.skip_initial or request.snapshot_only:
            text = "excludes skip_initial and snapshot_only"
            wrong.append(violation("resume_token", text, "EXCLUSIVE"))
    return wrong


def message_violations(message: Message, prefix: str) -> list[common.FieldViolation]:
    """What is wrong with a request, or with a message in one, taken by itself."""
    return [
        *_unknown(message, prefix),
        *_required(message, prefix),
        *_values(message, prefix),
        *_exclusive(message, prefix),
        *_calls(message, prefix),
    ]


def _calls(message: Any, prefix: str) -> list[common.FieldViolation]:
    """What is wrong with the fields by which changes are repeated and waited for."""
    has = message.DESCRIPTOR.fields_by_name
    wrong = []
    if "wait" in has and "wait_timeout" in has:
        if message.HasField("wait_timeout") and not message.wait:
            wrong.append(violation(f"{prefix}wait_timeout", "goes with wait only", "NEEDS_WAIT"))
    if prefix:
        wrong += [
            violation(prefix + field.name, "is said by the request around", "EXCLUSIVE")
            for field, _ in message.ListFields()
            if is_of_around(field) and field.name != "update_mask"
        ]
    if "request_id" in has and len(message.request_id) > REQUEST_ID_LIMIT:
        text = f"has more than {REQUEST_ID_LIMIT} characters"
        wrong.append(violation(f"{prefix}request_id", text, "TOO_LONG"))
    return wrong


def _unknown(message: Message, prefix: str) -> list[common.FieldViolation]:
    """What a newer client asks for: to leave out a filter may be to delete more than was meant."""
    fields = UnknownFieldSet(message)
    return [
        violation(
            prefix.rstrip("."),
            f"{message.DESCRIPTOR.name} has no field {fields[i].field_number} in this oaktree, "
            "which is older than the client: GetCapabilities tells its api_revision",
            "UNKNOWN_FIELD",
        )
        for i in range(len(fields))
    ]


def _required(message: Message, prefix: str) -> list[common.FieldViolation]:
    wrong = []
    for field in message.DESCRIPTOR.fields:
        if has_behavior(field, common.FIELD_BEHAVIOR_REQUIRED):
            if prefix and is_of_around(field):
                continue
            # What is optional tells 0 and false from nothing.
            name = field.name
            if not (message.HasField(name) if field.has_presence else getattr(message, name)):
                wrong.append(violation(prefix + field.name, "must be given", "REQUIRED"))
    return wrong


def is_of_around(field: FieldDescriptor) -> bool:
    """Whether a field of a request is said, where that stands in another, by that other."""
    return str(field.containing_type.name).endswith("Request") and field.number < OWN_FIELDS


def _is_message(field: FieldDescriptor) -> bool:
    return field.message_type is not None and not field.is_repeated


def _values(message: Message, prefix: str) -> list[common.FieldViolation]:
    """What no field of any request may be."""
    wrong: list[common.FieldViolation] = []
    for field, value in message.ListFields():
        path = prefix + field.name
        if field.enum_type is not None:
            numbers = value if field.is_repeated else [value]
            unknown = [each for each in numbers if each not in field.enum_type.values_by_number]
            wrong += [
                violation(path, f"{each} is no {field.enum_type.name}", "UNKNOWN_VALUE")
                for each in unknown
            ]
            other = [each for each in numbers if _is_other(field, each)]
            twin = f"{field.name}_raw"
            if other and not field.is_repeated and not getattr(message, twin, ""):
                wrong.append(
                    violation(
                        prefix + twin, f"must be given when {field.name} is OTHER", "REQUIRED"
                    )
                )
        elif isinstance(value, Duration):
            if value.ToNanoseconds() < 0:
                wrong.append(violation(path, "must not be negative", "OUT_OF_RANGE"))
        elif isinstance(value, (Timestamp, FieldMask)):
            pass
        elif is_map(field):
            pass
        elif field.message_type is not None:
            values = value if field.is_repeated else [value]
            if field.message_type.full_name.startswith("oaktree."):
                for index, each in enumerate(values):
                    at = f"{path}[{index}]." if field.is_repeated else f"{path}."
                    wrong += message_violations(each, at)
        elif field.cpp_type in (field.CPPTYPE_INT32, field.CPPTYPE_INT64):
            if field.name != "page_size" and not field.is_repeated and value < 0:
                wrong.append(violation(path, "must not be negative", "OUT_OF_RANGE"))
        elif isinstance(value, str):
            limit = NAME_LIMIT if field.name in NAMES else TEXT_LIMIT
            if len(value) > limit:
                wrong.append(violation(path, f"has more than {limit} characters", "TOO_LONG"))
    return wrong


def _is_other(field: FieldDescriptor, number: int) -> bool:
    value = field.enum_type.values_by_number.get(number)
    return value is not None and value.name.endswith("_OTHER")


# Of these fields of a message exactly one is to be given, or at most one.
EXACTLY_ONE: Mapping[str, Sequence[Sequence[str]]] = areas.gathered("EXACTLY_ONE")
AT_MOST_ONE: Mapping[str, Sequence[Sequence[str]]] = areas.gathered("AT_MOST_ONE")


def _given(message: Any, path: str) -> bool:
    head, _, rest = path.partition(".")
    value = getattr(message, head)
    return _given(value, rest) if rest else bool(value) and _present(message, head)


def _present(message: Message, name: str) -> bool:
    field = message.DESCRIPTOR.fields_by_name[name]
    return message.HasField(name) if _is_message(field) else True


def _exclusive(request: Message, prefix: str) -> list[common.FieldViolation]:
    name = request.DESCRIPTOR.name
    wrong = []
    for names in EXACTLY_ONE.get(name, []):
        given = [each for each in names if _given(request, each)]
        if len(given) != 1:
            text = f"exactly one of {' and '.join(names)} must be given"
            wrong.append(
                violation(prefix + names[0], text, "REQUIRED" if not given else "EXCLUSIVE")
            )
    for names in AT_MOST_ONE.get(name, []):
        given = [each for each in names if _given(request, each)]
        if len(given) > 1:
            wrong.append(violation(prefix + given[1], f"excludes {given[0]}", "EXCLUSIVE"))
    return wrong
