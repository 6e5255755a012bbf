# SPDX-License-Identifier: Apache-2.0
"""How the objects of orchestration live."""

from __future__ import annotations

import functools
import itertools
import json
import re
import time
import uuid
from collections.abc import Callable, Container, Mapping, Sequence
from typing import Any

from google.protobuf.struct_pb2 import Struct, Value
from oaktreemodel.orchestration import v1 as orchestration

from oaktree.clouds import Outcome
from oaktree.clouds.simulated import seed
from oaktree.clouds.simulated.lifecycle import Action, Query, Step, Thing
from oaktree.clouds.simulated.templates import Template, as_text, read
from oaktree.failures import invalid, violation
from oaktree.shapes import word_of

# How long each resource takes.
PAUSE = 0.1
LIMIT = 512 << 10
RESOURCES = 1000
STACKS = 512
NAME = re.compile(r"[a-zA-Z][a-zA-Z0-9_.-]{0,254}")
TYPE = re.compile(r"[A-Z]\w*(::\w+)+")
HIDDEN = "******"
# Types that signals mean something to.
SIGNALLED = ("Wait", "Signal", "Policy", "Deployment", "Alarm")
TYPES = {
    "string": "STRING",
    "number": "NUMBER",
    "comma_delimited_list": "LIST",
    "json": "JSON",
    "boolean": "BOOLEAN",
}
CANCELLED = "cancelled"
# Told apart when the clock does not.
_count = itertools.count()


# -- what is said ---------------------------------------------------------------------------------


class Inputs:
    """What a stack is made from, and what is wrong with it."""

    def __init__(self, prefix: str = "") -> None:
        self.prefix = prefix
        self.said: dict[str, Any] = {}
        self.given: dict[str, str] = {}
        self.environment: dict[str, Any] = {}
        self.files: dict[str, str] = {}

    @classmethod
    def kept(cls, region: Any, stack: Any) -> Inputs:
        """Those of a stack that is there."""
        found = cls()
        known = json.loads(region.blobs[stack.id])
        found.said, found.given = known["template"], known["parameters"]
        found.environment, found.files = known["environment"], known["files"]
        return found

    def keep(self, region: Any, stack: Any) -> None:
        known = {"template": self.said, "parameters": self.given}
        known |= {"environment": self.environment, "files": self.files}
        region.blobs[stack.id] = json.dumps(known).encode()

    def wrong(self, path: str, why: str) -> Exception:
        return invalid(violation(self.prefix + path, why, "INVALID"))

    def take(self, request: Any, parameters: Sequence[str], files: str = "files") -> None:
        """Takes what a request gives, besides what there is."""
        if request.template_url:
            why = "cannot be fetched: a simulated cloud reaches nothing, so give template_text"
            raise self.wrong("template_url", why)
        if request.template_text:
            self.said = self._template(request.template_text)
        self.files |= dict(getattr(request, files))
        texts = [request.environment] if request.environment else []
        for name in request.environment_files:
            if name not in self.files:
                raise self.wrong("environment_files", f"there is no file '{name}'")
            texts.append(self.files[name])
        for text in texts:
            for key, value in self._mapping("environment", text).items():
                merged = isinstance(value, dict) and isinstance(self.environment.get(key), dict)
                self.environment[key] = {**self.environment[key], **value} if merged else value
        first, second = (dict(getattr(request, name)) for name in parameters)
        if both := sorted(first.keys() & second.keys()):
            raise self.wrong(parameters[1], f"{both[0]} is in {parameters[0]} too")
        self.given |= first | second

    def _mapping(self, path: str, text: str) -> dict[str, Any]:
        try:
            found = read(text)
        except ValueError as error:
            raise self.wrong(path, f"cannot be read: {error}") from None
        if not isinstance(found, dict):
            raise self.wrong(path, "is no mapping")
        return found

    def _template(self, text: str) -> dict[str, Any]:
        path = "template_text"
        if len(text.encode()) > LIMIT:
            raise self.wrong(path, f"has more than {LIMIT >> 10} KiB")
        found = self._mapping(path, text)
        if "heat_template_version" not in found:
            raise self.wrong(path, "has no heat_template_version")
        resources = found.get("resources") or {}
        if not isinstance(resources, dict):
            raise self.wrong(path, "its resources are no mapping")
        for name, each in resources.items():
            if not isinstance(each, dict) or not isinstance(each.get("type"), str):
                raise self.wrong(path, f"its resource {name} has no type")
            known = {*self.files, *(self.environment.get("resource_registry") or {})}
            if not TYPE.fullmatch(each["type"]) and each["type"] not in known:
                why = f"the type {each['type']} of its resource {name} is unknown"
                raise self.wrong(path, why)
        try:
            Template(found).in_order()
        except ValueError as error:
            raise self.wrong(path, str(error)) from None
        return found

    def template(self, check: bool = True) -> Template:
        """The template with all values, which fit it if they are checked."""
        template = Template(self.said)
        declared = template.part("parameters")
        around = {
            **(self.environment.get("parameter_defaults") or {}),
            **(self.environment.get("parameters") or {}),
        }
        if check and (unknown := sorted(self.given.keys() - declared.keys())):
            raise self.wrong("parameters", f"the template has no parameter {unknown[0]}")
        for name, each in declared.items():
            value = self.given.get(name, around.get(name, each.get("default")))
            if value is None and check:
                raise self.wrong("parameters", f"{name} must be given")
            if check:
                self._check(name, each, value)
            template.values[name] = typed(str(each.get("type", "string")), value)
        return template

    def _check(self, name: str, declared: Mapping[str, Any], value: Any) -> None:
        text = as_text(value)
        is_number = str(declared.get("type")) == "number"
        if is_number and not re.fullmatch(r"[-+]?\d+(\.\d+)?", text):
            raise self.wrong("parameters", f"{name} is no number")
        for constraint in declared.get("constraints") or []:
            allowed = constraint.get("allowed_values")
            pattern = constraint.get("allowed_pattern")
            bounds = constraint.get("length") or constraint.get("range") or {}
            measured = float(text) if is_number and "range" in constraint else len(text)
            fits = (
                (allowed is None or text in map(as_text, allowed))
                and (pattern is None or re.fullmatch(str(pattern), text) is not None)
                and bounds.get("min", measured) <= measured <= bounds.get("max", measured)
            )
            if not fits:
                why = constraint.get("description") or f"{name} is not what the template allows"
                raise self.wrong("parameters", str(why))


