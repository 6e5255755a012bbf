# SPDX-License-Identifier: Apache-2.0
"""Examples of dns."""

from __future__ import annotations

from typing import Any

EXAMPLES: dict[str, dict[str, Any]] = {
    "CreateZoneRequest": {"name": "walk-#.test.", "type": "SECONDARY", "masters": ["192.0.2.1"]},
    "ImportZoneRequest": {"zone_file": "$ORIGIN import-#.test.\n@ IN SOA ns. me. 1 1 1 1 1\n"},
    "CreateRecordSetRequest": {"name": "www-#.walk.test.", "type": "A", "records": ["192.0.2.2"]},
    "AddZoneShareRequest": {"project": "walk"},
    "AcceptZoneTransferRequest": {"key": "@zone_transfer.key"},
}
