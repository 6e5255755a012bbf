# SPDX-License-Identifier: Apache-2.0
"""The build backend that pip and build call (PEP 517, PEP 660): generates, then lets pbr package.

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
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any, NoReturn

import generate
import reproducible

Settings = dict[str, Any] | None

# The rest of the root would tell pbr and setuptools of the build, not of the package: pbr takes
# requirements.txt for what users need.
PACKAGING = ("LICENSE", "README.rst", "pyproject.toml", "setup.cfg", "setup.py")


def get_requires_for_build_wheel(config_settings: Settings = None) -> list[str]:
    lines = Path("requirements.txt").read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]


get_requires_for_build_sdist = get_requires_for_build_wheel
get_requires_for_build_editable = get_requires_for_build_wheel


def build_wheel(
    wheel_directory: str,
    config_settings: Settings = None,
    metadata_directory: str | None = None,
) -> str:
    wheels = Path(wheel_directory).resolve()
    with told_errors(), packaging_tree() as (source, scratch):
        for name in PACKAGING:
            shutil.copyfile(source / name, scratch / name)
        files = generate.generate(source, scratch / "python")
        import pbr.build

        name = str(pbr.build.build_wheel(str(wheels), config_settings))
        try:
            check_wheel(wheels / name, files)
        except generate.GenerateError:
            (wheels / name).unlink()
            raise
    return name


def build_sdist(sdist_directory: str, config_settings: Settings = None) -> str:
    sdists = Path(sdist_directory).resolve()
    with told_errors(), packaging_tree() as (source, scratch):
        for file in source_files(source):
            (scratch / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source / file, scratch / file)
        generate.proto_list(scratch)
        import pbr.build

        name = str(pbr.build.build_sdist(str(sdists), config_settings))
        reproducible.forget_the_build(sdists / name)
    return name


def build_editable(
    wheel_directory: str,
    config_settings: Settings = None,
    metadata_directory: str | None = None,
) -> str:
    with told_errors(), reproducible.environment(version(Path.cwd())):
        generate.generate(Path.cwd(), Path("python"))
        import pbr.build

        return str(pbr.build.build_editable(wheel_directory, config_settings))


@contextlib.contextmanager
def told_errors() -> Iterator[None]:
    """Ends with the one sentence of an expected error, where a traceback would bury it."""
    try:
        yield
    except generate.GenerateError as error:
        fail(str(error))


def fail(message: str) -> NoReturn:
    sys.exit(f"oaktreemodel: {message}")


@contextlib.contextmanager
def packaging_tree() -> Iterator[tuple[Path, Path]]:
    """A scratch directory to package in, which is the working directory meanwhile."""
    source = Path.cwd()
    with (
        reproducible.environment(version(source)),
        tempfile.TemporaryDirectory(prefix="oaktreemodel-") as scratch,
    ):
        os.chdir(scratch)
        try:
            yield source, Path(scratch).resolve()
        finally:
            os.chdir(source)


def version(source: Path) -> str:
    """The version: that of the sdist if this is one, else the one that all languages get."""
    if "PBR_VERSION" in os.environ:
        return os.environ["PBR_VERSION"]
    if (source / "PKG-INFO").exists():
        return str(email.message_from_string((source / "PKG-INFO").read_text())["Version"])
    script = source / "build-aux/version.sh"
    result = subprocess.run(["sh", script], stdout=subprocess.PIPE, text=True, check=False)
    if result.returncode:
        raise generate.GenerateError("build-aux/version.sh knows no version, as it says above")
    return result.stdout.strip()


def source_files(source: Path) -> list[PurePosixPath]:
    """What belongs into an sdist: what git tracks, or what the sdist lists that this tree is."""
    if (source / ".git").exists():
        tracked = subprocess.run(
            ["git", "-C", source, "ls-files", "-z"], stdout=subprocess.PIPE, text=True, check=False
        )
        if tracked.returncode:
            raise generate.GenerateError("git does not list the files of this tree")
        names = tracked.stdout.rstrip("\0").split("\0")
    else:
        listing = source / "python/oaktreemodel.egg-info/SOURCES.txt"
        if not listing.exists():
            raise generate.GenerateError("an sdist is made from a git clone or from another sdist")
        names = listing.read_text().splitlines()
    return [PurePosixPath(name) for name in names if (source / name).is_file()]


def check_wheel(wheel: Path, files: list[PurePosixPath]) -> None:
    """A wheel has to hold the package, all of it and nothing else."""
    with zipfile.ZipFile(wheel) as archive:
        names = {PurePosixPath(name) for name in archive.namelist()}
    packaged = {name for name in names if not name.parts[0].endswith(".dist-info")}
    for name in sorted(packaged ^ set(files)):
        problem = "is missing from" if name in files else "does not belong into"
        raise generate.GenerateError(f"{name} {problem} {wheel.name}: nothing was built")
