# SPDX-License-Identifier: Apache-2.0
"""Examples of object_store."""

from __future__ import annotations

from typing import Any

from google.protobuf.duration_pb2 import Duration

EXAMPLES: dict[str, dict[str, Any]] = {
    "CreateContainerRequest": {"name": "walk-#", "temp_url_key": "0123456789abcdef" * 4},
    "CreateObjectRequest": {"name": "walk-#", "data": b"walk"},
    "UploadObjectStart": {"name": "walk-#"},
    "CopyObjectRequest": {"destination_name": "copy-#"},
    "DeleteObjectsRequest": {"filter": {"names": ["copy-#"]}, "dry_run": True},
    "GenerateTemporaryUrlRequest": {"object": "walk", "expire_after": Duration(seconds=60)},
    "UpdateAccountRequest": {"merge_metadata": {"walk": "1"}},
}