def typed(type_: str, value: Any) -> Any:
    """A parameter's value as the functions of the template see it."""
    if not isinstance(value, str):
        return value
    if type_ == "comma_delimited_list":
        return value.split(",") if value else []
    if type_ == "json":
        try:
            return json.loads(value)
        except ValueError:
            return value
    if type_ == "boolean":
        return value.lower() in {"true", "t", "1", "on", "yes"}
    if type_ == "number" and re.fullmatch(r"[-+]?\d+(\.\d+)?", value):
        return float(value) if "." in value else int(value)
    return value


def shown(template: Template) -> dict[str, str]:
    """The values of all parameters as a stack tells them."""
    declared = template.part("parameters")
    return {
        name: HIDDEN if declared[name].get("hidden") else as_text(value)
        for name, value in template.values.items()
    }


# -- stacks and their resources -------------------------------------------------------------------


def _of(region: Any, stack: Any) -> list[Any]:
    return list(region.children(orchestration.StackResource, stack))


def _attribute(resources: Mapping[str, Any]) -> Callable[[str, Sequence[Any]], Any]:
    def find(name: str, path: Sequence[Any]) -> Any:
        own = resources.get(name)
        if own is None or not own.physical_resource_id:
            return None
        return ".".join([name, *map(str, path)]) if path else own.physical_resource_id

    return find


def _outputs(region: Any, stack: Any, request: Any) -> list[Any]:
    """What the template tells of what there is now."""
    template = Inputs.kept(region, stack).template(check=False)
    table = region.store.still(orchestration.StackResource)
    own = {each.name: each for each in table if each.stack_id == stack.id}
    told = []
    for name, each in template.part("outputs").items():
        output = orchestration.StackOutput(name=name, description=str(each.get("description", "")))
        value = template.filled(each.get("value"), _attribute(own))
        if value is None:
            output.error = f"what output {name} tells is not there"
        else:
            output.value.CopyFrom(_value(value))
        told.append(output)
    return told


def _value(value: Any) -> Value:
    holder = Struct()
    holder.update({"value": value})
    return holder.fields["value"]


def said(action: str, status: str, reason: str = "") -> dict[str, Any]:
    words = {"IN_PROGRESS": "started", "COMPLETE": "completed successfully"}
    told = reason or f"{action} {words.get(status, 'failed')}"
    return {"action": action, "status": status, "status_reason": told}


