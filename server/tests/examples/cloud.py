# SPDX-License-Identifier: Apache-2.0
"""Examples of cloud."""

from __future__ import annotations

from typing import Any

from oaktree.clouds.simulated.seed import uid

WHERE = {"cloud": "birch", "region": "north", "project": {"id": uid("birch", "project")}}

EXAMPLES: dict[str, dict[str, Any]] = {
    "PlanProjectCleanupRequest": {"location": WHERE},
    "StartProjectCleanupRequest": {"location": WHERE, "filter": {"resource_types": ["server"]}},
}
