# SPDX-License-Identifier: Apache-2.0
"""Clean rooms: virtual environments that have nothing but what is put into them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
PROGRAMS = TOP / "python/tests/programs"
# What the package promises to work with.
PYTHONS = ("3.10", "3.11", "3.12", "3.13", "3.14")


class CommandError(Exception):
    """What a command printed that failed."""


def run(*command: str | Path, cwd: Path | None = None, **environment: str) -> str:
    """Runs a command and gives what it prints."""
    result = subprocess.run(
        command,
        cwd=cwd,
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if result.returncode:
        raise CommandError(f"{' '.join(map(str, command))}\n{result.stdout}")
    return result.stdout.strip()


def other_pythons() -> list[str]:
    """The commands on PATH that are one of PYTHONS, and not the one that runs this."""
    running = f"python{sys.version_info.major}.{sys.version_info.minor}"
    found = []
    for command in (f"python{minor}" for minor in PYTHONS):
        try:
            if command != running:
                run(command, "-c", "import venv, ensurepip")
                found.append(command)
        except (CommandError, OSError):
            continue
    return found


class Room:
    """A virtual environment at a path, filled by the pip of whoever runs this."""

    def __init__(self, path: Path, interpreter: str = sys.executable) -> None:
        run(interpreter, "-m", "venv", "--without-pip", path)
        self.path = path
        self.python = path / "bin/python"

    def pip(self, *arguments: str | Path, **environment: str) -> str:
        pip = (sys.executable, "-m", "pip", "--python", self.python)
        return run(*pip, *arguments, cwd=self.path, **environment)

    def run(self, *arguments: str | Path, **environment: str) -> str:
        environment.setdefault("PYTHONDONTWRITEBYTECODE", "1")
        return run(self.python, *arguments, cwd=self.path, **environment)
