# SPDX-License-Identifier: Apache-2.0
"""What is particular to the area dns."""

from __future__ import annotations

from oaktree.api.ends import End, reaches, vanishes

ENDS: dict[str, End] = {
    **{
        f"{type_}.{what}": reaches("ACTIVE")
        for type_ in ("zone", "record_set")
        for what in ("create", "update")
    },
    "zone.import": reaches("ACTIVE"),
    "zone.delete": vanishes("DELETED", field="status"),
    "record_set.delete": vanishes("DELETED", field="status"),
}
