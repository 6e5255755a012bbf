# SPDX-License-Identifier: Apache-2.0
"""How slow changes end, told from the object they change."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from google.protobuf.message import Message

from oaktree.failures import WHOLE_FLOW, Code, Failure
from oaktree.shapes import spoken, word_of

# Fields in which an object says why it is as it is.
REASONS = ("fault.message", "status_reason", "status_detail", "fault_message", "last_error")


@dataclass(frozen=True)
class End:
    """How a change ends."""

    # Whether it is done, from the object and what was asked for besides.
    done: Callable[[Any, str], bool]
    # Why it failed; None while it has not.
    failed: Callable[[Any, str], Failure | None] = lambda resource, needs: None
    # Whether something else was asked for meanwhile, which has taken over from it.
    given_up: Callable[[Any, str], bool] = lambda resource, needs: False
    # Whether it is done when the object is gone.
    gone: bool = False
    # What was asked for besides, from the request and the answered resource.
    needs: Callable[[Any, Any], str] = lambda request, resource: ""


def reaches(*good: str, field: str = "status", bad: Sequence[str] = ()) -> End:
    """Done when the field has one of these values, named without their prefix.

    bad: those that mean it failed; by default all that speak of an error or a failure.
    """

    def done(resource: Any, needs: str) -> bool:
        return word_of(resource, field) in good

    return End(done, fails(field, bad))


def leaves(*busy: str, field: str = "status", bad: Sequence[str] = ()) -> End:
    """Done when the field has none of these values any more, and none that means a failure."""
    failed = fails(field, bad)

    def done(resource: Any, needs: str) -> bool:
        return word_of(resource, field) not in busy and failed(resource, needs) is None

    return End(done, failed)


def vanishes(*good: str, field: str = "", bad: Sequence[str] = ()) -> End:
    """Done when the object is gone, or its field has one of these values."""

    def done(resource: Any, needs: str) -> bool:
        return bool(good) and word_of(resource, field) in good

    return End(done, fails(field, bad) if field else lambda resource, needs: None, gone=True)


def fails(field: str, bad: Sequence[str]) -> Callable[[Any, str], Failure | None]:
    """The failure that the value of a field means."""

    def failed(resource: Any, needs: str) -> Failure | None:
        word = word_of(resource, field)
        if word not in bad and (bad or not ("ERROR" in word or "FAILED" in word)):
            return None
        return upstream_failed(resource, getattr(resource, f"{field}_raw", "") or word)

    return failed


def upstream_failed(resource: Any, state: str) -> Failure:
    why = next(filter(None, (_text(resource, path) for path in REASONS)), "")
    text = f"{spoken(resource)} is in {state}"
    return Failure(
        Code.INTERNAL, "UPSTREAM_FAILED", f"{text}: {why}" if why else text, retry=WHOLE_FLOW
    )


def _text(resource: Any, path: str) -> str:
    for name in path.split("."):
        if not isinstance(resource, Message) or name not in resource.DESCRIPTOR.fields_by_name:
            return ""
        resource = getattr(resource, name)
    return str(resource)
