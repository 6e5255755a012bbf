# SPDX-License-Identifier: Apache-2.0
"""How one simulated cloud differs from another."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Quirks:
    # Whether servers get public addresses by floating IPs, or from a provider network directly.
    floating_ips: bool = False
    # The areas it has no service for.
    without: frozenset[str] = frozenset()
    # The disk format that serves best.
    image_format: str = "qcow2"
    # Where it keeps images, the default first. With a single one it does not speak of stores.
    image_stores: tuple[str, ...] = ("memory",)
    # The HTTP status with which quotas are refused.
    quota_status: int = 413
    # How many servers a project may have.
    server_quota: int = 1_000_000
    # How much longer everything takes than areas/ says.
    pace: float = 1.0
    # How many seconds each answer takes.
    latency: float = 0.0
    # Whether it answers nothing but errors.
    failing: bool = False
    # How many servers there are from the beginning.
    servers: int = 2


PROVIDER = Quirks(
    without=frozenset({"baremetal", "container_infra"}), image_format="raw", quota_status=413
)
FLOATING = Quirks(
    floating_ips=True,
    image_format="qcow2",
    image_stores=("memory", "archive"),
    quota_status=409,
)
