# SPDX-License-Identifier: Apache-2.0
"""Examples of baremetal."""

from __future__ import annotations

from typing import Any

EXAMPLES: dict[str, dict[str, Any]] = {}
