# SPDX-License-Identifier: Apache-2.0
"""That what goes wrong is found, in each language, and that the corpus has what it promises."""

from __future__ import annotations

import io
import lzma
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import conform
import pytest
from accepted import named
from agree import check, json_difference, report, text_difference
from cases import UNKNOWN, shapes, to_case
from differences import LARGE_TAG, LARGE_VARINT, LONG_VARINT, MAP_ENTRY, differences
from fuzz import corrupted, random_messages
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import Message
from left_out import changed
from model import descriptor_of, messages
from programs import HERE, Program, UnusableError, programs, run
from reader import answer
from records import Case, write_cases
from values import UNICODE, F

PROGRAMS = programs(conform.languages())
MODEL = messages()


def make(kind: str, **fields: object) -> Case:
    return to_case(kind, "test", MODEL[kind](**fields))


GOOD = make("oaktree.common.v1.Location", cloud="north", region="one")
OTHER = make("oaktree.common.v1.Location", cloud="north", region="two")


@pytest.fixture(params=PROGRAMS, ids=[program.title for program in PROGRAMS])
def program(request: pytest.FixtureRequest) -> Program:
    one: Program = request.param
    return one


def test_agrees_with_itself() -> None:
    assert check([GOOD, OTHER], PROGRAMS) == []


@pytest.mark.parametrize(
    ("case", "fault"),
    [
        (GOOD._replace(json=OTHER.json), "json: means another message"),
        (GOOD._replace(json='{"nothing": 1}'), "json: "),
        (GOOD._replace(json="{"), "json: "),
        (GOOD._replace(text=OTHER.text), "text: means another message"),
        (GOOD._replace(text="nothing: 1"), "text: "),
        (GOOD._replace(text="cloud: 'north"), "text: "),
        (GOOD._replace(binary=OTHER.binary), "json: means another message"),
        (GOOD._replace(binary=GOOD.binary[:-1]), "binary: "),
        (GOOD._replace(binary=b"\x0a\x01\xff"), "binary: "),
        (GOOD._replace(type="oaktree.common.v1.Nothing"), "type: there is no such message"),
    ],
)
def test_bad_case_is_found(program: Program, case: Case, fault: str) -> None:
    (finding,) = check([case], [program])
    assert finding.program == program.title
    assert finding.fault.startswith(fault)
    assert f"{case.type}, case 'test': {program.title}: {fault}" in report([finding])


def test_unknown_fields_are_kept(program: Program) -> None:
    case = Case(GOOD.type, "test", GOOD.binary + UNKNOWN)
    ((one,),) = run([program], [[case]])
    assert one.binary == GOOD.binary + UNKNOWN


def liar(tmp_path: Path, lie: str) -> Program:
    """Python's program, but that its answers are spoilt."""
    script = tmp_path / "liar.py"
    script.write_text(
        f"import sys\nsys.path.insert(0, {str(HERE)!r})\nimport reader\nfrom reader import *\n"
        f"honest = reader.answer\ndef answer(case, types):\n    one = honest(case, types)\n"
        f"    {lie}\nreader.answer = answer\nreader.main()\n"
    )
    return Program("Liar", [sys.executable, "-B", str(script)])


@pytest.mark.parametrize(
    ("lie", "fault"),
    [
        ("return one._replace(binary=one.binary[:-1])", "writes another message"),
        ("return one._replace(json=one.json.replace('one', 'two'))", "prints other JSON"),
        ("return one._replace(json='{')", "prints other JSON"),
        ("return one._replace(text=one.text.replace('one', 'two'))", "prints other text"),
        ("return one._replace(text='{')", "prints other text"),
        ("return one._replace(fault='json: is ugly')", "json: is ugly"),
    ],
)
def test_bad_program_is_found(tmp_path: Path, lie: str, fault: str) -> None:
    found = check([GOOD], [liar(tmp_path, lie)])
    assert found
    assert found[0].fault.startswith(fault)


@pytest.mark.parametrize(
    "lie",
    [
        "return one._replace(fault='') if one.fault else one",
        "return one if one.fault else one._replace(fault='binary: I do not like it')",
        "return one._replace(binary=canonical(known(types[case.type].FromString(one.binary))))",
    ],
)
def test_what_fuzzing_is_for_is_found(tmp_path: Path, lie: str) -> None:
    broken = [Case(GOOD.type, "test", data) for data in (b"", GOOD.binary + UNKNOWN, b"\x0a")]
    assert conform.disagreements(broken, PROGRAMS) == ([], {})
    found, excused = conform.disagreements(broken, [*PROGRAMS, liar(tmp_path, lie)])
    assert {finding.program for finding in found} == {"Liar"}
    assert not excused


def test_what_is_excused_is_what_it_says() -> None:
    excuse = {
        LARGE_VARINT: ("common.v1.Location", "d8fcffff0f ffffffffffffffffff7f"),
        LARGE_TAG: ("common.v1.Location", "fbffffff0f e2ffffff2f00 fcffffff0f"),
        LONG_VARINT: ("common.v1.Location", "d0fcffff0f 8000"),
        MAP_ENTRY: ("common.v1.Error", "2a 08 0a0161 120162 1801"),
    }
    for reason, (kind, data) in excuse.items():
        assert differences(MODEL[f"oaktree.{kind}"], bytes.fromhex(data)) == {reason}
    for case in random_messages(3, 200, MODEL):
        assert not differences(MODEL[case.type], case.binary)