def _ended(action: str, reason: str = "", **others: Any) -> dict[str, Any]:
    told = said(action, "COMPLETE", reason or f"Stack {action} completed successfully")
    return {**told, "outputs": _outputs, **others}


def _begin(region: Any, stack: Any, action: str, reason: str = "", **fields: Any) -> Any:
    told = said(action, "IN_PROGRESS", reason or f"Stack {action} started")
    return region.changed(stack, lambda each: region.declare(each, {**told, **fields}))


def _walk(
    region: Any,
    stack: Any,
    action: str,
    resources: Sequence[Any],
    fails: bool = False,
    made: Container[str] = (),
) -> Outcome:
    """Takes these resources of a stack through an action, one after the other, and so the stack.

    What is marked as not well fails to be checked. made: the ids of those that are created by it.
    """
    due, failed = 0.0, ""
    for index, each in enumerate(resources):
        unwell = action == "CHECK" and word_of(each, "status") == "FAILED"
        own = "CREATE" if each.id in made else action
        end = said(own, "COMPLETE", "state changed")
        if unwell or (fails and index == len(resources) - 1):
            why = each.status_reason if unwell else "this was asked for"
            end = said(own, "FAILED", f"SimulatedError: resources.{each.name}: {why}")
            failed = f"Resource {action} failed: {end['status_reason']}"
        steps = [Step(due, said(own, "IN_PROGRESS", "state changed")), Step(PAUSE, end)]
        region.goes_through(each, steps)
        due += PAUSE
    steps = [Step(due + PAUSE, _ended(action))]
    if fails or failed:
        failed = failed or f"Resource {action} failed: this was asked for"
        steps = [Step(due + PAUSE, said(action, "FAILED", failed))]
    region.goes_through(stack, steps)
    return Outcome(stack, pending=True)


def _undone(region: Any, stack: Any, after: float, reason: str) -> None:
    """Has a stack roll back what was done to it."""
    steps = [
        Step(after, said("ROLLBACK", "IN_PROGRESS", reason)),
        Step(PAUSE * 2, _ended("ROLLBACK", reason)),
    ]
    region.goes_through(stack, steps)


def _removed(region: Any, resources: Sequence[Any], begin: float = 0.0) -> float:
    """Deletes resources one after the other, and says when that is over."""
    for each in resources:
        region.goes_through(each, [Step(begin, said("DELETE", "IN_PROGRESS", "state changed"))])
        begin += PAUSE
        region.store.later(begin * region.quirks.pace, functools.partial(region.gone, each))
    return begin


def _made(region: Any, stack: Any, template: Template, names: Sequence[str]) -> list[Any]:
    """The resources of these names, not yet begun; in the place of those there are."""
    made = []
    for name in names:
        own = template.resources[name]
        new = region.make(
            orchestration.StackResource, id=f"{stack.id}/{name}", name=name, stack_id=stack.id
        )
        new.resource_type = own["type"]
        new.description = str(own.get("description", ""))
        new.physical_resource_id = str(uuid.uuid4())
        new.required_by[:] = template.required_by(name)
        made.append(region.born(new))
    return made


def _definitions(template: Template) -> dict[str, str]:
    """What each resource is to be, in a form in which that can be compared."""
    told = {}
    for name, own in template.resources.items():
        properties = template.filled(own.get("properties"), lambda each, path: [each, *path])
        told[name] = json.dumps([own["type"], properties], sort_keys=True)
    return told


def _planned(
    region: Any, stack: Any, old: Template, new: Template, renew: bool = True
) -> dict[str, list[str]]:
    """What an update does to each resource: to make it anew is for what is not well, too."""
    before, after = _definitions(old), _definitions(new)
    there = {each.name: each for each in _of(region, stack)}
    plan: dict[str, list[str]] = {
        each: [] for each in ("added", "updated", "replaced", "deleted", "unchanged")
    }
    for name in new.in_order():
        known = there.get(name)
        if known is None or name not in before:
            plan["added"].append(name)
        elif known.resource_type != new.resources[name]["type"] or (
            renew and word_of(known, "status") == "FAILED"
        ):
            plan["replaced"].append(name)
        else:
            plan["unchanged" if before[name] == after[name] else "updated"].append(name)
    plan["deleted"] = [name for name in there if name not in after]
    return plan


