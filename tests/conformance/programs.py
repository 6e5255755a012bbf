# SPDX-License-Identifier: Apache-2.0
"""The programs of the languages, each of which reads all cases in one go."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from records import Answer, Case, read_answers, write_cases

HERE = Path(__file__).resolve().parent
SRCDIR = HERE.parents[1]
BUILDDIR = Path(os.environ.get("abs_top_builddir", SRCDIR))
LANGUAGES = ("cpp", "go", "python")
# In seconds, many times what all cases take.
PATIENCE = 1200.0


class UnusableError(Exception):
    """A program that cannot be had, or that died: the sentence says which and why."""


class Program(NamedTuple):
    title: str
    command: Sequence[str]
    environment: Mapping[str, str] = MappingProxyType({})


def python() -> Program:
    return Program("Python", [sys.executable, "-B", str(HERE / "reader.py")])


def pure_python() -> Program:
    """Python's protobuf without any C, which some systems still have."""
    pure = {"PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION": "python"}
    return python()._replace(title="pure Python", environment=pure)


def cpp() -> Program:
    path = BUILDDIR / "tests/conformance/reader"
    if not path.exists():
        raise UnusableError(f"{path} is not built: run 'make conformance-programs' in {BUILDDIR}")
    return Program("C++", [str(path)])


def go() -> Program:
    """Builds it, which takes no time when nothing has changed."""
    go_command, module = os.environ.get("GO", "go"), SRCDIR / "go"
    room = BUILDDIR / "tests/conformance/go"
    room.mkdir(parents=True, exist_ok=True)
    # Whatever package is generated, and no list of them. All files of a program lie together.
    name = (module / "go.mod").read_text().split()[1]
    packages = sorted(str(doc.parent.relative_to(module)) for doc in module.glob("*/*/doc.pb.go"))
    imports = "".join(f'\t_ "{name}/{package}"\n' for package in packages)
    texts = {
        "imports.go": f"package main\n\nimport (\n{imports})\n",
        "reader.go": (HERE / "reader.go").read_text(),
    }
    for file, text in texts.items():
        # As a whole, for another test may be building it right now.
        with tempfile.NamedTemporaryFile("w", dir=room, delete=False) as made:
            made.write(text)
        Path(made.name).replace(room / file)
    sources = [str(room / file) for file in texts]
    done = subprocess.run(
        [go_command, "build", "-buildvcs=false", "-o", str(room / "reader"), *sources],
        cwd=module,
        env=os.environ | {"GOWORK": "off", "GOTOOLCHAIN": "local"},
        stderr=subprocess.PIPE,
        text=True,
    )
    if done.returncode:
        raise UnusableError(f"Go's program cannot be built:\n{done.stderr}")
    return Program("Go", [str(room / "reader")])


def programs(languages: Iterable[str] = LANGUAGES) -> list[Program]:
    makers = {"cpp": cpp, "go": go, "python": python}
    return [makers[language]() for language in languages]


def run(running: Sequence[Program], corpora: Sequence[Sequence[Case]]) -> list[list[Answer]]:
    """Has each program read its cases, all at the same time."""
    with tempfile.TemporaryDirectory() as work:
        started = []
        for index, (program, cases) in enumerate(zip(running, corpora, strict=True)):
            files = [Path(work, f"{index}.{name}") for name in ("cases", "answers", "log")]
            with files[0].open("wb") as stream:
                write_cases(stream, cases)
            with (
                files[0].open("rb") as given,
                files[1].open("wb") as out,
                files[2].open("wb") as log,
            ):
                environment = os.environ | program.environment
                process = subprocess.Popen(
                    program.command, stdin=given, stdout=out, stderr=log, env=environment
                )
            started.append((program, cases, process, files))
        until = time.monotonic() + PATIENCE
        try:
            for program, _, process, _ in started:
                try:
                    process.wait(max(0, until - time.monotonic()))
                except subprocess.TimeoutExpired:
                    message = (
                        f"{program.title} was not done with all cases after {PATIENCE:g} seconds"
                    )
                    raise UnusableError(message) from None
        finally:
            for _, _, process, _ in started:
                process.kill()
                process.wait()
        return [answers(*one) for one in started]


def answers(
    program: Program, cases: Sequence[Case], process: subprocess.Popen[bytes], files: list[Path]
) -> list[Answer]:
    with files[1].open("rb") as stream:
        found = list(read_answers(stream)) if process.returncode == 0 else []
    if len(found) != len(cases):
        log = files[2].read_text(encoding="utf-8", errors="replace")
        raise UnusableError(
            f"{program.title} ended with status {process.returncode} instead of answering all"
            f" cases; it said:\n{log[-6000:]}"
        )
    return found
