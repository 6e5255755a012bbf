# SPDX-License-Identifier: Apache-2.0
"""Compares this tree with every release there has been, and tells each break in a sentence."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

import accepted
from breaks import Break
from buf import compare_with_buf
from golden import ACCEPTED, Release, Sources, absence, goldens_in, read_golden, today
from names import LANGUAGES, compare_names
from options import compare_options, compare_since, unknown_options

SHOWN = 40


def sources() -> Sources:
    """Today's, as configure left them."""
    srcdir, builddir = (Path(os.environ[f"abs_top_{name}"]) for name in ("srcdir", "builddir"))

    def built(language: str, path: Path) -> Path | None:
        if why := absence(language):
            print(f"SKIP: the comparison of the names of {LANGUAGES[language][0]}, for {why}")
            return None
        return path

    return Sources(
        srcdir / "protos",
        built("go", srcdir / "go"),
        built("cpp", builddir / "cpp"),
        built("python", builddir / "python"),
    )


def compare(old: Release, new: Release) -> list[Break]:
    """What breaks users of an old release who meet a new one."""
    found = [*compare_with_buf(old.tree, new.tree), *compare_options(old.tree, new.tree)]
    explained = list(found)
    for language in new.languages:
        found.extend(compare_names(language, old.names(language), new.names(language), explained))
    return found


def compare_all(goldens: dict[str, Release], new: Release) -> dict[str, list[Break]]:
    found = {version: compare(golden, new) for version, golden in goldens.items()}
    if goldens:
        late = compare_since(
            {version: golden.tree for version, golden in goldens.items()}, new.tree
        )
        # These are about this tree, and are mended before anything is released.
        found[next(reversed(goldens))].extend([*late, *unknown_options(new.tree)])
    return found


def check(directory: Path, new: Release) -> list[str]:
    """What is wrong, in sentences."""
    paths = goldens_in(directory)
    found = compare_all({version: read_golden(path) for version, path in paths.items()}, new)
    file = directory / ACCEPTED
    mine = accepted.parse(file.read_text() if file.exists() else "")
    frozen = {
        version: accepted.parse((path / ACCEPTED).read_text()) for version, path in paths.items()
    }
    left, faults = accepted.judge(mine, found, frozen)
    versions: dict[Break, list[str]] = {}
    for version, breaks in left.items():
        for broken in breaks:
            versions.setdefault(broken._replace(words=()), []).append(version)
    sentences = [
        f"{broken.sentence()} [{broken.id}] ({', '.join(which)})"
        for broken, which in versions.items()
    ]
    return [*sentences, *(f"{file}: {fault}." for fault in faults), *edited(directory)]


def edited(directory: Path) -> list[str]:
    """Files of goldens that are not, or no longer, as they came into git."""
    log = ["log", "--reverse", "--diff-filter=A", "--no-renames", "--raw", "--no-abbrev"]
    if not directory.is_dir():
        return []
    try:
        added = git_in(directory, *log, "--relative", "--format=", "--", ".")
        came: dict[str, str] = {}
        for line in added.splitlines():
            what, name = line.split("\t")
            came.setdefault(name, what.split()[3])
        names = [name for name in came if "/" in name]  # not what lies beside the goldens
        there = [name for name in names if (directory / name).is_file()]
        hashes = git_in(directory, "hash-object", "--", *there).split() if there else []
    except (FileNotFoundError, subprocess.CalledProcessError):
        return []  # a tarball
    now = dict(zip(there, hashes, strict=True))
    return [
        f"{directory / name} was changed after its release: put it back as it was."
        for name in sorted(names)
        if now.get(name) != came[name]
    ]


def git_in(directory: Path, *words: str) -> str:
    git = ["git", "-C", str(directory), *words]
    return subprocess.run(git, check=True, capture_output=True, text=True).stdout


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--goldens", type=Path, help="where they are, if not in protos/goldens")
    parser.add_argument("--all", action="store_true", help=f"tell more than {SHOWN} breaks")
    arguments = parser.parse_args()
    directory = arguments.goldens or Path(os.environ["abs_top_srcdir"], "protos/goldens")
    if not goldens_in(directory):
        print(f"No release is frozen in {directory} yet, so there is nothing to compare with.")
        return 0
    faults = check(directory, today(sources()))
    shown = faults if arguments.all else faults[:SHOWN]
    for fault in shown:
        print(fault)
    if len(faults) > len(shown):
        print(f"... and {len(faults) - len(shown)} more, which --all tells.")
    if faults:
        print(
            "What was released is a promise, see doc/stability.rst. In brackets is the name by "
            "which protos/goldens/accepted.txt accepts a break of 0.x.",
            file=sys.stderr,
        )
        return 1
    print(f"Nothing that was released is broken: {', '.join(goldens_in(directory))}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
