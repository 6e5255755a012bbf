# SPDX-License-Identifier: Apache-2.0
"""How the objects of network live."""

from __future__ import annotations

from oaktree.clouds.simulated.lifecycle import Step, Thing

THINGS = {
    "floating_ip": Thing(birth=[Step(0.0, {"status": "DOWN"})], dying=0.1),
    "network": Thing(birth=[Step(0.0, {"status": "ACTIVE"})]),
    "port": Thing(birth=[Step(0.0, {"status": "DOWN"})]),
}

UPPER = {"FloatingIpStatus", "NetworkStatus", "PortStatus"}
