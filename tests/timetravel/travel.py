# SPDX-License-Identifier: Apache-2.0
"""Has clients and servers of different times talk to each other, and judges what comes through."""

from __future__ import annotations

import argparse
import contextlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import grpc
import times
from google.protobuf import json_format
from google.protobuf.descriptor_pb2 import MethodOptions
from google.protobuf.unknown_fields import UnknownFieldSet
from messages import Model, difference
from oaktreemodel.common.v1 import annotations_pb2 as ann
from oaktreemodel.common.v1 import error_pb2

SRCDIR = Path(os.environ["abs_top_srcdir"])
BUILDDIR = Path(os.environ["abs_top_builddir"])
HERE = Path(__file__).parent
TITLES = {"cpp": "C++", "go": "Go", "python": "Python"}
LANGUAGES = [name for name in TITLES if os.environ[f"with_{name}"] == "yes"]

# The field in which an answer has the request as the server understood it.
UNDERSTOOD = 100_000
# No call is to hang.
TIMEOUT = 30.0
# What every so manieth method fails with.
FAILING = 10
FAILED_PRECONDITION, UNIMPLEMENTED = 9, 12
ERROR = "oaktree.common.v1.Error"
DETAILS = "grpc-status-details-bin"
# Of how many problems a pair has, so many are told.
TOLD = 5


class Result(NamedTuple):
    """What a client made of a call: the answer or the Error as it came through."""

    path: str
    code: int
    data: bytes
    json: str


def hexed(data: bytes) -> str:
    return data.hex() or "-"


def unhex(text: str) -> bytes:
    return b"" if text == "-" else bytes.fromhex(text)


# --- Programs


def program(language: str, room: str, name: str) -> list[str]:
    if language == "cpp":
        return [str(BUILDDIR / f"tests/{room}/cpp/{name}")]
    if language == "go":
        return [str(BUILDDIR / f"tests/timetravel/go/bin/{room}-{name}")]
    return [sys.executable, str(SRCDIR / f"tests/{room}/python/{name}.py")]


@contextlib.contextmanager
def running(command: list[str], log: Path) -> Iterator[str]:
    """Where a server listens that ends with the context."""
    with (
        log.open("w") as errors,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True) as server,
    ):
        try:
            assert server.stdout
            said = server.stdout.readline().split()
            if said[:2] != ["listening", "on"]:
                sys.exit(f"{' '.join(command)} did not start:\n{log.read_text()}")
            yield said[2]
            if server.poll() is not None:
                sys.exit(f"{' '.join(command)} ended with {server.returncode}:\n{log.read_text()}")
        finally:
            server.terminate()
            try:
                server.wait(10)
            finally:
                server.kill()


class Peers:
    """The clients and servers of this room, and the files they read."""

    def __init__(self, work: Path, today: Model) -> None:
        self.work = work
        self.today = today

    def source(self, model: Model) -> str:
        """What a program has to be told to be of that time."""
        if model is self.today:
            return "today"
        path = self.work / f"{model.name}.binpb"
        path.write_bytes(model.files.SerializeToString())
        return str(path)

    @contextlib.contextmanager
    def server(self, language: str, model: Model) -> Iterator[str]:
        answers = self.work / "answers"
        with answers.open("w") as file:
            for path, method in model.methods.items():
                if fails(path):
                    print(path, FAILED_PRECONDITION, hexed(model.sample(ERROR)), file=file)
                else:
                    sample = model.sample(method.output_type.full_name)
                    print(path, 0, hexed(sample), file=file)
        command = program(language, "timetravel", "peer")
        command += ["serve", self.source(model), str(answers)]
        with running(command, self.work / "log") as address:
            yield address

    def call(
        self,
        language: str,
        model: Model,
        requests: Iterable[tuple[str, bytes]],
        address: str,
        form: str = "json",
    ) -> tuple[list[Result], str]:
        """The results, and what the client complained of."""
        file = self.work / "requests"
        file.write_text("".join(f"{path} {hexed(data)} {form}\n" for path, data in requests))
        command = program(language, "timetravel", "peer")
        command += ["call", self.source(model), str(file)]
        done = subprocess.run([*command, address], capture_output=True, text=True)
        results = []
        for line in done.stdout.splitlines():
            path, code, data, json = line.split(" ", 3)
            results.append(Result(path, int(code), unhex(data), json))
        if done.returncode:
            said = " ".join(done.stderr.split())
            return results, f"it ended with {done.returncode} after {len(results)} calls: {said}"
        return results, ""


