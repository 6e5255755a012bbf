# SPDX-License-Identifier: Apache-2.0
"""Python's program: reads cases on standard input and answers each; see records.py."""

from __future__ import annotations

import sys

from google.protobuf import json_format, text_format
from google.protobuf.message import DecodeError, Message
from model import messages
from records import Answer, Case, read_cases, write_answer


def canonical(message: Message) -> bytes:
    return message.SerializeToString(deterministic=True)


def equal(one: Message, other: Message) -> bool:
    # What holds a NaN does not even equal itself; its bytes do.
    return canonical(one) == canonical(other) and (one == other or one != one)


def known(message: Message) -> Message:
    """The message without unknown fields, which neither JSON nor text carries."""
    # A copy, for without C Python keeps in mind how long the fields were when it last wrote them.
    result = type(message)()
    result.CopyFrom(message)
    result.DiscardUnknownFields()
    return result


def to_json(message: Message) -> str:
    return json_format.MessageToJson(message, indent=None, sort_keys=True, ensure_ascii=False)


def to_text(message: Message) -> str:
    return text_format.MessageToString(message)


def answer(case: Case, types: dict[str, type[Message]]) -> Answer:
    if case.type not in types:
        return Answer("type: there is no such message", b"", "", "")
    message = types[case.type]()
    try:
        message.ParseFromString(case.binary)
    except DecodeError as error:
        return Answer(f"binary: {error}", b"", "", "")
    binary = canonical(message)
    if not case.json:
        return Answer("", binary, "", "")

    fault = ""
    message = known(message)
    try:
        form = "json"
        if not equal(message, json_format.Parse(case.json, types[case.type]())):
            fault += "json: means another message than the binary. "
        form = "text"
        if not equal(message, text_format.Parse(case.text, types[case.type]())):
            fault += "text: means another message than the binary. "
        form = "printing"
        return Answer(fault, binary, to_json(message), to_text(message))
    # What is in an Any is decoded only now.
    except (json_format.Error, text_format.ParseError, DecodeError, ValueError, TypeError) as error:
        return Answer(f"{fault}{form}: {error}", binary, "", "")


def main() -> None:
    types = messages()
    for case in read_cases(sys.stdin.buffer):
        write_answer(sys.stdout.buffer, answer(case, types))


if __name__ == "__main__":
    main()
