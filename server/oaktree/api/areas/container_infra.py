# SPDX-License-Identifier: Apache-2.0
"""What is particular to the area container_infra."""

from __future__ import annotations

from oaktree.api.ends import End, reaches, vanishes

ENDS: dict[str, End] = {
    "cluster.create": reaches("CREATE_COMPLETE"),
    "cluster.delete": vanishes("DELETE_COMPLETE", field="status"),
    "cluster.resize": reaches("UPDATE_COMPLETE"),
    "cluster.upgrade": reaches("UPDATE_COMPLETE"),
    "node_group.create": reaches("CREATE_COMPLETE"),
    "node_group.update": reaches("UPDATE_COMPLETE"),
    "node_group.delete": vanishes("DELETE_COMPLETE", field="status"),
    # What is waited for is the cluster.
    "cluster_certificate.rotate": reaches("UPDATE_COMPLETE"),
}
