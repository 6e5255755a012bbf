# SPDX-License-Identifier: Apache-2.0
"""What is alike for all kinds of simulated objects."""

from __future__ import annotations

import abc
import asyncio
import functools
import uuid
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any

from google.protobuf.message import Message
from oaktreemodel.common import v1 as common

from oaktree.clouds import Outcome, Region
from oaktree.clouds.simulated import areas
from oaktree.clouds.simulated.lifecycle import Action, Fields, Step
from oaktree.clouds.simulated.pouring import assign, declare, fill, own_fields, pour, stamp
from oaktree.clouds.simulated.quirks import Quirks
from oaktree.clouds.simulated.store import Clock, Store
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
    Kind,
    Method,
    area_of,
    cached,
    child_kinds,
    kinds,
    method_named,
    parent_path,
    reference,
    snake,
    spoken,
    spoken_name,
    type_name,
    values_at,
    word_of,
)

# The areas whose objects are of the whole cloud, whatever the region.
CLOUD_WIDE = {"identity"}


def key_of(resource: Any) -> str:
    """What tells an object from all others of its kind: where ids are, in the one it lives in."""
    kind = type(resource)
    if not areas.thing(type_name(kind)).id_within:
        return str(resource.id)
    return f"{getattr(resource, parent_path(kind))}/{resource.id}"


def is_cloud_wide(kind: Kind) -> bool:
    return area_of(kind) in CLOUD_WIDE


