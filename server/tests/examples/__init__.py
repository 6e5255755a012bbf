# SPDX-License-Identifier: Apache-2.0
"""What requests need that their descriptors do not tell.

The module of an area has EXAMPLES: by the name of a message, fields and values. @network is the id
of a network, @network.name its name, !network the id of a new one, which @network is from then on;
$key is what was last told once in a field called key; # is a number that was not taken before; an
enum is named by the end of its value.

It may have BEFORE: by the name of a method, what has to be done first, from the walker and the
object it is called for to more fields of the request.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

EXAMPLES: dict[str, dict[str, Any]] = {}
BEFORE: dict[str, Callable[[Any, Any], Awaitable[Mapping[str, Any]]]] = {}
for _module in pkgutil.iter_modules(__path__):
    _area = importlib.import_module(f"{__name__}.{_module.name}")
    EXAMPLES |= _area.EXAMPLES
    BEFORE |= getattr(_area, "BEFORE", {})
