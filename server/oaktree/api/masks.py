# SPDX-License-Identifier: Apache-2.0
"""Which fields to answer, and which to change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message
from oaktreemodel.common import v1 as common

from oaktree.api import areas
from oaktree.failures import violation
from oaktree.shapes import Descriptor, FieldDescriptor, Kind

# How the names of lists and maps of an update begin that add to what there is, or take from it.
ADDING = ("merge_", "remove_", "reset_")
ALWAYS = ("location", "id", "name")
NAMED_ONLY: Mapping[str, Sequence[str]] = areas.gathered("NAMED_ONLY")
NOT_LISTED: Mapping[str, Sequence[str]] = areas.gathered("NOT_LISTED")
UNMASKED: Mapping[str, Sequence[str]] = areas.gathered("UNMASKED")


def unknown_paths(
    descriptor: Descriptor, mask: FieldMask, field: str
) -> list[common.FieldViolation]:
    """What of the mask are no fields of the message."""
    return [
        violation(field, f"'{path}' is no field of {descriptor.name}", "UNKNOWN_FIELD")
        for path in mask.paths
        if path not in descriptor.fields_by_name
    ]


class ReadMask:
    """The fields an answer has; without a mask all but those that come only when named."""

    def __init__(self, kind: Kind, mask: FieldMask | None, of_list: bool = False) -> None:
        self._mask: FieldMask | None = None
        self.fields: frozenset[str] | None = None
        if mask is not None and mask.paths:
            twins = [f"{path}_raw" for path in mask.paths]
            has = kind.DESCRIPTOR.fields_by_name
            paths = [name for name in [*ALWAYS, *mask.paths, *twins] if name in has]
            self._mask = FieldMask(paths=list(dict.fromkeys(paths)))
            self.fields = frozenset(paths)
        extra = {"extra"} & set(kind.DESCRIPTOR.fields_by_name)
        self._hidden = [*extra, *NAMED_ONLY.get(kind.DESCRIPTOR.name, ())]
        if of_list:
            self._hidden += NOT_LISTED.get(kind.DESCRIPTOR.name, ())

    @classmethod
    def of(cls, kind: Kind, request: Any) -> ReadMask:
        has = "read_mask" in request.DESCRIPTOR.fields_by_name and request.HasField("read_mask")
        of_list = "name_or_id" not in request.DESCRIPTOR.fields_by_name
        return cls(kind, request.read_mask if has else None, of_list)

    def apply(self, resource: Message) -> Message:
        """The resource with these fields only; the same object where nothing is left out."""
        if self._mask is not None:
            masked = type(resource)()
            self._mask.MergeMessage(resource, masked)
            return masked
        if not any(field.name in self._hidden for field, _ in resource.ListFields()):
            return resource
        masked = type(resource)()
        masked.CopyFrom(resource)
        for name in self._hidden:
            masked.ClearField(name)
        return masked


def update_violations(request: Any, own: list[FieldDescriptor]) -> list[common.FieldViolation]:
    """What is wrong with what an update says to change."""
    names = {field.name for field in own}
    present = {field.name for field, _ in request.ListFields()} & names
    mask = set(request.update_mask.paths) if request.HasField("update_mask") else set()
    wrong = [
        violation("update_mask", f"'{path}' is nothing this request can change", "UNKNOWN_FIELD")
        for path in sorted(mask - names)
    ]
    # Raw twins go with their enums, and what only adds needs no mask.
    free = {name for name in present if name.removesuffix("_raw") in mask}
    free |= {name for name in present if name.startswith(ADDING)}
    free |= {*UNMASKED.get(request.DESCRIPTOR.name, ())}
    replacing = {field.name for field in own if field.is_repeated}
    must = present - free if mask else (present & replacing) - free
    wrong += [
        violation(name, "is given, so update_mask must name it", "NOT_IN_MASK")
        for name in sorted(must - mask)
    ]
    if not present and not mask:
        wrong.append(violation("update_mask", "nothing is to be changed", "EMPTY_UPDATE"))
    return wrong
