# SPDX-License-Identifier: Apache-2.0
"""The breaks of 0.x that were accepted, each by its name and with a reason.

The file beside the goldens has a line for each break, as the gate prints it in brackets, and below
it, indented, why. From 1.0 on it may lose entries and get none, and what 1.0 has cannot be accepted
away: a golden has a copy of the file as it was, which is what later ones are held to.
"""

from __future__ import annotations

from typing import NamedTuple

from breaks import Break
from options import version_key

STABLE = (1, 0, 0)


class Accepted(NamedTuple):
    reasons: dict[str, str]
    faults: list[str]


def parse(text: str) -> Accepted:
    reasons: dict[str, str] = {}
    faults: list[str] = []
    name = ""
    for line in text.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        if not line[0].isspace():
            name = line.strip()
            if name in reasons:
                faults.append(f"{name} is accepted twice: remove one")
            reasons.setdefault(name, "")
        elif name:
            reasons[name] = f"{reasons[name]} {line.strip()}".strip()
        else:
            faults.append(f"a reason for nothing: {line.strip()}")
    faults.extend(
        f"{name} is accepted without a reason: say why on an indented line below it"
        for name, reason in reasons.items()
        if not reason
    )
    return Accepted(reasons, faults)


def named(text: str) -> set[str]:
    """The elements and files that the breaks of a file are about."""
    return {name.split()[-1] for name in parse(text).reasons}


def is_stable(version: str) -> bool:
    return version_key(version) >= STABLE


def judge(
    accepted: Accepted, found: dict[str, list[Break]], frozen: dict[str, Accepted]
) -> tuple[dict[str, list[Break]], list[str]]:
    """What is left of the breaks against each golden, and what is wrong with the list itself."""
    left: dict[str, list[Break]] = {}
    used: set[str] = set()
    for version, breaks in found.items():
        if is_stable(version):
            left[version] = breaks
            continue
        left[version] = [broken for broken in breaks if broken.id not in accepted.reasons]
        used.update(broken.id for broken in breaks)
    faults = list(accepted.faults)
    faults.extend(
        f"{name} is accepted and no golden of 0.x has that break: remove it"
        for name in accepted.reasons
        if name not in used
    )
    stable = next((v for v in sorted(frozen, key=version_key) if is_stable(v)), None)
    if stable:
        faults.extend(
            f"{name} was accepted after {stable}: from 1.0 on no break is, undo the change"
            for name in accepted.reasons
            if name not in frozen[stable].reasons
        )
    return left, faults
