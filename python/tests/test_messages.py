# SPDX-License-Identifier: Apache-2.0
"""What the API's promises rest on: absence is not zero, and what is new gets through the old."""

from __future__ import annotations

import pytest
from google.protobuf import json_format
from google.protobuf.any_pb2 import Any as AnyMessage
from oaktreemodel.common import v1 as common
from oaktreemodel.compute import v1 as compute


def test_absent_differs_from_zero() -> None:
    silent = compute.FlavorFilter()
    zero = compute.FlavorFilter(min_ram_mib=0, is_public=False)
    assert not silent.HasField("min_ram_mib")
    assert compute.FlavorFilter.FromString(silent.SerializeToString()) == silent
    again = compute.FlavorFilter.FromString(zero.SerializeToString())
    assert again.HasField("min_ram_mib")
    assert again.HasField("is_public")
    assert not again.HasField("min_disk_gib")
    assert again != silent


def test_presence_is_only_where_the_proto_has_it() -> None:
    with pytest.raises(ValueError, match="presence"):
        compute.Flavor().HasField("name")  # type: ignore[arg-type]


def test_unknown_enum_value_survives() -> None:
    event = compute.FlavorEvent.FromString(b"\x08\xe7\x07")  # Field 1 is the kind, and 999.
    assert event.kind == 999
    assert event.kind not in common.WatchEventKind.values()
    assert event.SerializeToString() == b"\x08\xe7\x07"


def test_unknown_field_survives() -> None:
    newer = compute.Flavor(name="m1.small").SerializeToString() + b"\xc2\x3e\x03new"  # Field 1000.
    flavor = compute.Flavor.FromString(newer)
    assert flavor.name == "m1.small"
    assert flavor.SerializeToString() == newer
    copy = compute.Flavor()
    copy.CopyFrom(flavor)
    assert copy.SerializeToString() == newer


def test_error_detail_has_the_type_its_package_says() -> None:
    detail = AnyMessage()
    detail.Pack(common.Error(reason="QUOTA_EXCEEDED"))
    assert detail.type_url == "type.googleapis.com/oaktree.common.v1.Error"
    status = common.Status(code=8, details=[detail])
    error = common.Error()
    assert common.Status.FromString(status.SerializeToString()).details[0].Unpack(error)
    assert error.reason == "QUOTA_EXCEEDED"


def test_options_can_be_read() -> None:
    get = compute.GetFlavorRequest.DESCRIPTOR.file.services_by_name["FlavorService"]
    method = get.methods_by_name["GetFlavor"].GetOptions().Extensions[common.method]
    assert method.verb == common.VERB_GET
    assert method.resource == "oaktree.compute.v1.Flavor"
    assert compute.Flavor.DESCRIPTOR.GetOptions().Extensions[common.resource].type == "flavor"


def test_json_names() -> None:
    flavor = compute.Flavor(name="m1.small", ram_mib=2048)
    assert json_format.MessageToDict(flavor) == {"name": "m1.small", "ramMib": "2048"}


def test_enum_class_has_names_and_values() -> None:
    assert common.Verb.Name(common.VERB_LIST) == "VERB_LIST"
    assert common.Verb.Value("VERB_LIST") == common.VERB_LIST
