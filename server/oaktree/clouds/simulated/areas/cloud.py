# SPDX-License-Identifier: Apache-2.0
"""Which services a simulated cloud has. What the area cloud tells follows from that."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Service:
    """A service in the catalogue."""

    # Its type, and the word that the catalogue has for it.
    type: str
    catalog_type: str
    name: str
    version: str
    # The oldest and the newest microversion; empty where there are none.
    microversions: tuple[str, str] = ("", "")


# By the area whose objects it has.
SERVICES = {
    "identity": Service("identity", "identity", "keystone", "3.14"),
    "compute": Service("compute", "compute", "nova", "2.1", ("2.1", "2.100")),
    "image": Service("image", "image", "glance", "2.17"),
    "network": Service("network", "network", "neutron", "2.0"),
    "block_storage": Service("block-storage", "volumev3", "cinder", "3.0", ("3.0", "3.71")),
    "object_store": Service("object-store", "object-store", "swift", "1.0"),
    "load_balancer": Service("load-balancer", "load-balancer", "octavia", "2.27"),
    "dns": Service("dns", "dns", "designate", "2.1"),
    "orchestration": Service("orchestration", "orchestration", "heat", "1.0"),
    "container_infra": Service(
        "container-infrastructure-management", "container-infra", "magnum", "1", ("1.1", "1.11")
    ),
    "baremetal": Service("baremetal", "baremetal", "ironic", "1", ("1.1", "1.95")),
}
