# SPDX-License-Identifier: Apache-2.0
"""What is particular to the area operation."""

from __future__ import annotations

FILTERS = {
    "OperationFilter.resource_ids": lambda resource, wanted: resource.resource.id in wanted,
    "OperationFilter.resource_types": lambda resource, wanted: resource.resource.type in wanted,
}
