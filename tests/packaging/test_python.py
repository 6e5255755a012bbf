# SPDX-License-Identifier: Apache-2.0
"""Every way to get the Python package, each into a clean room."""

from __future__ import annotations

import email
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import backend
import generate
import pytest
import reproducible
from python_room import (
    PROGRAMS,
    PYTHONS,
    TOP,
    CommandError,
    Room,
    build,
    clone_of_this_tree,
    git,
    only,
    other_pythons,
    run,
)

LISTED = [
    word.removeprefix("protos/")
    for word in (TOP / "protos/list.mk").read_text().split()
    if word.endswith(".proto")
]
MODULES = {name.removesuffix(".proto").replace("/", ".") for name in LISTED}


@pytest.fixture(scope="session")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return clone_of_this_tree(tmp_path_factory.mktemp("clone") / "oaktreemodel")


@pytest.fixture
def changed(clone: Path, tmp_path: Path) -> Path:
    """A copy of the clone, for tests to change."""
    return Path(shutil.copytree(clone, tmp_path / "changed"))


@pytest.fixture(scope="session")
def release(clone: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the sdist is, and the wheel made of that, as whoever makes a release makes them."""
    output = tmp_path_factory.mktemp("release")
    run(sys.executable, "-m", "build", "--outdir", output, clone, cwd=output)
    return output


@pytest.fixture(scope="session")
def wheel(release: Path) -> Path:
    return only(release, "*.whl")


@pytest.fixture(scope="session")
def sdist(release: Path) -> Path:
    return only(release, "*.tar.gz")


@pytest.fixture
def room(tmp_path: Path) -> Room:
    return Room(tmp_path / "room")


def check_package(room: Room, home: Path) -> None:
    """That what the room has is the whole package, from below home, and works."""
    shown = room.run("-c", "import oaktreemodel; print(oaktreemodel.__file__)")
    root = Path(shown).parent
    assert home.resolve() in root.resolve().parents
    for name in LISTED:
        stem = root.parent / name.removesuffix(".proto")
        for suffix in ("_pb2.py", "_pb2.pyi", "_pb2_grpc.py", "_pb2_grpc.pyi", ".proto"):
            assert stem.with_name(stem.name + suffix).is_file()
    assert (root / "py.typed").is_file()
    imports = "\n".join(f"import {module}_pb2, {module}_pb2_grpc" for module in sorted(MODULES))
    room.run("-c", imports)
    for program in ("sync_calls.py", "async_calls.py"):
        assert len(room.run(PROGRAMS / program).splitlines()) >= 5


def check_types(room: Room) -> None:
    """That mypy has nothing to say to users' programs in the room."""
    pins = TOP / "test-requirements.txt"
    room.pip("install", "--quiet", "--constraint", pins, "types-grpcio", "types-protobuf")
    mypy = ("-m", "mypy", "--strict", "--config-file=", "--cache-dir", room.path / "mypy")
    programs = (PROGRAMS / "sync_calls.py", PROGRAMS / "async_calls.py")
    run(sys.executable, *mypy, "--python-executable", room.python, *programs)


def test_pip_install_of_a_clone(clone: Path, room: Room) -> None:
    before = git(clone, "status", "--short", "--ignored")
    room.pip("install", clone)
    check_package(room, room.path)
    check_types(room)
    assert git(clone, "status", "--short", "--ignored") == before


def test_pip_install_of_a_git_address(clone: Path, room: Room) -> None:
    said = room.pip("install", "--verbose", f"git+file://{clone}")
    assert "no release tag here, so this is a development version of 0.1.0" in said
    check_package(room, room.path)
    assert "Version: 0.1.0.dev1" in room.pip("show", "oaktreemodel").splitlines()


def test_editable_install(changed: Path, room: Room) -> None:
    room.pip("install", "--editable", changed)
    check_package(room, changed)
    check_types(room)
    assert git(changed, "status", "--short") == ""


def test_wheel_without_git_and_autotools(sdist: Path, wheel: Path, room: Room) -> None:
    """It is the same as that of the clone, although nothing but Python is on PATH."""
    path = str(room.path / "bin")
    assert [shutil.which(tool, path=path) for tool in ("git", "sh", "make")] == [None] * 3
    room.pip("wheel", "--no-deps", "--wheel-dir", room.path, sdist, PATH=path)
    again = only(room.path, "*.whl")
    assert again.name == wheel.name
    assert again.read_bytes() == wheel.read_bytes()


def test_wheel_of_a_clone(clone: Path, wheel: Path, tmp_path: Path) -> None:
    build("--wheel", "--outdir", tmp_path, clone)
    assert only(tmp_path, "*.whl").read_bytes() == wheel.read_bytes()


def test_sdist_of_an_sdist(sdist: Path, tmp_path: Path) -> None:
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path)
    build("--sdist", "--outdir", tmp_path, only(tmp_path, "oaktreemodel-*"))
    assert only(tmp_path, "*.tar.gz").read_bytes() == sdist.read_bytes()


