# SPDX-License-Identifier: Apache-2.0
"""How the objects of block_storage live."""

from __future__ import annotations

from oaktree.clouds.simulated.lifecycle import Action, Step, Thing

THINGS = {
    "volume": Thing(
        birth=[Step(0.0, {"status": "CREATING"}), Step(0.5, {"status": "AVAILABLE"})],
        death=[Step(0.0, {"status": "DELETING"})],
        dying=0.3,
        failed={"delete": {"status": "ERROR_DELETING"}},
    ),
}

ACTIONS = {
    "ExtendVolume": Action(
        ["AVAILABLE", "IN_USE"],
        [Step(0, {"status": "EXTENDING"}), Step(0.3, {"status": "AVAILABLE"})],
    ),
    "RetypeVolume": Action(
        ["AVAILABLE"], [Step(0, {"status": "RETYPING"}), Step(0.3, {"status": "AVAILABLE"})]
    ),
}
