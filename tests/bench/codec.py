#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Decodes and encodes the servers of servers.py, as protobuf and as the REST API's JSON.

    codec.py DIRECTORY ROUNDS

Prints the CPU seconds of each operation, one line an operation and round. The JSON library is the
standard one, which is what requests and openstacksdk use.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from oaktreemodel.compute.v1 import server_pb2

REPEATS = 10


def measure(name: str, operation: Callable[[], object]) -> None:
    start = time.process_time()
    for _ in range(REPEATS):
        operation()
    print(name, f"{(time.process_time() - start) / REPEATS:.9f}")


def read_json(text: bytes) -> int:
    """Decodes, and reads what every user reads: so that work put off until then counts as well."""
    body: dict[str, Any] = json.loads(text)
    return sum(
        len(server["id"])
        + len(server["name"])
        + len(server["status"])
        + sum(len(a["addr"]) for addresses in server["addresses"].values() for a in addresses)
        for server in body["servers"]
    )


def read_protobuf(wire: bytes) -> int:
    answer = server_pb2.ListServersResponse.FromString(wire)
    return sum(
        len(server.id)
        + len(server.name)
        + len(server.status_raw)
        + sum(len(address.ip_address) for address in server.addresses)
        for server in answer.servers
    )


def main() -> None:
    directory, rounds = Path(sys.argv[1]), int(sys.argv[2])
    text = (directory / "servers.json").read_bytes()
    wire = (directory / "servers.pb").read_bytes()
    if read_json(text) != read_protobuf(wire):
        sys.exit("codec.py: the servers in JSON and in protobuf are not the same")

    body = json.loads(text)
    answer = server_pb2.ListServersResponse.FromString(wire)
    for _ in range(rounds):
        measure("json decode", lambda: read_json(text))
        measure("protobuf decode", lambda: read_protobuf(wire))
        measure("json encode", lambda: json.dumps(body).encode())
        measure("protobuf encode", answer.SerializeToString)


if __name__ == "__main__":
    main()