def fails(path: str) -> bool:
    return sum(path.encode()) % FAILING == 0


# --- Judging


class Judge:
    """Counts what was right, and tells what was not."""

    def __init__(self) -> None:
        self.calls = 0
        self.problems = 0

    def judge(self, pair: str, count: int, problems: list[str]) -> None:
        self.calls += count
        self.problems += len(problems)
        print(f"{pair}: {count} calls, {len(problems)} problems", flush=True)
        for problem in problems[:TOLD]:
            print(f"    {problem}", flush=True)


# Its type does not tell that it can be walked.
fields_of: Callable[[Any], Any] = UnknownFieldSet


def stripped(message: Any) -> Any:
    message.DiscardUnknownFields()
    return message


def json_problem(result: Result, type_name: str, client: Model, sent: bytes) -> str | None:
    """What is wrong with how the client read it: names and numbers of what it knows."""
    if result.json == "-":
        return None
    known = stripped(client.parse(type_name, sent))
    read = client.parse(type_name, b"")
    try:
        json_format.Parse(result.json, read)
    except json_format.ParseError as error:
        return f"its JSON is none: {error}"
    problem = difference(known, read)
    return f"read as JSON, {problem}" if problem else None


def exchange_problem(result: Result, client: Model, server: Model, newest: Model) -> str | None:
    """What is wrong with a call between peers."""
    path = result.path
    if path not in server.methods:
        if (result.code, result.data) == (UNIMPLEMENTED, b""):
            return None
        return f"the server does not know it, and it ended with {result.code} {result.data!r}"
    if fails(path):
        if result.code != FAILED_PRECONDITION:
            return f"ended with {result.code} and not with {FAILED_PRECONDITION}"
        sent = newest.parse(ERROR, server.sample(ERROR))
        return difference(sent, newest.parse(ERROR, result.data))
    if result.code:
        return f"ended with {result.code}"
    method = client.methods[path]
    request_type, answer_type = method.input_type.full_name, method.output_type.full_name
    sent = server.sample(answer_type)
    answer = newest.parse(answer_type, result.data)
    understood = [f.data for f in fields_of(answer) if f.field_number == UNDERSTOOD]
    if len(understood) != 1:
        return "an unknown field of the answer is lost"
    problem = difference(newest.parse(answer_type, sent), stripped(answer))
    if problem:
        return f"in the answer, {problem}"
    problem = difference(
        newest.parse(request_type, client.sample(request_type)),
        newest.parse(request_type, understood[0]),
    )
    if problem:
        return f"in the request, {problem}"
    return json_problem(result, answer_type, client, sent)


def meet(peers: Peers, older: Model, newer: Model, judge: Judge, *, each: bool = True) -> None:
    """Clients of one time call servers of the other: each calls each, or each the next."""
    for client, server in ((older, newer), (newer, older)):
        requests = [
            (path, client.sample(method.input_type.full_name))
            for path, method in client.methods.items()
        ]
        for place, server_language in enumerate(LANGUAGES):
            with peers.server(server_language, server) as address:
                callers = LANGUAGES if each else [LANGUAGES[place - 1]]
                for language in callers:
                    # How a client reads is its own affair: seeing it once is enough.
                    form = "json" if language == callers[place % len(callers)] else "-"
                    results, complaint = peers.call(language, client, requests, address, form)
                    problems = [complaint] if complaint else []
                    for result in results:
                        problem = exchange_problem(result, client, server, newer)
                        if problem:
                            problems.append(f"{result.path}: {problem}")
                    pair = (
                        f"{TITLES[language]} client of {client.name}, "
                        f"{TITLES[server_language]} server of {server.name}"
                    )
                    judge.judge(pair, len(requests), problems)


