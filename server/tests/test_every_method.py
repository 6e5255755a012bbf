# SPDX-License-Identifier: Apache-2.0
"""Every method of every resource over a real socket, against simulated clouds."""

from __future__ import annotations

from typing import Any

import pytest
from conftest import NORTH, Client
from oaktreemodel.cloud import v1 as cloud
from oaktreemodel.common import v1 as common
from oaktreemodel.compute import v1 as compute
from oaktreemodel.operation import v1 as operation
from walk import Walker, first, methods_of

from oaktree.clouds.simulated.generic import is_declared
from oaktree.clouds.simulated.region import SimulatedRegion
from oaktree.shapes import (
    OWN_FIELDS,
    Kind,
    Method,
    area_of,
    is_single,
    kind_meant,
    method_of,
    methods,
    to_change,
    type_name,
)

RESOURCES = sorted({method.resource for method in methods()}, key=type_name)
POSTPONED = {"WRONG_STATE", "IN_TRANSITION"}


@pytest.fixture
async def walker(client: Client) -> Walker:
    return Walker(client.channel, NORTH)


@pytest.mark.parametrize("kind", RESOURCES, ids=type_name)
async def test_a_resource_lives(walker: Walker, kind: Kind) -> None:
    made = await born(walker, kind)
    if made is not None:
        await is_seen(walker, made)
        made = await changes(walker, made)
    made = await acts(walker, kind, made)
    await asked(walker, kind, made)
    await dies(walker, kind, made)
    left = {each.name for each in methods() if each.resource is kind} - walker.called
    assert not left, f"{left} have not been called"


def test_what_every_method_does_is_declared() -> None:
    undeclared = [each.name for each in methods() if not is_declared(SimulatedRegion, each)]
    assert not undeclared, "say in clouds/simulated/areas what they do"


async def test_what_is_simulated_in_depth_is_told(client: Client) -> None:
    stub: Any = cloud.CloudServiceStub(client.channel)
    answer = await stub.GetCapabilities(cloud.GetCapabilitiesRequest(location=NORTH))
    depth = set(answer.capabilities.simulated_in_depth)
    assert {"server", "image", "floating_ip"} <= depth
    assert "health_monitor" not in depth


async def born(walker: Walker, kind: Kind) -> Any:
    """A new object, or one that was there from the beginning."""
    if is_single(kind):
        ask = methods_of(kind, common.VERB_GET, common.VERB_QUERY)[0]
        return first(await walker.call(ask, await walker.request(ask)))
    if kind is operation.Operation:
        await walker.create(compute.Server)
    if method_of(kind, common.VERB_CREATE) is None and method_of(kind, common.VERB_LIST) is None:
        # Each object of another kind has one.
        asks = methods_of(kind, common.VERB_GET)
        return first(await walker.call(asks[0], await walker.request(asks[0]))) if asks else None
    if method_of(kind, common.VERB_CREATE) is None:
        there = await walker.listed(kind)
        assert there or method_of(kind, common.VERB_LIST) is None, "there is none to be seen"
        return there[0] if there else None
    made, *others = [await walker.create_by(m) for m in methods_of(kind, common.VERB_CREATE)]
    assert made.id
    assert all(each.id for each in others)
    status = made.DESCRIPTOR.fields_by_name.get("status")
    assert status is None or status.enum_type is None or made.status, "its status is not said"
    return made


async def is_seen(walker: Walker, made: Any) -> None:
    """What is there is gotten, listed and watched."""
    kind = type(made)
    for method in methods_of(kind, common.VERB_GET):
        answer = await walker.call(method, await walker.request(method, made))
        assert first(answer).id == made.id
    for method in methods_of(kind, common.VERB_LIST):
        has = method.request.DESCRIPTOR.fields_by_name
        wanted = {"ids": [made.id]} if "filter" in has else {}
        if wanted and "ids" not in has["filter"].message_type.fields_by_name:  # type: ignore[union-attr]
            wanted = {}
        given = {"filter": wanted} if wanted else {}
        ids = [each.id for each in await walker.listed(kind, made, **given)]
        assert ids == [made.id] if wanted else made.id in ids
    for method in methods_of(kind, common.VERB_WATCH):
        request = await walker.request(method, made)
        request.snapshot_only = True
        events = [event for answer in await walker.call(method, request) for event in answer.events]
        field = events[0].DESCRIPTOR.fields_by_number[2].name
        assert made.id in {getattr(event, field).id for event in events}


async def changes(walker: Walker, made: Any) -> Any:
    """What an update sets is answered."""
    for method in methods_of(type(made), common.VERB_UPDATE):
        request = await walker.request(method, made)
        if not to_change(request):
            a_change(request)
        made = first(await walker.call(method, request))
        for name, value in to_change(request).items():
            own = made.DESCRIPTOR.fields_by_name.get(name)
            if own is not None and own.message_type is None:
                assert getattr(made, name) == value
    return made


def a_change(request: Any) -> None:
    """Gives an update something to change."""
    own = [field for field in request.DESCRIPTOR.fields if field.number >= OWN_FIELDS]
    for field in sorted(own, key=lambda field: field.name not in {"name", "description"}):
        if field.is_repeated or kind_meant(field.name, area_of(type(request))) is not None:
            continue
        if field.message_type is not None and field.message_type.name == "QuotaLimit":
            getattr(request, field.name).limit = 7
        elif field.cpp_type == field.CPPTYPE_STRING:
            setattr(request, field.name, "changed")
        elif field.cpp_type in {field.CPPTYPE_INT32, field.CPPTYPE_INT64}:
            setattr(request, field.name, 7)
        elif field.cpp_type == field.CPPTYPE_BOOL:
            setattr(request, field.name, False)
        else:
            continue
        return
    raise AssertionError(f"there is no example of {request.DESCRIPTOR.name}")


async def acts(walker: Walker, kind: Kind, made: Any) -> Any:
    """All actions work, in some order, on this object or on another, which is returned."""
    left = methods_of(kind, common.VERB_ACTION, common.VERB_UPLOAD, common.VERB_DOWNLOAD)
    fresh = True
    while left:
        refused: list[Method] = []
        reasons = {}
        for method in left:
            reason = await walker.refusal(method, await walker.request(method, made))
            if reason in POSTPONED:
                refused.append(method)
            reasons[method.name] = reason
        wrong = {name: reason for name, reason in reasons.items() if reason not in {"", *POSTPONED}}
        assert not wrong, wrong
        if len(refused) == len(left):
            assert not fresh, reasons
            made, fresh = await walker.create(kind), True
        else:
            fresh = False
        left = refused
    return made


async def asked(walker: Walker, kind: Kind, made: Any) -> None:
    for method in methods_of(kind, common.VERB_QUERY, common.VERB_WAIT):
        answer = await walker.call(method, await walker.request(method, made))
        assert answer.ListFields(), f"{method.name} answers nothing"


async def dies(walker: Walker, kind: Kind, made: Any) -> None:
    """What is deleted is gone."""
    for number, method in enumerate(methods_of(kind, common.VERB_DELETE)):
        get = method_of(kind, common.VERB_GET)
        gone = get and await walker.refusal(get, await walker.request(get, made))
        if number or gone:
            made = await walker.create(kind)
        refused = await walker.refusal(method, await walker.request(method, made))
        if refused in POSTPONED:
            made = await walker.create(kind)
            refused = await walker.refusal(method, await walker.request(method, made))
        assert not refused, refused
        if get is not None:
            assert await walker.refusal(get, await walker.request(get, made)) == "NOT_FOUND"
        else:
            assert made.id not in {each.id for each in await walker.listed(kind, made)}
