# SPDX-License-Identifier: Apache-2.0
"""What the model promises and no recording happens to show."""

from __future__ import annotations

import json
from typing import Any

import pytest
from convert import ERROR_LIMIT, HERE, Surroundings, convert_server, messages, wire_size
from oaktreemodel.common import v1 as common
from oaktreemodel.compute import v1 as compute

AROUND = Surroundings("west", common.Project(id="mine", name="demo"), {}, frozenset({"outside"}))


@pytest.fixture
def recorded() -> dict[str, Any]:
    path = HERE / "recordings" / "compute-servers-detail-v2.1.json"
    server: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))["body"]["servers"][0]
    return server


def test_unknown_word_is_other_and_kept(recorded: dict[str, Any]) -> None:
    server = convert_server(recorded | {"status": "Quantum"}, AROUND)
    assert server.status == compute.SERVER_STATUS_OTHER
    assert server.status_raw == "Quantum"


def test_word_that_is_not_said_is_unspecified(recorded: dict[str, Any]) -> None:
    server = convert_server(recorded, AROUND)
    assert server.task_state == compute.SERVER_TASK_STATE_UNSPECIFIED
    assert server.task_state_raw == ""


def test_addresses_are_canonical(recorded: dict[str, Any]) -> None:
    one = {
        "version": 6,
        "addr": "2001:DB8:0:0::00A1",
        "OS-EXT-IPS:type": "fixed",
        "OS-EXT-IPS-MAC:mac_addr": "FA:16:3E:00:00:0A",
    }
    server = convert_server(recorded | {"addresses": {"outside": [one]}}, AROUND)
    assert server.addresses[0].ip_address == "2001:db8::a1"
    assert server.addresses[0].mac_address == "fa:16:3e:00:00:0a"
    assert server.public_ipv6 == "2001:db8::a1"
    assert server.public_ipv6_reason == compute.SERVER_ADDRESS_REASON_EXTERNAL_NETWORK
    assert server.interface_address_reason == compute.SERVER_ADDRESS_REASON_PUBLIC_ADDRESS


def test_user_data_is_decoded(recorded: dict[str, Any]) -> None:
    server = convert_server(recorded | {"OS-EXT-SRV-ATTR:user_data": "IyEvYmluL3NoCg=="}, AROUND)
    assert server.user_data == b"#!/bin/sh\n"


def test_what_is_not_said_is_absent(recorded: dict[str, Any]) -> None:
    server = convert_server(recorded, AROUND)
    for field in ("is_locked", "launch_index", "scheduler_hints", "terminate_time", "fault"):
        assert not server.HasField(field)


def test_project_of_others_has_no_name(recorded: dict[str, Any]) -> None:
    assert convert_server(recorded | {"tenant_id": "mine"}, AROUND).location.project.name == "demo"
    assert convert_server(recorded | {"tenant_id": "its"}, AROUND).location.project.name == ""


def test_largest_errors_are_the_largest() -> None:
    made = messages(HERE / "recordings")
    for name, room in (("largest", 1), ("widest", 8)):
        error = made[f"errors/{name}"]
        assert isinstance(error, common.Error)
        assert ERROR_LIMIT - room <= wire_size(error) < ERROR_LIMIT


def test_errors_fit() -> None:
    for message in messages(HERE / "recordings").values():
        assert not isinstance(message, common.Error) or wire_size(message) < ERROR_LIMIT
