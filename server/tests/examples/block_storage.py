# SPDX-License-Identifier: Apache-2.0
"""Examples of block_storage."""

from __future__ import annotations

import base64
from typing import Any

RECORD = base64.b64encode(b'{"id": "3b1f6a52-0d1c-4d6e-9f0a-8a3f6f1f2c11", "size": 1}').decode()

EXAMPLES: dict[str, dict[str, Any]] = {
    "CreateVolumeRequest": {"size_gib": 1},
    "DeleteVolumeRequest": {"cascade": True},
    "ExtendVolumeRequest": {"size_gib": 2},
    "ResetVolumeStatusRequest": {"status": "AVAILABLE"},
    "ImportVolumeBackupRecordRequest": {
        "backup_service": "cinder.backup.drivers.swift.SwiftBackupDriver",
        "backup_url": RECORD,
    },
    "ResetVolumeBackupStatusRequest": {"status": "AVAILABLE"},
    "CreateVolumeAttachmentRequest": {"volume": "!volume"},
    "CreateVolumeTransferRequest": {"volume": "!volume"},
    "AcceptVolumeTransferRequest": {"auth_key": "$auth_key"},
    "AddVolumeTypeAccessRequest": {"volume_type": "!volume_type", "project": "walk"},
    "CreateVolumeTypeEncryptionRequest": {"volume_type": "!volume_type"},
    "CreateVolumeTypeRequest": {"name": "walk-#", "is_public": False},
}
