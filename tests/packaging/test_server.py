# SPDX-License-Identifier: Apache-2.0
"""The distribution oaktree, from the tree to a server that answers where it is installed."""

from __future__ import annotations

import email
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest
import tomllib
from python_room import TOP, CommandError, Room, build, clone_of_this_tree, only, run

PYPROJECT: dict[str, Any] = tomllib.loads((TOP / "server/pyproject.toml").read_text())
PROJECT = PYPROJECT["project"]


@pytest.fixture(scope="session")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return clone_of_this_tree(tmp_path_factory.mktemp("clone") / "oaktreemodel")


@pytest.fixture(scope="session")
def version(clone: Path) -> str:
    return run("sh", clone / "build-aux/version.sh", "--quiet")


@pytest.fixture(scope="session")
def release(clone: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the sdist is, and the wheel made of that, as whoever makes a release makes them."""
    output = tmp_path_factory.mktemp("release")
    run(sys.executable, "-m", "build", "--outdir", output, clone / "server", cwd=output)
    return output


@pytest.fixture(scope="session")
def wheel(release: Path) -> Path:
    return only(release, "*.whl")


@pytest.fixture(scope="session")
def sdist(release: Path) -> Path:
    return only(release, "*.tar.gz")


@pytest.fixture(scope="session")
def room(clone: Path, wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Room:
    """Where the model and the server are installed, and what they need from the index."""
    model = tmp_path_factory.mktemp("model")
    build("--wheel", "--outdir", model, clone)
    room = Room(tmp_path_factory.mktemp("room") / "installed")
    room.pip("install", "--quiet", only(model, "*.whl"), wheel)
    return room


def test_names(release: Path, version: str) -> None:
    assert version == "0.1.0.dev1"
    assert sorted(path.name for path in release.iterdir()) == [
        f"oaktree-{version}-py3-none-any.whl",
        f"oaktree-{version}.tar.gz",
    ]


def test_tools_are_those_of_the_model() -> None:
    """They are pinned twice, because an sdist of the server comes without the rest."""
    pinned = (TOP / "requirements.txt").read_text().splitlines()
    assert set(PYPROJECT["build-system"]["requires"]) <= set(pinned)


def test_content_of_the_wheel(wheel: Path, version: str) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        info = f"oaktree-{version}.dist-info"
        metadata = email.message_from_bytes(archive.read(f"{info}/METADATA"))
        scripts = archive.read(f"{info}/entry_points.txt").decode().split("\n")
    modules = {str(path.relative_to(TOP / "server")) for path in TOP.glob("server/oaktree/**/*.py")}
    packaged = {name for name in names if not name.startswith(f"{info}/")}
    assert packaged == {"oaktree/py.typed", *modules}
    assert f"{info}/licenses/LICENSE" in names
    assert metadata["Name"] == "oaktree"
    assert metadata["Version"] == version
    assert metadata["License-Expression"] == "Apache-2.0"
    assert metadata["Requires-Python"] == PROJECT["requires-python"]
    assert metadata.get_all("Requires-Dist") == PROJECT["dependencies"]
    assert "oaktree = oaktree.__main__:main" in scripts


def test_wheel_of_the_sdist_alone(sdist: Path, wheel: Path, tmp_path: Path) -> None:
    """It is the same, although no git, no shell and nothing of the tree is there."""
    room = Room(tmp_path / "room")
    path = str(room.path / "bin")
    assert [shutil.which(tool, path=path) for tool in ("git", "sh")] == [None] * 2
    room.pip("wheel", "--no-deps", "--wheel-dir", room.path, sdist, PATH=path)
    again = only(room.path, "*.whl")
    assert again.name == wheel.name
    assert again.read_bytes() == wheel.read_bytes()


def test_sdist_of_an_sdist(sdist: Path, tmp_path: Path) -> None:
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path)
    build("--sdist", "--outdir", tmp_path, only(tmp_path, "oaktree-*"))
    assert only(tmp_path, "*.tar.gz").read_bytes() == sdist.read_bytes()


def test_same_bytes_of_a_used_tree(clone: Path, wheel: Path, sdist: Path, tmp_path: Path) -> None:
    """Neither what earlier builds left there nor the umask or the time gets into anything, and
    nothing is left there."""
    tree = Path(shutil.copytree(clone, tmp_path / "used"))
    (tree / "server/build/lib/oaktree").mkdir(parents=True)
    (tree / "server/build/lib/oaktree/gone.py").touch()
    (tree / "server/oaktree/__pycache__").mkdir()
    (tree / "server/oaktree/__pycache__/gone.cpython-311.pyc").touch()
    for path in tree.glob("server/oaktree/*.py"):
        path.chmod(0o400)
        os.utime(path, (0, 0))
    before = sorted(tree.rglob("*"))
    command = (sys.executable, "-m", "build", "--no-isolation", "--wheel", "--sdist")
    subprocess.run(
        (*command, "--outdir", tmp_path, tree / "server"),
        check=True,
        umask=0o077,
        cwd=tmp_path,
        env=os.environ | {"LC_ALL": "C", "PBR_VERSION": "7.7.7", "TZ": "Asia/Kolkata"},
    )
    assert only(tmp_path, "*.whl").read_bytes() == wheel.read_bytes()
    assert only(tmp_path, "*.tar.gz").read_bytes() == sdist.read_bytes()
    assert sorted(tree.rglob("*")) == before


@pytest.mark.parametrize("kind", ["--wheel", "--sdist"])
def test_nothing_is_built_without_a_version(kind: str, clone: Path, tmp_path: Path) -> None:
    alone = Path(shutil.copytree(clone / "server", tmp_path / "server"))
    with pytest.raises(CommandError) as failure:
        build(kind, "--outdir", tmp_path / "dist", alone)
    said = str(failure.value)
    assert "oaktree: this is neither a whole source tree nor an sdist, so it has no version" in said
    assert "Traceback" not in said
    assert list((tmp_path / "dist").glob("*")) == []


def test_version(room: Room, version: str) -> None:
    assert run(room.path / "bin/oaktree", "--version", cwd=room.path) == f"oaktree {version}"


def test_installed_server(room: Room) -> None:
    """It starts, answers the installed stubs and ends well."""
    home = room.run("-c", "import oaktree; print(oaktree.__file__)")
    assert room.path.resolve() in Path(home).resolve().parents
    command = (room.path / "bin/oaktree", "--simulated", "--listen", "127.0.0.1:0")
    with subprocess.Popen(command, cwd=room.path, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout
            said = server.stdout.readline().split()
            assert said[:2] == ["listening", "on"]
            clouds = room.run(TOP / "tests/packaging/list_clouds.py", said[2])
            server.terminate()
            status = server.wait(timeout=60)
        finally:
            server.kill()
    assert clouds.split() == ["alder", "birch"]
    assert status == 0
