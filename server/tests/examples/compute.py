# SPDX-License-Identifier: Apache-2.0
"""Examples of compute."""

from __future__ import annotations

from typing import Any

EXAMPLES: dict[str, dict[str, Any]] = {
    "CreateServerRequest": {"name": "walk", "flavor": "small", "image": "debian-13"},
    "AttachServerInterfaceRequest": {"network": "@network"},
    "RemoveServerMetadataRequest": {"all_keys": True},
    "RemoveServerTagsRequest": {"all_tags": True},
    "AddFlavorAccessRequest": {"project": "walk"},
    "RemoveFlavorAccessRequest": {"project": "walk"},
    "ResizeServerRequest": {"flavor": "medium"},
}
