# SPDX-License-Identifier: Apache-2.0
"""Watch: the present state, changes, resuming."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import grpc
import grpc.aio
import pytest
from conftest import ALDER, Client, Serve, error_of, new_server, quirks, refused
from oaktreemodel.common import v1 as common
from oaktreemodel.compute import v1 as compute

from oaktree.api.places import REMAINING
from oaktree.api.service import Caller
from oaktree.clouds import Region
from oaktree.clouds.simulated import FLOATING, PROVIDER, SimulatedCloud
from oaktree.failures import Code, Failure
from oaktree.shapes import method_named

PRESENT = common.WATCH_EVENT_KIND_PRESENT
SYNCED = common.WATCH_EVENT_KIND_SYNCED
ADDED = common.WATCH_EVENT_KIND_ADDED
MODIFIED = common.WATCH_EVENT_KIND_MODIFIED
DELETED = common.WATCH_EVENT_KIND_DELETED
UNMATCHED = common.WATCH_EVENT_KIND_UNMATCHED
RESYNC = common.WATCH_EVENT_KIND_RESYNC_REQUIRED

Answers = list[compute.WatchServersResponse]


async def some(call: Any, enough: Callable[[Any], bool]) -> Answers:
    """The answers up to the first that is enough; the watch goes on."""
    answers: Answers = []
    async with asyncio.timeout(30):
        while not answers or not enough(answers[-1]):
            answer = await call.read()
            assert answer is not grpc.aio.EOF, "the watch ended"
            answers.append(answer)
    return answers


async def until(call: Any, enough: Callable[[Any], bool]) -> Answers:
    """Like some, and the watch is cancelled then."""
    answers = await some(call, enough)
    call.cancel()
    return answers


def kinds(answers: Answers) -> list[int]:
    return [event.kind for answer in answers for event in answer.events]


def has(kind: int) -> Callable[[Any], bool]:
    return lambda answer: any(event.kind == kind for event in answer.events)


def synced_for_all(answer: Any) -> bool:
    return any(e.kind == SYNCED and not e.HasField("location") for e in answer.events)


async def test_a_snapshot_is_all_there_is_and_ends(client: Client) -> None:
    request = compute.WatchServersRequest(snapshot_only=True)
    answers = [answer async for answer in client.servers.WatchServers(request)]
    assert kinds(answers).count(PRESENT) == 6
    synced = [e for answer in answers for e in answer.events if e.kind == SYNCED]
    places = [(e.location.cloud, e.location.region) for e in synced]
    assert places == [("alder", "RegionOne"), ("birch", "north"), ("birch", "south"), ("", "")]


async def test_changes_come_in_order_and_end_with_the_object_as_last_known(
    slow: Client,
) -> None:
    request = compute.WatchServersRequest(locations=[ALDER], skip_initial=True)
    call = slow.servers.WatchServers(request)

    async def live() -> None:
        made = await slow.servers.CreateServer(new_server(name="seen", wait=True))
        await slow.servers.DeleteServer(
            compute.DeleteServerRequest(location=ALDER, name_or_id=made.server.id)
        )

    first = await some(call, synced_for_all)
    living = asyncio.create_task(live())
    answers = first + await until(call, has(DELETED))
    await living
    events = [e for answer in answers for e in answer.events if e.kind not in {PRESENT, SYNCED}]
    assert {event.server.name for event in events} == {"seen"}
    assert (events[0].kind, events[-1].kind) == (ADDED, DELETED)
    assert events[-1].server.public_ipv4
    assert "ACTIVE" in {event.server.status_raw for event in events}


async def test_a_filter_tells_what_comes_to_fit_and_no_longer_does(client: Client) -> None:
    wanted = compute.ServerFilter(statuses=[compute.SERVER_STATUS_ACTIVE])
    call = client.servers.WatchServers(
        compute.WatchServersRequest(locations=[ALDER], filter=wanted)
    )
    await some(call, synced_for_all)
    await client.servers.StopServer(
        compute.StopServerRequest(location=ALDER, name_or_id="alder-0", wait=True)
    )
    gone = await some(call, has(UNMATCHED))
    assert gone[-1].events[0].server.status_raw == "SHUTOFF"
    await client.servers.StartServer(
        compute.StartServerRequest(location=ALDER, name_or_id="alder-0")
    )
    back = await until(call, has(ADDED))
    assert back[-1].events[0].server.status_raw == "ACTIVE"


async def test_a_token_continues_and_nothing_is_missed(client: Client) -> None:
    request = compute.WatchServersRequest(locations=[ALDER])
    answers = await until(client.servers.WatchServers(request), synced_for_all)
    await client.servers.UpdateServer(
        compute.UpdateServerRequest(
            location=ALDER, name_or_id="alder-0", description="while nobody looked"
        )
    )
    request.resume_token = answers[-1].resume_token
    later = await until(client.servers.WatchServers(request), has(MODIFIED))
    assert SYNCED not in kinds(later)
    assert PRESENT not in kinds(later)
    assert later[-1].events[0].server.description == "while nobody looked"


async def test_a_token_that_is_no_longer_good_says_so(client: Client, serve: Serve) -> None:
    request = compute.WatchServersRequest(locations=[ALDER])
    answers = await until(client.servers.WatchServers(request), synced_for_all)
    request.resume_token = answers[-1].resume_token
    other = await serve(*client.clouds.values())
    resumed = [answer async for answer in other.servers.WatchServers(request)]
    assert kinds(resumed) == [RESYNC]
    for wrong in (
        compute.WatchServersRequest(resume_token=request.resume_token),
        compute.WatchServersRequest(resume_token="nonsense"),
        compute.WatchServersRequest(
            locations=[ALDER], resume_token=request.resume_token, skip_initial=True
        ),
    ):
        error = await refused(client.servers.WatchServers(wrong))
        assert error.field_violations[0].field == "resume_token"


async def test_a_watch_that_broke_in_the_present_state_begins_anew(serve: Serve) -> None:
    client = await serve(SimulatedCloud("alder", quirks(PROVIDER, servers=600)))
    request = compute.WatchServersRequest()
    call = client.servers.WatchServers(request)
    first = await until(call, has(PRESENT))
    request.resume_token = first[-1].resume_token
    resumed = [answer async for answer in client.servers.WatchServers(request)]
    assert kinds(resumed) == [RESYNC]


async def test_a_watch_sees_what_was_made_before_it_began(client: Client) -> None:
    request = compute.WatchServersRequest(locations=[ALDER])
    await until(client.servers.WatchServers(request), synced_for_all)
    made = await client.servers.CreateServer(new_server(name="before"))
    answers = await until(client.servers.WatchServers(request), synced_for_all)
    present = [e.server.id for a in answers for e in a.events if e.kind == PRESENT]
    assert made.server.id in present


async def test_a_watch_that_nobody_answers_fails(serve: Serve) -> None:
    client = await serve(SimulatedCloud("birch", quirks(FLOATING, failing=True)))
    for request in (
        compute.WatchServersRequest(),
        compute.WatchServersRequest(snapshot_only=True),
    ):
        error = await refused(client.servers.WatchServers(request))
        assert error.reason == "LOCATION_UNREACHABLE"


async def test_bookmarks_show_that_the_stream_is_alive(client: Client) -> None:
    client.oaktree.api.watcher.keepalive = 0.05
    call = client.servers.WatchServers(compute.WatchServersRequest(locations=[ALDER]))
    await some(call, synced_for_all)
    bookmark = (await until(call, lambda answer: not answer.events))[-1]
    assert bookmark.resume_token


async def test_a_cloud_that_falls_silent_is_named_and_comes_back(serve: Serve) -> None:
    import dataclasses

    dead = SimulatedCloud("birch", quirks(FLOATING, failing=True))
    client = await serve(SimulatedCloud("alder", quirks(PROVIDER)), dead)
    call = client.servers.WatchServers(compute.WatchServersRequest())
    answers = await some(call, synced_for_all)
    silent = [each for answer in answers for each in answer.unreachable]
    assert [each.location.cloud for each in silent] == ["birch"]
    for region in await dead.regions():
        region.quirks = dataclasses.replace(region.quirks, failing=False)  # type: ignore[attr-defined]
    back = await until(call, has(SYNCED))
    events = [event for answer in back for event in answer.events]
    assert [event.kind for event in events] == [PRESENT, PRESENT, SYNCED]
    assert {event.location.cloud for event in events} == {"birch"}
    strict = compute.WatchServersRequest(require_all_locations=True)
    for region in await dead.regions():
        region.quirks = dataclasses.replace(region.quirks, failing=True)  # type: ignore[attr-defined]
    call = client.servers.WatchServers(strict)
    assert (await refused(call)).code == grpc.StatusCode.UNAVAILABLE.value[0]


async def test_large_states_come_in_batches(serve: Serve) -> None:
    client = await serve(SimulatedCloud("alder", quirks(PROVIDER, servers=3000)))
    request = compute.WatchServersRequest(snapshot_only=True)
    answers = [answer async for answer in client.servers.WatchServers(request)]
    assert kinds(answers).count(PRESENT) == 3000
    assert max(len(answer.events) for answer in answers) > 100
    assert max(answer.ByteSize() for answer in answers) <= 1 << 20
    assert len(answers) < 40


async def test_many_watches_ask_a_cloud_once(client: Client) -> None:
    region = (await client.clouds["alder"].regions())[0]
    asked = 0
    page = region.page

    async def counting(*args: Any, **kwargs: Any) -> Any:
        nonlocal asked
        asked += 1
        return await page(*args, **kwargs)

    region.page = counting  # type: ignore[method-assign]
    calls = [
        client.servers.WatchServers(compute.WatchServersRequest(locations=[ALDER]))
        for _ in range(10)
    ]
    for call in calls:
        await some(call, synced_for_all)
    assert asked <= 2
    for call in calls:
        call.cancel()


class Late(SimulatedCloud):
    """A cloud that does not say at first which regions it has."""

    is_up = False

    async def regions(self) -> Sequence[Region]:
        if not self.is_up:
            raise Failure(Code.UNAVAILABLE, "UPSTREAM_UNAVAILABLE", "identity is down")
        return await super().regions()


async def late(serve: Serve) -> tuple[Client, Late]:
    cloud = Late("birch", quirks(FLOATING))
    client: Client = await serve(SimulatedCloud("alder", quirks(PROVIDER)), cloud)
    client.oaktree.api.watcher.pause = 0.01
    return client, cloud


async def test_a_cloud_that_was_down_at_first_comes(serve: Serve) -> None:
    client, cloud = await late(serve)
    call = client.servers.WatchServers(compute.WatchServersRequest())
    answers = await some(call, synced_for_all)
    assert [each.location.cloud for a in answers for each in a.unreachable] == ["birch"]
    cloud.is_up = True
    events = [event for answer in await until(call, has(SYNCED)) for event in answer.events]
    assert [event.kind for event in events] == [PRESENT, PRESENT, SYNCED]
    assert {event.location.cloud for event in events} == {"birch"}


async def test_a_token_from_when_a_cloud_was_down_is_good(serve: Serve) -> None:
    client, cloud = await late(serve)
    request = compute.WatchServersRequest()
    answers = await until(client.servers.WatchServers(request), synced_for_all)
    request.resume_token = answers[-1].resume_token
    cloud.is_up = True
    answers = await until(client.servers.WatchServers(request), has(SYNCED))
    events = [event for answer in answers for event in answer.events]
    assert [event.kind for event in events] == [PRESENT, PRESENT, SYNCED]
    assert {event.location.cloud for event in events} == {"birch"}


async def test_a_token_outlives_a_cloud_that_does_not_say_its_regions(serve: Serve) -> None:
    client, cloud = await late(serve)
    cloud.is_up = True
    request = compute.WatchServersRequest()
    answers = await until(client.servers.WatchServers(request), synced_for_all)
    cloud.is_up = False
    for _ in range(2):
        # The token of the answer that names it leads there too.
        request.resume_token = answers[-1].resume_token
        call = client.servers.WatchServers(request)
        answers = await some(call, lambda answer: answer.unreachable)
        assert kinds(answers) == []
    region = (await SimulatedCloud.regions(cloud))[0]
    (server,) = await region.named(compute.Server, "birch-0")
    change = compute.UpdateServerRequest(description="meanwhile")
    await region.perform("UpdateServer", change, server)
    cloud.is_up = True
    answers = await until(call, has(SYNCED))
    assert kinds(answers) == [MODIFIED, SYNCED]


async def test_a_snapshot_names_the_cloud_that_is_too_slow_for_its_deadline(serve: Serve) -> None:
    client = await serve(
        SimulatedCloud("alder", quirks(PROVIDER)),
        SimulatedCloud("birch", quirks(FLOATING, latency=600.0), regions=("north", "south")),
    )
    # The name of a flavor has to be asked for first, in each place.
    wanted = compute.ServerFilter(flavors=["small"])
    request = compute.WatchServersRequest(snapshot_only=True, filter=wanted)
    method = method_named("WatchServers")
    # What is left of the deadline is said here, so that no real one can pass.
    told: Any = client.oaktree.api.stream(method, request, Caller(remaining=5.0))
    async with asyncio.timeout(300):
        answers: Answers = [answer async for answer in told]
    assert kinds(answers).count(PRESENT) == 2
    silent = [each.location.region for a in answers for each in a.unreachable]
    assert silent == ["north", "south"]
    assert synced_for_all(answers[-1])
    REMAINING.set(None)
    # Those who come later have all the time there is.
    feeds = client.oaktree.api.watcher._feeds.values()
    usual = client.oaktree.api.places.usual_patience
    assert {feed._patience for feed in feeds} == {usual}


async def test_a_watch_ends_with_the_oaktree(serve: Serve) -> None:
    client = await serve(SimulatedCloud("alder", quirks(PROVIDER)))
    call = client.servers.WatchServers(compute.WatchServersRequest(), timeout=600)
    await some(call, synced_for_all)
    client.oaktree.api.end_watches()
    with pytest.raises(grpc.aio.AioRpcError) as ended:
        await some(call, lambda answer: False)
    error = error_of(ended.value)
    assert (error.code, error.reason) == (14, "STOPPING")
    assert error.retry_advice == common.RETRY_ADVICE_SAME_CALL


async def test_a_watch_that_waits_for_a_cloud_ends_with_the_oaktree(serve: Serve) -> None:
    asked = asyncio.Event()

    class Mute(SimulatedCloud):
        async def regions(self) -> Sequence[Region]:
            asked.set()
            await asyncio.Event().wait()
            raise AssertionError("it never says")

    client = await serve(Mute("birch", quirks(FLOATING)), patience=600.0)
    call = client.servers.WatchServers(compute.WatchServersRequest())
    async with asyncio.timeout(60):
        reading = asyncio.ensure_future(call.read())
        await asked.wait()
        client.oaktree.api.end_watches()
        with pytest.raises(grpc.aio.AioRpcError) as ended:
            await reading
    assert error_of(ended.value).reason == "STOPPING"
