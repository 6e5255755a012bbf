# SPDX-License-Identifier: Apache-2.0
"""What the programs of all languages read and write: cases, and the answers to them.

Both are plain records, so that no program needs more than a loop to read them: strings of bytes,
each after its length as four bytes, most significant first. A case has five, an answer four.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import BinaryIO, NamedTuple


class Case(NamedTuple):
    """One message in every form.

    A case without JSON is of bytes alone: nothing is asked but whether they are a message, and what
    they become when they are written again.
    """

    type: str
    name: str
    binary: bytes
    json: str = ""
    text: str = ""

    def __str__(self) -> str:
        return f"{self.type}, {self.name}"


class Answer(NamedTuple):
    """What a program made of a case.

    The fault names the form that was refused or meant something else; a binary that is refused has
    no other forms.
    """

    fault: str
    binary: bytes
    json: str
    text: str


def _write(stream: BinaryIO, record: Iterable[str | bytes]) -> None:
    for one in record:
        data = one.encode() if isinstance(one, str) else one
        stream.write(len(data).to_bytes(4, "big") + data)


def _read(stream: BinaryIO, count: int) -> Iterator[list[bytes]]:
    while first := stream.read(4):
        record = [stream.read(int.from_bytes(first, "big"))]
        while len(record) < count:
            record.append(stream.read(int.from_bytes(stream.read(4), "big")))
        yield record


def write_cases(stream: BinaryIO, cases: Iterable[Case]) -> None:
    for case in cases:
        _write(stream, case)


def read_cases(stream: BinaryIO) -> Iterator[Case]:
    for kind, name, binary, json, text in _read(stream, 5):
        yield Case(kind.decode(), name.decode(), binary, json.decode(), text.decode())


def write_answer(stream: BinaryIO, answer: Answer) -> None:
    _write(stream, answer)


def read_answers(stream: BinaryIO) -> Iterator[Answer]:
    for fault, binary, json, text in _read(stream, 4):
        yield Answer(fault.decode(), binary, json.decode(), text.decode())
