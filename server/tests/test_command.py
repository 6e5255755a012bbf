# SPDX-License-Identifier: Apache-2.0
"""The command oaktree, as a deployer runs it."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from oaktreemodel.cloud import v1 as cloud
from oaktreemodel.common import v1 as common
from oaktreemodel.compute import v1 as compute
from oaktreemodel.operation import v1 as operation

COMMAND = [sys.executable, "-m", "oaktree"]


def run(*arguments: str) -> tuple[int, str]:
    done = subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, timeout=30)
    assert "Traceback" not in done.stderr
    return done.returncode, done.stderr.strip()


def test_it_serves_tells_its_health_and_stops() -> None:
    command = [*COMMAND, "--simulated", "--listen", "127.0.0.1:0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        address = process.stdout.readline().removeprefix("listening on ").strip()
        with grpc.insecure_channel(address) as channel:
            clouds = cloud.CloudServiceStub(channel).ListClouds(cloud.ListCloudsRequest())
            assert [each.name for each in clouds.clouds] == ["alder", "birch"]
            check = health_pb2.HealthCheckRequest(service="oaktree.compute.v1.ServerService")
            health = health_pb2_grpc.HealthStub(channel).Check(check)
            assert health.status == health_pb2.HealthCheckResponse.SERVING
            ask = reflection_pb2.ServerReflectionRequest(list_services="")
            stub = reflection_pb2_grpc.ServerReflectionStub(channel)
            answer = next(stub.ServerReflectionInfo(iter([ask])))
            names = {each.name for each in answer.list_services_response.service}
            assert {"oaktree.compute.v1.ServerService", "grpc.health.v1.Health"} <= names
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 0


def test_a_watch_does_not_hold_it() -> None:
    command = [*COMMAND, "--simulated", "--listen", "127.0.0.1:0", "--drain", "600"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        address = process.stdout.readline().removeprefix("listening on ").strip()
        with grpc.insecure_channel(address) as channel:
            call = compute.ServerServiceStub(channel).WatchServers(compute.WatchServersRequest())
            next(call)
            process.send_signal(signal.SIGTERM)
            with pytest.raises(grpc.RpcError) as ended:
                for _ in call:
                    pass
            assert ended.value.code() == grpc.StatusCode.UNAVAILABLE
            trailers = {each.key for each in ended.value.trailing_metadata()}
            assert "grpc-status-details-bin" in trailers
            assert process.wait(timeout=120) == 0


def test_a_second_signal_ends_what_is_left() -> None:
    command = [*COMMAND, "--simulated", "--listen", "127.0.0.1:0", "--drain", "600"]
    command += ["--pace", "1000000"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        address = process.stdout.readline().removeprefix("listening on ").strip()
        with grpc.insecure_channel(address) as channel:
            request = compute.CreateServerRequest(
                location=common.Location(cloud="alder"), name="s", flavor="small", image="debian-13"
            )
            made = compute.ServerServiceStub(channel).CreateServer(request)
            wait = operation.WaitOperationRequest(operation_id=made.operation.id)
            call = operation.OperationServiceStub(channel).WaitOperation.future(wait)
            # The server takes up calls in their order.
            cloud.CloudServiceStub(channel).ListClouds(cloud.ListCloudsRequest())
            process.send_signal(signal.SIGTERM)
            while "stopping" not in process.stderr.readline():
                pass
            assert not call.done()
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=120) == 0
            assert call.exception() is not None


def test_it_speaks_tls(tmp_path: Path) -> None:
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"]
    make += ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    make += ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run(make, check=True, capture_output=True)
    command = [*COMMAND, "--simulated", "--listen", "127.0.0.1:0"]
    command += ["--tls-cert", str(certificate), "--tls-key", str(key)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        address = process.stdout.readline().removeprefix("listening on ").strip()
        trusted = grpc.ssl_channel_credentials(certificate.read_bytes())
        with grpc.secure_channel(address, trusted) as channel:
            clouds = cloud.CloudServiceStub(channel).ListClouds(cloud.ListCloudsRequest())
            assert len(clouds.clouds) == 2
        with grpc.insecure_channel(address) as channel, pytest.raises(grpc.RpcError):
            cloud.CloudServiceStub(channel).ListClouds(cloud.ListCloudsRequest(), timeout=5)
        process.terminate()
        assert process.wait(timeout=20) == 0


def test_a_port_in_use_is_said() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        status, error = run("--simulated", "--listen", f"127.0.0.1:{port}")
    assert status == 2
    assert error.startswith(f"oaktree: cannot listen on 127.0.0.1:{port}: ")
    assert "--listen" in error


@pytest.mark.parametrize(
    "arguments, text",
    [
        (["--simulatd"], "unrecognized arguments: --simulatd"),
        (["--pace", "fast"], "argument --pace"),
        ([], "no clouds are configured"),
        (["--simulated", "--listen", "nowhere"], "listen must be host:port, not 'nowhere'"),
        (["--simulated", "--pace", "0", "--servers=-1"], "pace must be more than 0; servers must"),
        (["--simulated", "--listen", "127.0.0.1:\u00b2"], "listen must be host:port, not"),
        (["--simulated", "--listen", "127.0.0.1:" + "9" * 5000], "listen must be host:port, not"),
        (["--simulated", "--listen", "a" * 70 + ".b:1"], "is no address: it can be no name"),
        (["--simulated", "--pace", "nan", "--patience=inf"], "pace must be a number, not nan; pat"),
        (["--simulated", "--servers", "1" + "0" * 21], "servers must be 1000000 at the most"),
        (["--simulated", "--config", ""], "--config must not be empty"),
        (["--simulated", "--tls-cert", "", "--tls-key", ""], "--tls-cert must not be empty"),
        (["--simulated", "--tls-cert", "x"], "tls_cert and tls_key go together"),
        (["--config", "/nonexistent"], "/nonexistent cannot be read"),
        (
            ["--simulated", "--tls-cert", __file__, "--tls-key", __file__],
            "tls_cert and tls_key: no PEM certificate",
        ),
    ],
)
def test_a_wrong_flag_is_said(arguments: list[str], text: str) -> None:
    status, error = run(*arguments)
    assert status == 2
    assert text in error


@pytest.mark.parametrize(
    "content, text",
    [
        ("simulated = ", "is no TOML"),
        ("listen = " + "[" * 20_000, "is no "),
        ('simulated = "yes"\nport = 1', "'port' is no setting; 'simulated' must be a bool"),
    ],
)
def test_a_broken_file_is_said(tmp_path: Path, content: str, text: str) -> None:
    file = tmp_path / "oaktree.toml"
    file.write_text(content)
    status, error = run("--config", str(file))
    assert status == 2
    assert str(file) in error
    assert text in error
