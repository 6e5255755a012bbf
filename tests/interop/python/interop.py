# SPDX-License-Identifier: Apache-2.0
"""What the interop server and client of Python share: the data they both load themselves."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from google.protobuf import json_format
from google.protobuf.message import Message
from oaktreemodel.common import v1 as common
from oaktreemodel.compute import v1 as compute
from oaktreemodel.image import v1 as image
from oaktreemodel.network import v1 as network

AnyMessage = TypeVar("AnyMessage", bound=Message)


class Data:
    def __init__(self, folder: Path) -> None:
        self.servers = _load(folder / "servers.json", compute.ListServersResponse())
        self.flavors = _load(folder / "flavors.json", compute.ListFlavorsResponse())
        self.images = _load(folder / "images.json", image.ListImagesResponse())
        self.floating_ips = _load(folder / "floating_ips.json", network.ListFloatingIpsResponse())
        self.errors = {
            path.stem: _load(path, common.Error()) for path in (folder / "errors").glob("*.json")
        }


def _load(path: Path, message: AnyMessage) -> AnyMessage:
    return json_format.Parse(path.read_text(encoding="utf-8"), message)