# --- Servers that are not of this room


def ask(channel: grpc.Channel, path: str, request: bytes, is_stream: bool) -> Result:
    """What the server says, byte for byte."""
    start: Callable[..., Any] = channel.stream_stream(path)
    call = start(iter([request]), timeout=TIMEOUT)
    try:
        answer = next(call, b"")
        if is_stream:
            call.cancel()
        else:
            list(call)
    except grpc.RpcError:
        details = dict(call.trailing_metadata() or ()).get(DETAILS, b"")
        errors = [detail.value for detail in error_pb2.Status.FromString(details).details]
        return Result(path, call.code().value[0], errors[0] if errors else b"", "-")
    return Result(path, 0, answer, "-")


def options(model: Model) -> dict[str, MethodOptions]:
    return {
        f"/{file.package}.{service.name}/{method.name}": method.options
        for file in model.files.file
        for service in file.service
        for method in service.method
    }


def same_problem(result: Result, expected: Result, client: Model, today: Model) -> str | None:
    """What is wrong with a call whose true outcome is known."""
    if result.code != expected.code:
        return f"ended with {result.code} and not with {expected.code}"
    type_name = ERROR if result.code else today.methods[result.path].output_type.full_name
    problem = difference(today.parse(type_name, expected.data), today.parse(type_name, result.data))
    if problem or result.code:
        return problem
    return json_problem(result, type_name, client, expected.data)


def known_part(model: Model, type_name: str, data: bytes) -> bytes:
    """A message as somebody makes it who has only that model."""
    known: bytes = stripped(model.parse(type_name, data)).SerializeToString()
    return known


def visit(
    peers: Peers,
    past: Model,
    server: str,
    address: str,
    requests: list[tuple[str, bytes]],
    judge: Judge,
) -> None:
    """Each client of the past must understand of a server of today what there is to understand."""
    requests = [
        (path, known_part(past, past.methods[path].input_type.full_name, data))
        for path, data in requests
        if path in past.methods
    ]
    with grpc.insecure_channel(address) as channel:
        expected = [
            ask(channel, path, data, past.methods[path].server_streaming) for path, data in requests
        ]
    for language in LANGUAGES:
        results, complaint = peers.call(language, past, requests, address)
        problems = [complaint] if complaint else []
        for result, right in zip(results, expected, strict=False):
            problem = same_problem(result, right, past, peers.today)
            if problem:
                problems.append(f"{result.path}: {problem}")
        pair = f"{TITLES[language]} client of {past.name}, {server}"
        judge.judge(pair, len(requests), problems)


def visit_oaktree(peers: Peers, past: Model, judge: Judge) -> None:
    command = [sys.executable, "-m", "oaktree", "--simulated", "--listen", "127.0.0.1:0"]
    log = peers.work / "oaktree.log"
    said = options(past)
    with running([*command, "--log-level", "error"], log) as address:
        reads: list[tuple[str, bytes]] = []
        changes: list[tuple[str, bytes]] = []
        for path, method in past.methods.items():
            changes_nothing = said[path].idempotency_level == MethodOptions.NO_SIDE_EFFECTS
            requests = reads if changes_nothing else changes
            requests += [(path, b""), (path, past.sample(method.input_type.full_name))]
        reads += listed(peers.today, address)
        visit(peers, past, "oaktree", address, reads, judge)
        for language in LANGUAGES:
            results, complaint = peers.call(language, past, changes, address, "-")
            problems = [complaint] if complaint else []
            for result in results:
                if result.code and not result.data:
                    problems.append(f"{result.path}: ended with {result.code} and no Error")
            pair = f"{TITLES[language]} client of {past.name}, changes in oaktree"
            judge.judge(pair, len(changes), problems)
    failed = sorted(
        {words[-2] for words in map(str.split, log.read_text().splitlines()) if "ERROR" in words}
    )
    judge.judge("what fails inside oaktree", len(reads), [f"{each}: see {log}" for each in failed])


