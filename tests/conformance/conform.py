# SPDX-License-Identifier: Apache-2.0
"""Whether C++, Go and Python make the same of all messages, today and of what a release wrote.

    conform.py check                    every message, in all cases that its descriptor asks for
    conform.py fuzz                     random messages and corrupted bytes
    conform.py freeze DIRECTORY         writes the cases of today's model to DIRECTORY/cases.xz
    conform.py golden RELEASE...        reads what freeze wrote to RELEASE/conformance
    conform.py show TYPE [CASE]         prints cases, for people
    conform.py try TYPE HEX             what each language makes of these bytes

A case is a message as binary, as JSON and as text. Every program has to read each form, find all
three to be the same message, write the binary with its unknown fields, and print JSON and text; and
what it printed is read by the others. For a golden that means: its bytes are read as what they
meant at its release, under the names of then.

With --accepted, what a release of 0.x has otherwise by an accepted break is left out; see
doc/stability.rst.

The exit status is 0 when all agree, 1 when not, with one line for each message and program that
says what happened in which case, and 2 when there is no program to ask.

All of it needs PYTHONPATH=$abs_top_builddir/python:tests/compat; what asks programs also needs what
'make conformance-programs' builds. abs_top_builddir names the build directory (else it is the
source directory), GO the Go command, and where with_cpp or with_go is "no" that language is left
out.
"""

from __future__ import annotations

import argparse
import io
import lzma
import os
import random
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from accepted import is_stable, named
from agree import MESSAGES, Finding, check, report, same_binary
from cases import corpus
from differences import differences
from fuzz import corrupted, random_messages
from left_out import changed
from programs import LANGUAGES, Program, UnusableError, programs, pure_python, run
from records import Case, read_cases, write_cases

GOLDEN = "cases.xz"
# As many as fit into memory with all answers; each round has a seed of its own.
FUZZ_ROUND = 20000


def languages() -> list[str]:
    return [one for one in LANGUAGES if os.environ.get(f"with_{one}", "yes") != "no"]


def conclude(cases: int, programs: Sequence[Program], findings: Sequence[Finding]) -> int:
    titles = ", ".join(program.title for program in programs)
    if findings:
        print(report(findings))
        print(f"{len(findings)} findings in {cases} cases, read by {titles}")
        return 1
    print(f"{cases} cases: {titles} agree")
    return 0


def check_today(arguments: argparse.Namespace) -> int:
    cases = list(corpus())
    running = programs(languages())
    status = conclude(len(cases), running, check(cases, running))
    # It takes several times as long, and has only the reading and writing of its own.
    some = cases[::10]
    pure = [pure_python()]
    return conclude(len(some), pure, check(some, pure)) or status


def disagreements(
    cases: Sequence[Case], running: Sequence[Program]
) -> tuple[list[Finding], Counter[str]]:
    """Whether all accept the same bytes and make the same of them, and what has been excused."""
    findings, excused = [], Counter[str]()
    first, *others = running
    theirs, *answers = run(running, [cases] * len(running))
    for index, case in enumerate(cases):
        one = theirs[index]
        for program, other in zip(others, [each[index] for each in answers], strict=True):
            if bool(one.fault) == bool(other.fault) and (
                one.fault or same_binary(case.type, one.binary, other.binary)
            ):
                continue
            if reasons := differences(MESSAGES[case.type], case.binary):
                excused.update(reasons)
            else:
                said = [answer.fault or f"writes {answer.binary.hex()}" for answer in (one, other)]
                fault = f"{said[1]}, but {first.title}: {said[0]}; of {case.binary.hex()}"
                findings.append(Finding(case, program.title, fault))
    return findings, excused


def fuzz(arguments: argparse.Namespace) -> int:
    running = programs(languages())
    seed = arguments.seed
    if seed is None:
        seed = random.SystemRandom().randrange(10**9)
    for left in range(arguments.cases, 0, -FUZZ_ROUND):
        print(f"seed {seed}", flush=True)
        count = min(left, FUZZ_ROUND)
        valid = list(random_messages(seed, 1 + count // 8, MESSAGES))
        broken = list(corrupted(seed, count - len(valid), valid))
        findings = check(valid, running)
        more, excused = disagreements(broken, running)
        for reason, number in sorted(excused.items()):
            print(f"{number} excused for {reason}")
        if conclude(count, running, findings + more):
            return 1
        seed += 1
    return 0


def freeze(arguments: argparse.Namespace) -> int:
    whole = io.BytesIO()
    write_cases(whole, corpus())
    arguments.directory.mkdir(parents=True, exist_ok=True)
    path = arguments.directory / GOLDEN
    path.write_bytes(lzma.compress(whole.getvalue()))
    print(f"wrote {path}")
    return 0


def thaw(directory: Path) -> list[Case]:
    return list(read_cases(io.BytesIO(lzma.decompress((directory / GOLDEN).read_bytes()))))


def golden(arguments: argparse.Namespace) -> int:
    running = programs(languages())
    # What a release has just as today is read by check already, and there will be many releases.
    today = set(corpus())
    status = 0
    for release in arguments.releases:
        cases = thaw(release / "conformance")
        print(f"{release.resolve().name}: ", end="", flush=True)
        if arguments.accepted and not is_stable(release.resolve().name):
            others = {case.type for case in cases} - MESSAGES.keys()
            left_out = changed(named(arguments.accepted.read_text()), MESSAGES, others)
            if left_out:
                print(f"without {', '.join(sorted(left_out))}: ", end="")
            cases = [case for case in cases if case.type not in left_out]
        older = [case for case in cases if case not in today]
        print(f"{len(cases) - len(older)} cases are those of today, ", end="", flush=True)
        status = conclude(len(older), running, check(older, running)) or status
    return status


def show(arguments: argparse.Namespace) -> int:
    for case in corpus():
        if case.type == arguments.type and arguments.case in (None, case.name):
            print(f"# {case.name}\n# {case.binary.hex()}\n# {case.json}\n{case.text}")
    return 0


def attempt(arguments: argparse.Namespace) -> int:
    case = Case(arguments.type, "tried", bytes.fromhex(arguments.hex))
    running = programs(languages())
    for program, (answer,) in zip(running, run(running, [[case]] * len(running)), strict=True):
        print(f"{program.title}: {answer.fault or answer.binary.hex()}")
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    command = commands.add_parser("check")
    command.set_defaults(run=check_today)

    command = commands.add_parser("fuzz")
    command.add_argument("--cases", type=int, default=FUZZ_ROUND, help="how many")
    command.add_argument("--seed", type=int, help="a random one unless told")
    command.set_defaults(run=fuzz)

    command = commands.add_parser("freeze")
    command.add_argument("directory", type=Path)
    command.set_defaults(run=freeze)

    command = commands.add_parser("golden")
    command.add_argument("releases", type=Path, nargs="+", metavar="RELEASE")
    command.add_argument("--accepted", type=Path, help="the file of accepted breaks")
    command.set_defaults(run=golden)

    command = commands.add_parser("show")
    command.add_argument("type")
    command.add_argument("case", nargs="?")
    command.set_defaults(run=show)

    command = commands.add_parser("try")
    command.add_argument("type")
    command.add_argument("hex")
    command.set_defaults(run=attempt)

    arguments = parser.parse_args()
    try:
        status: int = arguments.run(arguments)
    except UnusableError as error:
        print(error, file=sys.stderr)
        return 2
    return status


if __name__ == "__main__":
    sys.exit(main())