def test_wheel_of_a_release_tarball(clone: Path, wheel: Path, tmp_path: Path) -> None:
    tree = tmp_path / "oaktreemodel-0.1.0.dev1"
    shutil.copytree(clone, tree, ignore=shutil.ignore_patterns(".git"))
    (tree / ".tarball-version").write_text("0.1.0.dev1\n")
    build("--wheel", "--outdir", tmp_path, tree)
    assert only(tmp_path, "*.whl").read_bytes() == wheel.read_bytes()


def test_wheel_of_a_used_tree(changed: Path, wheel: Path, sdist: Path, tmp_path: Path) -> None:
    """Neither what earlier builds left there nor the umask or the time gets into anything."""
    generate_it = (sys.executable, changed / "python/backend/generate.py")
    run(*generate_it, "--srcdir", changed, "--output", changed / "python")
    (changed / "python/oaktreemodel/compute/v1/gone_pb2.py").touch()
    (changed / "build/lib/oaktreemodel").mkdir(parents=True)
    (changed / "build/lib/oaktreemodel/gone.py").touch()
    for path in (changed / "LICENSE", *changed.rglob("*.proto")):
        path.chmod(0o400)
        os.utime(path, (0, 0))
    command = (sys.executable, "-m", "build", "--no-isolation", "--outdir", tmp_path, changed)
    subprocess.run(
        (*command, "--wheel", "--sdist"),
        check=True,
        umask=0o077,
        cwd=tmp_path,
        env=os.environ | {"LC_ALL": "C", "TZ": "Asia/Kolkata"},
    )
    assert only(tmp_path, "*.whl").read_bytes() == wheel.read_bytes()
    assert only(tmp_path, "*.tar.gz").read_bytes() == sdist.read_bytes()


def test_content_of_the_sdist(sdist: Path) -> None:
    """It has what git tracks, nothing generated, and nothing that tells of the build."""
    with tarfile.open(sdist) as archive:
        members = archive.getmembers()
    names = {member.name.partition("/")[2] for member in members}
    assert {"build-aux/version.sh", "tests/packaging/test_python.py", "PKG-INFO"} <= names
    assert not [name for name in names if name.endswith("_pb2.py")]
    assert not names & {"AUTHORS", "ChangeLog", "RELEASENOTES.rst"}
    assert {(each.mtime, each.uid, each.gid, each.uname, each.gname) for each in members} == {
        (int(reproducible.OLDEST_ZIP_DATE), 0, 0, "", "")
    }
    assert {each.mode for each in members} == {0o644, 0o755}


@pytest.mark.parametrize("python", other_pythons())
def test_same_bytes_of_another_python(
    python: str, clone: Path, wheel: Path, tmp_path: Path
) -> None:
    # pip has to be one that this Python can run.
    run(python, "-m", "venv", tmp_path / "room")
    pip = (tmp_path / "room/bin/python", "-m", "pip")
    run(*pip, "wheel", "--no-deps", "--wheel-dir", tmp_path, clone)
    assert only(tmp_path, "*.whl").read_bytes() == wheel.read_bytes()


