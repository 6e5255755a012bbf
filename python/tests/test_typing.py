# SPDX-License-Identifier: Apache-2.0
"""What mypy --strict says to users' programs: nothing to right ones, much to wrong ones."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAMS = Path(__file__).parent / "programs"


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("mypy")


def mypy(cache: Path, *arguments: str | Path, python: str = "3.10") -> list[tuple[int, str]]:
    """The lines and codes of the errors that a user's mypy finds."""
    result = subprocess.run(
        [
            *(sys.executable, "-m", "mypy", "--strict", "--config-file=", f"--cache-dir={cache}"),
            *(f"--python-version={python}", "--hide-error-context", *arguments),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode in (0, 1), result.stdout + result.stderr
    errors = re.findall(r"^[^:]+:(\d+): error: .*\[([\w-]+)\]$", result.stdout, re.MULTILINE)
    assert bool(errors) == bool(result.returncode), result.stdout
    return [(int(line), code) for line, code in errors]


@pytest.mark.parametrize("python", ["3.10", "3.14"])
@pytest.mark.parametrize("program", ["sync_calls.py", "async_calls.py"])
def test_right_programs(cache: Path, program: str, python: str) -> None:
    assert mypy(cache, PROGRAMS / program, python=python) == []


def test_wrong_program(cache: Path) -> None:
    program = PROGRAMS / "wrong_calls.py"
    marks = [
        (number, code)
        for number, line in enumerate(program.read_text().splitlines(), 1)
        for code in re.findall(r"# error: ([\w-]+)$", line)
    ]
    assert marks
    assert mypy(cache, program) == marks


def test_the_package_itself(cache: Path) -> None:
    assert mypy(cache, "-p", "oaktreemodel") == []
