# SPDX-License-Identifier: Apache-2.0
"""Which of a server's addresses is for what, as shade has always computed it.

What only the caller can know is left out: whether it can reach port 22, whether it has IPv6.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

from oaktreemodel.cloud import v1 as cloud
from oaktreemodel.common import v1 as common
from oaktreemodel.compute import v1 as compute

Reason: TypeAlias = "compute.ServerAddressReason.ValueType"
Test = Callable[[common.Address], bool]

FLOATING = common.ADDRESS_KIND_FLOATING


def choose(server: compute.Server, capabilities: cloud.NetworkCapabilities) -> None:
    """Fills the computed addresses of a server and the reasons for the choice."""
    roles = {role.network_name: role for role in capabilities.roles}

    def role(address: common.Address) -> cloud.NetworkRole:
        return roles.get(address.network_name, cloud.NetworkRole())

    def pick(version: int, tests: Iterable[tuple[Test, Reason]]) -> tuple[str, Reason]:
        own = [each for each in server.addresses if each.ip_version == version]
        for test, reason in tests:
            for address in own:
                if test(address):
                    return address.ip_address, reason
        return "", compute.SERVER_ADDRESS_REASON_UNSPECIFIED

    public4 = pick(
        4,
        [
            (lambda a: role(a).external_ipv4, compute.SERVER_ADDRESS_REASON_EXTERNAL_NETWORK),
            (lambda a: a.kind == FLOATING, compute.SERVER_ADDRESS_REASON_FLOATING_IP),
            (
                lambda a: a.network_name == "public",
                compute.SERVER_ADDRESS_REASON_NETWORK_NAMED_PUBLIC,
            ),
            (lambda a: is_global(a.ip_address), compute.SERVER_ADDRESS_REASON_GLOBAL_ADDRESS),
        ],
    )
    if server.access_ipv4:
        public4 = server.access_ipv4, compute.SERVER_ADDRESS_REASON_ACCESS_ADDRESS
    public6 = pick(
        6,
        [
            (lambda a: role(a).external_ipv6, compute.SERVER_ADDRESS_REASON_EXTERNAL_NETWORK),
            (lambda a: is_global(a.ip_address), compute.SERVER_ADDRESS_REASON_GLOBAL_ADDRESS),
        ],
    )
    if server.access_ipv6:
        public6 = server.access_ipv6, compute.SERVER_ADDRESS_REASON_ACCESS_ADDRESS
    private4 = pick(4, private_tests(lambda a: role(a).internal_ipv4))
    private6 = pick(6, private_tests(lambda a: role(a).internal_ipv6))
    for version, kind, (text, reason) in (
        (4, "public", public4),
        (6, "public", public6),
        (4, "private", private4),
        (6, "private", private6),
    ):
        setattr(server, f"{kind}_ipv{version}", text)
        setattr(server, f"{kind}_ipv{version}_reason", reason)
    server.interface_address, server.interface_address_reason = interface(
        server, role, capabilities
    )


def private_tests(internal: Test) -> list[tuple[Test, Reason]]:
    return [
        (
            lambda a: a.kind != FLOATING and internal(a),
            compute.SERVER_ADDRESS_REASON_INTERNAL_NETWORK,
        ),
        (
            lambda a: a.kind != FLOATING and a.network_name == "private",
            compute.SERVER_ADDRESS_REASON_NETWORK_NAMED_PRIVATE,
        ),
    ]


def interface(
    server: compute.Server, role: Callable[[Any], Any], capabilities: cloud.NetworkCapabilities
) -> tuple[str, Reason]:
    """The address to reach the server at, and why that one."""
    for address in sorted(server.addresses, key=lambda each: each.ip_version):
        if role(address).default_interface and address.kind != FLOATING:
            return address.ip_address, compute.SERVER_ADDRESS_REASON_DEFAULT_INTERFACE
    if capabilities.addresses_private and server.private_ipv4:
        return server.private_ipv4, compute.SERVER_ADDRESS_REASON_PRIVATE_CLOUD
    if public := server.public_ipv4 or server.public_ipv6:
        return public, compute.SERVER_ADDRESS_REASON_PUBLIC_ADDRESS
    if len(server.addresses) == 1:
        return server.addresses[0].ip_address, compute.SERVER_ADDRESS_REASON_ONLY_ADDRESS
    return "", compute.SERVER_ADDRESS_REASON_UNSPECIFIED


def is_global(text: str) -> bool:
    try:
        return not ipaddress.ip_address(text).is_private
    except ValueError:
        return False
