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
from oaktree.shapes import reference, spoken, word_of

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


def _check_name(name: str, labels: int = 1) -> None:
    if not name.endswith(".") or not all(name[:-1].split(".")):
        raise invalid(violation("name", "is labels with dots, the last at its end", "MALFORMED"))
    if name.count(".") < labels:
        raise invalid(violation("name", f"has less than {labels} labels", "MALFORMED"))


def _check_zone(region: Any, target: None, request: Any) -> None:
    _check_name(request.name, 2)
    word = word_of(request, "type")
    if word not in {"UNSPECIFIED", "PRIMARY", "SECONDARY"}:
        raise invalid(violation("type", "is PRIMARY or SECONDARY", "INVALID"))
    needs, excludes = ["email"], ["masters"]
    if word == "SECONDARY":
        needs, excludes = ["masters"], ["email", "ttl_seconds"]
    fields = {field.name for field, _ in request.ListFields()}
    wrong = [violation(each, "must be given", "REQUIRED") for each in needs if each not in fields]
    text = "goes with the other type of zones only"
    wrong += [violation(each, text, "EXCLUSIVE") for each in excludes if each in fields]
    if wrong:
        raise invalid(*wrong)


def _check_unused(region: Any, zone: Any, request: Any) -> None:
    for each in region.store.table(dns.Zone):
        if each.name.endswith(f".{zone.name}"):
            raise region.in_use(zone, spoken(each))
    for each in region.children(dns.ZoneShare, zone) if not request.delete_shares else ():
        raise region.in_use(
            zone, f"the project '{each.target_project_id}', with which it is shared"
        )


def _check_record_set(region: Any, zone: Any, request: Any) -> None:
    _check_name(request.name)
    if request.type == "SOA":
        raise invalid(violation("type", "is what the cloud makes itself", "INVALID"))


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
    _check_name(origin[1], 2)
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
CHECKS = {
    "CreateZone": _check_zone,
    "DeleteZone": _check_unused,
    "CreateRecordSet": _check_record_set,
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
