# SPDX-License-Identifier: Apache-2.0
"""Freezing releases, and what the gate does with them, as who develops and releases sees it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from fixture import has, lay_out, release
from gate import check, edited, main
from golden import ACCEPTED, SRCDIR, Release, Sources, goldens_in, read_golden, write_golden

HERE = Path(__file__).parent
FORCE = "FIELD_NO_DELETE oaktree.orchard.v1.ShakeTreeRequest.force"
BIRDS = "FIELD_NO_DELETE oaktree.orchard.v1.Tree.birds"


class Orchard:
    """A tree that grows, and the goldens of its releases. Only its protos are compared."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.goldens = root / "goldens"
        self.protos = lay_out(root)

    def edit(self, find: str, put: str) -> None:
        path = self.protos / "oaktreemodel/orchard/v1/tree.proto"
        text = path.read_text()
        assert find in text
        path.write_text(text.replace(find, put, 1))

    def now(self) -> Release:
        return release(self.root)

    def freeze(self, version: str) -> None:
        file = self.goldens / ACCEPTED
        directory = self.goldens / version
        write_golden(directory, self.now(), file.read_text() if file.exists() else "")
        for language in ("go", "cpp", "python"):
            directory.joinpath(f"{language}.txt").touch()

    def accept(self, text: str) -> None:
        self.goldens.mkdir(exist_ok=True)
        (self.goldens / ACCEPTED).write_text(text)

    def check(self) -> list[str]:
        return check(self.goldens, self.now())

    def delete_force(self) -> None:
        self.edit("  // How hard.\n  int32 force = 20;\n", "  reserved 20;\n")

    def delete_birds(self) -> None:
        self.edit("  // The names of its birds.\n  repeated string birds = 8;\n", "")


@pytest.fixture
def orchard(tmp_path: Path) -> Orchard:
    return Orchard(tmp_path)


def test_every_golden_is_compared_with(orchard: Orchard) -> None:
    orchard.freeze("0.1.0")
    orchard.delete_force()
    orchard.accept(f"{FORCE}\n  Nobody could say in which unit.\n")
    orchard.freeze("0.2.0")
    orchard.accept("")
    (told,) = orchard.check()
    assert FORCE in told and told.endswith("(0.1.0)")
    orchard.delete_birds()
    by_id = {line.split("[")[1].split("]")[0]: line for line in orchard.check()}
    assert set(by_id) == {FORCE, BIRDS}
    assert by_id[BIRDS].endswith("(0.1.0, 0.2.0)")


def test_versions_are_sorted_as_numbers(orchard: Orchard) -> None:
    for version in ("0.10.0", "0.9.0", "0.2.0"):
        orchard.freeze(version)
    assert list(goldens_in(orchard.goldens)) == ["0.2.0", "0.9.0", "0.10.0"]


def test_a_break_of_0_can_be_accepted_with_a_reason(orchard: Orchard) -> None:
    orchard.freeze("0.1.0")
    orchard.delete_force()
    orchard.accept(
        f"# Why we broke what we broke.\n{FORCE}\n    Nobody could say\n    in which unit.\n"
    )
    assert orchard.check() == []


@pytest.mark.parametrize(
    "text, fault",
    [
        (f"{FORCE}\n", "without a reason"),
        (f"{FORCE}\n  Because.\n{FORCE}\n  Because.\n", "twice"),
        (f"{FORCE}\n  Because.\n{BIRDS}\n  Because.\n", "no golden of 0.x has that break"),
        (f"  Because.\n{FORCE}\n  Because.\n", "a reason for nothing"),
    ],
)
def test_a_list_of_accepted_breaks_is_in_order(orchard: Orchard, text: str, fault: str) -> None:
    orchard.freeze("0.1.0")
    orchard.delete_force()
    orchard.accept(text)
    (told,) = orchard.check()
    assert fault in told and ACCEPTED in told


def test_what_1_0_has_cannot_be_accepted_away(orchard: Orchard) -> None:
    orchard.freeze("1.0.0")
    orchard.delete_force()
    orchard.accept(f"{FORCE}\n  Because.\n")
    told = "\n".join(orchard.check())
    assert "was removed" in told and "(1.0.0)" in told and "was accepted after 1.0.0" in told


def test_from_1_0_on_nothing_more_is_accepted(orchard: Orchard) -> None:
    orchard.freeze("0.1.0")
    orchard.delete_force()
    orchard.accept(f"{FORCE}\n  Because.\n")
    orchard.freeze("1.0.0")
    assert orchard.check() == []
    orchard.delete_birds()
    orchard.accept(f"{FORCE}\n  Because.\n{BIRDS}\n  Because.\n")
    told = "\n".join(orchard.check())
    assert f"{BIRDS} was accepted after 1.0.0" in told and "Tree.birds (8) was removed" in told


def test_since_is_held_to_all_goldens(orchard: Orchard) -> None:
    orchard.freeze("0.1.0")
    since = '[(oaktree.common.v1.field_since) = "0.2.0"]'
    orchard.edit("force = 20;", f"force = 20;\n  // Why.\n  string why = 21 {since};")
    orchard.freeze("0.2.0")
    assert orchard.check() == []
    orchard.edit('"0.2.0"', '"0.3.0"')
    (told,) = orchard.check()
    assert "0.2.0 has it already" in told


def test_a_golden_that_lost_a_file_is_no_golden(orchard: Orchard) -> None:
    orchard.freeze("0.1.0")
    (orchard.goldens / "0.1.0/go.txt").unlink()
    with pytest.raises(SystemExit, match=r"go\.txt"):
        orchard.check()


