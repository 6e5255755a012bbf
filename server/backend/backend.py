# SPDX-License-Identifier: Apache-2.0
"""The build backend (PEP 517, PEP 660): pbr's, told the version and what to package.

pbr would ask git for the version, which in a subdirectory and in a clone without tags gives 0.0.0.
All of this repository has one version, that of build-aux/version.sh; an sdist has it in PKG-INFO.

Wheels and sdists are made in a scratch directory that holds just what belongs into them. So the
source tree may be read-only, and what is left in it of earlier builds gets into neither.
"""

from __future__ import annotations

import contextlib
import email
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import reproducible

Settings = dict[str, Any] | None

SDIST = Path("PKG-INFO")
SCRIPT = Path("../build-aux/version.sh")
FILES = ("MANIFEST.in", "README.rst", "pyproject.toml", "setup.cfg", "setup.py")
DIRECTORIES = ("backend", "oaktree", "tests")


def get_requires_for_build_wheel(config_settings: Settings = None) -> list[str]:
    """No more than pyproject.toml says."""
    return []


get_requires_for_build_sdist = get_requires_for_build_wheel
get_requires_for_build_editable = get_requires_for_build_wheel


def build_wheel(
    wheel_directory: str,
    config_settings: Settings = None,
    metadata_directory: str | None = None,
) -> str:
    wheels = str(Path(wheel_directory).resolve())
    with reproducible.environment(version()), scratch_tree():
        import pbr.build

        return str(pbr.build.build_wheel(wheels, config_settings))


def build_sdist(sdist_directory: str, config_settings: Settings = None) -> str:
    sdists = Path(sdist_directory).resolve()
    with reproducible.environment(version()), scratch_tree():
        import pbr.build

        name = str(pbr.build.build_sdist(str(sdists), config_settings))
        reproducible.forget_the_build(sdists / name)
    return name


def build_editable(
    wheel_directory: str,
    config_settings: Settings = None,
    metadata_directory: str | None = None,
) -> str:
    with reproducible.environment(version()):
        import pbr.build

        return str(pbr.build.build_editable(wheel_directory, config_settings))


def version() -> str:
    if SDIST.exists():
        return str(email.message_from_string(SDIST.read_text())["Version"])
    if not SCRIPT.exists():
        sys.exit("oaktree: this is neither a whole source tree nor an sdist, so it has no version")
    result = subprocess.run(["sh", SCRIPT], stdout=subprocess.PIPE, text=True, check=False)
    if result.returncode:
        sys.exit("oaktree: build-aux/version.sh knows no version, as it says above")
    return result.stdout.strip()


@contextlib.contextmanager
def scratch_tree() -> Iterator[None]:
    """Goes to a copy of what is packaged, meanwhile."""
    source = Path.cwd()
    # All of the repository has one licence; an sdist brings it along.
    license_file = source / "LICENSE" if SDIST.exists() else source.parent / "LICENSE"
    with tempfile.TemporaryDirectory(prefix="oaktree-") as scratch:
        for name in FILES:
            shutil.copyfile(source / name, Path(scratch, name))
        shutil.copyfile(license_file, Path(scratch, "LICENSE"))
        for name in DIRECTORIES:
            for path in sorted(source.joinpath(name).rglob("*")):
                copy = Path(scratch, path.relative_to(source))
                if path.is_file():
                    copy.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(path, copy)
                    copy.chmod(0o755 if os.access(path, os.X_OK) else 0o644)
        os.chdir(scratch)
        try:
            yield
        finally:
            os.chdir(source)
