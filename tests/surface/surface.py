# SPDX-License-Identifier: Apache-2.0
"""How much of what OpenStack's users call and read the proto tree carries.

The tables beside this file say it:

methods/SERVICE.csv    the remote methods of shade, and those that openstacksdk's cloud layer adds.
                       rpc names what carries one, as network.RouterService.CreateRouter, several
                       with spaces.
resources.csv          the messages that carry a resource, as network.Router.
fields/SERVICE.csv     the fields of the resources. What carries one says so itself, by the option
                       source in the files of the messages: as sdk the field or its name in
                       openstacksdk, or as attribute its name in the REST API.
fields/everywhere.csv  the fields that are declined wherever they occur.
consumers.csv          what nodepool, Zuul, the Ansible modules and the Terraform types most used
                       call and manage; each method and resource is in the tables above, for a
                       method that only helps the remote one behind it.

What is not carried is declined, with the reason. A reason beside what is carried is an error too.
"""

from __future__ import annotations

import argparse
import csv
import functools
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from oaktreemodel.common.v1 import annotations_pb2 as ann
from tree import FILES, METHODS, SRCDIR

TABLES = Path(__file__).parent
PAGE = SRCDIR / "doc" / "coverage.rst"

Row = dict[str, str]


def read(path: Path) -> list[Row]:
    with path.open(newline="") as file:
        rows = csv.DictReader(file, strict=True)
        return [{**row, "at": f"{path.name}:{rows.line_num}"} for row in rows]


@dataclass(frozen=True)
class Surface:
    """The tables."""

    methods: Mapping[str, Sequence[Row]]
    resources: Sequence[Row]
    fields: Mapping[str, Sequence[Row]]
    everywhere: Mapping[str, str]
    consumers: Sequence[Row]

    @classmethod
    def of(cls, directory: Path) -> Surface:
        fields = {path.stem: read(path) for path in sorted((directory / "fields").glob("*.csv"))}
        everywhere = fields.pop("everywhere")
        return cls(
            {path.stem: read(path) for path in sorted((directory / "methods").glob("*.csv"))},
            read(directory / "resources.csv"),
            fields,
            {row["field"]: row["declined"] for row in everywhere},
            read(directory / "consumers.csv"),
        )


@dataclass
class Verdict:
    """What the tables come to."""

    # What is wrong, a sentence each.
    complaints: list[str] = field(default_factory=list)
    # How many of what are carried: (kind, service) to a number each.
    carried: Counter[tuple[str, str]] = field(default_factory=Counter)
    declined: Counter[tuple[str, str]] = field(default_factory=Counter)
    # What is declined: (kind, service, reason) to names.
    reasons: dict[tuple[str, str, str], list[str]] = field(
        default_factory=lambda: defaultdict(list)
    )

    def count(self, kind: str, service: str, name: str, reason: str) -> None:
        if reason:
            self.declined[kind, service] += 1
            self.reasons[kind, service, reason].append(name)
        else:
            self.carried[kind, service] += 1


RPCS = {
    f"{method.service.removeprefix('oaktree.').replace('.v1.', '.')}.{method.proto.name}"
    for method in METHODS
}
# network.Router, and the file it is in.
HOMES = {
    f"{file.package.split('.')[1]}.{message.name}": file
    for file in FILES
    for message in file.message_type
}


@functools.cache
def sources(messages: str) -> tuple[set[str], set[str]]:
    """The names in openstacksdk and in the REST API that the files of these messages carry."""
    found = [
        source
        for message in messages.split()
        if message in HOMES
        for each in HOMES[message].message_type
        for own in each.field
        for source in own.options.Extensions[ann.source]
    ]
    return {each.sdk for each in found} - {""}, {each.attribute for each in found} - {""}


def one_of(row: Row, carried: str, name: str) -> Iterator[str]:
    if row[carried] and row["declined"]:
        yield f"{row['at']}: {name} is both carried and declined; empty one of the two"
    if not row[carried] and not row["declined"]:
        yield f"{row['at']}: {name} is neither carried nor declined; fill one of the two in"


