# SPDX-License-Identifier: Apache-2.0
"""How the objects of image live."""

from __future__ import annotations

from oaktree.clouds.simulated.lifecycle import Action, Step, Thing

# What images may be.
DISK_FORMATS = ("raw", "qcow2", "vhd", "vmdk", "iso")
CONTAINER_FORMATS = ("bare", "ovf", "ova")

THINGS = {
    "image": Thing(birth=[Step(0.0, {"status": "QUEUED"})], dying=0.1),
}

ACTIONS = {
    "DeactivateImage": Action(["ACTIVE"], [Step(0, {"status": "DEACTIVATED"})], ["DEACTIVATED"]),
    "ReactivateImage": Action(["DEACTIVATED"], [Step(0, {"status": "ACTIVE"})], ["ACTIVE"]),
}