def git_of(tree: Path) -> Callable[..., None]:
    def git(*words: str) -> None:
        user = ["-c", "user.name=nobody", "-c", "user.email=nobody@localhost"]
        command = ["git", *user, "-c", "commit.gpgsign=false", *words]
        subprocess.run(command, cwd=tree, check=True, stdout=subprocess.DEVNULL)

    return git


def test_goldens_are_never_edited(tmp_path: Path) -> None:
    git = git_of(tmp_path)
    goldens = tmp_path / "protos/goldens"
    file = goldens / "0.1.0/go.txt"
    file.parent.mkdir(parents=True)
    names = "pkg compute/v1, type Server struct\n"
    file.write_text(names)
    (goldens / ACCEPTED).write_text("")
    git("init", "-q")
    git("add", ".")
    git("commit", "-qm", "Freeze 0.1.0")
    (goldens / ACCEPTED).write_text("# more\n")
    git("commit", "-qam", "Accept a break")
    assert edited(goldens) == []
    told = [f"{file} was changed after its release: put it back as it was."]
    file.write_text("")
    assert edited(goldens) == told
    git("commit", "-qam", "Forget what 0.1.0 had")
    assert edited(goldens) == told
    file.unlink()
    git("commit", "-qam", "Forget 0.1.0")
    assert edited(goldens) == told
    file.parent.mkdir(exist_ok=True)
    file.write_text(names)
    git("add", ".")
    git("commit", "-qm", "Put it back")
    assert edited(goldens) == []


def run(program: str, *words: object, **variables: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-B", str(HERE / program), *map(str, words)]
    return subprocess.run(
        command, check=False, capture_output=True, text=True, env={**os.environ, **variables}
    )


@pytest.mark.skipif(
    not all(map(has, ("go", "cpp", "python"))), reason="a release has all languages"
)
def test_this_tree_can_be_frozen_and_keeps_its_own_promise(tmp_path: Path) -> None:
    golden = tmp_path / "0.1.0"
    done = run("freeze.py", "--trial", golden)
    assert done.returncode == 0, done.stderr
    frozen = read_golden(golden)
    for line, language in (
        ("pkg compute/v1, type Server struct, Name string", "go"),
        ("pkg compute/v1, func NewFlavorServiceClient(google.golang.org/grpc.ClientConnInterface)"
         " FlavorServiceClient", "go"),
        ("member oaktree::compute::v1::Server::set_name", "cpp"),
        ("member oaktree::compute::v1::FlavorService::Stub::ListFlavors", "cpp"),
        ("#include <oaktreemodel/compute/v1/server.pb.h>", "cpp"),
        ("extension oaktree::common::v1::sensitive", "cpp"),
        ("oaktreemodel.compute.v1.Server", "python"),
        ("oaktreemodel.compute.v1.server_pb2.Server.name: str", "python"),
        ("oaktreemodel.compute.v1.server_pb2.Server(name: str = ...)", "python"),
    ):  # fmt: skip
        assert line in frozen.names(language)
    for language in ("go", "cpp", "python"):
        # Each message has a line in each language, whatever else a generator may call its own.
        messages = [
            element.name.split(".")[-1]
            for element in frozen.tree.of_kind("message")
            if not element.parent and not element.proto.options.map_entry
        ]
        text = "\n".join(frozen.names(language))
        assert [name for name in messages if name not in text] == []

    again = run("freeze.py", "--trial", golden)
    assert again.returncode == 1 and "never made anew" in again.stderr

    # All that is missed is what was never there.
    names = golden / "go.txt"
    names.write_text(names.read_text() + "pkg compute/v1, func Frobnicate()\n")
    done = run("gate.py", "--goldens", tmp_path)
    assert done.returncode == 1 and "doc/stability.rst" in done.stderr
    (told,) = (line for line in done.stdout.splitlines() if not line.startswith("SKIP"))
    assert told.startswith(
        "In Go, what was released as `pkg compute/v1, func Frobnicate()` is gone"
    )
    assert told.endswith("[GO_NAME pkg compute/v1, func Frobnicate()] (0.1.0)")


def test_only_a_release_is_frozen(tmp_path: Path) -> None:
    """A tree with just what is asked first."""
    tree = tmp_path / "tree"
    (tree / "build-aux").mkdir(parents=True)
    shutil.copy(SRCDIR / "build-aux/version.sh", tree / "build-aux")
    environment = {"abs_top_srcdir": str(tree), "abs_top_builddir": str(tree)}
    git = git_of(tree)
    git("init", "-q")
    git("add", ".")
    git("commit", "-qm", "Begin")
    done = run("freeze.py", **environment)
    assert done.returncode == 1 and "not a release" in done.stderr
    git("tag", "0.1.0")
    (tree / "more").touch()
    done = run("freeze.py", **environment)
    assert done.returncode == 1 and "not what was tagged as 0.1.0" in done.stderr
    (tree / "more").unlink()
    (tree / "protos/goldens/0.1.0").mkdir(parents=True)
    done = run("freeze.py", **environment)
    assert done.returncode == 1 and "never made anew" in done.stderr


def test_it_says_when_nothing_is_broken(
    orchard: Orchard, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    orchard.freeze("0.1.0")
    orchard.freeze("0.2.0")
    monkeypatch.setattr("gate.sources", lambda: Sources(orchard.protos))
    monkeypatch.setattr("sys.argv", ["gate.py", "--goldens", str(orchard.goldens)])
    assert main() == 0
    assert capsys.readouterr().out == "Nothing that was released is broken: 0.1.0, 0.2.0.\n"


def test_without_a_golden_there_is_nothing_to_break(tmp_path: Path) -> None:
    done = run("gate.py", "--goldens", tmp_path)
    assert done.returncode == 0 and "No release is frozen" in done.stdout
