# SPDX-License-Identifier: Apache-2.0
"""What the modules of a package declare, each for one area."""

from __future__ import annotations

import functools
import importlib
import pkgutil
from typing import Any


@functools.cache
def declared(package: str, name: str) -> tuple[Any, ...]:
    """What each of the modules that has something of this name has there."""
    path = importlib.import_module(package).__path__
    names = [f"{package}.{module.name}" for module in pkgutil.iter_modules(path)]
    modules = [importlib.import_module(each) for each in names]
    return tuple(getattr(each, name) for each in modules if hasattr(each, name))


@functools.cache
def gathered(package: str, name: str) -> dict[str, Any]:
    """Their tables of this name as one."""
    return {key: value for table in declared(package, name) for key, value in table.items()}
