# SPDX-License-Identifier: Apache-2.0
"""All messages that the Python package has, by their full names."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable, Iterator
from typing import cast

import oaktreemodel
from google.protobuf import message_factory
from google.protobuf.descriptor import Descriptor
from google.protobuf.message import Message


def _nested(descriptors: Iterable[Descriptor]) -> Iterator[Descriptor]:
    for descriptor in descriptors:
        if not descriptor.GetOptions().map_entry:
            yield descriptor
            yield from _nested(descriptor.nested_types)


def descriptor_of(new: type[Message]) -> Descriptor:
    """As one type, where the stubs of protobuf leave two to choose from."""
    return cast(Descriptor, new.DESCRIPTOR)


def messages() -> dict[str, type[Message]]:
    found: dict[str, type[Message]] = {}
    for module in pkgutil.walk_packages(oaktreemodel.__path__, "oaktreemodel."):
        if module.name.endswith("_pb2"):
            file = importlib.import_module(module.name).DESCRIPTOR
            for descriptor in _nested(file.message_types_by_name.values()):
                found[descriptor.full_name] = message_factory.GetMessageClass(descriptor)
    return dict(sorted(found.items()))
