# SPDX-License-Identifier: Apache-2.0
"""Random messages, and bytes that were messages once: the same seed always makes the same."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import Any

from cases import UNKNOWN, add_unknown, to_case
from google.protobuf.descriptor import EnumDescriptor, FieldDescriptor
from google.protobuf.message import Message
from records import Case
from values import (
    DURATION_MAX,
    NANOS_MAX,
    TIME_MAX,
    TIME_MIN,
    UNKNOWN_ENUMS,
    Style,
    fill,
)


class Random(Style):
    """Fills a part of the fields with random values, often with extreme ones."""

    def __init__(self, dice: random.Random) -> None:
        self.dice = dice
        self.share = dice.choice((0.1, 0.3, 0.6, 0.95))

    def wants(self, field: FieldDescriptor) -> bool:
        return self.dice.random() < self.share

    def message_count(self) -> int:
        return self.dice.choice((0, 1, 1, 2, 4))

    def several(self) -> range:
        return range(self.dice.choice((1, 1, 1, 2, 5)))

    def text(self) -> str:
        dice = self.dice
        if dice.random() < 0.5:
            return "".join(map(chr, (dice.randrange(32, 127) for _ in range(dice.randrange(12)))))
        points = (
            dice.randrange(0x110000 >> dice.choice((0, 4, 10, 13)))
            for _ in range(dice.randrange(8))
        )
        return "".join(chr(point) for point in points if not 0xD800 <= point < 0xE000)

    def texts(self, field: FieldDescriptor) -> list[str]:
        return [self.text() for _ in self.several()]

    def data(self) -> list[bytes]:
        return [self.dice.randbytes(self.dice.randrange(20)) for _ in self.several()]

    def truths(self) -> list[bool]:
        return [self.dice.random() < 0.5 for _ in self.several()]

    def integers(self, low: int, high: int) -> list[int]:
        dice = self.dice
        found = (
            dice.choice((low, high, 0, dice.randint(low, high), 1 << dice.randrange(31)))
            for _ in self.several()
        )
        return list(found)

    def number(self) -> float:
        dice = self.dice
        return dice.choice(
            (
                0.0,
                -0.0,
                1.0,
                dice.random(),
                dice.uniform(-1e300, 1e300),
                10.0 ** dice.randint(-300, 300),
            )
        )

    def floats(self, largest: float) -> list[float]:
        return [
            self.number() if largest > 1e100 else float(self.dice.randrange(1 << 24))
            for _ in self.several()
        ]

    def enums(self, enum: EnumDescriptor) -> list[int]:
        numbers = [*(value.number for value in enum.values), *UNKNOWN_ENUMS]
        return [self.dice.choice(numbers) for _ in self.several()]

    def times(self) -> list[tuple[int, int]]:
        return [(self.dice.randint(TIME_MIN, TIME_MAX), self.dice.randint(0, NANOS_MAX))]

    def durations(self) -> list[tuple[int, int]]:
        sign = self.dice.choice((-1, 1))
        return [(sign * self.dice.randrange(DURATION_MAX), sign * self.dice.randint(0, NANOS_MAX))]

    def structs(self) -> list[dict[str, Any]]:
        return [{self.text(): self.value(3) for _ in self.several()}]

    def value(self, depth: int) -> Any:
        dice = self.dice
        return dice.choice(
            (
                lambda: None,
                lambda: dice.random() < 0.5,
                self.number,
                self.text,
                lambda: [self.value(depth - 1) for _ in range(depth)],
                lambda: {self.text(): self.value(depth - 1) for _ in range(depth)},
            )
        )()

    def masks(self) -> list[list[str]]:
        # Those that JSON can carry.
        names = ("name", "flavor.id", "a_b.c_d", "extra")
        return [[self.dice.choice(names) for _ in self.several()]]


def random_messages(seed: int, count: int, types: dict[str, type[Message]]) -> Iterator[Case]:
    names = list(types)
    for index in range(count):
        dice = random.Random(f"message {seed} {index}")
        kind = dice.choice(names)
        message = fill(types[kind](), Random(dice), dice.randrange(4))
        if dice.random() < 0.2:
            add_unknown(message)
        yield to_case(kind, f"random message {index} of seed {seed}", message)


# What a parser has to look at twice: lengths and tags that are too long, too large or never end.
HARD = [
    b"\x00", b"\x7f", b"\x80", b"\xff",
    b"\x80\x00", b"\x80" * 9 + b"\x01", b"\xff" * 9 + b"\x01", b"\xff\xff\xff\xff\x0f",
    b"\xff\xff\xff\xff\x07", b"\x80\x80\x80\x80\x08",
    b"\x0b\x0c", b"\x0b", b"\x0c", b"\x0e", b"\x0f", b"\x07",
    b"\x0b\x13\x14\x0c", b"\x0b\x13\x0c\x14",
    b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xf5", b"\xef\xbf\xbf",
    UNKNOWN,
]  # fmt: skip


def corrupt(data: bytes, dice: random.Random, others: Sequence[Case]) -> bytes:
    def places() -> tuple[int, int]:
        start = dice.randint(0, len(data))
        return start, min(len(data), start + dice.randint(1, 8))

    for _ in range(dice.choice((1, 1, 1, 2, 4))):
        start, end = places()
        before, between, after = data[:start], data[start:end], data[end:]
        change = dice.randrange(8)
        if change == 0 and between:  # one bit
            data = before + bytes([between[0] ^ 1 << dice.randrange(8)]) + between[1:] + after
        elif change == 1:  # other bytes
            data = before + dice.randbytes(len(between)) + after
        elif change == 2:  # more bytes
            data = before + dice.randbytes(dice.randint(1, 4)) + between + after
        elif change == 3:  # fewer
            data = before + after
        elif change == 4:  # the beginning alone
            data = before
        elif change == 5:  # a part twice
            data = before + between + between + after
        elif change == 6:
            data = before + dice.choice(HARD) + between + after
        else:  # two messages in one, of the same kind or of another
            data = before + dice.choice(others).binary + after
    return data


def corrupted(seed: int, count: int, valid: Sequence[Case]) -> Iterator[Case]:
    for index in range(count):
        dice = random.Random(f"bytes {seed} {index}")
        origin = dice.choice(valid)
        if dice.random() < 0.05:
            data = dice.randbytes(dice.randrange(30))
        else:
            data = corrupt(origin.binary, dice, valid)
        yield Case(origin.type, f"corrupted bytes {index} of seed {seed}", data)
