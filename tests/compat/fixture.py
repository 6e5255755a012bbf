# SPDX-License-Identifier: Apache-2.0
"""A small tree with everything in it, of which releases are made and changed in a second."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

from golden import SRCDIR, Release, Sources, absence, build_go_tools, today

FIXTURE = Path(__file__).parent / "fixture"
sys.path.insert(0, str(SRCDIR / "python/backend"))
COMMON = ("annotations", "location")
GO_PLUGINS = (
    "google.golang.org/protobuf/cmd/protoc-gen-go",
    "google.golang.org/grpc/cmd/protoc-gen-go-grpc",
)


@cache
def has(language: str) -> bool:
    return not absence(language)


def lay_out(root: Path) -> Path:
    """Puts the fixture, and what it imports of the real tree, into a directory."""
    common = "oaktreemodel/common/v1"
    sources = {f"{common}/{name}.proto": SRCDIR / "protos" for name in COMMON}
    for path in FIXTURE.rglob("*.proto"):
        sources[path.relative_to(FIXTURE).as_posix()] = FIXTURE
    for name, source in sources.items():
        target = root / "protos" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / name, target)
    return root / "protos"


def release(root: Path, scratch: Path | None = None) -> Release:
    """The release that a tree is, with the names of all languages if there is room for them."""
    if scratch is None:
        return today(Sources(root / "protos"))
    return today(generated(root, scratch))


def generated(root: Path, scratch: Path) -> Sources:
    protos = root / "protos"
    names = sorted(path.relative_to(protos).as_posix() for path in protos.rglob("*.proto"))
    go, cpp, python = scratch / "go", scratch / "cpp", scratch / "python"
    for directory in (go, cpp, python):
        directory.mkdir(parents=True)
    protoc = [sys.executable, "-m", "grpc_tools.protoc", f"-I{protos}"]
    if has("go"):
        shutil.copyfile(SRCDIR / "go/go.mod", go / "go.mod")
        module = go.joinpath("go.mod").read_text().split()[1]
        plugins = go_plugins()
        options = [
            *(f"--plugin={plugins}/protoc-gen-go", f"--go_out={go}", f"--go_opt=module={module}"),
            *(f"--plugin={plugins}/protoc-gen-go-grpc", f"--go-grpc_out={go}"),
            f"--go-grpc_opt=module={module}",
        ]
        subprocess.run([*protoc, *options, *names], check=True)
    if has("cpp"):
        plugin = f"--plugin=protoc-gen-grpc={os.environ['GRPC_CPP_PLUGIN']}"
        options = [f"-I{protos}", f"--cpp_out={cpp}", f"--grpc_out={cpp}", plugin]
        subprocess.run([os.environ["PROTOC"], *options, *names], check=True)
    listed = " \\\n".join(f"  protos/{name}" for name in names)
    protos.joinpath("list.mk").write_text(f"PROTOS = \\\n{listed}\n")
    shutil.copyfile(SRCDIR / "requirements.txt", root / "requirements.txt")
    from generate import write_package

    write_package(root, python)
    return Sources(protos, go if has("go") else None, cpp if has("cpp") else None, python)


@cache
def go_plugins() -> Path:
    """The directory of the plugins that go/tools pins, built once."""
    return build_go_tools(*GO_PLUGINS)
