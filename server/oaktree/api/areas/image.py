# SPDX-License-Identifier: Apache-2.0
"""What is particular to the area image."""

from __future__ import annotations

from oaktree.api.ends import reaches, vanishes

ACTIVE = reaches("ACTIVE", bad=["KILLED", "DELETED", "QUEUED"])

ENDS = {
    "image.upload": ACTIVE,
    "image.import": ACTIVE,
    "image.delete": vanishes(),
}

FILTERS = {
    # Whose membership is asked about is the caller's: what is listed has been accepted.
    "ImageFilter.member_statuses": lambda resource, wanted: True,
}

DEFAULTS = {
    "ImageFilter.is_hidden": lambda resource: not resource.is_hidden,
}

NAMED_ONLY = {"ImageStore": ["store_type", "weight", "properties"]}

EXACTLY_ONE = {
    "UploadImageStart": [("name_or_id", "create")],
}