class Core(Region):
    """A region of a cloud in memory, as far as all kinds of objects are alike."""

    def __init__(
        self, location: common.Location, quirks: Quirks, clock: Clock, shared: Store | None = None
    ) -> None:
        self.location = location
        self.quirks = quirks
        self.poll_interval = 0.1 * min(quirks.pace, 1.0)
        self.store = Store(clock, self.noticed, key_of, shared, is_cloud_wide)
        self.blobs: dict[str, bytes] = {}
        # What was asked for the servers that are being made.
        self.asked: dict[str, Any] = {}
        # The flavors that servers had before they were resized.
        self.resized: dict[str, Any] = {}
        # What each object is going through.
        self.courses: dict[tuple[Kind, str], object] = {}
        # How those kinds of objects were from which others follow, when that was last looked at.
        self.derived_at: dict[Kind, list[int]] = {}
        # How many addresses each subnet has given away.
        self.given: dict[str, int] = {}

    def children(self, kind: Kind, parent: Any) -> Sequence[Any]:
        """The objects of a kind that live in another object."""
        path = parent_path(kind)
        own = parent.name if path.endswith("_name") else parent.id
        return [each for each in self.store.table(kind) if path and getattr(each, path) == own]

    def reached(self, resource: Any) -> None:
        """What comes with a step that an object has taken."""

    @abc.abstractmethod
    def by_data(self, method: Method, request: Any, target: Any) -> Outcome:
        """What a method does that no code is about."""

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
        if kind is not None:
            self.derive(kind)

    def derive(self, kind: Kind) -> None:
        """Brings those objects up to date that follow from others."""
        thing = areas.thing(type_name(kind))
        if thing.derived is None:
            return
        revisions = [self.store.table(kinds()[each]).revision for each in thing.derived_from]
        if revisions and self.derived_at.get(kind) == revisions:
            return
        self.derived_at[kind] = revisions
        table = self.store.table(kind)
        left = {self.store.key(each): each for each in table}
        for each in thing.derived(self):
            if left.pop(self.store.key(each), None) != each:
                table.put(each)
        for key in left:
            table.remove(key)

    def identity_of(self, kind: Kind) -> Hashable:
        return ("simulated", self.location.cloud) if is_cloud_wide(kind) else self.identity

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
        parent: Message | None = None,
        fields: frozenset[str] | None = None,
    ) -> Message | None:
        await self.answer(kind)
        if parent is not None:
            return next((each for each in self.children(kind, parent) if each.id == id_), None)
        found: Message | None = self.store.table(kind).get(id_)
        return found

    async def named(
        self,
        kind: Kind,
        name: str,
        *,
        parent: Message | None = None,
        fields: frozenset[str] | None = None,
    ) -> Sequence[Message]:
        await self.answer(kind)
        there = self.store.table(kind) if parent is None else self.children(kind, parent)
        return self.called(kind, there, name)

    async def revision(self, kind: Kind) -> Hashable:
        await self.answer(kind)
        return self.store.table(kind).revision

    async def perform(self, method: str, request: Message, target: Message | None) -> Outcome:
        shape = method_named(method)
        await self.answer(shape.resource)
        if target is not None:
            # Others may have changed it since the caller looked.
            target = self.fresh(target)
        if hasattr(self, snake(method)):
            return await super().perform(method, request, target)
        return self.by_data(shape, request, target)

    def fresh(self, target: Any) -> Any:
        """The object as it is now."""
        now = self.store.table(type(target)).get(self.store.key(target))
        if now is None:
            raise not_found(f"{spoken_name(type(target))} '{target.id}'", self.location)
        return now

    # -- what is alike for all kinds --------------------------------------------------------------

    def mean(self, kind: Kind, name_or_id: str, field: str) -> Any:
        """The object that a field of a request refers to."""
        self.derive(kind)
        table = self.store.table(kind)
        found = table.get(name_or_id)
        if found is not None:
            return found
        named = self.called(kind, table, name_or_id)
        what = f"{spoken_name(kind)} '{name_or_id}'"
        if len(named) > 1:
            raise multiple_matches(what, [reference(each) for each in named]).at(self.location)
        if not named:
            raise reference_not_found(field, what).at(self.location)
        return named[0]

    def called(self, kind: Kind, there: Iterable[Any], name: str) -> list[Any]:
        """Those of some objects that are called so, or are of something that is."""
        meant = {"name": {name} - {""}}
        for each in areas.thing(type_name(kind)).also_called:
            path, _, other = each.partition(" ")
            named = (
                self.called(kinds()[other], self.store.table(kinds()[other]), name) if other else []
            )
            meant[path] = meant["name"] | {each.id for each in named}
        return [each for each in there if any(getattr(each, path) in meant[path] for path in meant)]

    def make(self, kind: Kind, request: Any = None, **fields: Any) -> Any:
        """A new object with what the request gives it, not yet in the store."""
        new: Any = kind(location=self.location, id=str(uuid.uuid4()))
        if is_cloud_wide(kind):
            new.location.CopyFrom(common.Location(cloud=self.location.cloud))
        has = kind.DESCRIPTOR.fields_by_name
        if request is not None:
            pour(own_fields(request), new)
        for name in {"create_time", "update_time"} & set(has):
            getattr(new, name).CopyFrom(stamp())
        for name, value in fields.items():
            assign(new, name, value)
        return new

    def born(self, new: Any) -> Any:
        """Puts a new object into the store, where it goes on by itself."""
        there = self.store.table(type(new)).get(self.store.key(new))
        if there is not None:
            raise self.already(there)
        steps = areas.thing(type_name(type(new))).birth
        for step in steps:
            if step.after == 0:
                self.say(new, step)
        self.store.table(type(new)).put(new)
        self.goes_through(new, [step for step in steps if step.after > 0], "create")
        return new

    def already(self, there: Any) -> Failure:
        return Failure(
            Code.ALREADY_EXISTS,
            "ALREADY_EXISTS",
            f"there is a {spoken_name(type(there))} '{there.name or there.id}' already",
            resource=reference(there),
        )

    def refused(self, there: Any, reason: str, how: str, **others: Any) -> Failure:
        """That an object is in the way of a change by how it is."""
        return Failure(
            Code.FAILED_PRECONDITION,
            reason,
            f"{spoken(there)} {how}",
            resource=reference(there),
            **others,
        )

    def in_use(self, there: Any, by: str) -> Failure:
        return self.refused(there, "IN_USE", f"is in use by {by}")

    def wrong_state(self, there: Any, how: str) -> Failure:
        return self.refused(there, "WRONG_STATE", f"is {how}", retry=WHOLE_FLOW)

    def in_transition(self, there: Any, by: str) -> Failure:
        pace = self.quirks.pace
        return self.refused(
            there, "IN_TRANSITION", f"is busy: {by}", retry=SAME_CALL, delay_seconds=pace
        )

    def protected(self, there: Any, how: str) -> Failure:
        return self.refused(there, "PROTECTED", f"is protected: {how}")

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
            if "etag" in has and (not resource.etag or resource.etag.isdigit()):
                resource.etag = str(int(resource.etag or 0) + 1)

        new = self.store.change(type(target), self.store.key(target), touch)
        if new is None:
            raise not_found(f"{spoken_name(type(target))} '{target.id}'", self.location)
        return new

    def check_unprotected(self, target: Any, *fields: str) -> None:
        for name in fields:
            if getattr(target, name, False):
                raise self.protected(target, f"take {name} back with an update first")

    def delete(self, kind: Kind, target: Any) -> Outcome:
        self.check_unprotected(target, "is_protected", "is_immutable")
        self.check_unused(target)
        thing = areas.thing(type_name(kind))
        for step in thing.death:
            target = self.changed(target, functools.partial(self.said, step))
        if thing.dying and failing(kind, "delete") and self.is_to_fail(target, "delete"):
            self.goes_through(target, [Step(thing.dying, {})], "delete")
            return Outcome(target, pending=True)
        self.courses.pop((kind, self.store.key(target)), None)
        if not thing.dying:
            self.gone(target)
            return Outcome(target)
        self.store.later(thing.dying * self.quirks.pace, lambda: self.gone(target))
        return Outcome(target, pending=True)

    def gone(self, target: Any) -> None:
        """Takes an object out of the store, and what lives in it."""
        kind = type(target)
        key = self.store.key(target)
        now = self.store.table(kind).get(key)
        if now is None:
            return
        for child in child_kinds(kind):
            for each in self.children(child, now):
                self.gone(each)
        self.store.table(kind).remove(key)
        self.courses.pop((kind, key), None)
        notes: tuple[dict[str, Any], ...] = self.blobs, self.asked, self.resized, self.given
        for known in notes:
            known.pop(key, None)
        unmade = areas.thing(type_name(kind)).unmade
        if unmade is not None:
            unmade(self, now)

    def check_unused(self, target: Any) -> None:
        """Refuses what others still use."""
        for where in areas.thing(type_name(type(target))).used_by:
            type_, path = where.split(".", 1)
            own = target.name if path.endswith(("_name", "_names")) else target.id
            for each in self.store.table(kinds()[type_]):
                if own in values_at(each, path):
                    raise self.in_use(target, spoken(each))

    def act(
        self,
        target: Any,
        action: Action,
        change: Callable[[Any], None] = lambda each: None,
        what: str = "",
    ) -> Outcome:
        """Starts what an action leads to, where the object's status allows it.

        what: the last word of the kind of the operation.
        """
        thing = areas.thing(type_name(type(target)))
        has_status = thing.status in target.DESCRIPTOR.fields_by_name
        status = word_of(target, thing.status) if has_status else ""
        now, later = action.steps[:1], action.steps[1:]
        task = now[0].fields.get("task_state", "") if now else ""
        if action.done and task and task == self.task_of(target):
            return Outcome(target, pending=True)  # the same change is joined
        self.check_idle(target)
        if status in action.done:
            return Outcome(target)
        if action.allowed and status not in action.allowed:
            raise self.wrong_state(target, f"{status}; it has to be {' or '.join(action.allowed)}")

        def begin(each: Any) -> None:
            change(each)
            for step in now:
                self.say(each, step)

        target = self.changed(target, begin)
        self.goes_through(target, later, what)
        return Outcome(target, pending=bool(later))

    def task_of(self, target: Any) -> str:
        """What is being done to an object, by the name of the enum's value."""
        has = "task_state" in target.DESCRIPTOR.fields_by_name
        word = word_of(target, "task_state") if has else ""
        return "" if word == "UNSPECIFIED" else word

    def check_idle(self, target: Any) -> None:
        thing = areas.thing(type_name(type(target)))
        busy = getattr(target, "task_state_raw", "")
        if thing.busy and word_of(target, thing.status) in thing.busy:
            busy = word_of(target, thing.status)
        if busy:
            raise self.in_transition(target, busy)
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

    # -- what happens by itself -------------------------------------------------------------------

    def goes_through(self, resource: Any, steps: Sequence[Step], what: str = "") -> None:
        """Has the object go through the steps, each after the one before.

        What it was going through until then is given up.
        """
        kind, key, due = type(resource), self.store.key(resource), 0.0
        steps, course = list(steps), object()
        if steps:
            self.courses[kind, key] = course
        failed = failing(kind, what)
        if steps and failed and self.is_to_fail(resource, what):
            steps[-1] = Step(steps[-1].after, failed)
        for step in steps:
            due += step.after * self.quirks.pace
            self.store.later(due, functools.partial(self.step, kind, key, step, course))

    def is_to_fail(self, resource: Any, what: str) -> bool:
        """Whether a caller wants to see that fail: by metadata, a tag, the description or name."""
        if not what:
            return False
        metadata = getattr(resource, "metadata", {})
        if "simulate" in metadata:
            return bool(metadata["simulate"] == f"{what}_error")
        description = getattr(resource, "description", "")
        texts = [resource.name, description, *getattr(resource, "tags", ())]
        return any(text.endswith(f"simulate={what}_error") for text in texts)

    def step(self, kind: Kind, id_: str, step: Step, course: object) -> None:
        if self.courses.get((kind, id_)) is not course:
            return

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
            self.say(resource, Step(0, failing(kind, "")))
            if "fault" in resource.DESCRIPTOR.fields_by_name:
                self.say(resource, Step(0, {"task_state": None}))
                resource.fault.code = 500
                resource.fault.message = failure.error.message

        self.store.change(kind, id_, change)

    def said(self, step: Step, resource: Any) -> None:
        self.say(resource, step)

    def say(self, resource: Any, step: Step) -> None:
        self.declare(resource, step.fields)
        if "update_time" in resource.DESCRIPTOR.fields_by_name:
            resource.update_time.CopyFrom(stamp())

    def declare(self, resource: Any, fields: Fields, request: Any = None) -> None:
        declare(resource, fields, self, request)

    def noticed(self, before: Any, after: Any) -> None:
        """Keeps the lists that other objects have of those that refer to them."""
        changed = after if after is not None else before
        follows = areas.thing(type_name(type(changed))).changed
        if follows is not None:
            follows(self, before, after)
        for type_, field, path in listed(type_name(type(changed))):
            kind = kinds()[type_]
            table = self.store.still(kind)
            seen = [each for each in (before, after) if each is not None]
            relist = functools.partial(self.relist, field, path, changed)
            for id_ in {id_ for each in seen for id_ in values_at(each, path)} - {""}:
                if table.get(id_) is not None:
                    self.store.change(kind, id_, relist)

    def relist(self, field: str, path: str, changed: Any, resource: Any) -> None:
        table = self.store.still(type(changed))
        there = [each for each in table if resource.id in values_at(each, path)]
        ids = [each.id for each in there]
        own = resource.DESCRIPTOR.fields_by_name[field]
        if own.message_type is not None:
            resource.ClearField(field)
            for each in there:
                fill(each, getattr(resource, field).add())
            if getattr(resource, "etag", "").isdigit():
                resource.etag = str(int(resource.etag) + 1)
        elif own.is_repeated:
            getattr(resource, field)[:] = ids
        else:
            setattr(resource, field, ids[0] if ids else "")

    def quota(self, what: str, limit: int, service: str = "compute") -> Failure:
        failure = Failure(
            Code.RESOURCE_EXHAUSTED,
            "QUOTA_EXCEEDED",
            f"the quota of {limit} {what} is used up",
            location=self.location,
            metadata={"quota": what, "limit": str(limit)},
        )
        failure.error.upstream.service = service
        failure.error.upstream.http_status = self.quirks.quota_status
        return failure


@cached
def failing(kind: Kind, what: str) -> Fields:
    """What an object comes to when what it goes through fails; empty where nothing can tell."""
    thing = areas.thing(type_name(kind))
    if what in thing.failed:
        return thing.failed[what]
    field = kind.DESCRIPTOR.fields_by_name.get(thing.status)
    if field is None or field.enum_type is None:
        return {}
    error = f"{snake(field.enum_type.name).upper()}_ERROR"
    return {thing.status: "ERROR"} if error in field.enum_type.values_by_name else {}


@functools.cache
def listed(type_: str) -> tuple[tuple[str, str, str], ...]:
    """The types of objects that list those of this type, in which field, and by which of theirs."""
    found = []
    for owner, thing in areas.gathered("THINGS").items():
        for field, where in thing.lists.items():
            own, path = where.split(".", 1)
            if own == type_:
                found.append((owner, field, path))
    return tuple(found)
