# SPDX-License-Identifier: Apache-2.0
"""Failures, as every layer tells them to the next."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from typing import Literal

from google.protobuf.duration_pb2 import Duration
from oaktreemodel.common import v1 as common

# What gRPC's C++ library lets through is 8 KiB; the promise is half of that.
SIZE_LIMIT = 4096
TEXT_LIMIT = 1024
# More of a list can never fit.
LIST_LIMIT = 50
# What goes next when the lists are gone.
EXPENDABLE: tuple[Literal["upstream", "location", "resource"], ...] = (
    "upstream",
    "location",
    "resource",
)
LISTS = ("field_violations", "matches", "leftovers", "unreachable")

NEVER = common.RETRY_ADVICE_NEVER
SAME_CALL = common.RETRY_ADVICE_SAME_CALL
WHOLE_FLOW = common.RETRY_ADVICE_WHOLE_FLOW


class Code(enum.IntEnum):
    """The canonical codes of gRPC, for layers that know nothing of gRPC."""

    CANCELLED = 1
    UNKNOWN = 2
    INVALID_ARGUMENT = 3
    DEADLINE_EXCEEDED = 4
    NOT_FOUND = 5
    ALREADY_EXISTS = 6
    PERMISSION_DENIED = 7
    RESOURCE_EXHAUSTED = 8
    FAILED_PRECONDITION = 9
    ABORTED = 10
    OUT_OF_RANGE = 11
    UNIMPLEMENTED = 12
    INTERNAL = 13
    UNAVAILABLE = 14
    DATA_LOSS = 15
    UNAUTHENTICATED = 16


class Failure(Exception):  # noqa: N818 - it is what the API calls it
    """That something failed, and all that is known about it."""

    def __init__(
        self,
        code: Code,
        reason: str,
        message: str,
        *,
        retry: common.RetryAdvice.ValueType = NEVER,
        delay_seconds: float | None = None,
        metadata: Mapping[str, str] | None = None,
        location: common.Location | None = None,
        violations: Iterable[common.FieldViolation] = (),
        matches: Iterable[common.ResourceRef] = (),
        unreachable: Iterable[common.LocationError] = (),
        resource: common.ResourceRef | None = None,
        leftovers: Iterable[common.ResourceRef] = (),
        operation_id: str = "",
    ) -> None:
        super().__init__(message)
        self.error = common.Error(
            code=code,
            message=message,
            reason=reason,
            domain="oaktree",
            metadata=metadata,
            location=location,
            retry_advice=retry,
            field_violations=violations,
            matches=matches,
            unreachable=unreachable,
            resource=resource,
            leftovers=leftovers,
            operation_id=operation_id,
        )
        if delay_seconds is not None:
            delay = Duration()
            delay.FromMilliseconds(int(delay_seconds * 1000))
            self.error.retry_delay.CopyFrom(delay)

    @classmethod
    def of(cls, error: common.Error) -> Failure:
        """The failure that an Error tells of, such as that of an operation."""
        failure = cls(Code(error.code), error.reason, error.message)
        failure.error = error
        return failure

    @property
    def code(self) -> Code:
        return Code(self.error.code)

    @property
    def reason(self) -> str:
        return self.error.reason

    def at(self, location: common.Location) -> Failure:
        """The same failure, having happened there."""
        if not self.error.HasField("location"):
            self.error.location.CopyFrom(location)
        return self


def violation(field: str, description: str, reason: str) -> common.FieldViolation:
    return common.FieldViolation(field=field, description=description, reason=reason)


def invalid(*violations: common.FieldViolation) -> Failure:
    """INVALID_ARGUMENT, with all that is wrong at once."""
    told = [f"{each.field}: {each.description}" for each in violations[:LIST_LIMIT]]
    text = "; ".join(told)
    return Failure(Code.INVALID_ARGUMENT, "INVALID_REQUEST", text, violations=violations)


def not_found(what: str, location: common.Location | None = None) -> Failure:
    message = f"there is no {what}; the List method tells what there is"
    return Failure(Code.NOT_FOUND, "NOT_FOUND", message, location=location)


def reference_not_found(field: str, what: str) -> Failure:
    """INVALID_ARGUMENT: what a field refers to does not exist."""
    wrong = violation(field, f"there is no {what}", "REFERENCE_NOT_FOUND")
    return Failure(
        Code.INVALID_ARGUMENT,
        "REFERENCE_NOT_FOUND",
        f"{field}: there is no {what}",
        violations=[wrong],
    )


def not_supported(what: str, location: common.Location | None = None) -> Failure:
    return Failure(
        Code.UNIMPLEMENTED,
        "NOT_SUPPORTED_BY_CLOUD",
        f"this cloud cannot do it: {what}",
        location=location,
    )


def multiple_matches(what: str, matches: list[common.ResourceRef]) -> Failure:
    places = ", ".join(f"{match.id} in {match.location.cloud}" for match in matches[:3])
    return Failure(
        Code.FAILED_PRECONDITION,
        "MULTIPLE_MATCHES",
        f"{what} could mean {len(matches)} objects ({places}): name one by its id or narrow the "
        "location",
        matches=matches,
    )


def unreachable(location: common.Location, failure: Failure) -> common.LocationError:
    return common.LocationError(location=location, error=failure.error)


def all_unreachable(locations: list[common.LocationError]) -> Failure:
    """UNAVAILABLE, with who did not answer and why."""
    who = "; ".join(f"{each.location.cloud}: {each.error.message}" for each in locations)
    return Failure(
        Code.UNAVAILABLE,
        "LOCATION_UNREACHABLE",
        f"not all places answered, so the answer is not known: {who}",
        retry=SAME_CALL,
        unreachable=locations,
    )


def status_of(error: common.Error) -> common.Status:
    """The Status that goes into grpc-status-details-bin, cut to the promised size."""
    cut = common.Error()
    cut.CopyFrom(error)
    for name in LISTS:
        surplus = len(getattr(cut, name)) - LIST_LIMIT
        if surplus > 0:
            del getattr(cut, name)[LIST_LIMIT:]
            cut.omitted_count += surplus
    if len(cut.message.encode()) > TEXT_LIMIT:
        cut.message = cut.message.encode()[: TEXT_LIMIT - 3].decode(errors="ignore") + "..."
    while True:
        status = common.Status(code=cut.code, message=cut.message)
        status.details.add().Pack(cut)
        if len(cut.message.encode()) + status.ByteSize() < SIZE_LIMIT:
            return status
        longest = max(LISTS, key=lambda name: sum(each.ByteSize() for each in getattr(cut, name)))
        rest = [name for name in EXPENDABLE if cut.HasField(name)]
        if getattr(cut, longest):
            del getattr(cut, longest)[-1]
            cut.omitted_count += 1
        elif cut.metadata:
            cut.metadata.clear()
        elif rest:
            cut.ClearField(rest[0])
        elif cut.operation_id:
            cut.operation_id = ""
        else:
            cut.message = cut.message[: len(cut.message) // 2]
