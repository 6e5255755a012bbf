# SPDX-License-Identifier: Apache-2.0
"""What buf does not see: our own options, and what is new without saying since when."""

from __future__ import annotations

import re
from collections.abc import Iterator

from breaks import SOURCE, Break
from buf import words_of
from descriptors import OPTIONS, Element, ProtoTree

BEHAVIORS = {
    "FIELD_BEHAVIOR_REQUIRED": (
        "required",
        "requests of released clients that leave it out are refused",
        "leave it optional, and say in its comment what its absence means",
    ),
    "FIELD_BEHAVIOR_OUTPUT_ONLY": (
        "output only",
        "requests of released clients that give it are refused",
        "go on taking it",
    ),
    "FIELD_BEHAVIOR_IMMUTABLE": (
        "immutable",
        "requests of released clients that change it are refused",
        "go on taking changes of it",
    ),
}
# What is compared here, and what is outside the promise.
COMPARED = {"field_behavior", "sensitive", "method", "resource"}
FREE = {"source"}
# Where an element says since when it exists.
SINCE = {
    kind: f"{kind.replace(' ', '_')}_since"
    for kind in ("service", "method", "message", "field", "enum", "enum value")
}


def compare_options(old: ProtoTree, new: ProtoTree) -> list[Break]:
    found: list[Break] = []
    for element in new.elements.values():
        before = old.elements.get(element.name)
        if before is None or before.kind != element.kind:
            if element.kind == "field" and element.parent in old.elements:
                found.extend(newly_asked(element, new))
        elif element.kind == "field":
            found.extend(field_breaks(before, element, old, new))
        elif element.kind == "method":
            found.extend(method_breaks(before, element, old, new))
        elif element.kind == "message":
            found.extend(resource_breaks(before, element, old, new))
        elif element.kind == "option":
            found.extend(option_breaks(before, element))
    return found


def behaviors(element: Element, tree: ProtoTree) -> list[str]:
    return list(tree.options(element).get("field_behavior", []))


def newly_asked(element: Element, new: ProtoTree) -> Iterator[Break]:
    """A new field that old clients cannot know of, and have to give."""
    if "FIELD_BEHAVIOR_REQUIRED" in behaviors(element, new):
        yield Break(
            "FIELD_NEWLY_REQUIRED",
            element.name,
            f"the field {element.name} is new and required",
            "requests of released clients, which do not know it, are refused",
            "make it optional, and say in its comment what its absence means",
        )


def field_breaks(
    before: Element, element: Element, old: ProtoTree, new: ProtoTree
) -> Iterator[Break]:
    had = behaviors(before, old)
    for behavior in behaviors(element, new):
        if behavior not in had and behavior in BEHAVIORS:
            word, whom, instead = BEHAVIORS[behavior]
            rule = f"FIELD_NEWLY_{word.upper().replace(' ', '_')}"
            yield Break(
                rule, element.name, f"the field {element.name} became {word}", whom, instead
            )
    if old.options(before).get("sensitive") and not new.options(element).get("sensitive"):
        yield Break(
            "FIELD_SENSITIVE_LOST",
            element.name,
            f"the field {element.name} is no longer marked as sensitive",
            "programs that keep secrets out of their logs by the option now write this one there",
            "put the option back",
        )


def method_breaks(
    before: Element, element: Element, old: ProtoTree, new: ProtoTree
) -> Iterator[Break]:
    had, has = (
        tree.options(method).get("method", {}) for tree, method in ((old, before), (new, element))
    )
    for part in sorted(had):
        if had[part] != has.get(part):
            yield Break(
                f"METHOD_{part.upper()}_CHANGED",
                element.name,
                f"the method {element.name} changed its {part} from {had[part]} to "
                f"{has.get(part, 'nothing')}",
                "programs that choose methods by their options no longer find it or misuse it",
                "put it back, and add another method if there is a new thing to do",
            )


