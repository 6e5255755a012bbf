#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measures what this project costs beside what it stands on. `make bench` runs it.

Everything is a ratio of two things measured in one run, in turns or at the same time: so it says
much the same on a fast machine, a slow one and a busy one. Only sizes say something by themselves.
It fails only when something could not be measured.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import importlib.metadata
import io
import os
import platform
import re
import shlex
import shutil
import statistics
import subprocess
import sys
import time
import zlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple


def configured(name: str) -> str:
    """What configure found, in the environment that make gives to tests as well."""
    try:
        return os.environ[name]
    except KeyError:
        sys.exit(f"bench.py: {name} is not set: run 'make bench'")


SRCDIR = Path(configured("abs_top_srcdir"))
BUILDDIR = Path(configured("abs_top_builddir"))
BENCH = SRCDIR / "tests/bench"
SKIPPED = 77
MIB = 1 << 20

# A make or a compiler started from here owes nothing to the make that started this, nor to a cache.
ENVIRONMENT = {
    name: value
    for name, value in os.environ.items()
    if name not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES")
} | {"CCACHE_DISABLE": "1", "LC_ALL": "C", "PYTHONPATH": str(BUILDDIR / "python")}


class BenchError(Exception):
    """What could not be measured, and why."""


class SkippedError(Exception):
    """What is not measured, and what to do so that it is."""


class Cost(NamedTuple):
    """Of a process and all it started: seconds of CPU and of waiting, bytes of the largest."""

    cpu: float
    wall: float
    peak: int = 0


class Ratio(NamedTuple):
    value: float
    name: str
    of: str


class Options(argparse.Namespace):
    parts: list[str]
    work: Path
    cxxflags: str
    jobs: int
    builds: int
    rounds: int
    servers: int
    many: int


def enabled(language: str) -> bool:
    return configured(f"with_{language}") == "yes"


