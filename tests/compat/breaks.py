# SPDX-License-Identifier: Apache-2.0
"""Breaks, each told in one sentence: what broke, for whom, and what to do instead."""

from __future__ import annotations

import re
from typing import NamedTuple

PROGRAMS = "Go, C++ and Python programs"
SOURCE = f"{PROGRAMS} that name it no longer build or run"
CALLS = f"{PROGRAMS} that call it no longer build or run"
PUT_BACK = "put it back and mark it deprecated"


class Break(NamedTuple):
    rule: str
    element: str
    what: str
    whom: str
    instead: str
    # The words of names in generated code that the same change takes away, in alternatives.
    words: tuple[tuple[str, ...], ...] = ()

    @property
    def id(self) -> str:
        """By what it can be accepted before 1.0."""
        return f"{self.rule} {self.element}"

    def sentence(self) -> str:
        text = f"{self.what}: {self.whom}; {self.instead}."
        return text[0].upper() + text[1:]


# For whom each of buf's rules is there, and what to do instead.
BUF_RULES = {
    "FILE_NO_DELETE": (
        "protos that import it, C++ programs that include its headers and Python programs that "
        "import its modules no longer build or run, and calls of its services get UNIMPLEMENTED if "
        "they are gone",
        "put it back: what is in it may be deprecated, but not moved or removed",
    ),
    "FILE_SAME_PACKAGE": (
        f"no released client finds its methods and types on the wire, and {SOURCE}",
        "put the package back",
    ),
    "MESSAGE_NO_DELETE": (
        f"calls and fields of that type have nothing to be read with, and {SOURCE}",
        PUT_BACK,
    ),
    "ENUM_NO_DELETE": (f"JSON that has its words cannot be read, and {SOURCE}", PUT_BACK),
    "SERVICE_NO_DELETE": (
        f"every client that calls its methods gets UNIMPLEMENTED, and {SOURCE}",
        PUT_BACK,
    ),
    "RPC_NO_DELETE": (
        f"every client that calls it gets UNIMPLEMENTED, and {SOURCE}",
        PUT_BACK,
    ),
    "RPC_SAME_REQUEST_TYPE": (
        f"the server misreads what every released client sends, and {CALLS}",
        "leave it, deprecate it and add a method beside it",
    ),
    "RPC_SAME_RESPONSE_TYPE": (
        f"every released client misreads the answer, and {CALLS}",
        "leave it, deprecate it and add a method beside it",
    ),
    "RPC_SAME_CLIENT_STREAMING": (
        f"calls of every released client fail, and {CALLS}",
        "leave it, deprecate it and add a method beside it",
    ),
    "RPC_SAME_SERVER_STREAMING": (
        f"calls of every released client fail, and {CALLS}",
        "leave it, deprecate it and add a method beside it",
    ),
    "RPC_SAME_IDEMPOTENCY_LEVEL": (
        "released clients and proxies repeat, or do not repeat, calls by what it was",
        "put it back, and add a method beside it that behaves in the other way",
    ),
    "FIELD_NO_DELETE": (
        f"every client that sends or reads it loses it silently, JSON that has it is refused, and "
        f"{SOURCE}",
        PUT_BACK,
    ),
    "FIELD_SAME_NAME": (
        f"JSON and field masks that have the old name are refused, and {SOURCE}",
        "put the name back, and say in its comment what it means",
    ),
    "FIELD_SAME_JSON_NAME": (
        "JSON of released clients has the other name, and is refused",
        "put it back",
    ),
    "FIELD_SAME_TYPE": (
        "clients and servers of different releases misread it, on the wire or in JSON, and "
        f"{SOURCE}",
        "put the type back, deprecate the field and add another beside it",
    ),
    "FIELD_SAME_CARDINALITY": (
        "clients and servers of different releases read absent or several values differently, and "
        f"{SOURCE}",
        "put it back, deprecate the field and add another beside it",
    ),
    "FIELD_SAME_ONEOF": (
        "clients and servers of different releases disagree whether setting one field clears "
        f"another, and {SOURCE}",
        "put it back: oneofs may get new fields, but no old ones",
    ),
    "ONEOF_NO_DELETE": (
        f"{PROGRAMS} that ask which of its fields is set no longer build or run",
        "put it back under its name",
    ),
    "ENUM_VALUE_NO_DELETE": (
        "clients and servers of different releases get a number they have no name for, JSON that "
        f"has its word is refused, and {SOURCE}",
        PUT_BACK,
    ),
    "ENUM_VALUE_SAME_NAME": (
        f"JSON that has the old word is refused, and {SOURCE}",
        "put the name back, and say in its comment what it means",
    ),
    "EXTENSION_NO_DELETE": (
        f"programs that read the option from descriptors no longer find it, and {SOURCE}",
        PUT_BACK,
    ),
    "RESERVED_MESSAGE_NO_DELETE": (
        "what an old client still sends there could be taken for something else",
        "put it back into the reserved ones",
    ),
    "RESERVED_ENUM_NO_DELETE": (
        "what an old client still sends there could be taken for something else",
        "put it back into the reserved ones",
    ),
}
# Whom an option of files is for.
FILE_OPTIONS = {
    "go_package": "Go programs that import its package no longer build",
    "csharp_namespace": "C# programs that use its types no longer build",
    "java_package": "Java programs that use its types no longer build",
    "java_outer_classname": "Java programs that use its types no longer build",
    "java_multiple_files": "Java programs that use its types no longer build",
    "objc_class_prefix": "Objective-C programs that use its types no longer build",
    "php_namespace": "PHP programs that use its types no longer run",
    "ruby_package": "Ruby programs that use its types no longer run",
    "swift_prefix": "Swift programs that use its types no longer build",
    "optimize_for": "C++ programs that use its types no longer build",
}
OTHER = ("clients of that release no longer work with this one", "put it back")
# What says the same as another rule does of the same element.
IMPLIED = {
    "FIELD_SAME_JSON_NAME": {"FIELD_SAME_NAME"},
    "FIELD_SAME_CARDINALITY": {"FIELD_SAME_ONEOF"},
    "FIELD_SAME_TYPE": {"FIELD_SAME_CARDINALITY"},
}


def without_implied(found: list[Break]) -> list[Break]:
    rules: dict[str, set[str]] = {}
    for broken in found:
        rules.setdefault(broken.element, set()).add(broken.rule)
    return [
        broken for broken in found if not IMPLIED.get(broken.rule, set()) & rules[broken.element]
    ]


def spelled(word: str) -> str:
    """A name as it is compared across languages, which write Foo_Bar, fooBar or FOO_BAR."""
    return re.sub(r"[^a-z0-9]", "", word.lower())
