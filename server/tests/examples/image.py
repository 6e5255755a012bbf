# SPDX-License-Identifier: Apache-2.0
"""Examples of image."""

from __future__ import annotations

from typing import Any

from conftest import NORTH

from oaktree.clouds.simulated import seed
from oaktree.shapes import kinds, method_named

EXAMPLES: dict[str, dict[str, Any]] = {
    # Its own project is the only one it can answer for.
    "CreateImageMemberRequest": {"image": "!image", "project": seed.uid(NORTH.cloud, "project")},
    "UpdateImageMemberRequest": {"status": "ACCEPTED"},
    "UploadImageStart": {"create": {}},
    "CreateImageRequest": {"name": "walk", "disk_format": "raw"},
    "DownloadImageRequest": {"name_or_id": "debian-13"},
    "ImportImageRequest": {"import_method": "web-download"},
}


async def _is_imported(walker: Any, target: Any) -> dict[str, Any]:
    if target is None:
        method = method_named("ImportImage")
        made = await walker.create(kinds()["image"])
        await walker.call(method, await walker.request(method, made))
    return {}


BEFORE = {"ListImageTasks": _is_imported}
