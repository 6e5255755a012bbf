# SPDX-License-Identifier: Apache-2.0
"""What is particular to the area block_storage."""

from __future__ import annotations

from oaktree.api.ends import reaches, vanishes

ENDS = {
    "volume.create": reaches("AVAILABLE"),
    "volume.delete": vanishes(field="status", bad=["ERROR_DELETING"]),
    "volume.extend": reaches("AVAILABLE", "IN_USE"),
    "volume.retype": reaches("AVAILABLE", "IN_USE"),
}

FILTERS = {
    "VolumeFilter.servers": "server: attachments.server_id",
    "VolumeFilter.attached": lambda resource, wanted: bool(resource.attachments) == wanted,
}
