# SPDX-License-Identifier: Apache-2.0
"""Examples of image."""

from __future__ import annotations

from typing import Any

EXAMPLES: dict[str, dict[str, Any]] = {
    "UploadImageStart": {"create": {}},
    "CreateImageRequest": {"name": "walk", "disk_format": "raw"},
    "ImportImageRequest": {"import_method": "web-download"},
}