def _created(region: Any, target: None, request: Any) -> Outcome:
    new = region.new(orchestration.Stack, request)
    inputs, template = _given(region, new, request)
    new = region.born(new)
    inputs.keep(region, new)
    resources = _made(region, new, template, template.in_order())
    fails = region.is_to_fail(new, "create")
    outcome = _walk(region, new, "CREATE", resources, fails)
    if fails and new.is_rollback_enabled:
        after = PAUSE * (len(resources) + 1)
        for each in resources:
            region.courses.pop((type(each), region.store.key(each)), None)
        _removed(region, resources[::-1], after)
        _undone(region, new, after, "Stack CREATE FAILED: this was asked for")
    return outcome


def _given(region: Any, new: Any, request: Any, prefix: str = "") -> tuple[Inputs, Template]:
    """What a new stack is made from; the stack is told of it."""
    inputs = Inputs(prefix)
    if not NAME.fullmatch(request.name):
        why = "must be a letter, then letters, digits, _, - and dots"
        raise inputs.wrong("name", why)
    inputs.take(request, ("parameters", "sensitive_parameters"))
    template = inputs.template()
    if len(template.resources) > RESOURCES:
        raise region.quota("resources", RESOURCES, "orchestration")
    if len(region.store.table(orchestration.Stack)) >= STACKS:
        raise region.quota("stacks", STACKS, "orchestration")
    _tell(new, inputs, template)
    return inputs, template


def _tell(stack: Any, inputs: Inputs, template: Template) -> None:
    stack.description = str(inputs.said.get("description", "")).strip()
    stack.parameters.clear()
    stack.parameters.update(shown(template))


def _changed_inputs(
    region: Any, stack: Any, request: Any, prefix: str = ""
) -> tuple[Inputs, Template]:
    """What a stack is made from after an update."""
    inputs = Inputs.kept(region, stack)
    inputs.prefix = prefix
    if request.replace_inputs:
        if not request.template_text and not request.template_url:
            raise inputs.wrong("replace_inputs", "needs template_text or template_url")
        inputs.given, inputs.environment, inputs.files = {}, {}, {}
    for name in request.reset_parameters:
        if name in request.merge_parameters or name in request.merge_sensitive_parameters:
            raise inputs.wrong("reset_parameters", f"{name} is set as well")
        inputs.given.pop(name, None)
    inputs.take(request, ("merge_parameters", "merge_sensitive_parameters"), "merge_files")
    if request.template_text:
        # What the new template does not have any more is left out, unless this update gives it.
        kept = {*(inputs.said.get("parameters") or {})}
        kept |= {*request.merge_parameters, *request.merge_sensitive_parameters}
        inputs.given = {name: value for name, value in inputs.given.items() if name in kept}
    return inputs, inputs.template()


def _check_update(region: Any, stack: Any, request: Any) -> None:
    action = word_of(stack, "action")
    if action in {"SUSPEND", "DELETE"}:
        raise region.wrong_state(stack, f"{action} {word_of(stack, 'status')}")


def _updated(region: Any, stack: Any, request: Any) -> Outcome:
    old = Inputs.kept(region, stack).template(check=False)
    inputs, template = _changed_inputs(region, stack, request)
    plan = _planned(region, stack, old, template)
    kept = {
        each.name: each
        for each in _of(region, stack)
        if each.name in plan["updated"] + plan["unchanged"]
    }
    region.update(orchestration.Stack, stack, request)
    inputs.keep(region, stack)
    stack = region.changed(region.fresh(stack), lambda each: _tell(each, inputs, template))
    stack = _begin(region, stack, "UPDATE")
    there = {each.name: each for each in _of(region, stack)}
    made = _made(region, stack, template, plan["added"] + plan["replaced"])
    known = {each.name: each for each in made} | kept
    order = [known[name] for name in template.in_order() if name not in plan["unchanged"]]
    fails = region.is_to_fail(stack, "update")
    outcome = _walk(region, stack, "UPDATE", order, fails, {each.id for each in made})
    _removed(region, [there[name] for name in plan["deleted"]], PAUSE * len(order))
    if fails and stack.is_rollback_enabled:
        after = PAUSE * (len(order) + 1)
        _undone(region, stack, after, "Stack UPDATE FAILED: this was asked for")
    return outcome


