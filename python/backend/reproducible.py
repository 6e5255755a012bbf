# SPDX-License-Identifier: Apache-2.0
"""What makes two builds of the same sources the same bytes, whoever makes them, when and where.

The backend of the server has this file too, by a link: an sdist of it has no other directory.
"""

from __future__ import annotations

import contextlib
import gzip
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path

# Of 1980, which is where the time of ZIP files begins. The commit's time would not do: a wheel that
# is built from an sdist, where no git tells it, has to be the same.
OLDEST_ZIP_DATE = "315532800"

# What pbr makes of git's history and, where reno happens to be installed, of the release notes.
NOT_FROM_GIT = (
    "SKIP_GENERATE_AUTHORS",
    "SKIP_GENERATE_RENO",
    "SKIP_GIT_SDIST",
    "SKIP_WRITE_GIT_CHANGELOG",
)


@contextlib.contextmanager
def environment(version: str) -> Iterator[None]:
    """Tells pbr the version and setuptools the time stamp: both would look for them in places that
    differ between a clone, a tarball and an sdist."""
    before = dict(os.environ)
    umask = os.umask(0o022)
    os.environ["PBR_VERSION"] = version
    os.environ.setdefault("SOURCE_DATE_EPOCH", OLDEST_ZIP_DATE)
    os.environ.update(dict.fromkeys(NOT_FROM_GIT, "1"))
    try:
        yield
    finally:
        os.umask(umask)
        os.environ.clear()
        os.environ.update(before)


def forget_the_build(sdist: Path) -> None:
    """Packs an sdist anew without what tells how it was made. Within the environment above."""
    date = int(os.environ["SOURCE_DATE_EPOCH"])
    made = sdist.with_name(f"{sdist.name}.made")
    sdist.rename(made)
    with (
        tarfile.open(made) as old,
        sdist.open("wb") as file,
        gzip.GzipFile("", "wb", fileobj=file, mtime=date) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as new,
    ):
        for member in sorted(old.getmembers(), key=lambda each: each.name):
            member.mtime, member.pax_headers = date, {}
            member.mode = 0o755 if member.mode & 0o100 else 0o644
            member.uid = member.gid = 0
            member.uname = member.gname = ""
            new.addfile(member, old.extractfile(member) if member.isfile() else None)
    made.unlink()
