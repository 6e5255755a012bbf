# SPDX-License-Identifier: Apache-2.0
"""What simulated objects do that areas/ tells of, or that goes by itself."""

from __future__ import annotations

import functools
import secrets
from collections.abc import AsyncIterator, Mapping
from typing import Any

from google.protobuf.message import Message
from oaktreemodel.common import v1 as common

from oaktree.clouds import Outcome
from oaktree.clouds.simulated import areas, seed
from oaktree.clouds.simulated.core import Core, is_cloud_wide
from oaktree.clouds.simulated.lifecycle import Action, Fields, Thing
from oaktree.clouds.simulated.pouring import (
    QUOTA,
    declare,
    destination,
    filled_in,
    own_fields,
    pour,
    refers,
)
from oaktree.failures import Failure, invalid, not_found, not_supported, violation
from oaktree.shapes import (
    OWN_FIELDS,
    Kind,
    Method,
    area_of,
    cached,
    child_kinds,
    is_map,
    is_sensitive,
    is_single,
    kind_meant,
    kind_of,
    kinds,
    parent_of,
    parent_path,
    singular,
    spoken,
    spoken_name,
    to_change,
    type_name,
)

# What the service itself answers for.
OWN = {"operation", "project_cleanup", "project_cleanup_item"}
QUESTIONS = {common.VERB_QUERY, common.VERB_GET}
# Booleans that are true of what nobody has said anything about; all others are false.
TRUE = {"admin_state_up", "is_enabled", "enabled"}
# What an action does to the list or map it is named after.
LISTING = ("add", "remove", "set")
# What a field of an update does to that.
PARTLY = ("merge", "remove")


def is_declared(region: object, method: Method) -> bool:
    """Whether it is known what a method does: by code, by data or by its name.

    region: the region, or its class.
    """
    if type_name(method.resource) in OWN:
        return True
    if hasattr(region, method.snake_name):
        return True
    if method.verb == common.VERB_ACTION:
        return areas.action(method.name) is not None or bool(listing(method)) or is_reset(method)
    if method.verb in QUESTIONS and not method.request_has("name_or_id"):
        return is_single(method.resource) or areas.query(method.name) is not None
    if method.verb == common.VERB_QUERY:
        return areas.query(method.name) is not None or is_told_of(method)
    if method.verb == common.VERB_DOWNLOAD and not method.request_has("offset_bytes"):
        return method.name in areas.gathered("EXPORTS")
    return True


def is_reset(method: Method) -> bool:
    """Whether an action gives what there is one of its defaults again."""
    return is_single(method.resource) and method.name.startswith("Reset")


@cached
def limits(kind: Kind) -> tuple[str, ...]:
    """The fields of an object that limit something."""
    return tuple(
        field.name
        for field in kind.DESCRIPTOR.fields
        if field.message_type is not None
        and field.message_type.full_name == QUOTA
        and not field.is_repeated
    )


@cached
def quotas_on(kind: Kind) -> tuple[tuple[Kind, str], ...]:
    """The quotas that objects of a kind count towards, and the fields that say how many."""
    area = area_of(kind)
    return tuple(
        (quota, name)
        for type_, quota in kinds().items()
        if type_.endswith("_quota") and area_of(quota) == area and is_single(quota)
        for name in limits(quota)
        if kind_meant(singular(name), area) is kind
    )


def is_told_of(method: Method) -> bool:
    """Whether the answer to a question begins with a message that is named as the object is."""
    if 1 not in method.response.DESCRIPTOR.fields_by_number:
        return False
    first = method.response.DESCRIPTOR.fields_by_number[1].message_type
    return first is not None and {"location", "id", "name"} <= set(first.fields_by_name)


def listing(method: Method) -> str:
    """What an action does to lists and maps, as its name says: add, remove or set."""
    word = method.snake_name.split("_")[0]
    if word not in LISTING:
        return ""
    has = [f for f in method.request.DESCRIPTOR.fields if f.number >= OWN_FIELDS]
    return word if any(list_of(method, field.name) for field in has) else ""