def run(command: Sequence[str], directory: Path | None = None) -> tuple[Cost, str]:
    """What a command costs and prints."""
    start = time.perf_counter()
    with subprocess.Popen(
        command,
        cwd=directory,
        env=ENVIRONMENT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout
        output = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode == SKIPPED:
        raise SkippedError(output.strip().removeprefix("SKIP: "))
    if process.returncode != 0:
        tail = "\n".join(output.splitlines()[-20:])
        raise BenchError(f"'{shlex.join(command)[:200]}' failed:\n{tail}")
    wall = time.perf_counter() - start
    return Cost(usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss * 1024), output


def total(costs: Sequence[Cost]) -> Cost:
    return Cost(
        sum(cost.cpu for cost in costs),
        sum(cost.wall for cost in costs),
        max(cost.peak for cost in costs),
    )


def first_line(*command: str) -> str:
    return run(command)[1].partition("\n")[0]


class Steps(NamedTuple):
    """What make did, by what it printed."""

    protoc: int
    compiles: list[str]
    links: list[str]

    @classmethod
    def of(cls, output: str) -> Steps:
        return cls(
            output.count(" --cpp_out="),
            re.findall(r"^libtool: compile: +(.*)$", output, re.MULTILINE),
            re.findall(r"^libtool: link: +(.* -shared .*)$", output, re.MULTILINE),
        )

    def __str__(self) -> str:
        return f"{self.protoc} protoc, {len(self.compiles)} g++, {len(self.links)} link"


def bare(command: str) -> list[str]:
    """A compiler's command as one would type it: without noting what the unit depends on."""
    words = iter(shlex.split(command))
    kept = []
    for word in words:
        if word in ("-MT", "-MF"):
            next(words)
        elif word not in ("-MD", "-MMD", "-MP"):
            kept.append(word)
    return kept


class Build:
    """The C++ library, built from the sources of a tarball: by make, and by hand."""

    def __init__(self, options: Options) -> None:
        self.jobs = options.jobs
        self.source = options.work / "source"
        self.made = options.work / "make"
        self.bare = options.work / "bare"
        for directory in (self.source, self.made):
            shutil.rmtree(directory, ignore_errors=True)
        self.made.mkdir(parents=True)
        # Below the build directory it is a tree of its own, even if that is the source directory.
        distdir = f"distdir={self.source.relative_to(BUILDDIR)}"
        run([configured("MAKE"), "distdir", distdir], BUILDDIR)
        tools = ("CC", "CXX", "PKG_CONFIG", "PROTOC", "GRPC_CPP_PLUGIN")
        run(
            [
                "../source/configure",
                "--disable-python",
                "--disable-go",
                "--disable-ccache",
                f"CXXFLAGS={options.cxxflags}",
                *(f"{name}={configured(name)}" for name in tools),
            ],
            self.made,
        )

    def make(self, *arguments: str) -> tuple[Cost, Steps]:
        command = [configured("MAKE"), "V=1", f"-j{self.jobs}", *arguments]
        cost, output = run(command, self.made)
        return cost, Steps.of(output)

    def lay_out(self) -> None:
        """Gives by_hand what is no compiler's work: directories, and units that include others."""
        shutil.rmtree(self.bare, ignore_errors=True)
        compiled = shutil.ignore_patterns("*.pb.*", "*.o", "*.lo", "*.d", "*.so*", "*.la*")
        shutil.copytree(self.made / "cpp", self.bare / "cpp", ignore=compiled)

    def by_hand(self, steps: Steps) -> Cost:
        """The same work with nothing around it: protoc once for all, each unit, the library."""
        protoc = [
            configured("PROTOC"),
            f"--plugin=protoc-gen-grpc={configured('GRPC_CPP_PLUGIN')}",
            "-I../source/protos",
            "--cpp_out=cpp",
            "--grpc_out=cpp",
            *self.protos(),
        ]
        start = time.perf_counter()
        costs = [run(protoc, self.bare)[0]]
        with concurrent.futures.ThreadPoolExecutor(self.jobs) as pool:
            commands = [bare(command) for command in steps.compiles]
            costs += [cost for cost, _ in pool.map(lambda c: run(c, self.bare), commands)]
        costs += [run(bare(command), self.bare)[0] for command in steps.links]
        return Cost(total(costs).cpu, time.perf_counter() - start, total(costs).peak)

    def library(self) -> tuple[int, int]:
        """The bytes of the library and of gRPC's, without what debuggers need."""
        ours = self.made / "cpp/.libs/liboaktreemodel.so"
        _, needed = run(["ldd", str(ours)])
        grpc = re.search(r"libgrpc\.so\S* => (\S+)", needed)
        if grpc is None:
            raise BenchError(f"ldd does not tell where the libgrpc of {ours} is")
        return stripped(ours, self.bare), stripped(Path(grpc[1]), self.bare)

    def protos(self) -> list[str]:
        """All of them, relative to the include root."""
        root = self.source / "protos"
        paths = root.glob("oaktreemodel/**/[!.]*.proto")
        return sorted(str(path.relative_to(root)) for path in paths)

    def importers(self, proto: str) -> list[str]:
        """The protos that import this one themselves."""
        line = f'import "{proto}";'
        root = self.source / "protos"
        return [name for name in self.protos() if line in (root / name).read_text().splitlines()]

    def touch(self, proto: str) -> tuple[Cost, Steps]:
        (self.source / "protos" / proto).touch()
        return self.make()


def stripped(path: Path, directory: Path) -> int:
    """The bytes of a program or library without what debuggers need."""
    copy = directory / path.name
    run(["strip", "-o", str(copy), str(path)])
    return copy.stat().st_size


def tell(what: str, cost: Cost, steps: str = "") -> None:
    print(f"  {what:<19} {cost.cpu:7.2f} s CPU {cost.wall:7.2f} s  {steps}".rstrip())


def measure_build(options: Options) -> Iterator[Ratio]:
    if not enabled("cpp"):
        raise SkippedError("configured with --disable-cpp")
    print(f"  {first_line(*shlex.split(configured('CXX')), '--version')}")
    print(f"  CXXFLAGS '{options.cxxflags}', {options.jobs} jobs, no ccache; configure not counted")
    build = Build(options)

    # Says what is to be done by hand, and pays for reading the headers from the disk.
    cost, steps = build.make()
    tell("make, not counted", cost, str(steps))
    hand, made = [], []
    for _ in range(options.builds):
        build.lay_out()
        build.make("clean")
        # At the same time, for what else the machine does changes what the same work costs.
        with concurrent.futures.ThreadPoolExecutor() as pool:
            by_hand, by_make = pool.submit(build.by_hand, steps), pool.submit(build.make)
        hand.append(by_hand.result())
        made.append(by_make.result()[0])
        tell("by hand", hand[-1])
        tell("make", made[-1])
    flags = f"protoc and g++ by hand, {options.cxxflags}"
    yield Ratio(total(made).cpu / total(hand).cpu, "C++ build by make, CPU", flags)
    yield Ratio(total(made).wall / total(hand).wall, "C++ build by make, time", flags)
    whole = total(made).cpu / options.builds
    print(f"  the largest compilation took {total(hand).peak / MIB:,.0f} MiB")
    ours, grpc = build.library()
    print(f"  liboaktreemodel.so {ours:,} bytes stripped, libgrpc.so {grpc:,}")
    yield Ratio(ours / grpc, "the C++ library, stripped", "libgrpc.so")

    again = "the C++ build by make, CPU"
    cost, steps = build.make()
    tell("make, nothing to do", cost, str(steps))
    yield Ratio(cost.cpu / whole, "make with nothing to do", again)

    protos = sorted(build.protos(), key=lambda proto: len(build.importers(proto)))
    for proto in (protos[0], protos[-1]):
        importers = len(build.importers(proto))
        cost, steps = build.touch(proto)
        tell("touch, make", cost, str(steps))
        print(f"      {proto}, imported by {importers} of {len(protos)}")
        yield Ratio(cost.cpu / whole, f"make after touching {Path(proto).name}", again)


IMPORTS = {
    "python alone": "pass",
    "import oaktreemodel": "import oaktreemodel",
    "the area compute": "from oaktreemodel.compute import v1",
    "import grpc": "import grpc",
    "compute.Server": "from oaktreemodel.compute import v1 as compute; compute.Server",
    "compute.ServerServiceStub": (
        "from oaktreemodel.compute import v1 as compute; compute.ServerServiceStub"
    ),
}


# What a process inherits from the one that started it is no memory of its own, so it tells itself.
LARGEST = """
with open("/proc/self/status") as status:
    print(next(line.split()[1] for line in status if line.startswith("VmHWM")))
"""


def measure_import(options: Options) -> Iterator[Ratio]:
    print(f"  Python {platform.python_version()}, {versions('protobuf', 'grpcio')}")
    costs = defaultdict(list)
    memory = {}
    for number in range(options.rounds + 1):
        for name, program in IMPORTS.items():
            cost, kib = run([sys.executable, "-c", program + LARGEST])
            # The first time Python writes the compiled modules, which is not counted.
            if number:
                costs[name].append(cost.cpu)
                memory[name] = int(kib) * 1024
    cpu = {name: statistics.median(seconds) for name, seconds in costs.items()}
    for name, seconds in cpu.items():
        print(f"  {name:<26} {seconds * 1000:7.1f} ms CPU {memory[name] / MIB:6.1f} MiB")
    for name, of in (
        ("import oaktreemodel", "python alone"),
        ("the area compute", "python alone"),
        ("compute.Server", "import grpc"),
        ("compute.ServerServiceStub", "import grpc"),
    ):
        yield Ratio(cpu[name] / cpu[of], f"{name}, CPU", f"{of}, CPU")
        yield Ratio(memory[name] / memory[of], f"{name}, memory", of)


CLIENT = """\
package main

import (
	"log"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
%s)

func main() {
	connection, err := grpc.NewClient("localhost:50051",
		grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		log.Fatal(err)
	}
	%s
}
"""


def measure_binary(options: Options) -> Iterator[Ratio]:
    if not enabled("go"):
        raise SkippedError("configured with --disable-go")
    print(f"  {first_line(configured('GO'), 'version')}")
    area = '\n\tcomputev1 "{}/compute/v1"\n'.format(
        run([configured("GO"), "list", "-m"], SRCDIR / "go")[1].strip()
    )
    programs = {
        "bare": CLIENT % ("", "defer connection.Close()"),
        "area": CLIENT % (area, "_ = computev1.NewServerServiceClient(connection)"),
    }
    size = {}
    for name, text in programs.items():
        source, program = options.work / f"{name}.go", options.work / name
        source.write_text(text)
        command = [configured("GO"), "build", "-ldflags=-s -w", "-o", str(program), str(source)]
        run(command, SRCDIR / "go")
        size[name] = program.stat().st_size
    print(f"  stripped: {size['area']:,} bytes; with gRPC alone {size['bare']:,}")
    yield Ratio(size["area"] / size["bare"], "a Go client of the area compute", "one of gRPC alone")


def versions(*distributions: str) -> str:
    try:
        return ", ".join(f"{name} {importlib.metadata.version(name)}" for name in distributions)
    except importlib.metadata.PackageNotFoundError as missing:
        raise BenchError(
            f"{sys.executable} has no {missing.name}: "
            "run 'pip install -r test-requirements.txt -r server-requirements.txt'"
        ) from None


def python_codec(options: Options) -> list[str]:
    return [sys.executable, str(BENCH / "codec.py")]


def cpp_codec(options: Options) -> list[str]:
    return [str(BUILDDIR / "tests/bench/codec")]


def go_codec(options: Options) -> list[str]:
    program = options.work / "codec-go"
    # Named by its file, it needs no module of its own: the model's has all it imports.
    run([configured("GO"), "build", "-o", str(program), str(BENCH / "codec.go")], SRCDIR / "go")
    return [str(program)]


CODECS = {
    "Python": (python_codec, "json of the standard library"),
    "C++": (cpp_codec, f"nlohmann::json, CXXFLAGS '{configured('CXXFLAGS')}'"),
    "Go": (go_codec, "encoding/json, typed structs"),
}


def measure_codec(options: Options) -> Iterator[Ratio]:
    directory = options.work / "servers"
    # -B: the converter beside it leaves no compiled module in the source directory.
    run([sys.executable, "-B", str(BENCH / "servers.py"), str(options.servers), str(directory)])
    servers = f"{options.servers:,} servers"
    text, wire = ((directory / f"servers.{kind}").read_bytes() for kind in ("json", "pb"))
    print(f"  {servers}: {len(wire):,} bytes of protobuf, {len(text):,} of nova's JSON")
    yield Ratio(len(wire) / len(text), f"{servers}, bytes", "JSON")
    small_text, small_wire = (len(zlib.compress(data)) for data in (text, wire))
    print(f"  compressed (zlib): {small_wire:,} bytes of protobuf, {small_text:,} of JSON")
    yield Ratio(small_wire / small_text, f"{servers}, bytes compressed", "JSON compressed")

    for language, (codec, library) in CODECS.items():
        if not enabled({"C++": "cpp"}.get(language, language.lower())):
            print(f"  {language}: skipped, configured without it")
            continue
        try:
            _, output = run([*codec(options), str(directory), str(options.rounds)])
        except SkippedError as reason:
            print(f"  {language}: skipped, {reason}")
            continue
        seconds = defaultdict(list)
        for line in output.splitlines():
            kind, operation, value = line.split()
            seconds[kind, operation].append(float(value))
        print(f"  {language}, {library}")
        for operation in ("decode", "encode"):
            json, protobuf = (
                statistics.median(seconds[kind, operation]) for kind in ("json", "protobuf")
            )
            print(f"    {operation} {protobuf * 1e3:8.3f} ms CPU protobuf, {json * 1e3:8.3f} JSON")
            yield Ratio(protobuf / json, f"{language}: {operation} {servers}, CPU", "JSON")


OPERATIONS = {"get": "GetServer", "list": "ListServers of {}", "cycle": "create, watch, delete"}


def measure_server(options: Options) -> Iterator[Ratio]:
    if sys.version_info < (3, 11):
        raise SkippedError("oaktree, the server, needs Python 3.11")
    installed = versions("protobuf", "grpcio", "grpcio-health-checking")
    print(f"  Python {platform.python_version()}, {installed}")
    directory = options.work / "calls"
    program = [sys.executable, "-B", str(BENCH / "calls.py"), str(directory)]
    run([*program, str(options.rounds), str(options.servers), str(options.many)])
    measured: dict[tuple[str, str, str], list[float]] = defaultdict(list)
    for line in (directory / "measured").read_text().splitlines():
        operation, who, what, value = line.split()
        measured[operation, who, what].append(float(value))

    for operation, name in OPERATIONS.items():
        name = name.format(f"{options.servers:,}")
        print(f"  {name}")
        of: dict[str, dict[str, float]] = {}
        for who in ("oaktree", "bare"):
            latency, rate, cpu = (measured[operation, who, x] for x in ("latency", "rate", "cpu"))
            of[who] = {
                "median latency": statistics.median(latency),
                "p99 latency": sorted(latency)[len(latency) * 99 // 100],
                "calls a second": statistics.median(rate),
                "CPU": statistics.mean(cpu),
            }
            median, p99, calls, used = of[who].values()
            print(
                f"    {who:<8} {calls:9,.1f} calls/s {median * 1e3:8.3f} ms median "
                f"{p99 * 1e3:8.3f} ms p99 {used * 1e3:7.3f} ms CPU"
            )
        for what, least in of["bare"].items():
            # CPU is counted in ticks, of which a handful of calls may need none.
            if least:
                yield Ratio(of["oaktree"][what] / least, f"{name}, {what}", "a bare server")

    def snapshot(who: str, what: str) -> list[float]:
        return measured["snapshot", who, what]

    (servers,), (size,) = snapshot("oaktree", "servers"), snapshot("oaktree", "bytes")
    (before,), (peak,) = snapshot("oaktree", "before"), snapshot("oaktree", "peak")
    first, *_ = snapshot("oaktree", "wall")
    name = f"snapshot of {servers:,.0f} servers"
    print(f"  {name}, {size:,.0f} bytes; the first of oaktree in {first:.2f} s")
    seconds_of: dict[str, float] = {}
    for who in ("oaktree", "bare"):
        seconds_of[who] = wall = statistics.median(snapshot(who, "wall"))
        used = statistics.mean(snapshot(who, "cpu"))
        print(f"    {who:<8} {wall:7.2f} s {servers / wall:11,.0f} servers/s {used:7.2f} s CPU")
    print(f"    oaktree  peak RSS {peak / MIB:,.0f} MiB, before the first {before / MIB:,.0f} MiB")
    yield Ratio(seconds_of["oaktree"] / seconds_of["bare"], f"{name}, time", "a bare server")
    yield Ratio(peak / before, f"{name}, peak RSS", "oaktree before it")


PARTS = {
    "build": ("The C++ build", measure_build),
    "binary": ("Programs in Go", measure_binary),
    "import": ("Importing in Python", measure_import),
    "codec": ("Servers as protobuf and as JSON", measure_codec),
    "server": ("oaktree beside a bare server", measure_server),
}


def parse_options() -> Options:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", default=[], metavar="PART", help=f"any of {[*PARTS]}")
    parser.add_argument("--work", type=Path, required=True, help="a directory, made anew")
    parser.add_argument("--cxxflags", default="-O0", help="of the C++ builds")
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--builds", type=int, default=2, help="of either kind")
    parser.add_argument("--rounds", type=int, default=15, help="of everything else")
    parser.add_argument("--servers", type=int, default=1000)
    parser.add_argument("--many", type=int, default=100_000, help="servers of a snapshot")
    options = parser.parse_args(namespace=Options())
    for part in options.parts:
        if part not in PARTS:
            parser.error(f"there is no part '{part}'; the parts are {', '.join(PARTS)}")
    options.work = options.work.absolute()
    return options


def main() -> None:
    options = parse_options()
    assert isinstance(sys.stdout, io.TextIOWrapper)
    sys.stdout.reconfigure(line_buffering=True)
    options.work.mkdir(parents=True, exist_ok=True)
    print(f"{os.cpu_count()} cores ({platform.machine()})")
    ratios: list[Ratio] = []
    failed = False
    for part in options.parts or PARTS:
        title, measure = PARTS[part]
        print(f"\n{title}")
        try:
            ratios.extend(measure(options))
        except SkippedError as reason:
            print(f"  skipped: {reason}")
        except BenchError as reason:
            print(f"  could not be measured: {reason}", file=sys.stderr)
            failed = True
    print("\n   ratio  of what, to what")
    for ratio in ratios:
        print(f"{ratio.value:#8.3g}  {ratio.name:<40} to {ratio.of}")
    sys.exit(failed)


if __name__ == "__main__":
    main()