def listed(today: Model, address: str) -> list[tuple[str, bytes]]:
    """Requests for the first of each kind of resource that the server lists."""
    said = options(today)
    verbs = {
        (rule.resource, rule.verb): path
        for path, rule in ((path, said[path].Extensions[ann.method]) for path in today.methods)
    }
    requests = []
    with grpc.insecure_channel(address) as channel:
        for (resource, verb), path in verbs.items():
            get = verbs.get((resource, ann.VERB_GET))
            if verb != ann.VERB_LIST or not get:
                continue
            result = ask(channel, path, b"", False)
            if result.code:
                continue
            answer = today.parse(today.methods[path].output_type.full_name, result.data)
            items = getattr(answer, answer.DESCRIPTOR.fields_by_number[1].name)
            request = today.parse(today.methods[get].input_type.full_name, b"")
            if items and {"location", "name_or_id"} <= set(request.DESCRIPTOR.fields_by_name):
                request.location.CopyFrom(items[0].location)
                request.name_or_id = items[0].id
                requests.append((get, request.SerializeToString()))
    return requests


def visit_interop(peers: Peers, past: Model, judge: Judge, certificates: Path) -> None:
    today = peers.today

    def request(path: str, **fields: object) -> tuple[str, bytes]:
        message = today.parse(today.methods[path].input_type.full_name, b"")
        for name, value in fields.items():
            setattr(message, name, value)
        return path, message.SerializeToString()

    servers = "/oaktree.compute.v1.ServerService"
    errors = sorted(path.stem for path in SRCDIR.glob("tests/interop/data/errors/*.json"))
    requests = [
        request(f"{servers}/ListServers", page_size=1000),
        request(f"{servers}/ListServers", page_size=-1),
        request(f"{servers}/WatchServers", snapshot_only=True),
        request(f"{servers}/RebootServer"),
        request("/oaktree.compute.v1.FlavorService/ListFlavors"),
        request("/oaktree.image.v1.ImageService/ListImages"),
        request("/oaktree.image.v1.ImageService/DownloadImage", name_or_id="public-img"),
        request("/oaktree.network.v1.FloatingIpService/ListFloatingIps"),
        *(request(f"{servers}/GetServer", name_or_id=name) for name in ("future", *errors)),
    ]
    data = SRCDIR / "tests/interop/data"
    for language in LANGUAGES:
        command = [*program(language, "interop", "server"), str(data), str(certificates)]
        with running(command, peers.work / "log") as address:
            server = f"{TITLES[language]} server of the interop tests"
            visit(peers, past, server, address, requests, judge)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("work", type=Path, help="directory for files; has the certificates")
    parser.add_argument("--oaktree", action="store_true", help="call oaktree too")
    arguments = parser.parse_args()
    protos = SRCDIR / "protos"
    files = times.today(protos)
    today = Model("today", files)
    goldens = times.goldens(Path(os.environ.get("GOLDENS") or protos / "goldens"))
    pasts = [Model(version, golden) for version, golden in goldens.items()]
    pasts.append(Model("a trial past", times.trial_past(files)))
    peers = Peers(arguments.work, today)
    judge = Judge()
    for past in pasts:
        # Their number grows; the trial past is the one that meets everybody.
        meet(peers, past, today, judge, each=past is pasts[-1])
        visit_interop(peers, past, judge, arguments.work)
        if arguments.oaktree:
            visit_oaktree(peers, past, judge)
    meet(peers, today, Model("a trial future", times.trial_future(files)), judge)
    print(f"{judge.calls} calls between times, {judge.problems} problems")
    return int(judge.problems > 0 or judge.calls == 0)


if __name__ == "__main__":
    sys.exit(main())
