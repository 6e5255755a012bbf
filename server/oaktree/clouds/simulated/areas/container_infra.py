# SPDX-License-Identifier: Apache-2.0
"""How the objects of container_infra live."""

from __future__ import annotations

from oaktree.clouds.simulated.lifecycle import Thing

THINGS: dict[str, Thing] = {}