def list_of(method: Method, name: str) -> str:
    """The field of the object that a field of an action's request is about; empty for none."""
    blank = method.resource()
    path = destination(name, blank, {})
    if not path and (name in {"keys", "items", "names"} or name.startswith("all_")):
        words = method.snake_name.split("_")[1:]
        own = [word for word in words if word not in type_name(method.resource).split("_")]
        path = "_".join(own)
    return path if path in method.resource.DESCRIPTOR.fields_by_name else ""


class Generic(Core):
    """Every method of every resource that no other class is about."""

    def by_data(self, method: Method, request: Any, target: Any) -> Outcome:
        kind = method.resource
        if target is None and is_single(kind):
            if is_reset(method):
                self.store.table(kind).remove(self.store.key(self.single(kind)))
                self.derive(kind)
                return Outcome(self.single(kind))
            if getattr(request, "defaults", False):
                return Outcome(self.unused(kind))
            target = self.single(kind)
        check = areas.check(method.name)
        if check is not None:
            check(self, target, request)
        query = areas.query(method.name)
        if query is not None or method.verb in QUESTIONS:
            return self.told(method, request, target, query.answers if query else {})
        action = areas.action(method.name)
        if method.verb == common.VERB_CREATE and action is None:
            return self.create(method, request, target)
        if method.verb == common.VERB_ACTION or action is not None:
            return self.acted(method, request, target, action)
        if target is None or type(target) is not kind:
            target = self.alike(method, request, target)
        if method.verb == common.VERB_UPDATE:
            return self.update(kind, target, request)
        if method.verb == common.VERB_DELETE:
            self.check_idle(target)
            self.check_childless(target, request)
            return self.delete(kind, target)
        raise not_supported(method.name, self.location)

    def seed(self) -> None:
        """Makes what areas/ says there is from the beginning."""
        waiting = [
            (kinds()[type_], fields)
            for type_, thing in areas.gathered("THINGS").items()
            for fields in thing.seeds
            if type_ in kinds()
            and type_ not in self.lacks
            and not (is_cloud_wide(kinds()[type_]) and len(self.store.table(kinds()[type_])))
        ]
        in_vain = 0
        while waiting:
            kind, fields = waiting.pop(0)
            try:
                self.sow(kind, fields)
                in_vain = 0
            except Failure:
                # What it refers to may come later.
                in_vain += 1
                if in_vain > len(waiting) + 1:
                    raise
                waiting.append((kind, fields))

    def sow(self, kind: Kind, fields: Fields) -> None:
        """Puts one object into the store that has been there for long."""
        new = self.make(kind)
        for name, value in fields.items():
            path = destination(name, new, {})
            if refers(name, path):
                refer = functools.partial(self.refer, area_of(kind), {})
                names = [value] if isinstance(value, str) else value
                ids = [refer(name, each).id for each in names]
                own = new.DESCRIPTOR.fields_by_name[path]
                self.declare(new, {path: ids if own.is_repeated else ids[0]})
            else:
                self.declare(new, {name: value})
        type_ = type_name(kind)
        place = self.location.cloud, "" if is_cloud_wide(kind) else self.location.region
        if "id" not in fields:
            new.id = seed.uid(*place, type_, str(sorted(fields.items())))
        self.complete(new, areas.thing(type_), None)
        for step in areas.thing(type_).birth[-1:]:
            self.declare(new, {k: v for k, v in step.fields.items() if k not in fields})
        for name in {"create_time", "update_time"} & set(new.DESCRIPTOR.fields_by_name):
            if name not in fields:
                getattr(new, name).Clear()
                getattr(new, name).seconds = seed.EPOCH
        self.store.table(kind).put(new)

    # -- references -------------------------------------------------------------------------------

    def refer(self, area: str, known: Mapping[str, str], field: str, name: str) -> Any:
        """The object that a field of a request names; None where it names none of ours."""
        own = singular(field.split("[")[0]) if "." not in field else field.rsplit(".", 1)[1]
        own = own.split("[")[0]
        for each in (field, own, field.split(".")[-1]):
            if each in known:
                return self.mean(kinds()[known[each]], name, field) if known[each] else None
        kind = kind_meant(singular(own), area) or kind_meant(own, area)
        if kind is None or type_name(kind) in self.lacks:
            return None
        return self.mean(kind, name, field)

    def pour(self, request: Any, target: Any, copies: Any, known: Any) -> None:
        """Puts into an object what a request gives, and finds what it refers to."""
        refer = functools.partial(self.refer, area_of(type(request)), known)
        pour(own_fields(request), target, refer, copies)
        self.check_references(request, target, copies, known)

    def check_references(self, request: Any, target: Any, copies: Any, known: Any) -> None:
        """What a field is said to refer to has to be there, wherever that goes."""
        for field, value in own_fields(request):
            path = destination(field.name, target, copies)
            if known.get(field.name) and not refers(field.name, path):
                names = value if field.is_repeated else [value]
                for name in names:
                    found = self.mean(kinds()[known[field.name]], name, field.name)
                    if path and not field.is_repeated:
                        setattr(target, path, found.name)

    # -- lives ------------------------------------------------------------------------------------

    def create(self, method: Method, request: Any, parent: Any) -> Outcome:
        thing = areas.thing(type_name(method.resource))
        new = self.new(method.resource, request, parent)
        if thing.made is not None:
            thing.made(self, new, request)
        new = self.born(new)
        return Outcome(
            new,
            pending=any(step.after for step in thing.birth),
            answer=self.others(method, request, new, thing.answers),
        )

    def new(self, kind: Kind, request: Any, parent: Any = None, **fields: Any) -> Any:
        """A new object with all that it has, not yet in the store."""
        thing = areas.thing(type_name(kind))
        new = self.make(kind)
        if request is not None:
            self.pour(request, new, thing.copies, thing.refers)
        self.declare(new, fields)
        path, parent_kind = parent_path(kind), parent_of(kind)
        if parent is not None and path and parent_kind and isinstance(parent, parent_kind):
            owner: Any = parent
            setattr(new, path, owner.name if path.endswith("_name") else owner.id)
        self.complete(new, thing, request)
        return new

    def complete(self, new: Any, thing: Thing, request: Any) -> None:
        """Fills in what nobody gave, and refuses what is there already."""
        given = {field.name for field, _ in new.ListFields()}
        self.declare(new, {k: v for k, v in thing.fields.items() if k not in given}, request)
        for field in new.DESCRIPTOR.fields:
            if field.cpp_type == field.CPPTYPE_BOOL and field.has_presence:
                if not new.HasField(field.name):
                    setattr(new, field.name, field.name in TRUE)
        has = new.DESCRIPTOR.fields_by_name
        if "etag" in has:
            new.etag = "1"
        if "user_id" in has and not new.user_id:
            new.user_id = self.user_id
        if "project_id" in has and not new.project_id and "project_id" not in thing.fields:
            new.project_id = self.location.project.id
        zone = request.location.zone if hasattr(request, "location") else ""
        if zone:
            new.location.zone = zone
        if thing.name:
            new.name = filled_in(thing.name, new)
        if thing.id:
            new.id = filled_in(thing.id, new)
        there = self.store.table(type(new)).get(self.store.key(new))
        if there is not None:
            raise self.already(there)
        self.check_unique(new, thing)

    @property
    def user_id(self) -> str:
        return seed.uid(self.location.cloud, "user")

    def check_unique(self, new: Any, thing: Thing) -> None:
        """Refuses an object that is like another in what no two have alike."""
        key = self.store.key(new)
        for names in thing.unique:
            own = [getattr(new, name) for name in names.split()]
            for each in self.store.table(type(new)) if any(own) else ():
                alike = [getattr(each, name) for name in names.split()] == own
                if alike and self.store.key(each) != key:
                    raise self.already(each)

    @property
    def single_id(self) -> str:
        return self.location.project.id

    def unused(self, kind: Kind) -> Any:
        """The one object of a kind as it is where nobody has changed it."""
        thing = areas.thing(type_name(kind))
        new = self.make(kind)
        self.complete(new, thing, None)
        if not thing.id:
            new.id = self.single_id
        for field in limits(kind):
            limit = getattr(new, field)
            limit.unlimited = not limit.HasField("limit")
        return new

    def single(self, kind: Kind) -> Any:
        """The one object of a kind of which nobody makes any, with what is used of its limits."""
        table = self.store.table(kind)
        thing = areas.thing(type_name(kind))
        there = next(iter(table), None)
        if there is None:
            there = self.unused(kind)
            table.put(there)
        if thing.derived is not None:
            return there
        counted = kind()
        counted.CopyFrom(there)
        for name in limits(kind):
            self.count(getattr(counted, name), name, area_of(kind))
        if counted != there:
            table.put(counted)
        return counted

    def count(self, quota: Any, name: str, area: str) -> None:
        if not quota.HasField("limit"):
            quota.unlimited = True
        counted = kind_meant(singular(name), area)
        if counted is not None:
            quota.used = len(self.store.table(counted))

    def born(self, new: Any) -> Any:
        self.check_quotas(type(new))
        return super().born(new)

    def check_quotas(self, kind: Kind) -> None:
        """Refuses one more than the quotas allow."""
        for quota, name in quotas_on(kind):
            self.derive(quota)
            room = getattr(self.single(quota), name)
            if room.HasField("limit") and room.used >= room.limit:
                raise self.quota(name.replace("_", " "), room.limit, area_of(kind))

    def check_limits(self, target: Any, request: Any) -> None:
        """Refuses limits of less than is in use."""
        for name in limits(type(target)):
            if name not in request.DESCRIPTOR.fields_by_name or not request.HasField(name):
                continue
            wanted, there = getattr(request, name), getattr(target, name)
            if wanted.HasField("limit") == wanted.unlimited:
                text = "exactly one of limit and unlimited must be given"
                raise invalid(violation(name, text, "EXCLUSIVE"))
            if wanted.HasField("limit") and wanted.limit < there.used:
                if not getattr(request, "force", False):
                    raise self.in_use(target, f"{there.used} {name.replace('_', ' ')}")

    def alike(self, method: Method, request: Any, parent: Any) -> Any:
        """The object that a request tells of by what it has, not by its id."""
        kind = method.resource
        thing = areas.thing(type_name(kind))
        wanted = kind()
        self.pour(request, wanted, thing.copies, thing.refers)
        there: Any = self.store.table(kind) if parent is None else self.children(kind, parent)
        for each in there:
            if all(getattr(each, field.name) == value for field, value in wanted.ListFields()):
                return each
        raise not_found(f"such {spoken_name(kind)}", self.location)

    def update(self, kind: Kind, target: Any, request: Any) -> Outcome:
        self.check_etag(target, request)
        self.check_limits(target, request)
        thing = areas.thing(type_name(kind))
        if thing.busy:
            self.check_idle(target)
        self.check_unlocked(target)
        changes = to_change(request)
        if set(changes) != {"is_immutable"}:
            self.check_unprotected(target, "is_immutable")
        refer = functools.partial(self.refer, area_of(kind), thing.refers)
        fields = request.DESCRIPTOR.fields_by_name

        def change(resource: Any) -> None:
            given = [(fields[name], value) for name, value in changes.items()]
            pour(given, resource, refer, thing.copies, replace=True)
            for name, value in changes.items():
                word, _, path = name.partition("_")
                if word in PARTLY and name not in resource.DESCRIPTOR.fields_by_name:
                    relist(resource, word, path, value)
            for step in thing.change[:1]:
                self.say(resource, step)

        if thing.unique:
            trial = kind()
            trial.CopyFrom(target)
            change(trial)
            self.check_unique(trial, thing)
        new = self.changed(target, change)
        self.goes_through(new, thing.change[1:], "update")
        return Outcome(new, pending=len(thing.change) > 1)

    def check_childless(self, target: Any, request: Any) -> None:
        """Refuses to delete what others live in, where the request could have said to."""
        if getattr(request, "cascade", True):
            return
        for kind in child_kinds(type(target)):
            for each in self.children(kind, target):
                raise self.in_use(target, spoken(each))

    # -- actions and questions --------------------------------------------------------------------

    def acted(self, method: Method, request: Any, target: Any, action: Action | None) -> Outcome:
        if action is None and not listing(method):
            raise not_supported(method.name, self.location)
        action = action or Action()
        self.check_etag(target, request)
        if action.does is not None:
            done = action.does(self, target, request)
            outcome = done if isinstance(done, Outcome) else Outcome(done)
            others = self.others(method, request, outcome.resource, action.answers)
            return Outcome(
                outcome.resource, outcome.pending, outcome.awaited, {**others, **outcome.answer}
            )
        made = self.made_of(target, request, action)
        change = functools.partial(self.change_by, method, request, action)
        outcome = self.act(target, action, change, kind_of(method).split(".")[1])
        awaited = None
        if made is not None:
            made = self.born(made)
            steps = areas.thing(action.makes).birth
            awaited, pending = made, any(step.after for step in steps)
            outcome = Outcome(outcome.resource, pending=pending or outcome.pending)
        told: Any = made if made is not None else outcome.resource
        others = self.others(method, request, told, action.answers)
        first = method.response.DESCRIPTOR.fields_by_number[1].message_type
        resource = told if first is type(told).DESCRIPTOR else outcome.resource
        return Outcome(resource, outcome.pending, awaited, others)

    def made_of(self, target: Any, request: Any, action: Action) -> Any:
        """What an action makes, not yet in the store; None where it makes nothing."""
        if not action.makes:
            return None
        kind = kinds()[action.makes]
        # Before the action has changed anything.
        self.check_quotas(kind)
        fields: dict[str, Any] = {action.origin: target.id} if action.origin else {}
        return self.new(kind, request, target, **fields)

    def change_by(self, method: Method, request: Any, action: Action, each: Any) -> None:
        """What an action does to its object at once."""
        word = listing(method) if areas.action(method.name) is None else ""
        if word:
            self.change_lists(method, word, request, each)
        elif not action.makes:
            known = {**areas.thing(type_name(method.resource)).refers, **action.refers}
            self.pour(request, each, action.copies, known)
        self.declare(each, action.sets, request)

    def change_lists(self, method: Method, word: str, request: Any, each: Any) -> None:
        refer = functools.partial(self.refer, area_of(method.resource), {})
        for field, value in own_fields(request):
            path = list_of(method, field.name)
            if not path:
                continue
            own = each.DESCRIPTOR.fields_by_name[path]
            if field.name.startswith("all_"):
                each.ClearField(path)
            elif not own.is_repeated:
                pour([(field, value)], each, refer)
            else:
                given = type(each)()
                if destination(field.name, given, {}) == path:
                    pour([(field, value)], given, refer)
                    value = getattr(given, path)
                relist(each, word, path, value)

    async def export(self, method: str, target: Message) -> AsyncIterator[str]:
        for text in areas.gathered("EXPORTS")[method](self, target):
            yield text

    def told(self, method: Method, request: Any, target: Any, answers: Fields) -> Outcome:
        """The answer to a question: what the object tells of itself, and what is declared."""
        kind = type(target) if target is not None else None
        first = method.response.DESCRIPTOR.fields_by_number.get(1)
        holds = kind is not None and first is not None and first.message_type is kind.DESCRIPTOR
        if holds and not answers:
            return Outcome(target)
        response = method.response()
        if target is not None and first is not None and is_told_of(method):
            pour(target.ListFields(), getattr(response, first.name))
        declare(response, answers, self, request, target)
        return Outcome(answer={field.name: value for field, value in response.ListFields()})

    def others(self, method: Method, request: Any, resource: Any, answers: Fields) -> Fields:
        """The fields of an answer besides the resource and the operation, with secrets made up."""
        response = method.response()
        declare(response, answers, self, request, resource)
        for field in response.DESCRIPTOR.fields:
            is_text = field.cpp_type == field.CPPTYPE_STRING and not field.is_repeated
            if is_sensitive(field) and is_text and not getattr(response, field.name):
                own = getattr(request, field.name, "")
                setattr(response, field.name, own or secrets.token_urlsafe(18))
        return {field.name: value for field, value in response.ListFields()}


def relist(resource: Any, word: str, path: str, value: Any) -> None:
    """Adds to a list or map, takes from it, or puts another in its place."""
    own = getattr(resource, path)
    if is_map(resource.DESCRIPTOR.fields_by_name[path]):
        if word == "remove":
            for name in value:
                own.pop(name, None)
        else:
            own.update(value)
        return
    there, given = list(own), list(value)
    if word == "add":
        there += [each for each in given if each not in there]
    elif word == "remove":
        there = [each for each in there if each not in given]
    else:
        there = given
    resource.ClearField(path)
    getattr(resource, path).extend(there)
