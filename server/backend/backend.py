# SPDX-License-Identifier: Apache-2.0
"""The build backend (PEP 517, PEP 660): pbr's, told the version.

pbr would ask git for it, which in a subdirectory and in a clone without tags gives 0.0.0. All of
this repository has one version, that of build-aux/version.sh; an sdist has it in PKG-INFO.
"""

from __future__ import annotations

import email
import os
import subprocess
import sys
from pathlib import Path

SDIST = Path("PKG-INFO")
SCRIPT = Path("../build-aux/version.sh")


def version() -> str:
    if SDIST.exists():
        return str(email.message_from_string(SDIST.read_text())["Version"])
    if not SCRIPT.exists():
        sys.exit("oaktree: this is neither a whole source tree nor an sdist, so it has no version")
    result = subprocess.run(["sh", SCRIPT], stdout=subprocess.PIPE, text=True, check=False)
    if result.returncode:
        sys.exit("oaktree: build-aux/version.sh knows no version, as it says above")
    return result.stdout.strip()


os.environ.setdefault("PBR_VERSION", version())
os.environ.setdefault("SOURCE_DATE_EPOCH", "315532800")
# What goes into an sdist is said in MANIFEST.in, and not by pbr from git.
for switch in ("SKIP_GIT_SDIST", "SKIP_GENERATE_AUTHORS", "SKIP_WRITE_GIT_CHANGELOG"):
    os.environ[switch] = "1"

from pbr.build import *  # noqa: E402, F403
