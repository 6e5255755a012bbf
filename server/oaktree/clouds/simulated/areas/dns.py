# SPDX-License-Identifier: Apache-2.0
"""How the objects of dns live."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from typing import Any

from oaktreemodel.dns import v1 as dns

from oaktree.clouds import Outcome
from oaktree.clouds.simulated.lifecycle import Action, Step, Thing
from oaktree.failures import Code, Failure, invalid, violation
from oaktree.shapes import reference

ACTIVE = {"status": "ACTIVE", "action": "NONE"}
ERROR = {"status": "ERROR"}


def served(after: float, **others: Any) -> Thing:
    """What the name servers have to hear of, in that many seconds."""
    return Thing(
        birth=[Step(0, {"status": "PENDING", "action": "CREATE"}), Step(after, ACTIVE)],
        change=[Step(0, {"status": "PENDING", "action": "UPDATE"}), Step(after, ACTIVE)],
        death=[Step(0, {"status": "PENDING", "action": "DELETE"})],
        dying=after,
        failed={"create": ERROR, "update": ERROR, "delete": ERROR},
        **others,
    )


def _zone_name(region: Any, resource: Any, request: Any) -> str:
    zone = region.store.table(dns.Zone).get(resource.zone_id)
    return str(zone.name) if zone is not None else ""


def _key(region: Any, transfer: Any, request: Any) -> str:
    return secrets.token_hex(4).upper()


def _accepted(region: Any, transfer: Any, request: Any) -> Any:
    if request.key != transfer.key:
        raise Failure(
            Code.PERMISSION_DENIED,
            "NOT_PERMITTED",
            "the key is not that of the transfer",
            resource=reference(transfer),
        )
    return region.changed(transfer, lambda each: region.declare(each, {"status": "COMPLETE"}))


def _zone_file(region: Any, zone: Any) -> Iterator[str]:
    yield f"$ORIGIN {zone.name}\n$TTL {zone.ttl_seconds}\n"
    mail = zone.email.replace("@", ".")
    yield f"@ IN SOA ns1.simulated. {mail}. {zone.serial} 3600 600 86400 60\n"
    for each in region.children(dns.RecordSet, zone):
        for record in each.records:
            yield f"{each.name} {each.ttl_seconds} IN {each.type} {record}\n"


def _imported(region: Any, target: None, request: Any) -> Outcome:
    origin = re.match(r"\$ORIGIN\s+(\S+)", request.zone_file)
    if origin is None or " SOA " not in request.zone_file:
        text = "begins with $ORIGIN and has a SOA record"
        raise invalid(violation("zone_file", text, "MALFORMED"))
    wanted = dns.CreateZoneRequest(name=origin[1], attributes=request.attributes)
    return Outcome(region.born(region.new(dns.Zone, wanted)), pending=True)


def _refreshed(region: Any, zone: Any, request: Any) -> Any:
    if zone.type != dns.ZONE_TYPE_SECONDARY:
        raise invalid(violation("name_or_id", "is no SECONDARY zone", "INVALID"))
    return region.changed(zone, lambda each: each.transfer_time.GetCurrentTime())


THINGS = {
    "zone": served(
        0.3,
        fields={"type": "PRIMARY", "ttl_seconds": 3600, "serial": 1, "pool_id": "default"},
        unique=["name"],
    ),
    "record_set": served(
        0.2, fields={"ttl_seconds": 3600, "zone_name": _zone_name}, unique=["name type zone_id"]
    ),
    "zone_share": Thing(
        copies={"project": "target_project_id"},
        also_called=["target_project_id"],
        unique=["zone_id target_project_id"],
    ),
    "zone_transfer": Thing(
        birth=[Step(0, {"status": "ACTIVE"})],
        fields={
            "key": lambda region, transfer, request: secrets.token_hex(4).upper(),
            "zone_name": _zone_name,
        },
    ),
}

ACTIONS = {
    "RefreshZone": Action(does=_refreshed),
    "ImportZone": Action(does=_imported),
    "AcceptZoneTransfer": Action(does=_accepted),
}
EXPORTS = {"ExportZone": _zone_file}

UPPER = {
    "ZoneStatus",
    "ZoneAction",
    "ZoneType",
    "RecordSetStatus",
    "RecordSetAction",
    "ZoneTransferStatus",
}
