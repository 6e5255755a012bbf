# SPDX-License-Identifier: Apache-2.0
"""The rules of the proto tree, read from its descriptors.

What is checked here can never be changed after 1.0, so it is checked before anything is frozen. The
rules themselves, with their reasons, are in doc/api.rst.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterator

import pytest
from google.protobuf import descriptor_pb2 as pb
from oaktreemodel.common.v1 import annotations_pb2 as ann
from tree import ENUMS, FILES, MESSAGES, METHODS, RESOURCES, SRCDIR, Method

Field = pb.FieldDescriptorProto
FIXED_NUMBERS = {
    "location": 1,
    "locations": 1,
    "name_or_id": 2,
    "operation_id": 2,
    "filter": 2,
    "page_size": 4,
    "page_token": 5,
    "read_mask": 6,
    "require_all_locations": 7,
    "request_id": 8,
    "wait": 9,
    "wait_timeout": 10,
    "etag": 11,
    "missing_ok": 12,
    "update_mask": 13,
    "all_projects": 14,
    "resume_token": 15,
    "skip_initial": 16,
    "snapshot_only": 17,
}
# Keywords of C++ and Python, macros of common platforms, and members that generated code has.
FORBIDDEN = set(
    """
    alignas alignof and asm auto bool break case catch char class compl concept const continue
    decltype default delete do double else enum explicit export extern false float for friend goto
    if inline int long mutable namespace new noexcept not nullptr operator or private protected
    public register requires return short signed sizeof static struct switch template this throw
    true try typedef typeid typename union unsigned using virtual void volatile wchar while xor
    as assert async await def del elif except finally from global import in is lambda nonlocal None
    pass raise with yield True False
    descriptor default_instance internal_default_instance linux unix major minor interface near far
    min max signals slots emit clear swap
    """.split()
)
CHANGES = {ann.VERB_CREATE, ann.VERB_UPDATE, ann.VERB_DELETE, ann.VERB_ACTION}
READS = {
    ann.VERB_GET,
    ann.VERB_LIST,
    ann.VERB_WATCH,
    ann.VERB_DOWNLOAD,
    ann.VERB_WAIT,
    ann.VERB_QUERY,
}


def fields(message: pb.DescriptorProto) -> dict[str, Field]:
    return {field.name: field for field in message.field}


def all_fields() -> Iterator[tuple[str, pb.DescriptorProto, Field]]:
    for name, message in MESSAGES.items():
        for field in message.field:
            yield f"{name[1:]}.{field.name}", message, field


def snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def area(file: pb.FileDescriptorProto) -> str:
    return file.package.split(".")[1]


def test_the_tree_is_not_empty() -> None:
    assert FILES and METHODS and RESOURCES


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.name)
def test_a_file_says_where_it_belongs(file: pb.FileDescriptorProto) -> None:
    match = re.fullmatch(r"oaktreemodel/([a-z_]+)/(v1(?:alpha\d+)?)/([a-z\d_]+)\.proto", file.name)
    assert match
    name, version, stem = match.groups()
    camel = name.title().replace("_", "")
    module = (SRCDIR / "go" / "go.mod").read_text().split("module ", 1)[1].split()[0]
    assert file.package == f"oaktree.{name}.{version}"
    assert file.options.go_package == f"{module}/{name}/{version};{name.replace('_', '')}{version}"
    assert file.options.java_multiple_files
    assert file.options.java_package == f"org.openstack.oaktree.{name.replace('_', '')}.{version}"
    assert file.options.java_outer_classname == stem.title().replace("_", "") + "Proto"
    assert file.options.csharp_namespace == f"OpenStack.Oaktree.{camel}.{version.title()}"
    assert file.options.objc_class_prefix == f"OAK{camel}"


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.name)
def test_areas_import_only_common_and_operation(file: pb.FileDescriptorProto) -> None:
    ours = r"oaktreemodel/(common|operation|" + area(file) + r")/v1/\w+\.proto"
    for dependency in file.dependency:
        assert re.fullmatch(rf"google/protobuf/\w+\.proto|{ours}", dependency)
    assert not file.public_dependency


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.name)
def test_a_file_can_be_read(file: pb.FileDescriptorProto) -> None:
    if not file.name.endswith("compute/v1/server.proto"):  # what belongs to servers is that much
        assert len(file.message_type) <= 45


def test_what_programs_say_names_one_thing() -> None:
    # Features, operations and logs name a method or a resource without its area.
    methods = Counter(method.proto.name for method in METHODS)
    types = Counter(message.name for message in RESOURCES.values())
    assert [name for name, count in (methods + types).items() if count > 1] == []


def test_option_numbers_come_from_their_names() -> None:
    options = [(f.package, extension) for f in FILES for extension in f.extension]
    assert options
    for package, option in options:
        digest = hashlib.sha256(f"{package}.{option.name}".encode()).digest()
        assert option.number == int.from_bytes(digest[:4], "big") >> 4, option.name
        assert not 50000 <= option.number <= 99999


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.name)
def test_everything_has_a_comment(file: pb.FileDescriptorProto) -> None:
    commented = {tuple(at.path) for at in file.source_code_info.location if at.leading_comments}
    wanted: dict[tuple[int, ...], str] = {}
    for i, message in enumerate(file.message_type):
        wanted[4, i] = message.name
        for j, field in enumerate(message.field):
            wanted[4, i, 2, j] = f"{message.name}.{field.name}"
    for i, enum in enumerate(file.enum_type):
        wanted[5, i] = enum.name
        for j, value in enumerate(enum.value):
            wanted[5, i, 2, j] = value.name
    for i, service in enumerate(file.service):
        wanted[6, i] = service.name
        for j, method in enumerate(service.method):
            wanted[6, i, 2, j] = f"{service.name}.{method.name}"
    for i, extension in enumerate(file.extension):
        wanted[7, i] = extension.name
    assert [name for path, name in wanted.items() if path not in commented] == []


def test_names_choke_no_language() -> None:
    names = [name for name, _, _ in all_fields()]
    assert [name for name in names if name.rsplit(".", 1)[1] in FORBIDDEN] == []
    assert [name for name in names if re.search(r"_\d", name.rsplit(".", 1)[1])] == []


def test_no_field_is_called_as_an_accessor_of_another() -> None:
    prefixes = ("clear_", "get_", "has_", "mutable_", "set_")
    for name, message, field in all_fields():
        prefix = next((each for each in prefixes if field.name.startswith(each)), field.name)
        assert field.name.removeprefix(prefix) not in fields(message), name


def test_times_end_in_time() -> None:
    for name, _, field in all_fields():
        if field.type_name == ".google.protobuf.Timestamp":
            assert name.endswith(("_time", "_since")), name


def test_sizes_name_their_unit() -> None:
    stems = r"(size|ram|disk|ephemeral|swap|virtual_size|offset|length|percent|progress)"
    units = r"(bytes|kib|mib|gib|lines|percent)"
    integers = {Field.TYPE_INT32, Field.TYPE_INT64}
    for name, _, field in all_fields():
        own = field.name.removeprefix("min_").removeprefix("max_")
        if field.type in integers and own != "page_size" and re.match(stems, own):
            assert re.search(rf"(^|_){units}$", own), name


@pytest.mark.parametrize("name, enum", ENUMS.items(), ids=list(ENUMS))
def test_enum_values_carry_the_name(name: str, enum: pb.EnumDescriptorProto) -> None:
    prefix = snake(enum.name).upper() + "_"
    assert all(value.name.startswith(prefix) for value in enum.value)
    assert (enum.value[0].name, enum.value[0].number) == (f"{prefix}UNSPECIFIED", 0)
    assert all(v.number == 1 for v in enum.value if v.name == f"{prefix}OTHER")


def test_an_enum_from_a_cloud_has_its_raw_twin() -> None:
    open_enums = {name for name, enum in ENUMS.items() if enum.value[1].name.endswith("_OTHER")}
    twins = 0
    for name, message, field in all_fields():
        if field.type_name in open_enums and field.label != Field.LABEL_REPEATED:
            twin = fields(message).get(f"{field.name}_raw")
            assert twin is not None and twin.type == Field.TYPE_STRING, name
            assert twin.number == field.number + 1, name
            twins += 1
    assert twins


@pytest.mark.parametrize("name, message", RESOURCES.items(), ids=list(RESOURCES))
def test_a_resource_begins_alike(name: str, message: pb.DescriptorProto) -> None:
    first = [(field.name, field.number) for field in message.field[:3]]
    assert first == [("location", 1), ("id", 2), ("name", 3)]
    extra = fields(message).get("extra")
    assert extra is None or (extra.number, extra.type_name) == (90, ".google.protobuf.Struct")
    rule = message.options.Extensions[ann.resource]
    assert rule.type == snake(message.name)
    assert not rule.parent or f".{rule.parent}" in RESOURCES


def test_what_is_listed_is_watched_or_says_why_not() -> None:
    def served(verb: int) -> set[str]:
        return {method.rule.resource for method in METHODS if method.rule.verb == verb}

    watched = {n[1:] for n, m in RESOURCES.items() if m.options.Extensions[ann.resource].watch}
    assert served(ann.VERB_WATCH) == watched
    for name in served(ann.VERB_LIST) - watched:
        file = next(
            f
            for f in FILES
            if name.startswith(f"{f.package}.")
            and any(m.name == name.rsplit(".", 1)[1] for m in f.message_type)
        )
        index = [m.name for m in file.message_type].index(name.rsplit(".", 1)[1])
        comment = next(
            at.leading_comments
            for at in file.source_code_info.location
            if list(at.path) == [4, index]
        )
        assert "It cannot be watched:" in " ".join(comment.split()), name


@pytest.mark.parametrize("method", METHODS, ids=str)
def test_a_method_has_its_own_messages_and_says_what_it_does(method: Method) -> None:
    assert method.proto.input_type.endswith(f".{method.proto.name}Request")
    assert method.proto.output_type.endswith(f".{method.proto.name}Response")
    assert f".{method.rule.resource}" in RESOURCES or f".{method.rule.resource}" in MESSAGES
    level = method.proto.options.idempotency_level
    assert (level == pb.MethodOptions.NO_SIDE_EFFECTS) == (method.rule.verb in READS)
    assert method.proto.server_streaming == (
        method.rule.verb in {ann.VERB_WATCH, ann.VERB_DOWNLOAD, ann.VERB_UPLOAD}
    )
    assert method.proto.client_streaming == (method.rule.verb == ann.VERB_UPLOAD)


@pytest.mark.parametrize("method", METHODS, ids=str)
def test_a_request_has_the_fixed_numbers(method: Method) -> None:
    has = fields(method.request)
    for name, field in has.items():
        assert FIXED_NUMBERS.get(name, field.number) == field.number, name
        fixed = name in FIXED_NUMBERS or field.number == 3
        assert fixed or field.number >= 20, name
    if method.rule.verb in CHANGES:
        assert "request_id" in has
    if method.rule.verb in {ann.VERB_UPDATE}:
        assert "update_mask" in has
    assert ("wait" in has) <= ("wait_timeout" in has)
    if "wait" in has:
        assert fields(method.response)["operation"].number == 2


@pytest.mark.parametrize("method", METHODS, ids=str)
def test_an_answer_has_the_fixed_shape(method: Method) -> None:
    has = fields(method.response)
    shape = [(field.name, field.number) for field in method.response.field]
    name = snake(method.rule.resource.rsplit(".", 1)[1])
    if method.rule.verb == ann.VERB_LIST:
        assert shape[0][1] == 1
        assert shape[0][0] in {f"{name}s", f"{name}es", f"{name[:-1]}ies"}
        assert has[shape[0][0]].type_name == f".{method.rule.resource}"
        assert shape[1:] == [("next_page_token", 2), ("unreachable", 3)]
    elif method.rule.verb == ann.VERB_WATCH:
        assert shape == [("events", 1), ("resume_token", 2), ("unreachable", 3)]
        event = MESSAGES[has["events"].type_name]
        assert [field.number for field in event.field] == [1, 2, 3]
        assert [field.name for field in event.field] == ["kind", name, "location"]
        assert event.field[1].type_name == f".{method.rule.resource}"
    elif method.rule.verb in {ann.VERB_GET, ann.VERB_CREATE, ann.VERB_UPDATE, ann.VERB_DELETE}:
        assert shape[0] == (name, 1)
        assert has[name].type_name == f".{method.rule.resource}"
    elif not method.proto.server_streaming and "next_page_token" not in has:
        for field in method.response.field:
            if field.number == 1:
                # One resource, or many, is called as that.
                own = snake(field.type_name.rsplit(".", 1)[1])
                assert field.name in {own, f"{own}s"}
            elif field.number == 2:
                assert field.name == "operation"
            else:
                assert field.number >= 20 or field.name == "unreachable", field.name


# What there is one of in a place, or in what the request names otherwise.
UNNAMED = {
    ".oaktree.block_storage.v1.VolumeQuota",
    ".oaktree.block_storage.v1.VolumeTypeEncryption",
    ".oaktree.compute.v1.ComputeQuota",
    ".oaktree.load_balancer.v1.LoadBalancerQuota",
    ".oaktree.network.v1.NetworkQuota",
    ".oaktree.network.v1.RouterInterface",
    ".oaktree.object_store.v1.Account",
}


@pytest.mark.parametrize("method", METHODS, ids=str)
def test_a_change_names_its_object(method: Method) -> None:
    if method.rule.verb in {ann.VERB_UPDATE, ann.VERB_DELETE}:
        named = "name_or_id" in fields(method.request)
        assert named is (f".{method.rule.resource}" not in UNNAMED)


# What a request gives under a name that stands for something else in the resource, or for what the
# field is derived from.
DERIVED = {
    "block_storage.v1.Volume.volume_type_id",
    "compute.v1.ComputeQuota.user_id",
    "compute.v1.Server.host_id",
    "identity.v1.Token.application_credential_id",
    "identity.v1.Token.domain_id",
    "identity.v1.Token.system",
    "network.v1.FloatingIp.port",
    "network.v1.FloatingIp.server_id",
    "object_store.v1.Object.checksums",
}


def test_what_no_request_can_give_none_gives() -> None:
    found = set()
    for method in METHODS:
        resource = RESOURCES.get(f".{method.rule.resource}")
        if resource is None or method.rule.verb not in {ann.VERB_CREATE, ann.VERB_UPDATE}:
            continue
        given = {each.name for each in method.request.field if each.number in {3, *range(20, 1000)}}
        for field in resource.field:
            output_only = (
                ann.FIELD_BEHAVIOR_OUTPUT_ONLY in field.options.Extensions[ann.field_behavior]
            )
            if output_only and {field.name, field.name.removesuffix("_id")} & given:
                found.add(f"{method.rule.resource.removeprefix('oaktree.')}.{field.name}")
    assert found == DERIVED


@pytest.mark.parametrize("name", RESOURCES)
def test_reads_of_a_resource_reach_equally_far(name: str) -> None:
    reads = {ann.VERB_GET, ann.VERB_LIST, ann.VERB_WATCH}
    far = {
        method.proto.name: "all_projects" in fields(method.request)
        for method in METHODS
        if f".{method.rule.resource}" == name and method.rule.verb in reads
    }
    assert len(set(far.values())) <= 1, far


@pytest.mark.parametrize("name", [name for name in MESSAGES if name.endswith("Filter")])
def test_a_filter_has_the_fixed_numbers(name: str) -> None:
    for field in MESSAGES[name].field:
        assert {"names": 1, "ids": 2}.get(field.name, field.number) == field.number, field.name


def test_an_update_can_leave_any_enum_as_it_is() -> None:
    for method in METHODS:
        for field in method.request.field if method.rule.verb == ann.VERB_UPDATE else ():
            if field.type_name in ENUMS and field.label != Field.LABEL_REPEATED:
                assert field.proto3_optional or field.HasField("oneof_index"), field.name


def test_every_reason_is_documented() -> None:
    table = (SRCDIR / "doc" / "errors.rst").read_text()
    documented = set(re.findall(r"^([A-Z][A-Z_]+) +[A-Z_]+ ", table, re.MULTILINE))
    comments = " ".join(at.leading_comments for f in FILES for at in f.source_code_info.location)
    phrases = re.findall(r"reason ([A-Z_]{4,}(?: or [A-Z_]{4,})?)", " ".join(comments.split()))
    named = {reason for phrase in phrases for reason in phrase.split(" or ")}
    assert "QUOTA_EXCEEDED" in named & documented
    assert named <= documented
