# SPDX-License-Identifier: Apache-2.0
"""Says in one sentence which requirements of the tests this Python lacks, if any."""

from __future__ import annotations

import re
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

TOP = Path(__file__).resolve().parents[1]
FILES = ("requirements.txt", "server-requirements.txt", "test-requirements.txt")


def is_missing(name: str) -> bool:
    try:
        version(name)
    except PackageNotFoundError:
        return True
    return False


def main() -> None:
    names = [
        name
        for file in FILES
        for name in re.findall(r"^[\w-]+", (TOP / file).read_text(), re.MULTILINE)
    ]
    missing = list(filter(is_missing, names))
    if missing:
        files = " ".join(f"-r {file}" for file in FILES)
        sys.exit(
            f"make check needs test-requirements.txt, and {sys.executable} has no"
            f" {', '.join(missing)}: run './bootstrap check' or '{sys.executable} -m pip install"
            f" {files}'"
        )


if __name__ == "__main__":
    main()
