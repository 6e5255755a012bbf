# SPDX-License-Identifier: Apache-2.0
"""Shows what an oaktree reaches, has a server live from creation to deletion, and reads an error.

python lifecycle.py ADDRESS NAME, where NAME is for the new server
"""

from __future__ import annotations

import sys
from typing import cast

import grpc
from oaktreemodel.cloud import v1 as cloud
from oaktreemodel.common import v1 as common
from oaktreemodel.compute import v1 as compute

NORTH = common.Location(cloud="birch", region="north")
SECONDS = 60


def list_clouds(clouds: cloud.CloudServiceStub) -> None:
    print(f"{'CLOUD':8}{'REGION':11}{'ZONES':7}{'IMAGES':8}SERVERS ARE REACHED")
    for each in clouds.ListClouds(cloud.ListCloudsRequest(), timeout=SECONDS).clouds:
        for region in each.regions:
            request = cloud.GetCapabilitiesRequest()
            request.location.cloud = each.name
            request.location.region = region
            known = clouds.GetCapabilities(request, timeout=SECONDS).capabilities
            reached = "by floating IP" if known.network.floating_ip_needed else "directly"
            formats = known.image.preferred_disk_format
            print(f"{each.name:8}{region:11}{len(known.zones):<7}{formats:8}{reached}")


def list_servers(servers: compute.ServerServiceStub) -> None:
    print(f"{'CLOUD':8}{'REGION':11}{'ZONE':13}{'NAME':12}{'STATUS':9}ADDRESS")
    request = compute.ListServersRequest()
    while True:
        page = servers.ListServers(request, timeout=SECONDS)
        for server in page.servers:
            where = server.location
            print(
                f"{where.cloud:8}{where.region:11}{where.zone or '-':13}{server.name:12}"
                f"{server.status_raw:9}{server.interface_address or '-'}"
            )
        for place in page.unreachable:
            print(f"{place.location.cloud} does not answer: {place.error.message}")
        if not page.next_page_token:
            return
        request.page_token = page.next_page_token


def live(servers: compute.ServerServiceStub, name: str) -> None:
    """Creates a server, watches it, and deletes it once it can be reached."""
    create = compute.CreateServerRequest(
        location=NORTH, name=name, flavor="small", image="debian-13"
    )
    new = servers.CreateServer(create, timeout=SECONDS).server
    print(f"{name} in {new.location.cloud} {new.location.region} is {new.status_raw}")
    watch = compute.WatchServersRequest(
        locations=[new.location], filter=compute.ServerFilter(ids=[new.id])
    )
    deleting = False
    for response in servers.WatchServers(watch, timeout=SECONDS):
        for event in response.events:
            server = event.server
            if event.kind == common.WATCH_EVENT_KIND_DELETED:
                print(f"{name} is gone")
                return
            if server.status == compute.SERVER_STATUS_ERROR:
                raise SystemExit(f"{name} failed: {server.fault.message}")
            # A floating IP may come after ACTIVE.
            active = server.status == compute.SERVER_STATUS_ACTIVE
            if active and server.public_ipv4 and not deleting:
                print(f"{name} is {server.status_raw} at {server.public_ipv4}")
                deleting = True
                delete = compute.DeleteServerRequest(
                    location=new.location, name_or_id=new.id, delete_floating_ips=True
                )
                servers.DeleteServer(delete, timeout=SECONDS)
    raise SystemExit(f"the watch ended before {name} was gone")


def show_error(servers: compute.ServerServiceStub) -> None:
    """Reads what is wrong with a request that says nothing but where."""
    try:
        servers.CreateServer(compute.CreateServerRequest(location=NORTH), timeout=SECONDS)
    except grpc.RpcError as failure:
        metadata = dict(cast(grpc.Call, failure).trailing_metadata() or ())
        details = metadata.get("grpc-status-details-bin", b"")
        assert isinstance(details, bytes)
        error = common.Error()
        status = common.Status.FromString(details)
        if not any(detail.Unpack(error) for detail in status.details):
            raise
        print(f"a server without anything is refused: {error.reason}")
        for violation in error.field_violations:
            print(f"  {violation.field}: {violation.description}")
    else:
        raise SystemExit("a server without a name was created")


def main() -> None:
    if len(sys.argv) != 3:
        raise SystemExit("usage: lifecycle.py ADDRESS NAME")
    address, name = sys.argv[1:]
    with grpc.insecure_channel(address) as channel:
        servers = compute.ServerServiceStub(channel)
        try:
            list_clouds(cloud.CloudServiceStub(channel))
            print()
            list_servers(servers)
            print()
            live(servers, name)
            print()
            show_error(servers)
        except grpc.RpcError as failure:
            raise SystemExit(f"lifecycle: {cast(grpc.Call, failure).details()}") from None


if __name__ == "__main__":
    main()