def _deleted(region: Any, stack: Any, request: Any) -> Outcome:
    if word_of(stack, "action") == "DELETE" and word_of(stack, "status") == "IN_PROGRESS":
        return Outcome(stack, pending=True)
    resources = _of(region, stack)[::-1]
    stack = _begin(region, stack, "DELETE")
    if region.is_to_fail(stack, "delete"):
        return _walk(region, stack, "DELETE", resources, fails=True)
    region.courses.pop((type(stack), stack.id), None)
    due = _removed(region, resources) + PAUSE
    region.store.later(due * region.quirks.pace, functools.partial(region.gone, stack))
    return Outcome(stack, pending=True)


def _checked(region: Any, stack: Any, request: Any) -> Outcome:
    stack = _begin(region, stack, "CHECK")
    return _walk(region, stack, "CHECK", _of(region, stack), region.is_to_fail(stack, "check"))


def _suspended(region: Any, stack: Any, request: Any) -> Outcome:
    if word_of(stack, "action") == "SUSPEND" and word_of(stack, "status") != "FAILED":
        return Outcome(stack, pending=word_of(stack, "status") == "IN_PROGRESS")
    fails = region.is_to_fail(stack, "suspend")
    stack = _begin(region, stack, "SUSPEND")
    return _walk(region, stack, "SUSPEND", _of(region, stack)[::-1], fails)


def _resumed(region: Any, stack: Any, request: Any) -> Outcome:
    if word_of(stack, "action") == "RESUME" and word_of(stack, "status") != "FAILED":
        return Outcome(stack, pending=word_of(stack, "status") == "IN_PROGRESS")
    resources = _of(region, stack)
    ready = all(
        word_of(each, "action") == "RESUME"
        or (word_of(each, "action"), word_of(each, "status")) == ("SUSPEND", "COMPLETE")
        for each in resources
    )
    fails = region.is_to_fail(stack, "resume") or not ready
    stack = _begin(region, stack, "RESUME")
    return _walk(region, stack, "RESUME", resources, fails)


def _given_up(region: Any, stack: Any, request: Any) -> Outcome:
    action, status = word_of(stack, "action"), word_of(stack, "status")
    if action == "ROLLBACK" and status == "IN_PROGRESS":
        return Outcome(stack, pending=True)
    allowed = {"UPDATE", "CREATE"} if request.keep_changes else {"UPDATE"}
    if action not in allowed or status != "IN_PROGRESS":
        raise region.wrong_state(stack, f"{action} {status}, and not being updated")
    reason = f"Stack {action} {CANCELLED}"
    for each in _of(region, stack):
        if word_of(each, "status") == "IN_PROGRESS" or word_of(each, "action") == "INIT":
            end = "FAILED" if request.keep_changes else "COMPLETE"
            region.goes_through(each, [Step(PAUSE, said(action, end, reason))])
        else:
            region.courses.pop((type(each), region.store.key(each)), None)
    if request.keep_changes:
        region.goes_through(stack, [Step(PAUSE, said(action, "FAILED", reason))])
        return Outcome(stack, pending=True)
    stack = _begin(region, stack, "ROLLBACK", reason)
    region.goes_through(stack, [Step(PAUSE * 2, _ended("ROLLBACK", reason))])
    return Outcome(stack, pending=True)


def _signalled(region: Any, resource: Any, request: Any) -> Any:
    action = word_of(resource, "action")
    if action in {"DELETE", "SUSPEND"}:
        raise region.wrong_state(resource, f"{action} {word_of(resource, 'status')}")
    takes = any(each in resource.resource_type for each in SIGNALLED)
    if not takes and "unset_hook" not in request.data.fields:
        why = f"is of the type {resource.resource_type}, which takes no signals"
        raise invalid(violation("name_or_id", why, "INVALID"))
    reason = f"Signal: {json.dumps(dict(request.data.items()), default=str)}"
    _note(region, resource, "SIGNAL", word_of(resource, "status"), reason)
    return resource


def _marked(region: Any, resource: Any, request: Any) -> Any:
    action, status = word_of(resource, "action"), word_of(resource, "status")
    unhealthy = request.is_unhealthy or not request.HasField("is_unhealthy")
    if status == "IN_PROGRESS":
        raise region.in_transition(resource, f"{action} {status}")
    if action == "DELETE" or unhealthy == ((action, status) == ("CHECK", "FAILED")):
        return resource
    if not unhealthy and (action, status) != ("CHECK", "FAILED"):
        return resource

    def mark(each: Any) -> None:
        region.declare(each, {"action": "CHECK", "status": "FAILED" if unhealthy else "COMPLETE"})
        each.status_reason = request.reason or "state changed"

    return region.changed(resource, mark)


