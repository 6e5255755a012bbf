# SPDX-License-Identifier: Apache-2.0
"""The gate tells deliberate changes apart: those that break somebody, and those that do not."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest
from breaks import Break
from corpus import BREAKING, HARMLESS, ORCHARD, Change, Edit
from fixture import generated, has, lay_out, release
from gate import compare_all
from golden import Release, today

CHANGES = [*BREAKING, *HARMLESS]
Verdicts = dict[str, Future[list[Break]]]


def apply(edit: Edit, protos: Path) -> None:
    found = list(protos.rglob(edit.file))
    path = found[0] if found else protos / "oaktreemodel/orchard/v1" / edit.file
    if edit.find is None and edit.put is None:
        path.unlink()
    elif edit.find is None and edit.put is not None:
        path.rename(path.with_name(edit.put))
    elif edit.find == "" and edit.put is not None:
        path.parent.mkdir(exist_ok=True)
        path.write_text(edit.put)
    elif edit.find is not None and edit.put is not None:
        text = path.read_text()
        assert edit.find in text, f"{edit.file} has no {edit.find!r}"
        path.write_text(text.replace(edit.find, edit.put, 1))


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> Release:
    root = tmp_path_factory.mktemp("base")
    lay_out(root)
    made = release(root, root / "generated")
    for language in made.languages:
        assert made.names(language)
    assert made.tree.elements
    return made


@pytest.fixture(scope="session")
def verdicts(base: Release, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Verdicts]:
    """All of them are on their way from the first test on."""
    top = tmp_path_factory.mktemp("changes")

    def judge(change: Change, root: Path) -> list[Break]:
        protos = lay_out(root)
        for edit in change.edits:
            apply(edit, protos)
        new = release(root, root / "generated" if change.names else None)
        return compare_all({"0.1.0": base}, new)["0.1.0"]

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        yield {
            change.name: pool.submit(judge, change, top / str(number))
            for number, change in enumerate(CHANGES)
        }


def test_the_corpus_is_large() -> None:
    assert len({change.name for change in CHANGES}) == len(CHANGES)
    assert len(BREAKING) >= 40 and len(HARMLESS) >= 20


@pytest.mark.parametrize("change", BREAKING, ids=lambda change: change.name)
def test_a_break_is_told(change: Change, verdicts: Verdicts) -> None:
    found = verdicts[change.name].result()
    assert {broken.id for broken in found} == change.ids
    sentences = [broken.sentence() for broken in found]
    for broken, sentence in zip(found, sentences, strict=True):
        assert broken.element in sentence
        assert sentence.count(". ") == 0 and sentence.endswith(".") and "; " in sentence
    for word in change.says:
        assert any(word in sentence for sentence in sentences), word


@pytest.mark.parametrize("change", HARMLESS, ids=lambda change: change.name)
def test_what_breaks_nobody_passes(change: Change, verdicts: Verdicts) -> None:
    assert [broken.sentence() for broken in verdicts[change.name].result()] == []


# What generators may do to the names of a tree that did not change: in a file of a language, what
# is found there and what is put in its place, and the line that the gate has to miss.
GENERATED = {
    "Go method gone": (
        ("go", "orchard/v1/tree.pb.go"),
        ("func (x *Tree) GetName() string", "func (x *Tree) getName() string"),
        "method (*Tree) GetName() string",
    ),
    "Go method answers something else": (
        ("go", "orchard/v1/tree.pb.go"),
        ("func (x *Tree) GetAppleCount() int64", "func (x *Tree) GetAppleCount() int32"),
        "method (*Tree) GetAppleCount() int64",
    ),
    "Go function takes something else": (
        ("go", "orchard/v1/tree_grpc.pb.go"),
        (
            "func NewTreeServiceClient(cc grpc.ClientConnInterface)",
            "func NewTreeServiceClient(cc *grpc.ClientConn)",
        ),
        "func NewTreeServiceClient(google.golang.org/grpc.ClientConnInterface) TreeServiceClient",
    ),
    "C++ header gone": (
        ("cpp", "oaktreemodel/orchard/v1/ladder.grpc.pb.h"),
        ("", ""),
        "#include <oaktreemodel/orchard/v1/ladder.grpc.pb.h>",
    ),
    "C++ accessor gone": (
        ("cpp", "oaktreemodel/orchard/v1/tree.pb.h"),
        ("  bool has_apple_count() const;\n", ""),
        f"member {ORCHARD.replace('.', '::')}::Tree::has_apple_count",
    ),
    "C++ enum helper gone": (
        ("cpp", "oaktreemodel/orchard/v1/tree.pb.h"),
        ("bool TreeKind_IsValid(int value);", ""),
        f"function {ORCHARD.replace('.', '::')}::TreeKind_IsValid",
    ),
    "C++ stub method gone": (
        ("cpp", "oaktreemodel/orchard/v1/tree.grpc.pb.h"),
        (
            "    ::grpc::Status GetTree(::grpc::ClientContext* context,",
            "    ::grpc::Status Get(::grpc::ClientContext* context,",
        ),
        f"member {ORCHARD.replace('.', '::')}::TreeService::Stub::GetTree",
    ),
    "Python module gone": (
        ("python", "oaktreemodel/orchard/v1/basket_pb2_grpc.pyi"),
        ("", ""),
        "module oaktreemodel.orchard.v1.basket_pb2_grpc",
    ),
    "Python lazy name gone": (
        ("python", "oaktreemodel/orchard/v1/__init__.pyi"),
        ("from oaktreemodel.orchard.v1.basket_pb2 import Basket as Basket\n", ""),
        "oaktreemodel.orchard.v1.Basket",
    ),
    "Python keyword gone": (
        ("python", "oaktreemodel/orchard/v1/basket_pb2.pyi"),
        ("        volume_litres: _builtins.int = ...,\n", "        litres: _builtins.int = ...,\n"),
        "oaktreemodel.orchard.v1.basket_pb2.Basket(volume_litres: int = ...)",
    ),
    "Python attribute of another type": (
        ("python", "oaktreemodel/orchard/v1/basket_pb2.pyi"),
        ("    volume_litres: _builtins.int\n", "    volume_litres: _builtins.float\n"),
        "oaktreemodel.orchard.v1.basket_pb2.Basket.volume_litres: int",
    ),
}


@pytest.fixture(scope="session")
def regenerate(
    base: Release, tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., list[Break]]:
    root = tmp_path_factory.mktemp("generators")
    lay_out(root)
    made = generated(root, root / "generated")
    new = today(made)

    def after(language: str, path: Path, find: str, put: str) -> list[Break]:
        file = getattr(made, language) / path
        text = file.read_text()
        assert find in text, f"{path} has no {find!r}"
        if find:
            file.write_text(text.replace(find, put))
        else:
            file.unlink()
        new.made.pop(language, None)
        try:
            return compare_all({"0.1.0": base}, new)["0.1.0"]
        finally:
            file.write_text(text)
            new.made.pop(language, None)

    return after


@pytest.mark.parametrize("name", GENERATED)
def test_names_that_generators_take_away_are_missed(
    name: str, regenerate: Callable[..., list[Break]]
) -> None:
    (language, path), (find, put), line = GENERATED[name]
    if not has(language):
        pytest.skip(f"{language} is disabled")
    found = regenerate(language, Path(path), find, put)
    rule = f"{language.upper()}_NAME"
    assert {broken.rule for broken in found} == {rule}
    assert f"{rule} " in found[0].id and any(line in broken.element for broken in found)
    assert all(f"`{broken.element}` is gone" in broken.sentence() for broken in found)
