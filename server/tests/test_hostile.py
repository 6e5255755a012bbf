# SPDX-License-Identifier: Apache-2.0
"""What nobody should say is answered like anything else, and harms nobody else."""

from __future__ import annotations

import asyncio
import base64
import re
import zlib
from pathlib import Path
from typing import Any

import pytest
from conftest import ALDER, Calls, Client, refused
from oaktreemodel.common import v1 as common

from oaktree.api import tokens
from oaktree.shapes import method_named


@pytest.fixture
def call(client: Client) -> Calls:
    return Calls(client.channel)


def caller(client: Client, name: str) -> Any:
    method = method_named(name)
    call = client.channel.unary_unary(
        method.path,
        request_serializer=method.request.SerializeToString,
        response_deserializer=method.response.FromString,
    )
    return lambda **fields: call(method.request(**fields))


def watcher(client: Client, name: str) -> Any:
    method = method_named(name)
    return client.channel.unary_stream(
        method.path,
        request_serializer=method.request.SerializeToString,
        response_deserializer=method.response.FromString,
    )


async def test_braces_are_no_template(call: Calls) -> None:
    made = await call("CreateApplicationCredential", name="{id} {nothing} {")
    assert made.application_credential.name == "{id} {nothing} {"


async def test_what_cannot_be_seen_to_fail_does_not(call: Calls) -> None:
    """A failure that is asked for comes where the object can tell of it, and nowhere else."""
    made = await call("CreateSecurityGroup", name="simulate=delete_error")
    await call("DeleteSecurityGroup", name_or_id=made.security_group.id)
    await call("ListSecurityGroups")
    gone = await call.reason("GetSecurityGroup", name_or_id=made.security_group.id)
    assert gone == "NOT_FOUND"


def forged(text: str) -> str:
    data = zlib.compress(text.encode())
    return base64.urlsafe_b64encode(data + zlib.crc32(data).to_bytes(4, "big")).decode()


@pytest.mark.parametrize(
    "id_",
    [
        forged("[" * 100_000),
        tokens.encode(
            ["server.create", ["alder", "RegionOne", ""], "server", "x", "", "", 1 << 70]
        ),
        tokens.encode(["\ud800", ["alder", "RegionOne", ""], "server", "x", "", "", 1]),
    ],
    ids=["deep", "late", "surrogate"],
)
async def test_forged_operations(client: Client, id_: str) -> None:
    error = await refused(caller(client, "GetOperation")(operation_id=id_))
    assert error.reason == "MALFORMED_OPERATION_ID"


async def test_forged_resume_token(client: Client) -> None:
    method = method_named("WatchFlavors")
    request: Any = method.request(locations=[ALDER])
    bound = tokens.digest(request, "resume_token", "skip_initial", "snapshot_only")
    regions = await client.clouds["alder"].regions()
    place = regions[0].location
    name = f"{place.cloud}/{place.region}/{place.project.id}"
    request.resume_token = tokens.encode([bound, {name: 5}])
    response = await anext(aiter(watcher(client, "WatchFlavors")(request)))
    assert [each.kind for each in response.events] == [common.WATCH_EVENT_KIND_RESYNC_REQUIRED]


async def test_all_that_is_wrong_is_said_at_once(client: Client) -> None:
    error = await refused(
        caller(client, "ListServers")(
            page_size=-1,
            page_token="nonsense",
            all_projects=True,
            read_mask={"paths": ["nothing"]},
        )
    )
    fields = {each.field for each in error.field_violations}
    assert fields == {"page_size", "page_token", "read_mask"}
    request: Any = method_named("WatchServers").request(
        resume_token="nonsense", skip_initial=True, read_mask={"paths": ["nothing"]}
    )
    error = await refused(watcher(client, "WatchServers")(request))
    wrong = sorted((each.field, each.reason) for each in error.field_violations)
    assert wrong == [
        ("read_mask", "UNKNOWN_FIELD"),
        ("resume_token", "EXCLUSIVE"),
        ("resume_token", "MALFORMED"),
    ]


@pytest.mark.parametrize(
    "fields", [{"update_mask": {"paths": ["name"]}}, {"name": ""}], ids=["cleared", "emptied"]
)
async def test_what_a_creation_needs_cannot_be_taken_away(call: Calls, fields: Any) -> None:
    error = await refused(call("UpdateServer", name_or_id="birch-0", **fields))
    assert [(e.field, e.reason) for e in error.field_violations] == [("name", "REQUIRED")]
    found = await call("UpdateServer", name_or_id="birch-0", description="as before")
    assert found.server.name == "birch-0"


async def test_forged_page_tokens(client: Client) -> None:
    for method in (method_named("ListClouds"), method_named("ListServers")):
        bound = tokens.digest(method.request(), "page_token", "page_size")
        for said in (["", "", "", "\u00b2"], ["", "", "", "-1"], [5]):
            token = tokens.encode([bound, *said])
            call = caller(client, method.name)(page_token=token)
            if method.name == "ListServers" and len(said) == 4:
                await call
            else:
                error = await refused(call)
                assert [each.reason for each in error.field_violations] == ["MALFORMED"]


async def test_ended_feeds_are_given_up(client: Client) -> None:
    feeds = client.oaktree.api.watcher
    feeds.linger = 0.0
    for _ in range(3):
        for name in ("WatchFlavors", "WatchImages"):
            request = method_named(name).request(locations=[ALDER], snapshot_only=True)
            async for _ in watcher(client, name)(request):
                pass
            async with asyncio.timeout(10):
                while not all(each.done for each in feeds._feeds.values()):
                    await asyncio.sleep(0.01)
    assert len(feeds._feeds) == 1


def test_every_reason_has_its_line_in_the_table() -> None:
    root = Path(__file__).resolve().parents[2]
    table = (root / "doc" / "errors.rst").read_text()
    documented = set(re.findall(r"^([A-Z][A-Z_]+) +([A-Z_]+) ", table, re.MULTILINE))
    sources = (root / "server" / "oaktree").rglob("*.py")
    code = "\n".join(source.read_text() for source in sorted(sources))
    used = {(reason, kind) for kind, reason in re.findall(r'Code\.([A-Z_]+),\s*"([A-Z_]+)"', code)}
    refused_ = re.findall(r'\.refused\([^,]+,\s*"([A-Z_]+)"', code)
    used |= {(reason, "FAILED_PRECONDITION") for reason in refused_}
    assert ("NOT_FOUND", "NOT_FOUND") in used
    assert used - documented == set()
