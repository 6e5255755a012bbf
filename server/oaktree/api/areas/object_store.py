# SPDX-License-Identifier: Apache-2.0
"""What is particular to the area object_store."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from oaktree.api.ends import End, vanishes

ENDS: dict[str, End] = {
    "container.delete": vanishes(),
    # A copy is there once it is complete.
    "object.copy": End(lambda resource, needs: True),
}


FILTERS: dict[str, Callable[[Any, Any], bool]] = {
    "ObjectFilter.prefix": lambda resource, wanted: resource.name.startswith(wanted),
    "ObjectFilter.after_name": lambda resource, wanted: resource.name > wanted,
    "ObjectFilter.before_name": lambda resource, wanted: resource.name < wanted,
}

NAMED_ONLY = {
    "Account": ["temp_url_key", "second_temp_url_key"],
    "Container": ["temp_url_key", "second_temp_url_key", "sync_key"],
    "Object": ["segments"],
}
# What takes a call more for each.
NOT_LISTED = {
    "Container": [
        "storage_policy",
        "is_public",
        "is_listing_public",
        "read_acl",
        "write_acl",
        "metadata",
        "sync_to",
        "is_versioned",
        "versions_container",
        "history_container",
        "create_time",
    ],
    "Object": [
        "content_encoding",
        "content_disposition",
        "metadata",
        "expire_time",
        "is_static_large_object",
        "manifest",
    ],
}

EXACTLY_ONE = {
    "GenerateTemporaryUrlRequest": [("object", "prefix"), ("expire_time", "expire_after")],
}
