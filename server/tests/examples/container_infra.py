# SPDX-License-Identifier: Apache-2.0
"""Examples of container_infra."""

from __future__ import annotations

from typing import Any

CSR = "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n"

EXAMPLES: dict[str, dict[str, Any]] = {
    "CreateClusterTemplateRequest": {"name": "walk-#", "coe": "kubernetes", "image": "debian-13"},
    "CreateNodeGroupRequest": {"name": "walk-#"},
    "UpdateNodeGroupRequest": {"max_node_count": 7},
    "ResizeClusterRequest": {"node_count": 3},
    "SignClusterCertificateRequest": {"csr": CSR},
}
