# SPDX-License-Identifier: Apache-2.0
"""Examples of operation."""

from __future__ import annotations

from typing import Any

EXAMPLES: dict[str, dict[str, Any]] = {
    "GetOperationRequest": {"operation_id": "@operation"},
    "WaitOperationRequest": {"operation_id": "@operation"},
    "CancelOperationRequest": {"operation_id": "@operation"},
}