# -- events ---------------------------------------------------------------------------------------


def _noted(region: Any, before: Any, after: Any) -> None:
    """Notes what has become of a stack or one of its resources."""
    if after is None:
        if type(before) is orchestration.StackResource:
            _note(region, before, "DELETE", "COMPLETE", "state changed")
        return
    word = word_of(after, "action"), word_of(after, "status")
    if "UNSPECIFIED" in word or word == ("INIT", "COMPLETE"):
        return
    if before is None or word != (word_of(before, "action"), word_of(before, "status")):
        _note(region, after, *word, after.status_reason)


def _note(region: Any, about: Any, action: str, status: str, reason: str) -> None:
    own = type(about) is orchestration.StackResource
    stack_id = about.stack_id if own else about.id
    if region.store.still(orchestration.Stack).get(stack_id) is None and own:
        return
    event = orchestration.StackEvent(
        location=about.location,
        id=_in_time(),
        stack_id=stack_id,
        resource_name=about.name,
        physical_resource_id=about.physical_resource_id if own else about.id,
        resource_type=about.resource_type if own else "OS::Heat::Stack",
    )
    event.event_time.GetCurrentTime()
    region.declare(event, {"action": action, "status": status})
    event.status_reason = reason
    region.store.still(orchestration.StackEvent).put(event)


