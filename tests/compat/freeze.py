# SPDX-License-Identifier: Apache-2.0
"""Freezes a release as a golden, with which every later tree is compared."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

from gate import check, sources
from golden import ACCEPTED, VERSION, goldens_in, today, write_golden
from options import version_key


def output(*command: str) -> str:
    done = subprocess.run(command, check=False, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit("nothing was frozen, see the message above")
    return done.stdout.strip()


def release_directory(srcdir: Path) -> Path:
    """Where the release goes that this tree is, to the last byte."""
    version = output(str(srcdir / "build-aux/version.sh"), "--release")
    changed = output("git", "-C", str(srcdir), "status", "--porcelain")
    if changed:
        sys.exit(f"this tree is not what was tagged as {version}: commit or remove\n{changed}")
    return srcdir / "protos/goldens" / version


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--trial",
        type=Path,
        metavar="DIR",
        help="freeze any tree, as the release that DIR is named by, and not among the goldens",
    )
    arguments = parser.parse_args()
    srcdir = Path(os.environ["abs_top_srcdir"])
    directory = arguments.trial or release_directory(srcdir)
    if not VERSION.match(directory.name):
        sys.exit(f"{directory} is not named by a release, like 0.1.0")
    if directory.exists():
        sys.exit(f"{directory} exists, and a golden is never made anew")
    made = sources()
    if None in made:
        sys.exit("a release has all languages: configure without --disable-cpp, -python and -go")
    release = today(made)
    for version in goldens_in(directory.parent):
        if version_key(version) > version_key(directory.name):
            sys.exit(f"{version} is frozen already, so {directory.name} comes too late")
    if faults := check(directory.parent, release):
        sys.exit("\n".join([*faults, "nothing was frozen, for this tree breaks what was released"]))
    list_of_accepted = directory.parent / ACCEPTED
    text = list_of_accepted.read_text() if list_of_accepted.exists() else ""
    write_golden(directory, release, text)
    print(f"{directory} has this release for ever: commit it")
    return 0


if __name__ == "__main__":
    sys.exit(main())
