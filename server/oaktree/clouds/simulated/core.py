# SPDX-License-Identifier: Apache-2.0
"""What is alike for all kinds of simulated objects."""

from __future__ import annotations

import asyncio
import functools
import uuid
from collections.abc import Callable, Hashable, Sequence
from typing import Any

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from oaktreemodel.common import v1 as common

from oaktree.clouds import Outcome, Region
from oaktree.clouds.simulated.lifecycle import ACTIONS, LIVES, Action, Life, Step
from oaktree.clouds.simulated.quirks import Quirks
from oaktree.clouds.simulated.store import Clock, Store
from oaktree.clouds.simulated.words import say, word_of
from oaktree.failures import (
    SAME_CALL,
    WHOLE_FLOW,
    Code,
    Failure,
    multiple_matches,
    not_found,
    not_supported,
    reference_not_found,
)
from oaktree.shapes import (
    OWN_FIELDS,
    Kind,
    method_named,
    reference,
    snake,
    spoken_name,
    to_change,
    type_name,
)


def stamp() -> Timestamp:
    now = Timestamp()
    now.GetCurrentTime()
    now.nanos = 0
    return now


class Core(Region):
    """A region of a cloud in memory, as far as all kinds of objects are alike."""

    def __init__(self, location: common.Location, quirks: Quirks, clock: Clock) -> None:
        self.location = location
        self.quirks = quirks
        self.poll_interval = 0.1 * min(quirks.pace, 1.0)
        self.store = Store(clock)
        self.blobs: dict[str, bytes] = {}
        # What was asked for the servers that are being made.
        self.asked: dict[str, Any] = {}
        # The flavors that servers had before they were resized.
        self.resized: dict[str, Any] = {}
        # How many addresses each subnet has given away.
        self.given: dict[str, int] = {}

    def children(self, kind: Kind, parent: Any) -> Sequence[Any]:
        """The objects of a kind that live in another object."""
        field = f"{type_name(type(parent))}_id"
        return [each for each in self.store.table(kind) if getattr(each, field) == parent.id]

    def reached(self, resource: Any) -> None:
        """What comes with a step that an object has taken."""

    # -- what Region asks for ---------------------------------------------------------------------

    # The kinds of objects this cloud does not have.
    lacks: frozenset[str] = frozenset()

    async def answer(self, kind: Kind | None = None) -> None:
        if self.quirks.latency:
            await asyncio.sleep(self.quirks.latency)
        if self.quirks.failing:
            raise Failure(
                Code.UNAVAILABLE,
                "LOCATION_UNREACHABLE",
                "this simulated cloud answers nothing",
                location=self.location,
                retry=SAME_CALL,
            )
        if kind is not None and type_name(kind) in self.lacks:
            raise not_supported(f"it has no {spoken_name(kind)}s", self.location)

    async def page(
        self,
        kind: Kind,
        *,
        after: str = "",
        limit: int = 1000,
        parent: Message | None = None,
        wanted: Message | None = None,
        fields: frozenset[str] | None = None,
    ) -> Sequence[Message]:
        await self.answer(kind)
        if parent is not None:
            children = sorted(self.children(kind, parent), key=lambda each: str(each.id))
            return [each for each in children if each.id > after][:limit]
        return self.store.table(kind).after(after, limit)

    async def get(
        self,
        kind: Kind,
        id_: str,
        *,
        fields: frozenset[str] | None = None,
    ) -> Message | None:
        await self.answer(kind)
        found: Message | None = self.store.table(kind).get(id_)
        return found

    async def named(
        self, kind: Kind, name: str, *, fields: frozenset[str] | None = None
    ) -> Sequence[Message]:
        await self.answer(kind)
        return [each for each in self.store.table(kind) if each.name == name] if name else []

    async def revision(self, kind: Kind) -> Hashable:
        await self.answer(kind)
        return self.store.table(kind).revision

    async def perform(self, method: str, request: Message, target: Message | None) -> Outcome:
        await self.answer()
        shape = method_named(method)
        if target is not None:
            # Others may have changed it since the caller looked.
            target = self.fresh(target)
        if hasattr(self, snake(method)):
            return await super().perform(method, request, target)
        kind = shape.resource
        if shape.verb == common.VERB_CREATE:
            return self.create(kind, request)
        if shape.verb == common.VERB_UPDATE and target is not None:
            return Outcome(self.update(kind, target, request))
        if shape.verb == common.VERB_DELETE and target is not None and shape.parent is None:
            return self.delete(kind, target)
        if method in ACTIONS and target is not None:
            return self.act(target, ACTIONS[method])
        raise not_supported(method, self.location)

    def fresh(self, target: Any) -> Any:
        """The object as it is now."""
        now = self.store.table(type(target)).get(target.id)
        if now is None:
            raise not_found(f"{spoken_name(type(target))} '{target.id}'", self.location)
        return now

    # -- what is alike for all kinds --------------------------------------------------------------

    def mean(self, kind: Kind, name_or_id: str, field: str) -> Any:
        """The object that a field of a request refers to."""
        table = self.store.table(kind)
        found = table.get(name_or_id)
        if found is not None:
            return found
        named = [each for each in table if each.name == name_or_id]
        what = f"{spoken_name(kind)} '{name_or_id}'"
        if len(named) > 1:
            raise multiple_matches(what, [reference(each) for each in named]).at(self.location)
        if not named:
            raise reference_not_found(field, what).at(self.location)
        return named[0]

    def make(self, kind: Kind, request: Any = None, **fields: Any) -> Any:
        """A new object with what the request gives it, not yet in the store."""
        new: Any = kind(location=self.location, id=str(uuid.uuid4()))
        has = kind.DESCRIPTOR.fields_by_name
        if request is not None:
            for field, value in request.ListFields():
                if field.number >= OWN_FIELDS and field.name in has:
                    assign(new, field.name, value)
        for name in {"create_time", "update_time"} & set(has):
            getattr(new, name).CopyFrom(stamp())
        for name, value in fields.items():
            assign(new, name, value)
        return new

    def born(self, new: Any) -> Any:
        """Puts a new object into the store, where it goes on by itself."""
        life = LIVES.get(type_name(type(new)), Life())
        first = [step for step in life.birth if step.after == 0]
        for step in first:
            self.say(new, step)
        self.store.table(type(new)).put(new)
        self.goes_through(new, [step for step in life.birth if step.after > 0])
        return new

    def create(self, kind: Kind, request: Any) -> Outcome:
        new = self.make(kind, request)
        if self.store.table(kind).get(new.id) is not None:
            raise self.already(new)
        life = LIVES.get(type_name(kind), Life())
        return Outcome(self.born(new), pending=any(step.after for step in life.birth))

    def already(self, there: Any) -> Failure:
        return Failure(
            Code.ALREADY_EXISTS,
            "ALREADY_EXISTS",
            f"there is a {spoken_name(type(there))} '{there.name or there.id}' already",
            resource=reference(there),
        )

    def in_use(self, there: Any, by: str) -> Failure:
        return Failure(
            Code.FAILED_PRECONDITION,
            "IN_USE",
            f"the {spoken_name(type(there))} '{there.name or there.id}' is in use by {by}",
            resource=reference(there),
        )

    def update(self, kind: Kind, target: Any, request: Any) -> Any:
        self.check_etag(target, request)
        self.check_unlocked(target)
        changes = to_change(request)

        def change(resource: Any) -> None:
            has = resource.DESCRIPTOR.fields_by_name
            for name, value in changes.items():
                if name in has:
                    if has[name].is_repeated:
                        resource.ClearField(name)
                    assign(resource, name, value)
            if "set_properties" in changes:
                resource.properties.update(changes["set_properties"])
            for name in changes.get("remove_properties", ()):
                resource.properties.pop(name, None)

        return self.changed(target, change)

    def tagged(self, target: Any, tags: Sequence[str]) -> Any:
        """The object with these tags; the same one where that changes nothing."""
        wanted = list(dict.fromkeys(tags))
        if wanted == list(target.tags):
            return target

        def change(each: Any) -> None:
            each.tags[:] = wanted

        return self.changed(target, change)

    def check_etag(self, target: Any, request: Any) -> None:
        wanted = getattr(request, "etag", "")
        if wanted and wanted != target.etag:
            raise Failure(
                Code.ABORTED,
                "ETAG_MISMATCH",
                f"it has changed since: its etag is {target.etag}",
                retry=WHOLE_FLOW,
                resource=reference(target),
            )

    def changed(self, target: Any, change: Callable[[Any], None]) -> Any:
        """The object after a change that is done at once."""

        def touch(resource: Any) -> None:
            change(resource)
            has = resource.DESCRIPTOR.fields_by_name
            if "update_time" in has:
                resource.update_time.CopyFrom(stamp())
            if "etag" in has:
                resource.etag = str(int(resource.etag or 0) + 1)

        new = self.store.change(type(target), target.id, touch)
        if new is None:
            raise not_found(f"{spoken_name(type(target))} '{target.id}'", self.location)
        return new

    def delete(self, kind: Kind, target: Any) -> Outcome:
        if getattr(target, "is_protected", False):
            raise Failure(
                Code.FAILED_PRECONDITION,
                "PROTECTED",
                f"the {spoken_name(kind)} '{target.id}' is protected: take is_protected back "
                "with an update first",
                resource=reference(target),
            )
        life = LIVES.get(type_name(kind), Life())
        for step in life.death:
            target = self.changed(target, functools.partial(self.said, step))
        if not life.dying:
            self.gone(target)
            return Outcome(target)
        self.store.later(life.dying * self.quirks.pace, lambda: self.gone(target))
        return Outcome(target, pending=True)

    def gone(self, target: Any) -> None:
        self.store.table(type(target)).remove(target.id)
        self.blobs.pop(target.id, None)

    def act(self, target: Any, action: Action) -> Outcome:
        """Starts what an action leads to, where the object's status allows it."""
        status = word_of(target, "status")
        now, *later = action.steps
        task = now.fields.get("task_state", "")
        if action.done and task and task == self.task_of(target):
            return Outcome(target, pending=True)  # the same change is joined
        self.check_idle(target)
        if status in action.done:
            return Outcome(target)
        if action.allowed and status not in action.allowed:
            raise Failure(
                Code.FAILED_PRECONDITION,
                "WRONG_STATE",
                f"the {spoken_name(type(target))} is {status}; it has to be "
                f"{' or '.join(action.allowed)}",
                retry=WHOLE_FLOW,
                resource=reference(target),
            )
        target = self.changed(target, lambda each: self.say(each, now))
        self.goes_through(target, later)
        return Outcome(target, pending=bool(later))

    def task_of(self, target: Any) -> str:
        """What is being done to an object, by the name of the enum's value."""
        has = "task_state" in target.DESCRIPTOR.fields_by_name
        word = word_of(target, "task_state") if has else ""
        return "" if word == "UNSPECIFIED" else word

    def check_idle(self, target: Any) -> None:
        if getattr(target, "task_state_raw", ""):
            raise Failure(
                Code.FAILED_PRECONDITION,
                "IN_TRANSITION",
                f"the {spoken_name(type(target))} is busy: {target.task_state_raw}",
                retry=SAME_CALL,
                delay_seconds=self.quirks.pace,
                resource=reference(target),
            )
        self.check_unlocked(target)

    def check_unlocked(self, target: Any) -> None:
        if getattr(target, "is_locked", False):
            why = target.locked_reason or "nobody said why"
            raise Failure(
                Code.FAILED_PRECONDITION,
                "LOCKED",
                f"the server is locked ({why}): call UnlockServer first",
                resource=reference(target),
            )

    def goes_through(self, resource: Any, steps: Sequence[Step]) -> None:
        """Has the object go through the steps, each after the one before."""
        kind, id_, due = type(resource), resource.id, 0.0
        for step in steps:
            due += step.after * self.quirks.pace
            self.store.later(due, functools.partial(self.step, kind, id_, step))

    def step(self, kind: Kind, id_: str, step: Step) -> None:
        def change(resource: Any) -> None:
            self.say(resource, step)
            self.reached(resource)

        try:
            self.store.change(kind, id_, change)
        except Failure as failure:
            self.broken(kind, id_, failure)

    def broken(self, kind: Kind, id_: str, failure: Failure) -> None:
        """What happens by itself and fails is seen on the object, and by nobody else."""

        def change(resource: Any) -> None:
            self.say(resource, Step(0, {"status": "ERROR"}))
            if "fault" in resource.DESCRIPTOR.fields_by_name:
                self.say(resource, Step(0, {"task_state": ""}))
                resource.fault.code = 500
                resource.fault.message = failure.error.message

        self.store.change(kind, id_, change)

    def said(self, step: Step, resource: Any) -> None:
        self.say(resource, step)

    def say(self, resource: Any, step: Step) -> None:
        for name, word in step.fields.items():
            say(resource, name, word)
        if "update_time" in resource.DESCRIPTOR.fields_by_name:
            resource.update_time.CopyFrom(stamp())

    def quota(self, what: str, limit: int) -> Failure:
        failure = Failure(
            Code.RESOURCE_EXHAUSTED,
            "QUOTA_EXCEEDED",
            f"the quota of {limit} {what} is used up",
            location=self.location,
            metadata={"quota": what, "limit": str(limit)},
        )
        failure.error.upstream.service = "compute"
        failure.error.upstream.http_status = self.quirks.quota_status
        return failure


def assign(resource: Any, name: str, value: Any) -> None:
    """Sets a field of any kind; adds to a list or map."""
    field = resource.DESCRIPTOR.fields_by_name[name]
    if field.is_repeated:
        own = getattr(resource, name)
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            own.update(value)
        else:
            own.extend(value)
    elif field.message_type is not None:
        getattr(resource, name).CopyFrom(value)
    elif field.enum_type is not None and not isinstance(value, str):
        setattr(resource, name, value)
        twin = f"{name}_raw"
        word = word_of(resource, name)
        if twin in resource.DESCRIPTOR.fields_by_name and word != "OTHER":
            say(resource, name, "" if word == "UNSPECIFIED" else word)
    else:
        setattr(resource, name, value)
