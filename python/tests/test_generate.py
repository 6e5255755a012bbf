# SPDX-License-Identifier: Apache-2.0
"""What generate.py makes of small trees, and what it says to wrong ones."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
GENERATE = TOP / "python/backend/generate.py"
sys.path.insert(0, str(GENERATE.parent))

import generate  # noqa: E402

DISK = """\
syntax = "proto3";
package oaktree.disk.v1;
message Disk { string name = 1; }
"""
DISK_SERVICE = """
message GetDiskRequest {}
service DiskService { rpc GetDisk(GetDiskRequest) returns (Disk); }
"""


class Tree:
    """A source tree with the requirements of this one and protos of its own."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.output = root / "output"
        self.requirements = root / "requirements.txt"
        self.requirements.write_text((TOP / "requirements.txt").read_text())
        (root / "protos").mkdir()

    def write(self, name: str, text: str) -> None:
        path = self.root / "protos" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def list(self, *names: str) -> None:
        lines = " \\\n".join(["PROTOS =", *(f"  protos/{name}" for name in names)])
        (self.root / "protos/list.mk").write_text(lines + "\n")

    def generate(self) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, GENERATE, "--srcdir", self.root, "--output", self.output],
            capture_output=True,
            text=True,
            check=False,
        )

    def complaint(self) -> str:
        """The last line of a run that has to fail."""
        result = self.generate()
        assert result.returncode == 1, result.stderr
        assert "Traceback" not in result.stderr
        return result.stderr.splitlines()[-1].removeprefix("generate.py: ")

    def files(self) -> set[str]:
        paths = (path for path in self.output.rglob("*") if path.is_file())
        return {path.relative_to(self.output).as_posix() for path in paths}


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    """A tree with one proto, listed."""
    tree = Tree(tmp_path)
    tree.write("oaktreemodel/disk/v1/disk.proto", DISK + DISK_SERVICE)
    tree.list("oaktreemodel/disk/v1/disk.proto")
    return tree


DISK_FILES = {
    "oaktreemodel/py.typed",
    "oaktreemodel/__init__.py",
    "oaktreemodel/disk/__init__.py",
    "oaktreemodel/disk/v1/__init__.py",
    "oaktreemodel/disk/v1/__init__.pyi",
    "oaktreemodel/disk/v1/disk.proto",
    "oaktreemodel/disk/v1/disk_pb2.py",
    "oaktreemodel/disk/v1/disk_pb2.pyi",
    "oaktreemodel/disk/v1/disk_pb2_grpc.py",
    "oaktreemodel/disk/v1/disk_pb2_grpc.pyi",
}


def test_makes_a_package_that_works(tree: Tree) -> None:
    assert tree.generate().returncode == 0
    assert tree.files() == DISK_FILES
    code = "from oaktreemodel.disk import v1; print(v1.Disk(name='sda'), v1.DiskServiceStub)"
    shown = subprocess.run(
        [sys.executable, "-c", code], cwd=tree.output, capture_output=True, text=True, check=True
    )
    assert shown.stdout.split() == [
        *("name:", '"sda"', "<class", "'oaktreemodel.disk.v1.disk_pb2_grpc.DiskServiceStub'>")
    ]


def test_no_check_of_versions_is_left(tree: Tree) -> None:
    tree.generate()
    text = "".join(path.read_text() for path in tree.output.rglob("*.py*"))
    for trace in ("runtime_version", "GRPC_GENERATED", "registered_method", "RuntimeError"):
        assert trace not in text


def test_replaces_what_was_there(tree: Tree) -> None:
    tree.write("oaktreemodel/tape/v1/tape.proto", DISK.replace("disk", "tape"))
    tree.list("oaktreemodel/disk/v1/disk.proto", "oaktreemodel/tape/v1/tape.proto")
    assert tree.generate().returncode == 0
    assert "oaktreemodel/tape/v1/tape_pb2.py" in tree.files()
    (tree.root / "protos/oaktreemodel/tape/v1/tape.proto").unlink()
    tree.list("oaktreemodel/disk/v1/disk.proto")
    assert tree.generate().returncode == 0
    assert tree.files() == DISK_FILES


def test_a_failure_leaves_the_package_as_it_was(tree: Tree) -> None:
    tree.generate()
    tree.write("oaktreemodel/disk/v1/disk.proto", "no proto at all")
    assert "protoc could not make Python of the protos" in tree.complaint()
    assert tree.files() == DISK_FILES


def test_unlisted_proto(tree: Tree) -> None:
    tree.write("oaktreemodel/tape/v1/tape.proto", DISK)
    assert tree.complaint() == (
        "protos/oaktreemodel/tape/v1/tape.proto is not in protos/list.mk: run 'make regenerate'"
    )


def test_locks_of_editors_are_no_protos(tree: Tree) -> None:
    (tree.root / "protos/oaktreemodel/disk/v1/.#disk.proto").symlink_to("someone@here.1234")
    assert tree.generate().returncode == 0


def test_listed_proto_that_is_not_there(tree: Tree) -> None:
    tree.list("oaktreemodel/disk/v1/disk.proto", "oaktreemodel/tape/v1/tape.proto")
    assert tree.complaint() == (
        "protos/list.mk names protos/oaktreemodel/tape/v1/tape.proto, which is not there: "
        "run 'make regenerate'"
    )


def test_no_protos(tmp_path: Path) -> None:
    tree = Tree(tmp_path)
    assert tree.complaint() == "protos/list.mk is missing: run 'make regenerate'"
    tree.list()
    assert tree.complaint() == "protos/list.mk names no proto: run 'make regenerate'"


@pytest.mark.parametrize("name", generate.GENERATORS)
def test_another_version_of_a_generator(tree: Tree, name: str) -> None:
    text = tree.requirements.read_text()
    tree.requirements.write_text(text.replace(f"{name}==", f"{name}==99."))
    assert tree.complaint().startswith(f"{name} has to be 99.")
    assert tree.complaint().endswith("run 'pip install -r requirements.txt'")


def test_two_things_of_one_name(tree: Tree) -> None:
    tree.write(
        "oaktreemodel/disk/v1/stub.proto",
        'syntax = "proto3"; package oaktree.disk.v1; message DiskServiceStub {}',
    )
    tree.list("oaktreemodel/disk/v1/disk.proto", "oaktreemodel/disk/v1/stub.proto")
    assert tree.complaint() == (
        "oaktreemodel/disk/v1 would have DiskServiceStub of disk_pb2_grpc and of stub_pb2"
    )


def test_code_of_an_unknown_generator(tmp_path: Path) -> None:
    module = tmp_path / "disk_pb2.py"
    module.write_text("guard\nguard\n")
    generate.remove(module, {"^guard\n": 2})
    assert module.read_text() == ""
    for text in ("", "guard\n", "guard\n" * 3):
        module.write_text(text)
        with pytest.raises(generate.GenerateError, match="does not know this version"):
            generate.remove(module, {"^guard\n": 2})
        assert module.read_text() == text


def test_edits_know_how_often_they_apply(tree: Tree) -> None:
    """Each of them fails on code from which it was taken before."""
    tree.generate()
    from google.protobuf.descriptor_pb2 import FileDescriptorProto

    proto = FileDescriptorProto(name="oaktreemodel/disk/v1/disk.proto")
    proto.service.add(name="DiskService").method.add(name="GetDisk")
    with pytest.raises(generate.GenerateError, match=r"disk_pb2\.py has 0 times"):
        generate.unlock(tree.output, proto)