@pytest.mark.parametrize("python", PYTHONS)
def test_everything_needed_exists(python: str, wheel: Path, tmp_path: Path) -> None:
    """What builds, tests and uses the package can be installed together, all of it as wheels."""
    target = ("--python-version", python, "--only-binary=:all:", "--target", tmp_path)
    names = ("requirements.txt", "server-requirements.txt", "test-requirements.txt")
    requirements = [f"--requirement={TOP / name}" for name in names]
    pip = (sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed")
    said = run(*pip, *target, *requirements, wheel, cwd=tmp_path)
    assert "Would install" in said


def test_content_of_the_wheel(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        info = f"{wheel.name.removesuffix('-py3-none-any.whl')}.dist-info"
        metadata = email.message_from_bytes(archive.read(f"{info}/METADATA"))
        tags = email.message_from_bytes(archive.read(f"{info}/WHEEL"))
    assert {name.partition("/")[0] for name in names} == {"oaktreemodel", info}
    for suffix in ("_pb2.py", "_pb2.pyi", "_pb2_grpc.py", "_pb2_grpc.pyi", ".proto"):
        assert len([name for name in names if name.endswith(suffix)]) == len(LISTED)
    assert metadata.get_all("Requires-Dist") == ["protobuf>=4.21.0", "grpcio>=1.49.1"]
    assert metadata.get_all("Provides-Extra") is None
    assert metadata["Requires-Python"] == ">=3.10"
    assert metadata["License-Expression"] == "Apache-2.0"
    assert tags.get_all("Tag") == ["py3-none-any"]
    assert tags["Root-Is-Purelib"] == "true"


def test_versions(changed: Path, tmp_path: Path) -> None:
    git(changed, "tag", "1.2.3")
    build("--wheel", "--outdir", tmp_path, changed)
    assert only(tmp_path, "*.whl").name == "oaktreemodel-1.2.3-py3-none-any.whl"
    git(changed, "commit", "--quiet", "--allow-empty", "--message=More")
    build("--sdist", "--outdir", tmp_path, changed)
    assert only(tmp_path, "*.tar.gz").name == "oaktreemodel-1.2.4.dev1.tar.gz"


def no_protos(tree: Path) -> None:
    (tree / "protos/list.mk").write_text("PROTOS =\n")
    shutil.rmtree(tree / "protos/oaktreemodel")


def unlisted_proto(tree: Path) -> None:
    (tree / "protos/oaktreemodel/new.proto").touch()


def package_without_an_area(tree: Path) -> None:
    text = (tree / "pyproject.toml").read_text()
    (tree / "pyproject.toml").write_text(text.replace('"oaktreemodel*"', '"oaktreemodel.c*"'))


def no_version(tree: Path) -> None:
    shutil.rmtree(tree / ".git")


def release_tarball(tree: Path) -> None:
    shutil.rmtree(tree / ".git")
    (tree / ".tarball-version").write_text("1.2.3\n")


@pytest.mark.parametrize(
    ("kind", "change", "complaint"),
    [
        ("--wheel", no_protos, "protos/list.mk names no proto: run 'make regenerate'"),
        ("--sdist", no_protos, "protos/list.mk names no proto: run 'make regenerate'"),
        ("--wheel", unlisted_proto, "new.proto is not in protos/list.mk: run 'make regenerate'"),
        ("--wheel", package_without_an_area, "is missing from oaktreemodel-0.1.0.dev1-py3"),
        ("--wheel", no_version, "build-aux/version.sh knows no version, as it says above"),
        ("--sdist", release_tarball, "an sdist is made from a git clone or from another sdist"),
        ("--sdist", no_version, "build-aux/version.sh knows no version, as it says above"),
    ],
)
def test_nothing_is_built_of(
    kind: str, change: Callable[[Path], None], complaint: str, changed: Path, tmp_path: Path
) -> None:
    change(changed)
    with pytest.raises(CommandError) as failure:
        build(kind, "--outdir", tmp_path / "dist", changed)
    assert complaint in str(failure.value)
    assert "Traceback" not in str(failure.value)
    assert list((tmp_path / "dist").glob("*")) == []


def test_setup_py_is_no_command(changed: Path) -> None:
    with pytest.raises(CommandError, match=r"run 'pip install \.' or 'python -m build'"):
        run(sys.executable, "setup.py", "bdist_wheel", cwd=changed)


def test_wheel_with_more_than_the_package(wheel: Path, tmp_path: Path) -> None:
    more = tmp_path / "more.whl"
    shutil.copy(wheel, more)
    with zipfile.ZipFile(more, "a") as archive:
        archive.writestr("backend/backend.py", "")
    files = sorted(generate.package_files(generate.proto_list(TOP)))
    backend.check_wheel(wheel, files)
    with pytest.raises(generate.GenerateError, match=r"backend/backend\.py does not belong into"):
        backend.check_wheel(more, files)
