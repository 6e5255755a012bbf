# SPDX-License-Identifier: Apache-2.0
"""How the objects of object_store live."""

from __future__ import annotations

from oaktree.clouds.simulated.lifecycle import Thing

THINGS: dict[str, Thing] = {
    "container": Thing(id="{name}", fields={"storage_policy": "default"}),
    "object": Thing(id="{name}", id_within=True),
}
