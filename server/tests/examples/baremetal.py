# SPDX-License-Identifier: Apache-2.0
"""Examples of baremetal."""

from __future__ import annotations

from typing import Any

from google.protobuf.duration_pb2 import Duration

# It waits for UnholdNode, so nobody waits for it.
HELD: dict[str, Any] = {"steps": [{"step": "hold"}], "wait_timeout": Duration(nanos=300_000_000)}

EXAMPLES: dict[str, dict[str, Any]] = {
    "CreateNodeRequest": {
        "driver": "ipmi",
        "driver_info": {"ipmi_address": "192.0.2.1", "ipmi_password": "secret"},
        "instance_info": {"image_source": "http://images.test/walk"},
        "initial_state": "MANAGEABLE",
    },
    "SetNodeMaintenanceRequest": {"is_maintenance": False},
    "SetNodeBootDeviceRequest": {"boot_device": "pxe"},
    "GetNodeConsoleRequest": {"name_or_id": "rack1-node1"},
    "CreateBaremetalPortRequest": {"mac_address": "52:54:00:00:AA:#"},
    "AttachNodeVifRequest": {"port": "!port"},
    "CleanNodeRequest": HELD,
    "ServiceNodeRequest": HELD,
}
