# SPDX-License-Identifier: Apache-2.0
"""Proves that a wheel works beside each combination of the versions in python_versions.txt.

Every version is installed once, into a directory of its own; a combination is a virtual environment
with nothing in it, to which the directories of two versions and of the wheel are added, and whose
programs are all that is on PATH: there is no compiler and no protoc. protobuf in pure Python, which
is what it is where it has no binary wheels, is tried with the newest grpcio.
"""

from __future__ import annotations

import argparse
import itertools
import os
import shutil
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from python_room import PROGRAMS, PYTHONS, CommandError, Room, other_pythons

PACKAGE = "oaktreemodel"


class Version(NamedTuple):
    package: str
    number: str
    pythons: tuple[str, ...]

    @property
    def requirement(self) -> str:
        return f"{self.package}=={self.number}"


def versions() -> list[Version]:
    """The versions of python_versions.txt, in its order."""
    table = []
    for line in Path(__file__).with_name("python_versions.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            package, number, pythons = line.split()
            first, last = (PYTHONS.index(python) for python in pythons.split("-"))
            table.append(Version(package, number, PYTHONS[first : last + 1]))
    return table


class Matrix:
    """The combinations that one interpreter can have."""

    def __init__(self, interpreter: str, wheel: Path, scratch: Path) -> None:
        self.scratch = scratch
        self.room = Room(scratch / "room", interpreter)
        self.path = str(self.room.path / "bin")
        for tool in ("cc", "gcc", "c++", "g++", "clang", "protoc", "sh"):
            if shutil.which(tool, path=self.path):
                sys.exit(f"python_matrix.py: a virtual environment of {interpreter} has {tool}")
        self.minor = self.room.run("-c", "import sys; print('%d.%d' % sys.version_info[:2])")
        table = [version for version in versions() if self.minor in version.pythons]
        self.protobufs = [version for version in table if version.package == "protobuf"]
        self.grpcios = [version for version in table if version.package == "grpcio"]
        if len(self.protobufs) < 2 or len(self.grpcios) < 2:
            sys.exit(
                f"python_matrix.py: python_versions.txt has too little for Python {self.minor}"
            )
        self.install(PACKAGE, "--no-deps", str(wheel))

    def install(self, directory: str, *requirements: str) -> None:
        target = ("--only-binary=:all:", "--target", self.scratch / directory)
        self.room.pip("install", "--quiet", *target, *requirements, PATH=self.path)

    def works(self, protobuf: Version, grpcio: Version, implementation: str = "") -> bool:
        names = (PACKAGE, protobuf.requirement, grpcio.requirement)
        path = [PROGRAMS, *(self.scratch / name for name in names)]
        environment = {"PATH": self.path, "PYTHONPATH": os.pathsep.join(map(str, path))}
        if implementation:
            environment["PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION"] = implementation
        try:
            report = self.room.run("-c", CALLS, **environment).splitlines()[-1]
            works = f"protobuf {protobuf.number} " in report and report.endswith(grpcio.number)
        except CommandError as error:
            report = str(error)
            works = False
        print("ok" if works else "FAILED", f"Python {self.minor}, {report}", flush=True)
        return works

    def prove(self, *, corners: bool) -> bool:
        """Tries all combinations, or just the oldest and the newest of each with each other."""
        protobufs, grpcios = self.protobufs, self.grpcios
        if corners:
            protobufs, grpcios = protobufs[:: len(protobufs) - 1], grpcios[:: len(grpcios) - 1]
        combinations = [(*pair, "") for pair in itertools.product(protobufs, grpcios)]
        combinations += [(protobuf, grpcios[-1], "python") for protobuf in protobufs]
        for version in {*protobufs, *grpcios}:
            self.install(version.requirement, version.requirement)
        with ThreadPoolExecutor(2) as pool:
            return all(list(pool.map(lambda combination: self.works(*combination), combinations)))


# Says what it found, so that a combination that was not had is not taken for one that works.
CALLS = """
import asyncio, contextlib, io
import google.protobuf, grpc
import async_calls, sync_calls
from google.protobuf.internal import api_implementation
with contextlib.redirect_stdout(io.StringIO()) as calls:
    sync_calls.main()
    asyncio.run(async_calls.main())
count = len(calls.getvalue().splitlines())
print(f"protobuf {google.protobuf.__version__} in {api_implementation.Type()},", end=" ")
print(f"{count} calls by grpcio {grpc.__version__}")
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("wheel", type=Path)
    parser.add_argument(
        "python",
        nargs="*",
        help="what to try in full; this one, and the corners with others on PATH, if none is given",
    )
    arguments = parser.parse_args()
    others = [] if arguments.python else other_pythons()
    proved = []
    for interpreter in [*(arguments.python or [sys.executable]), *others]:
        with tempfile.TemporaryDirectory(prefix="oaktreemodel-") as scratch:
            matrix = Matrix(interpreter, arguments.wheel.resolve(), Path(scratch))
            proved.append(matrix.prove(corners=interpreter in others))
    if not all(proved):
        sys.exit("python_matrix.py: not every combination works")


if __name__ == "__main__":
    main()
