#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes many servers of the few in a recorded answer of nova.

    servers.py COUNT DIRECTORY

Writes them to DIRECTORY as nova would answer them (servers.json) and as a ListServersResponse
(servers.pb). Ids, names and addresses differ from server to server; two runs give the same bytes.
"""

from __future__ import annotations

import ipaddress
import itertools
import json
import re
import sys
import uuid
from pathlib import Path
from typing import Any

from oaktreemodel.common import v1 as common
from oaktreemodel.compute import v1 as compute

HERE = Path(__file__).resolve().parent
INTEROP = HERE.parent / "interop"
sys.path.append(str(INTEROP))
import convert  # noqa: E402


def body(recording: Path) -> dict[str, Any]:
    result: dict[str, Any] = json.loads(recording.read_text(encoding="utf-8"))["body"]
    return result


def surroundings() -> convert.Surroundings:
    """The cloud as its user sees it."""
    recordings = INTEROP / "recordings"
    project = body(recordings / "token-demo.json")["token"]["project"]
    return convert.Surroundings(
        cloud="south",
        project=common.Project(
            id=project["id"],
            name=project["name"],
            domain_id=project["domain"]["id"],
            domain_name=project["domain"]["name"],
        ),
        flavors={
            flavor["id"]: flavor
            for flavor in body(recordings / "compute-flavors-detail.json")["flavors"]
        },
        external_networks=frozenset(),
    )


def vary(server: dict[str, Any], number: int) -> dict[str, Any]:
    """A copy of the server in which all that is its own is another's, in links too."""

    def other_id(old: str) -> str:
        return str(uuid.uuid5(uuid.UUID(old), str(number)))

    own = {server["id"]: other_id(server["id"]), server["name"]: f"{server['name']}-{number}"}
    for volume in server["os-extended-volumes:volumes_attached"]:
        own[volume["id"]] = other_id(volume["id"])
    for address in itertools.chain.from_iterable(server["addresses"].values()):
        own[address["addr"]] = str(ipaddress.ip_address(address["addr"]) + number)
        mac = int(address["OS-EXT-IPS-MAC:mac_addr"].replace(":", ""), 16) ^ number
        own[address["OS-EXT-IPS-MAC:mac_addr"]] = mac.to_bytes(6, "big").hex(":")
    pattern = re.compile("|".join(map(re.escape, own)))
    varied: dict[str, Any] = json.loads(pattern.sub(lambda old: own[old[0]], json.dumps(server)))
    return varied


def main() -> None:
    count, directory = int(sys.argv[1]), Path(sys.argv[2])
    few = body(HERE / "compute-servers-detail.json")["servers"]
    recorded = itertools.islice(itertools.cycle(few), count)
    servers = [vary(server, number) for number, server in enumerate(recorded)]
    around = surroundings()
    answer = compute.ListServersResponse(
        servers=(convert.convert_server(server, around) for server in servers)
    )

    directory.mkdir(parents=True, exist_ok=True)
    # As nova does: json.dumps without options.
    text = json.dumps({"servers": servers})
    (directory / "servers.json").write_text(text, encoding="utf-8")
    (directory / "servers.pb").write_bytes(answer.SerializeToString(deterministic=True))


if __name__ == "__main__":
    main()
