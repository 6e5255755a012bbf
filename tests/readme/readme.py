# SPDX-License-Identifier: Apache-2.0
"""Does what README.rst tells users of one language, literally, against a small server.

The blocks of README.rst are found by their names. What they call localhost:50051 is the server
here; what installs into the machine is the caller's part.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from concurrent import futures
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

import grpc
from oaktreemodel.common import v1 as common
from oaktreemodel.compute import v1 as compute

ADDRESS = "localhost:50051"
PROGRAMS = {"cpp": "servers.cc", "go": "main.go", "python": "servers.py"}


class Servers(compute.ServerServiceServicer):
    """Has two servers, each on a page of its own, and knows one cloud that does not answer."""

    servers: ClassVar = [
        compute.Server(
            location=common.Location(cloud="vienna"), name="db-1", interface_address="203.0.113.9"
        ),
        compute.Server(
            location=common.Location(cloud="vienna"), name="web-1", interface_address="203.0.113.10"
        ),
    ]

    def ListServers(  # noqa: N802
        self, request: compute.ListServersRequest, context: grpc.ServicerContext
    ) -> compute.ListServersResponse:
        first = int(request.page_token or 0)
        rest = self.servers[first + 1 :]
        return compute.ListServersResponse(
            servers=[self.servers[first]],
            next_page_token=str(first + 1) if rest else "",
            unreachable=[
                common.LocationError(
                    location=common.Location(cloud="graz"), error=common.Error(message="is down")
                )
            ],
        )

    def GetServer(  # noqa: N802
        self, request: compute.GetServerRequest, context: grpc.ServicerContext
    ) -> compute.GetServerResponse:
        found = [server for server in self.servers if server.name == request.name_or_id]
        if not found:
            context.abort(grpc.StatusCode.NOT_FOUND, f"There is no server {request.name_or_id}.")
        return compute.GetServerResponse(server=found[0])


@contextmanager
def serving() -> Iterator[str]:
    """Runs the server, and gives its address."""
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=2))
    servers = Servers()  # What it does not have answers UNIMPLEMENTED.
    compute.add_ServerServiceServicer_to_server(servers, server)
    port = server.add_insecure_port("localhost:0")
    server.start()
    try:
        yield f"localhost:{port}"
    finally:
        server.stop(grace=None)


def blocks(text: str) -> dict[str, str]:
    """Gives the named code blocks of a reStructuredText, by name."""
    found = {}
    pattern = r"^\.\. code-block:: \S+\n   :name: (\S+)\n\n((?:   .*\n|\n)+)"
    for match in re.finditer(pattern, text, re.MULTILINE):
        found[match[1]] = re.sub("^   ", "", match[2].strip("\n") + "\n", flags=re.MULTILINE)
    return found


def main() -> None:
    language, readme = sys.argv[1:]
    block = blocks(Path(readme).read_text(encoding="utf-8"))
    if language == "go":  # the only one that installs nothing into the machine
        subprocess.run(["sh", "-eu", "-c", block["go-install"]], check=True)
        os.chdir("servers")
    Path(PROGRAMS[language]).write_text(block[PROGRAMS[language]], encoding="utf-8")
    with serving() as address:

        def run(script: str) -> "subprocess.CompletedProcess[str]":
            assert ADDRESS in script, f"no call of {ADDRESS} in: {script}"
            result = subprocess.run(
                ["sh", "-eu", "-c", script.replace(ADDRESS, address)],
                capture_output=True,
                check=False,
                text=True,
                timeout=600,
            )
            print(script, result.stdout, result.stderr, sep="\n")
            return result

        commands = block[f"{language}-run"]
        result = run(commands)
        assert result.returncode == 0, f"exit {result.returncode}"
        assert result.stdout == block["answer"], "README.rst shows another answer"
        assert "graz: is down" in result.stderr, "the cloud that is down goes unmentioned"

        # The last line is the call; a server that does not exist must not look like success.
        result = run(commands.splitlines()[-1].replace("web-1", "web-2"))
        assert result.returncode != 0, "a missing server is no error"
        assert "There is no server web-2." in result.stderr, result.stderr


main()
