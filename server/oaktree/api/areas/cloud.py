# SPDX-License-Identifier: Apache-2.0
"""What is particular to the area cloud."""

from __future__ import annotations

from typing import Any

ENDS: dict[str, Any] = {}