def judge(surface: Surface) -> Verdict:
    verdict = Verdict()
    complain = verdict.complaints
    methods = {}
    for service, rows in surface.methods.items():
        for row in rows:
            name = f"{row['library']}'s {row['method']}"
            methods[row["method"]] = row
            complain += one_of(row, "rpc", name)
            complain += [
                f"{row['at']}: {name}: there is no RPC {rpc}"
                for rpc in row["rpc"].split()
                if rpc not in RPCS
            ]
            verdict.count(f"{row['library']} methods", service, row["method"], row["declined"])
    resources = {row["resource"]: row for row in surface.resources}
    for row in surface.resources:
        complain += one_of(row, "messages", row["resource"])
        complain += [
            f"{row['at']}: {row['resource']}: there is no message {message}"
            for message in row["messages"].split()
            if message not in HOMES
        ]
        verdict.count("resources", row["service"], row["resource"], row["declined"])
    for service, rows in surface.fields.items():
        for row in rows:
            resource = resources.get(row["resource"])
            if resource is None:
                complain.append(f"{row['at']}: resources.csv has no {row['resource']}")
            elif resource["messages"]:
                judge_field(surface, verdict, service, row, resource["messages"])
    for row in surface.consumers:
        name = f"{row['consumer']}'s {row['unit']}"
        complain += [
            f"{row['at']}: {name} calls {method}, which no table has"
            for method in row["methods"].split()
            if method not in methods
        ]
        complain += [
            f"{row['at']}: {name} manages {resource}, which resources.csv does not have"
            for resource in row["resources"].split()
            if resource not in resources
        ]
        lost = [
            f"{each} ({table[each]['declined']})"
            for table, names in ((methods, row["methods"]), (resources, row["resources"]))
            for each in names.split()
            if each in table and table[each]["declined"]
        ]
        reason = row["declined"] or (f"needs {', '.join(lost)}" if lost else "")
        verdict.count("consumers", row["consumer"], row["unit"], reason)
    return verdict


def judge_field(surface: Surface, verdict: Verdict, service: str, row: Row, messages: str) -> None:
    name = f"{row['resource']}.{row['field']}"
    sdk, attributes = sources(messages)
    carried = (
        row["field"] in sdk
        or (row["sdk"] and row["sdk"] in sdk)
        or (row["wire"] and row["wire"] in attributes)
    )
    everywhere = surface.everywhere.get(row["field"], "")
    if carried and row["declined"]:
        verdict.complaints.append(
            f"{row['at']}: {name} is declined, and yet the source of a field in "
            f"{', '.join(messages.split())}'s file names it; empty the one or the other"
        )
    if not carried and not row["declined"] and not everywhere:
        verdict.complaints.append(
            f"{row['at']}: {name} is neither carried nor declined; name it in the source of the "
            "field that carries it, or say here why none does"
        )
    reason = "" if carried else row["declined"] or everywhere
    verdict.count("fields", service, name, reason)


KINDS = ("shade methods", "openstacksdk methods", "resources", "fields", "consumers")
TITLES = {
    "shade methods": "The remote methods of shade",
    "openstacksdk methods": "What openstacksdk's cloud layer adds to them",
    "resources": "The resources of shade, openstacksdk, Ansible and Terraform",
    "fields": "The fields of the resources that are carried",
    "consumers": "The programs that use them: nodepool, Zuul, Ansible's modules, Terraform's types",
}
INTRODUCTION = """\
.. SPDX-License-Identifier: Apache-2.0
.. Written by tests/surface/surface.py --write.

What is covered
===============

The interface is to be comprehensive, and this page measures it: every remote method of shade and
of openstacksdk's cloud layer, every field of the resources, and the programs that people run, with
what carries them or the reason why nothing does. The tables are in ``tests/surface/``, and a test
holds them to the proto tree.
"""


def percent(carried: int, declined: int) -> str:
    return f"{100 * carried / (carried + declined):.0f} %" if carried + declined else "-"


def table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    rule = "  ".join("=" * width for width in widths)
    yield rule
    for number, row in enumerate(rows):
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        if number == 0:
            yield rule
    yield rule


def numbers(verdict: Verdict) -> Iterator[str]:
    """A table for each kind: what is carried, of how much."""
    for kind in KINDS:
        places = sorted(
            {place for each, place in [*verdict.carried, *verdict.declined] if each == kind}
        )
        rows = [("", "carried", "of", "")]
        for place in places:
            carried, declined = verdict.carried[kind, place], verdict.declined[kind, place]
            whole = str(carried + declined)
            rows.append((place, str(carried), whole, percent(carried, declined)))
        carried = sum(verdict.carried[kind, place] for place in places)
        declined = sum(verdict.declined[kind, place] for place in places)
        rows.append(("all", str(carried), str(carried + declined), percent(carried, declined)))
        yield from ("", TITLES[kind], "-" * len(TITLES[kind]), "")
        rows[0] = ("program" if kind == "consumers" else "service", *rows[0][1:3], "share")
        yield from table(rows)
        declined_here = [(at, names) for at, names in verdict.reasons.items() if at[0] == kind]
        if declined_here:
            yield from ("", "Declined:", "")
        for (_, place, reason), names in declined_here:
            yield f"- {place}: {', '.join(f'``{each}``' for each in names)}: {reason}"


def page(verdict: Verdict) -> str:
    return INTRODUCTION + "\n".join(numbers(verdict)) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", help="write doc/coverage.rst")
    parser.add_argument("--service", help="complain about this service's tables only")
    options = parser.parse_args()
    verdict = judge(Surface.of(TABLES))
    complaints = verdict.complaints
    if options.service:
        complaints = [each for each in complaints if each.startswith(f"{options.service}.csv")]
    if options.write:
        PAGE.write_text(page(verdict))
    else:
        print("\n".join(numbers(verdict)))
    if complaints:
        sys.exit("\n" + "\n".join(complaints))


if __name__ == "__main__":
    main()
