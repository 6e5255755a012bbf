# SPDX-License-Identifier: Apache-2.0
"""A release as the gate compares it: descriptors, and the names of each language.

A golden is a directory that has this of one release, named by its version, for ever.
"""

from __future__ import annotations

import atexit
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import cache, cached_property
from pathlib import Path
from typing import NamedTuple

from descriptors import ProtoTree, compile_protos
from names_cpp import cpp_names
from names_python import python_names
from options import version_key

SRCDIR = Path(os.environ.get("abs_top_srcdir", Path(__file__).parents[2]))
VERSION = re.compile(r"\d+\.\d+\.\d+$")
DESCRIPTORS = "descriptors.binpb"
ACCEPTED = "accepted.txt"
# The tests of conformance put there what their messages look like in this release.
CONFORMANCE = "conformance"


class Sources(NamedTuple):
    """Where today's release is made from. What is None is not built here, and not compared."""

    protos: Path
    go: Path | None = None  # the module
    cpp: Path | None = None  # where the headers are
    python: Path | None = None  # where the package is


class Release:
    """What is compared. Each part is made when it is needed, and once."""

    def __init__(self, descriptors: bytes, names: dict[str, Callable[[], set[str]]]) -> None:
        self.descriptors = descriptors
        self.sources = names
        self.made: dict[str, set[str]] = {}

    @cached_property
    def tree(self) -> ProtoTree:
        return ProtoTree(self.descriptors)

    def names(self, language: str) -> set[str]:
        if language not in self.made:
            self.made[language] = self.sources[language]()
        return self.made[language]

    @property
    def languages(self) -> list[str]:
        return list(self.sources)


def today(sources: Sources) -> Release:
    names: dict[str, Callable[[], set[str]]] = {}
    if go := sources.go:
        names["go"] = lambda: go_names(go)
    if cpp := sources.cpp:
        names["cpp"] = lambda: cpp_names(cpp)
    if python := sources.python:
        names["python"] = lambda: python_names(python)
    return Release(compile_protos(sources.protos), names)


def go_names(module: Path) -> set[str]:
    command = [str(go_lister()), "-module", str(module)]
    done = subprocess.run(command, check=False, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(f"the names of the Go module {module} cannot be read, see the message above")
    return set(done.stdout.splitlines())


def absence(language: str) -> str:
    """Why a language is not compared here, or nothing."""
    if os.environ.get(f"with_{language}", "yes") == "no":
        return "it is disabled"
    if language == "go":
        needed = re.search(r"^go (\S+)", (SRCDIR / "go/tools/go.mod").read_text(), re.MULTILINE)
        command = [os.environ.get("GO") or "go", "env", "GOVERSION"]
        environment = {**os.environ, "GOTOOLCHAIN": "local"}
        has = subprocess.run(
            command, check=False, stdout=subprocess.PIPE, text=True, env=environment
        ).stdout
        if needed and version_key(numbers(has)) < version_key(needed[1]):
            return f"that needs Go {needed[1]}, and here is {has.strip()}"
    return ""


def numbers(go_version: str) -> str:
    found = re.search(r"\d+(?:\.\d+)+", go_version)
    return found[0] if found else "0"


@cache
def go_lister() -> Path:
    """The program that lists the names of a Go module, built once."""
    return build_go_tools("./apinames") / "apinames"


def build_go_tools(*packages: str) -> Path:
    """Where the programs are that go/tools has or pins, until this process ends."""
    go = os.environ.get("GO") or "go"
    scratch = tempfile.mkdtemp()
    atexit.register(shutil.rmtree, scratch)
    build = [go, "build", "-buildvcs=false", "-o", f"{scratch}/", *packages]
    environment = {**os.environ, "GOWORK": "off", "GOTOOLCHAIN": "local"}
    if subprocess.run(build, check=False, cwd=SRCDIR / "go/tools", env=environment).returncode:
        sys.exit(f"{go} cannot build {' '.join(packages)}, see its message above")
    return Path(scratch)


def names_file(directory: Path, language: str) -> Path:
    return directory / f"{language}.txt"


def read_golden(directory: Path) -> Release:
    def reader(language: str) -> Callable[[], set[str]]:
        return lambda: set(names_file(directory, language).read_text().splitlines())

    for name in (DESCRIPTORS, "go.txt", "cpp.txt", "python.txt"):
        if not (directory / name).is_file():
            sys.exit(f"{directory} has no {name}: a golden is never changed, put it back")
    names = {language: reader(language) for language in ("go", "cpp", "python")}
    return Release((directory / DESCRIPTORS).read_bytes(), names)


def goldens_in(directory: Path) -> dict[str, Path]:
    """The goldens of a directory by their versions, from the oldest."""
    if not directory.is_dir():
        return {}
    found = {path.name: path for path in directory.iterdir() if path.is_dir()}
    found = {name: path for name, path in found.items() if not name.startswith(".")}
    for name, path in found.items():
        if not VERSION.match(name):
            sys.exit(f"{path} is no golden: they are named by releases, like 0.1.0")
    return {name: found[name] for name in sorted(found, key=version_key)}


def write_golden(directory: Path, release: Release, accepted: str) -> None:
    """Freezes a release. Nothing is left behind where that fails."""
    directory.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=directory.parent, prefix=".golden-") as scratch:
        made = Path(scratch, "golden")
        made.mkdir()
        made.joinpath(DESCRIPTORS).write_bytes(release.descriptors)
        for language in release.languages:
            lines = sorted(release.names(language))
            if not lines:
                sys.exit(f"no names were found for {language}: is it built?")
            names_file(made, language).write_text("".join(f"{line}\n" for line in lines))
        made.joinpath(ACCEPTED).write_text(accepted)
        freeze_conformance(made / CONFORMANCE)
        made.rename(directory)


def freeze_conformance(directory: Path) -> None:
    """Has the tests of conformance, where there are any, write their part."""
    program = SRCDIR / "tests" / CONFORMANCE / "freeze"
    if program.exists():
        directory.mkdir()
        if subprocess.run([str(program), str(directory)], check=False).returncode:
            sys.exit(f"{program} could not write the conformance bytes, see its message above")
