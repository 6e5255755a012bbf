# SPDX-License-Identifier: Apache-2.0
"""Opaque texts that a caller hands back: page tokens, resume tokens, operation ids.

They are signed with nothing: a token gives no access that the call itself would not. What is
checked is that it is whole and belongs to this request.
"""

from __future__ import annotations

import base64
import hashlib
import json
import zlib
from typing import Any

from google.protobuf.message import Message

from oaktree.failures import Failure, invalid, violation

# By the field that hands a token back: which others may have changed since.
UNBOUND = {"page_token": ("page_size",), "resume_token": ("skip_initial", "snapshot_only")}
# What a token says, beside what binds it to its request.
SHAPES: dict[str, tuple[type, ...]] = {"page_token": (str, str, str, str), "resume_token": (dict,)}
# What no token of ours comes near.
LENGTH_LIMIT = 64 << 10
SIZE_LIMIT = 1 << 20


def encode(value: list[Any]) -> str:
    """A list of JSON values as a short text."""
    data = zlib.compress(json.dumps(value, separators=(",", ":")).encode(), 9)
    return base64.urlsafe_b64encode(data + zlib.crc32(data).to_bytes(4, "big")).decode().rstrip("=")


def decode(text: str, *shape: type) -> list[Any]:
    """The list that was encoded. Raises ValueError when the text is none of that shape."""
    if len(text) > LENGTH_LIMIT:
        raise ValueError("too long")
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    body, check = data[:-4], data[-4:]
    if zlib.crc32(body).to_bytes(4, "big") != check:
        raise ValueError("damaged")
    opener = zlib.decompressobj()
    try:
        value = json.loads(opener.decompress(body, SIZE_LIMIT))
        # JSON can say halves of characters, which no message takes.
        json.dumps(value, ensure_ascii=False).encode()
    except (zlib.error, RecursionError) as error:
        raise ValueError(str(error)) from None
    if opener.unconsumed_tail or not isinstance(value, list) or len(value) != len(shape):
        raise ValueError("damaged")
    if not all(isinstance(part, kind) for part, kind in zip(value, shape, strict=True)):
        raise ValueError("damaged")
    return value


def bound(request: Message, field: str) -> str:
    """What binds the token in a field to the rest of its request."""
    return digest(request, field, *UNBOUND[field])


def opened(request: Message, field: str) -> list[Any] | None:
    """What the token in a field says; None without one."""
    token: str = getattr(request, field)
    if not token:
        return None
    try:
        own, *said = decode(token, str, *SHAPES[field])
    except ValueError:
        raise malformed(field) from None
    if own != bound(request, field):
        text = "is of another request: repeat all else as it was"
        raise invalid(violation(field, text, "MISMATCH"))
    return said


def malformed(field: str) -> Failure:
    return invalid(violation(field, f"is no {field.replace('_', ' ')}", "MALFORMED"))


def digest(request: Message, *without: str) -> str:
    """What binds a token to its request."""
    bound = type(request)()
    bound.CopyFrom(request)
    for name in without:
        if name in bound.DESCRIPTOR.fields_by_name:
            bound.ClearField(name)
    return hashlib.sha256(bound.SerializeToString(deterministic=True)).hexdigest()[:16]