def test_what_another_prints_is_read(tmp_path: Path) -> None:
    # Python alone writes a blank after the colon, so the case itself is fine with this one.
    picky = "return one if '\": ' in case.json else one._replace(fault='json: has no blanks')"
    for other in PROGRAMS:
        if "Python" not in other.title:
            (finding,) = check([GOOD], [other, liar(tmp_path, picky)])
            assert finding.program == f"Liar of {other.title}"


def test_difference_is_shown_where_it_is() -> None:
    one = '{"a": 1, "b": {"c": [{}, {"d": "x"}]}}'
    assert json_difference(one, one.replace('"x"', "null")) == 'b.c[1].d is "x" instead of null'
    assert json_difference('{"a": [1]}', '{"a": [1, 2]}') == "a is [1.0] instead of [1.0, 2.0]"
    assert text_difference("a: 1\nb: {}", "a: 1\nb {\nc: 2\n}") == "'}' instead of 'c 2'"


def test_program_that_dies_is_named(tmp_path: Path) -> None:
    with pytest.raises(
        UnusableError, match=r"Liar ended with status 1 (.|\n)*AssertionError: dead"
    ):
        check([GOOD], [liar(tmp_path, "raise AssertionError('dead')")])
    with pytest.raises(UnusableError, match="Liar ended with status 0"):
        check([GOOD], [liar(tmp_path, "sys.exit()")])


def test_program_that_never_ends_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("programs.PATIENCE", 0.2)
    with pytest.raises(UnusableError, match=r"Liar was not done with all cases after 0\.2 seconds"):
        check([GOOD], [liar(tmp_path, "while True: pass")])