def resource_breaks(
    before: Element, element: Element, old: ProtoTree, new: ProtoTree
) -> Iterator[Break]:
    had, has = (
        tree.options(message).get("resource", {})
        for tree, message in ((old, before), (new, element))
    )
    # That a resource can be watched may be added; a parent may not, for programs take what has none
    # as standing alone.
    parts = {part for part in had if had[part]} | ({"parent"} if had else set())
    for part in sorted(parts):
        if had.get(part) != has.get(part):
            yield Break(
                f"RESOURCE_{part.upper()}_CHANGED",
                element.name,
                f"the resource {element.name} changed its {part} from "
                f"{had.get(part, 'nothing')} to {has.get(part, 'nothing')}",
                "programs that treat all resources alike, and what they have stored, no longer "
                "recognize it",
                "put it back",
            )


def option_breaks(before: Element, element: Element) -> Iterator[Break]:
    for part in ("number", "type", "type_name", "label", "extendee"):
        had, has = getattr(before.proto, part), getattr(element.proto, part)
        if had != has:
            yield Break(
                "OPTION_CHANGED",
                element.name,
                f"the option {element.name} changed its {part.removesuffix('_name')} from {had} to "
                f"{has}",
                f"programs that read it from descriptors no longer find it, and {SOURCE}",
                "put it back, and add another option",
                words=words_of(element),
            )


def unknown_options(new: ProtoTree) -> list[Break]:
    """Options that came without anybody saying what a change of them means."""
    known = COMPARED | FREE | set(SINCE.values())
    return [
        Break(
            "OPTION_UNKNOWN",
            option.name,
            f"the option {option.name} is not known to the gate",
            "nobody would be told when a change of it breaks programs",
            "say in tests/compat/options.py what may change",
        )
        for option in new.of_kind("option")
        if option.name.startswith(OPTIONS) and option.name.removeprefix(OPTIONS) not in known
    ]


def version_key(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def compare_since(goldens: dict[str, ProtoTree], new: ProtoTree) -> list[Break]:
    """What the first golden does not have says since which release it exists, and truly."""
    versions = sorted(goldens, key=version_key)
    found: list[Break] = []
    if not versions:
        return found
    first = goldens[versions[0]]
    for element in new.elements.values():
        if element.kind not in SINCE:
            continue
        if element.kind == "message" and element.proto.options.map_entry:
            continue
        option = SINCE[element.kind]
        since = new.options(element).get(option)
        if element.name not in first.elements and since is None:
            # What is inside something new is as new as that.
            if not element.parent or element.parent in first.elements:
                example = f'({OPTIONS}{option}) = "X.Y.Z"'
                found.append(
                    Break(
                        "SINCE_MISSING",
                        element.name,
                        f"the {element.kind} {element.name} came after {versions[0]} and does not "
                        "say since when",
                        "programs cannot tell which servers have it",
                        f"give it the option {example}, with the release it will be in",
                    )
                )
        elif since is not None:
            found.extend(since_breaks(element, since, goldens, versions))
    return found


def since_breaks(
    element: Element, since: str, goldens: dict[str, ProtoTree], versions: list[str]
) -> Iterator[Break]:
    having = [v for v in versions if element.name in goldens[v].elements]
    lacking = [v for v in versions if v not in having]
    if not re.fullmatch(r"\d+\.\d+\.\d+", since):
        wrong = f"which is no release: it has to be like {versions[-1]}"
    elif having and version_key(since) > version_key(having[0]):
        wrong = f"but {having[0]} has it already"
    elif lacking and version_key(since) <= version_key(lacking[-1]):
        wrong = f"but {lacking[-1]} does not have it"
    else:
        return
    yield Break(
        "SINCE_WRONG",
        element.name,
        f'the {element.kind} {element.name} says it exists since "{since}", {wrong}',
        "programs expect it of the wrong servers",
        "name the first release it is in",
    )
