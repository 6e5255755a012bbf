# SPDX-License-Identifier: Apache-2.0
"""Clean rooms: copies of this tree, and virtual environments with just what is put into them."""

from __future__ import annotations

import os
import shutil
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


def build(*arguments: str | Path, **environment: str) -> None:
    """Builds with what is installed here, which is quicker than in isolation."""
    command = (sys.executable, "-m", "build", "--no-isolation")
    run(*command, *arguments, cwd=Path("/"), **environment)


def only(directory: Path, pattern: str) -> Path:
    (path,) = directory.glob(pattern)
    return path


def git(clone: Path, *arguments: str) -> str:
    settings = ("user.name=nobody", "user.email=nobody@example.org", "commit.gpgsign=false")
    options = (word for setting in settings for word in ("-c", setting))
    return run("git", *options, "-C", clone, *arguments)


def copy_of_this_tree(target: Path) -> None:
    """What this tree has, whether git knows it yet or it is a tarball without git."""
    if (TOP / ".git").exists():
        listed = git(TOP, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
        for name in listed.rstrip("\0").split("\0"):
            if (TOP / name).is_file():
                (target / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(TOP / name, target / name)
    else:
        # distcheck builds in subdirectories of the tarball's.
        ignored = shutil.ignore_patterns("_build", "_inst", "_dest", ".tarball-version")
        shutil.copytree(TOP, target, ignore=ignored)
    # distcheck makes the tarball's files read-only.
    for path in (target, *target.rglob("*")):
        path.chmod(path.stat().st_mode | 0o200)


def clone_of_this_tree(target: Path) -> Path:
    """A git clone of one commit that has no tags."""
    copy_of_this_tree(target)
    git(target, "init", "--quiet")
    git(target, "add", "--all")
    git(target, "commit", "--quiet", "--message=All")
    return target


def is_usable(command: str) -> bool:
    try:
        run(command, "-c", "import venv, ensurepip")
    except (CommandError, OSError):
        return False
    return True


RUNNING = f"{sys.version_info.major}.{sys.version_info.minor}"
OTHERS = {minor: f"python{minor}" for minor in PYTHONS if minor != RUNNING}


def other_pythons() -> list[str]:
    """The commands on PATH that are one of PYTHONS, and not the one that runs this."""
    return [command for command in OTHERS.values() if is_usable(command)]


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


if __name__ == "__main__":
    found = other_pythons()
    for minor, command in OTHERS.items():
        if command not in found:
            print(f"SKIP: the wheel on Python {minor}, which is not on PATH")
