# SPDX-License-Identifier: Apache-2.0
"""What is particular to the area block_storage."""

from __future__ import annotations

from oaktree.api.areas.image import ACTIVE
from oaktree.api.ends import reaches, vanishes

AVAILABLE = reaches("AVAILABLE")

ENDS = {
    "volume.create": reaches("AVAILABLE"),
    "volume.delete": vanishes(field="status", bad=["ERROR_DELETING"]),
    "volume.extend": reaches("AVAILABLE", "IN_USE"),
    "volume.retype": reaches("AVAILABLE", "IN_USE"),
    "volume.revert_to_snapshot": AVAILABLE,
    "volume.upload_to_image": ACTIVE,
    "volume_snapshot.create": AVAILABLE,
    # It stays where something depends on it.
    "volume_snapshot.delete": vanishes(field="status", bad=["ERROR_DELETING", "AVAILABLE"]),
    "volume_backup.create": AVAILABLE,
    "volume_backup.import_record": AVAILABLE,
    "volume_backup.restore": AVAILABLE,
    "volume_backup.delete": vanishes("DELETED", field="status", bad=["ERROR", "ERROR_DELETING"]),
}

FILTERS = {
    "VolumeFilter.servers": "server: attachments.server_id",
    "VolumeFilter.attached": lambda resource, wanted: bool(resource.attachments) == wanted,
}

AT_MOST_ONE = {"RestoreVolumeBackupRequest": [("volume", "volume_name")]}
NAMED_ONLY = {"VolumeType": ["is_default"]}
