# SPDX-License-Identifier: Apache-2.0
"""The trial times differ by additions alone, and what is lost between them is noticed."""

from __future__ import annotations

from pathlib import Path

import pytest
import times
from buf import run_buf
from descriptors import ProtoTree
from google.protobuf import json_format
from messages import Model
from travel import (
    ERROR,
    FAILED_PRECONDITION,
    SRCDIR,
    UNDERSTOOD,
    UNIMPLEMENTED,
    Result,
    exchange_problem,
    fails,
    known_part,
)

FILES = times.today(SRCDIR / "protos")
PAST = Model("past", times.trial_past(FILES))
TODAY = Model("today", FILES)
FUTURE = Model("future", times.trial_future(FILES))
GET = "/oaktree.compute.v1.ServerService/GetServer"
LIST = "/oaktree.compute.v1.FlavorService/ListFlavors"


@pytest.mark.parametrize(("older", "newer"), [(PAST, TODAY), (TODAY, FUTURE)])
def test_times_differ_by_additions(older: Model, newer: Model) -> None:
    old, new = (ProtoTree(model.files.SerializeToString()) for model in (older, newer))
    assert run_buf(old, new) == []


@pytest.mark.parametrize(("older", "newer"), [(PAST, TODAY), (TODAY, FUTURE)])
def test_times_differ_in_every_way(older: Model, newer: Model) -> None:
    def names(model: Model) -> list[set[str]]:
        files = list(times.ours(model.files))
        return [
            {file.name for file in files},
            {service.name for file in files for service in file.service},
            set(model.methods),
            {f"{file.package}.{message.name}" for file in files for message in file.message_type},
            {f"{m.name}.{f.name}" for file in files for m in file.message_type for f in m.field},
            {f"{e.name}.{v.name}" for file in files for e in file.enum_type for v in e.value},
        ]

    for old, new in zip(names(older), names(newer), strict=True):
        assert old < new


def freeze(directory: Path, *versions: str) -> None:
    for version in versions:
        directory.joinpath(version).mkdir()
        path = directory / version / "descriptors.binpb"
        path.write_bytes(TODAY.files.SerializeToString())


def test_goldens_are_found(tmp_path: Path) -> None:
    assert times.goldens(tmp_path) == {}
    freeze(tmp_path, "0.10.0", "0.2.0")
    assert times.goldens(tmp_path) == {"0.2.0": FILES, "0.10.0": FILES}


@pytest.mark.parametrize(
    "broken",
    [
        f"RPC_NO_DELETE {GET[1:].replace('/', '.')}",
        "FIELD_SAME_TYPE oaktree.compute.v1.GetServerRequest.name_or_id",
        "FIELD_SAME_TYPE oaktree.compute.v1.Server.progress_percent",
        "ENUM_NO_DELETE oaktree.compute.v1.ServerStatus",
        "FILE_NO_DELETE oaktreemodel/compute/v1/server.proto",
    ],
)
def test_what_was_broken_and_accepted_is_left_out(broken: str, tmp_path: Path) -> None:
    freeze(tmp_path, "0.1.0", "1.0.0")
    tmp_path.joinpath("accepted.txt").write_text(f"{broken}\n  It could not stay.\n")
    goldens = {
        version: Model(version, golden) for version, golden in times.goldens(tmp_path).items()
    }
    assert GET not in goldens["0.1.0"].methods and LIST in goldens["0.1.0"].methods
    assert goldens["1.0.0"].methods.keys() == TODAY.methods.keys()


def varint(number: int) -> bytes:
    return bytes([number % 128 + 128]) + varint(number // 128) if number > 127 else bytes([number])


def outcome(path: str, client: Model, server: Model) -> Result:
    """What a call should come to."""
    method = client.methods[path]
    sent = server.sample(method.output_type.full_name)
    request = client.sample(method.input_type.full_name)
    answer = client.parse(method.output_type.full_name, sent)
    understood = varint(UNDERSTOOD * 8 + 2) + varint(len(request)) + request
    return Result(path, 0, sent + understood, json_format.MessageToJson(answer))


FAILING = next(path for path in PAST.methods if fails(path))
UNKNOWN = next(path for path in FUTURE.methods if path not in TODAY.methods)


def judged(result: Result) -> str:
    return exchange_problem(result, TODAY, FUTURE, FUTURE) or ""


@pytest.mark.parametrize("path", [GET, LIST])
def test_what_comes_through_is_right(path: str) -> None:
    assert judged(outcome(path, TODAY, FUTURE)) == ""


def test_lost_fields_are_noticed() -> None:
    right = outcome(GET, TODAY, FUTURE)
    answer_type = TODAY.methods[GET].output_type.full_name
    answer = FUTURE.parse(answer_type, right.data)
    answer.server.ClearField("future_text")
    assert "future_text is lost" in judged(right._replace(data=answer.SerializeToString()))
    answer = FUTURE.parse(answer_type, right.data)
    answer.server.location.ClearField("future_text")
    assert "future_text is lost" in judged(right._replace(data=answer.SerializeToString()))
    forgotten = known_part(FUTURE, answer_type, right.data)
    assert "unknown field of the answer is lost" in judged(right._replace(data=forgotten))


def test_lost_fields_of_requests_are_noticed() -> None:
    right = outcome(GET, FUTURE, TODAY)
    assert exchange_problem(right, FUTURE, TODAY, FUTURE) is None
    request_type = FUTURE.methods[GET].input_type.full_name
    known = known_part(TODAY, request_type, FUTURE.sample(request_type))
    forgetful = known_part(FUTURE, FUTURE.methods[GET].output_type.full_name, right.data)
    forgetful += varint(UNDERSTOOD * 8 + 2) + varint(len(known)) + known
    problem = exchange_problem(right._replace(data=forgetful), FUTURE, TODAY, FUTURE)
    assert problem is not None
    assert problem.startswith("in the request, ")


def test_changed_enum_numbers_and_words_are_noticed() -> None:
    right = outcome(GET, TODAY, FUTURE)
    server = FUTURE.parse(TODAY.methods[GET].output_type.full_name, right.data)
    number = server.server.status
    assert (
        number
        not in TODAY.pool.FindEnumTypeByName("oaktree.compute.v1.ServerStatus").values_by_number
    )
    server.server.status = 0
    assert "server.status is lost" in judged(right._replace(data=server.SerializeToString()))
    server.server.status = 1
    assert "server.status is 1" in judged(right._replace(data=server.SerializeToString()))
    for word in (f'"status": {number}', "QUANTUM"):
        assert word in right.json
        problem = judged(right._replace(json=right.json.replace(word, word[:-1], 1)))
        assert problem.startswith(("read as JSON", "its JSON is none"))


def test_other_ends_are_noticed() -> None:
    assert "ended with 13" in judged(outcome(GET, TODAY, FUTURE)._replace(code=13))
    sent = TODAY.sample(ERROR)
    right = Result(FAILING, FAILED_PRECONDITION, sent, "-")
    assert exchange_problem(right, PAST, TODAY, TODAY) is None
    assert exchange_problem(right._replace(code=2), PAST, TODAY, TODAY)
    lost = right._replace(data=known_part(PAST, ERROR, sent))
    assert "lost" in (exchange_problem(lost, PAST, TODAY, TODAY) or "")
    right = Result(UNKNOWN, UNIMPLEMENTED, b"", "-")
    assert exchange_problem(right, FUTURE, TODAY, FUTURE) is None
    assert exchange_problem(right._replace(data=sent), FUTURE, TODAY, FUTURE)
    assert exchange_problem(right._replace(code=0), FUTURE, TODAY, FUTURE)
