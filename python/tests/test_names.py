# SPDX-License-Identifier: Apache-2.0
"""The names users write: each of the protos' can be had of its area, as the types say."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import oaktreemodel
import pytest
from google.protobuf.descriptor import FileDescriptor

ROOT = Path(next(iter(oaktreemodel.__path__)))
AREAS = sorted({path.parent for path in ROOT.rglob("*.proto")})


def dotted(path: Path) -> str:
    return ".".join(path.relative_to(ROOT.parent).parts)


@pytest.fixture(params=AREAS, ids=dotted)
def area(request: pytest.FixtureRequest) -> ModuleType:
    return importlib.import_module(dotted(request.param))


def descriptors(area: ModuleType) -> list[FileDescriptor]:
    protos = Path(str(area.__file__)).parent.glob("*.proto")
    modules = [f"{area.__name__}.{proto.stem}_pb2" for proto in protos]
    return [importlib.import_module(module).DESCRIPTOR for module in modules]


def test_every_message_enum_value_and_extension(area: ModuleType) -> None:
    for file in descriptors(area):
        for name, message in file.message_types_by_name.items():
            assert getattr(area, name).DESCRIPTOR is message
        for name, enum in file.enum_types_by_name.items():
            assert getattr(area, name).DESCRIPTOR is enum
            for value in enum.values:
                assert getattr(area, value.name) == value.number
        for name, extension in file.extensions_by_name.items():
            assert getattr(area, name).full_name == extension.full_name


def test_every_service(area: ModuleType) -> None:
    for file in descriptors(area):
        for name, service in file.services_by_name.items():
            servicer = getattr(area, f"{name}Servicer")
            assert all(callable(getattr(servicer, method.name)) for method in service.methods)
            assert getattr(area, f"{name}Stub") is getattr(area, f"{name}AsyncStub")
            assert callable(getattr(area, f"add_{name}Servicer_to_server"))


def test_types_and_interpreter_know_the_same_names(area: ModuleType) -> None:
    path = Path(str(area.__file__)).with_suffix(".pyi")
    imports = [
        node for node in ast.parse(path.read_text()).body if isinstance(node, ast.ImportFrom)
    ]
    typed = {alias.asname: node.module for node in imports for alias in node.names}
    assert sorted(str(name) for name in typed) == sorted(area.__all__)
    assert set(area.__all__) <= set(dir(area))
    for name, module in typed.items():
        assert getattr(area, str(name)) is getattr(importlib.import_module(str(module)), str(name))


def test_unknown_name_is_an_attribute_error(area: ModuleType) -> None:
    with pytest.raises(AttributeError, match=f"module '{area.__name__}' has no attribute 'Sever'"):
        area.Sever  # noqa: B018


def loaded_after(code: str) -> set[str]:
    """What of protobuf and grpc a new interpreter has loaded after running the code."""
    code += "\nimport sys\nprint(*{'google.protobuf', 'grpc'} & set(sys.modules))"
    output = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    )
    return set(output.stdout.split())


@pytest.mark.parametrize(
    ("code", "loaded"),
    [
        ("import oaktreemodel", set()),
        ("from oaktreemodel.compute import v1 as compute; dir(compute)", set()),
        ("from oaktreemodel.compute import v1 as compute; compute.Flavor", {"google.protobuf"}),
        (
            "from oaktreemodel.compute import v1 as compute; compute.FlavorServiceStub",
            {"google.protobuf", "grpc"},
        ),
    ],
)
def test_loads_what_is_used_and_no_more(code: str, loaded: set[str]) -> None:
    assert loaded_after(code) == loaded