@pytest.fixture
def frozen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Freezes the cases, and tells how the golden is read after a change to them."""
    names = ("common.v1.Location", "operation.v1.Operation", "common.v1.Status")
    types = [MODEL[f"oaktree.{name}"] for name in names]
    few = [
        to_case(new.DESCRIPTOR.full_name, name, message)
        for new in types
        for name, message in shapes(new)
    ]
    monkeypatch.setattr(conform, "corpus", lambda: iter(few))

    def read(
        change: Callable[[Case], Case] = lambda case: case,
        accepted: str = "",
        version: str = "0.9.0",
    ) -> int:
        release = tmp_path / version
        directory = release / "conformance"
        monkeypatch.setattr(sys, "argv", ["conform.py", "freeze", str(directory)])
        assert conform.main() == 0
        cases = conform.thaw(directory)
        assert cases == few
        whole = io.BytesIO()
        write_cases(whole, map(change, cases))
        (directory / conform.GOLDEN).write_bytes(lzma.compress(whole.getvalue()))
        (tmp_path / "accepted.txt").write_text(accepted)
        option = f"--accepted={tmp_path}/accepted.txt"
        monkeypatch.setattr(sys, "argv", ["conform.py", "golden", option, str(release)])
        return conform.main()

    return read


def test_golden_is_read(frozen: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    assert frozen() == 0
    assert " are those of today, 0 cases: " in capsys.readouterr().out
    # Written otherwise, and the same.
    assert frozen(lambda case: case._replace(json=f" {case.json}")) == 0
    assert "0.9.0: 0 cases are those of today, " in capsys.readouterr().out


@pytest.mark.parametrize(
    "change",
    [
        # As a release wrote them that had other names, another number, another word for a value,
        # and a message that is gone.
        lambda case: case._replace(json=case.json.replace('"percent"', '"percentage"')),
        lambda case: case._replace(text=case.text.replace("percent", "percentage")),
        lambda case: case._replace(binary=case.binary.replace(b"\x0a\x05cloud", b"\x22\x05cloud")),
        lambda case: case._replace(json=case.json.replace("_STATE_", "_PHASE_")),
        lambda case: case._replace(type=case.type.replace("Status", "State")),
    ],
)
def test_golden_that_means_something_else_is_found(
    frozen: Callable[..., int], change: Callable[[Case], Case], capsys: pytest.CaptureFixture[str]
) -> None:
    assert frozen(change) == 1
    said = capsys.readouterr().out
    for program in PROGRAMS:
        assert f": {program.title}: " in said


def test_accepted_break_is_left_out(frozen: Callable[..., int]) -> None:
    def change(case: Case) -> Case:
        return case._replace(type=case.type.replace("Status", "State"))

    accepted = "MESSAGE_NO_DELETE oaktree.common.v1.State\n  Nobody had a use for it.\n"
    assert frozen(change, accepted) == 0
    assert frozen(change, accepted, version="1.0.0") == 1
    assert frozen(change, accepted.replace("common", "compute")) == 1


def test_what_holds_an_accepted_break_is_left_out_too() -> None:
    left_out = changed(
        named("FIELD_NO_DELETE oaktree.common.v1.Project.id\n  why\n"), MODEL, {"a.Gone"}
    )
    assert {f"oaktree.{name}" for name in ("common.v1.Project", "common.v1.Location")} <= left_out
    assert "oaktree.operation.v1.Operation" in left_out
    assert not left_out & {"a.Gone", "oaktree.common.v1.QuotaLimit"}
    assert changed(named("# none\n  of them"), MODEL, {"a.Gone"}) == set()
    assert changed(named("MESSAGE_NO_DELETE a.Gone\n  why"), MODEL, {"a.Gone"}) == {"a.Gone"}


def test_same_seed_makes_the_same() -> None:
    def once(seed: int) -> list[Case]:
        valid = list(random_messages(seed, 30, MODEL))
        return [*valid, *corrupted(seed, 30, valid)]

    assert once(7) == once(7)
    assert once(7) != once(8)


SCALARS = [
    *(f"{kind}{bits}" for kind in ("int", "uint", "sint", "fixed", "sfixed") for bits in (32, 64)),
    *("string", "bool", "bytes", "float", "double", "Kind"),
]
OWN = ["Timestamp", "Duration", "FieldMask", "Struct", "Value", "ListValue", "Any"]


def every_type(work: Path) -> type[Message]:
    """A message with a field of every type, as one, optional, repeated, in a oneof and in maps."""
    keys = set(SCALARS) - {"bytes", "float", "double", "Kind"}
    kinds = [*SCALARS, *(f"google.protobuf.{name}" for name in OWN), "Inner"]
    lines, choice = [], []
    for number, kind in enumerate(kinds, 1):
        lines += [
            f"{kind} one_f{number} = {number};",
            f"optional {kind} maybe_f{number} = {100 + number};",
            f"repeated {kind} list_f{number} = {200 + number};",
            f"map<string, {kind}> map_f{number} = {300 + number};",
        ]
        if kind in keys:
            lines.append(f"map<{kind}, string> from_f{number} = {400 + number};")
        choice.append(f"{kind} choice_f{number} = {500 + number};")
    files = ("any", "duration", "field_mask", "struct", "timestamp")
    (work / "every.proto").write_text(
        'syntax = "proto3"; package test;\n'
        + "".join(f'import "google/protobuf/{name}.proto";\n' for name in files)
        + "enum Kind { KIND_NONE = 0; KIND_ONE = 1; KIND_TWO = 2; }\n"
        + "message Inner { string name = 1; }\n"
        + "message Every {\n"
        + "\n".join([*lines, "oneof choice {", *choice, "}", "}"])
    )
    output = work / "every.pb"
    command = [sys.executable, "-m", "grpc_tools.protoc", f"-I{work}", f"-o{output}", "every.proto"]
    subprocess.run(command, check=True)
    (file,) = descriptor_pb2.FileDescriptorSet.FromString(output.read_bytes()).file
    pool = descriptor_pool.Default()
    pool.AddSerializedFile(file.SerializeToString())
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("test.Every"))


def fields_set(message: Message) -> Iterator[str]:
    for field, _ in message.ListFields():
        yield field.name


def test_every_type_a_proto_can_have_gets_its_cases(tmp_path: Path) -> None:
    new = every_type(tmp_path)
    found = dict(shapes(new))
    for name, message in found.items():
        if name.endswith(("absent", "chosen")):
            continue  # They are large, many and of nothing new.
        case = to_case("test.Every", name, message)
        result = answer(case, {"test.Every": new})
        assert result == ("", case.binary, case.json, case.text), name

    usual = {field.name for field in new.DESCRIPTOR.fields if not field.name.startswith("choice")}
    assert not list(fields_set(found["minimal"]))
    assert set(fields_set(found["full"])) == usual | {"choice_f1"}
    for field in descriptor_of(new).fields:
        if field.has_presence:
            assert list(fields_set(found[f"{field.name} empty"])) == [field.name]
            if field.name.startswith("choice"):
                assert field.name in fields_set(found[f"{field.name} chosen"])
            else:
                assert field.name not in fields_set(found[f"{field.name} absent"])
        else:
            assert f"{field.name} empty" not in found


def test_corpus_has_every_message_field_value_and_kind_of_text() -> None:
    every: set[str] = set()
    texts: set[str] = set()
    for kind, new in MODEL.items():
        seen: set[str] = set()
        for name, message in shapes(new):
            every.add(kind)
            seen.update(fields_set(message))
            for field, value in message.ListFields():
                if field.enum_type:
                    numbers = value if field.is_repeated else [value]
                    seen.update(f"{field.name} {number}" for number in numbers)
                if name == "unicode" and field.type == F.TYPE_STRING and not field.is_repeated:
                    texts.add(value)
        for field in descriptor_of(new).fields:
            assert field.name in seen, field.full_name
            if field.enum_type:
                for one in field.enum_type.values:
                    assert one.number == 0 or f"{field.name} {one.number}" in seen, field.full_name
    assert every == MODEL.keys()
    assert texts == {"".join(UNICODE.values())}
