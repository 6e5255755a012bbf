# SPDX-License-Identifier: Apache-2.0
"""The proto tree as descriptors, for the tests that read it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from google.protobuf import descriptor_pb2 as pb
from oaktreemodel.common.v1 import annotations_pb2 as ann

SRCDIR = Path(os.environ.get("abs_top_srcdir", Path(__file__).parents[2]))
PROTOS = SRCDIR / "protos"


class Method(NamedTuple):
    service: str
    proto: pb.MethodDescriptorProto
    rule: ann.Method
    request: pb.DescriptorProto
    response: pb.DescriptorProto

    def __str__(self) -> str:
        return f"{self.service}.{self.proto.name}"


def compile_tree() -> list[pb.FileDescriptorProto]:
    files = sorted(str(path.relative_to(PROTOS)) for path in PROTOS.rglob("[!.]*.proto"))
    command = [sys.executable, "-m", "grpc_tools.protoc", f"-I{PROTOS}", "--include_source_info"]
    done = subprocess.run([*command, "-o/dev/stdout", *files], check=True, stdout=subprocess.PIPE)
    return list(pb.FileDescriptorSet.FromString(done.stdout).file)


FILES = compile_tree()
MESSAGES = {f".{f.package}.{m.name}": m for f in FILES for m in f.message_type}
ENUMS = {f".{f.package}.{e.name}": e for f in FILES for e in f.enum_type}
METHODS = [
    Method(
        f"{file.package}.{service.name}",
        method,
        method.options.Extensions[ann.method],
        MESSAGES[method.input_type],
        MESSAGES[method.output_type],
    )
    for file in FILES
    for service in file.service
    for method in service.method
]
RESOURCES = {
    name: message
    for name, message in MESSAGES.items()
    if message.options.HasExtension(ann.resource)
}