def _in_time() -> str:
    """A UUID that sorts behind all before it."""
    milliseconds, rest = divmod(time.time_ns(), 1_000_000)
    number = (milliseconds << 80) | (7 << 76) | ((rest * 4096 // 1_000_000) << 64)
    return str(uuid.UUID(int=number | (2 << 62) | ((next(_count) & 0xFFFFFFFFFFFFF) << 8)))


# -- what is told ---------------------------------------------------------------------------------


def _plans(
    template: Template, names: Sequence[str], there: Mapping[str, Any], full: bool
) -> list[Any]:
    told = []
    for name in names:
        own = template.resources.get(name) or {}
        known = there.get(name)
        plan = orchestration.PlannedStackResource(
            name=name,
            resource_type=own.get("type") or (known.resource_type if known else ""),
            description=str(own.get("description", "")),
            physical_resource_id=known.physical_resource_id if known else "",
            required_by=template.required_by(name) if own else [],
        )
        if full:
            properties = template.filled(own.get("properties") or {}, lambda each, path: None)
            plan.properties.update(properties)
        told.append(plan)
    return told


def _previewed_stack(region: Any, target: None, request: Any) -> Any:
    wanted = request.create
    stack = region.new(orchestration.Stack, wanted)
    _given(region, stack, wanted, "create.")
    stack.id = ""
    for name in ("create_time", "update_time"):
        stack.ClearField(name)
    return stack


def _previewed_resources(region: Any, target: None, request: Any) -> list[Any]:
    template = _given(region, orchestration.Stack(), request.create, "create.")[1]
    return _plans(template, template.in_order(), {}, full=True)


def _previewed(part: str, region: Any, stack: Any, request: Any) -> list[Any]:
    _check_update(region, stack, request)
    old = Inputs.kept(region, stack).template(check=False)
    template = _changed_inputs(region, stack, request.update, "update.")[1]
    plan = _planned(region, stack, old, template)
    there = {each.name: each for each in _of(region, stack)}
    return _plans(template, plan[part], there, full=False)


def _template_told(region: Any, stack: Any, request: Any) -> str:
    return json.dumps(Inputs.kept(region, stack).said)


def _version_told(region: Any, stack: Any, request: Any) -> str:
    return Template(Inputs.kept(region, stack).said).version


def _environment_told(region: Any, stack: Any, request: Any) -> str:
    if not request.include_environment:
        return ""
    inputs = Inputs.kept(region, stack)
    declared = inputs.said.get("parameters") or {}
    values = {**(inputs.environment.get("parameters") or {}), **inputs.given}
    told = {
        name: HIDDEN if (declared.get(name) or {}).get("hidden") else value
        for name, value in values.items()
    }
    return json.dumps({**inputs.environment, "parameters": told})


def _files_told(region: Any, stack: Any, request: Any) -> dict[str, str]:
    return Inputs.kept(region, stack).files if request.include_files else {}


def _validated(request: Any) -> Inputs:
    inputs = Inputs()
    inputs.take(request, ("parameters", "sensitive_parameters"))
    return inputs


def _parameters_told(region: Any, target: None, request: Any) -> list[Any]:
    inputs = _validated(request)
    template = inputs.template(check=False)
    told = []
    for name, each in template.part("parameters").items():
        own = orchestration.TemplateParameter(
            name=name,
            label=str(each.get("label", name)),
            description=str(each.get("description", "")),
            is_hidden=bool(each.get("hidden")),
            tags=map(str, each.get("tags") or []),
        )
        region.declare(own, {"type": TYPES.get(str(each.get("type")), "OTHER")})
        own.type_raw = str(each.get("type", ""))
        if each.get("default") is not None:
            own.default_value = as_text(each["default"])
        if name in request.parameters and not own.is_hidden:
            own.value = request.parameters[name]
        for constraint in each.get("constraints") or []:
            _tell_constraint(own, constraint)
        told.append(own)
    return told


def _tell_constraint(told: Any, constraint: Mapping[str, Any]) -> None:
    told.allowed_values.extend(map(as_text, constraint.get("allowed_values") or []))
    told.allowed_pattern = told.allowed_pattern or str(constraint.get("allowed_pattern", ""))
    told.custom_constraint = told.custom_constraint or str(constraint.get("custom_constraint", ""))
    told.constraint_description = told.constraint_description or str(
        constraint.get("description", "")
    )
    for key, names in (
        ("length", ("min_count", "max_count")),
        ("range", ("min_value", "max_value")),
    ):
        for name, bound in zip(names, ("min", "max"), strict=True):
            if bound in (constraint.get(key) or {}):
                setattr(told, name, constraint[key][bound])
    for name in ("step", "offset"):
        if name in (constraint.get("modulo") or {}):
            setattr(told, name, constraint["modulo"][name])


def _groups_told(region: Any, target: None, request: Any) -> list[dict[str, Any]]:
    return [
        {
            "label": str(each.get("label", "")),
            "description": str(each.get("description", "")),
            "parameters": [str(name) for name in each.get("parameters") or []],
        }
        for each in _validated(request).said.get("parameter_groups") or []
    ]


def _stack_gone(region: Any, stack: Any) -> None:
    region.blobs.pop(stack.id, None)


THINGS = {
    "stack": Thing(
        birth=[Step(0, said("CREATE", "IN_PROGRESS", "Stack CREATE started"))],
        fields={
            "user_name": "demo",
            "stack_user_project_id": lambda region, stack, request: seed.uid(
                region.location.cloud, "stack users", stack.id
            ),
        },
        unique=["name"],
        refers={"files_container": "container"},
        changed=_noted,
        unmade=_stack_gone,
    ),
    "stack_resource": Thing(birth=[Step(0, said("INIT", "COMPLETE"))], changed=_noted),
}

ACTIONS = {
    "CreateStack": Action(does=_created),
    "UpdateStack": Action(does=_updated),
    "DeleteStack": Action(does=_deleted),
    "CheckStack": Action(does=_checked),
    "SuspendStack": Action(does=_suspended),
    "ResumeStack": Action(does=_resumed),
    "CancelStackUpdate": Action(does=_given_up),
    "SignalStackResource": Action(does=_signalled),
    "MarkStackResourceUnhealthy": Action(does=_marked),
}
CHECKS = {"UpdateStack": _check_update}
QUERIES = {
    "PreviewStack": Query({"stack": _previewed_stack, "resources": _previewed_resources}),
    "PreviewStackUpdate": Query(
        {
            part: functools.partial(_previewed, part)
            for part in ("added", "updated", "replaced", "deleted", "unchanged")
        }
    ),
    "GetStackTemplate": Query(
        {
            "template_text": _template_told,
            "template_version": _version_told,
            "environment": _environment_told,
            "files": _files_told,
        }
    ),
    "ValidateTemplate": Query(
        {
            "description": lambda region, target, request: str(
                _validated(request).said.get("description", "")
            ).strip(),
            "parameters": _parameters_told,
            "parameter_groups": _groups_told,
        }
    ),
}

UPPER = {"StackAction", "StackStatus"}
