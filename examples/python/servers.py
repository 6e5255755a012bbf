# SPDX-License-Identifier: Apache-2.0
"""Shows the servers of all clouds that an oaktree reaches, and what an error tells.

python servers.py ADDRESS
"""

from __future__ import annotations

import sys
from typing import cast

import grpc
from oaktreemodel.common import v1 as common
from oaktreemodel.compute import v1 as compute


def list_servers(servers: compute.ServerServiceStub) -> None:
    print(f"{'CLOUD':8}{'REGION':11}{'ZONE':6}{'NAME':12}{'STATUS':9}ADDRESS")
    request = compute.ListServersRequest()
    while True:
        page = servers.ListServers(request, timeout=30)
        for server in page.servers:
            where = server.location
            print(
                f"{where.cloud:8}{where.region:11}{where.zone or '-':6}{server.name:12}"
                f"{server.status_raw:9}{server.interface_address or '-'}"
            )
        for place in page.unreachable:
            print(f"{place.location.cloud} does not answer: {place.error.message}")
        if not page.next_page_token:
            return
        request.page_token = page.next_page_token


def watch_servers(servers: compute.ServerServiceStub) -> None:
    """Watches until the present state is complete; without snapshot_only, for ever."""
    batches = present = 0
    request = compute.WatchServersRequest(snapshot_only=True)
    for response in servers.WatchServers(request, timeout=30):
        batches += 1
        for event in response.events:
            if event.kind == common.WATCH_EVENT_KIND_PRESENT:
                present += 1
            elif event.kind == common.WATCH_EVENT_KIND_SYNCED:
                where = event.location.cloud or "everything"
                print(f"watch: {where} is complete with {present} servers")
    print(f"watch: it came in {batches} batches")


def show_error(servers: compute.ServerServiceStub) -> None:
    try:
        servers.GetServer(compute.GetServerRequest(name_or_id="nope"), timeout=30)
    except grpc.RpcError as failure:
        metadata = dict(cast(grpc.Call, failure).trailing_metadata() or ())
        details = metadata["grpc-status-details-bin"]
        assert isinstance(details, bytes)
        status = common.Status.FromString(details)
        error = common.Error()
        status.details[0].Unpack(error)
        print(f"error: {error.reason}: {error.message}")
        upstream = error.upstream
        print(f"error: {upstream.service} said {upstream.http_status}: {upstream.message}")
    else:
        raise SystemExit("there is a server named nope")


def main() -> None:
    if len(sys.argv) != 2:
        raise SystemExit("usage: servers.py ADDRESS")
    with grpc.insecure_channel(sys.argv[1]) as channel:
        servers = compute.ServerServiceStub(channel)
        list_servers(servers)
        watch_servers(servers)
        show_error(servers)


if __name__ == "__main__":
    main()
