# SPDX-License-Identifier: Apache-2.0
"""What the server is told: flags, and a TOML file whose names are those of the flags."""

from __future__ import annotations

import argparse
import math
import tomllib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, get_type_hints

DEFAULT_LISTEN = "127.0.0.1:50051"
# Of each simulated region, which are all in memory.
MOST_SERVERS = 1_000_000


class ConfigError(Exception):
    """What is wrong, where, and what to do."""


@dataclass(frozen=True)
class Config:
    """The settings of a server."""

    # The address to listen on: host:port, port 0 for any free one.
    listen: str = DEFAULT_LISTEN
    # Whether to serve simulated clouds.
    simulated: bool = False
    # How much longer simulated clouds take: 0.1 is ten times as fast.
    pace: float = 1.0
    # How many servers each simulated region has from the beginning.
    servers: int = 2
    # A PEM certificate chain and its key; both or none.
    tls_cert: str = ""
    tls_key: str = ""
    # How many seconds a cloud has to answer before it counts as unreachable.
    patience: float = 30.0
    # How many seconds calls have to end when the server stops; watches end at once.
    drain: float = 10.0
    log_level: str = "info"


HELP = {
    "listen": f"address to listen on, host:port (default {DEFAULT_LISTEN}); port 0 is any free one",
    "simulated": "serve two clouds that are simulated in memory",
    "pace": "how much longer simulated clouds take: 0.1 is ten times as fast (default 1.0)",
    "servers": "how many servers each simulated region has from the beginning (default 2)",
    "tls_cert": "file with the server's certificate chain, PEM",
    "tls_key": "file with the key of that certificate, PEM",
    "patience": "seconds a cloud has to answer before it counts as unreachable (default 30)",
    "drain": "seconds calls have to end when the server stops; watches end at once (default 10)",
    "log_level": "debug, info, warning or error (default info)",
}
LEVELS = ("debug", "info", "warning", "error")


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="oaktree", description="One gRPC server for every OpenStack cloud.", allow_abbrev=False
    )
    made.add_argument("--config", metavar="FILE", help="TOML file with these settings, by name")
    made.add_argument("--version", action="store_true", help="print the version and exit")
    types = get_type_hints(Config)
    for field in fields(Config):
        flag = f"--{field.name.replace('_', '-')}"
        if types[field.name] is bool:
            made.add_argument(flag, action="store_true", default=None, help=HELP[field.name])
        else:
            made.add_argument(
                flag,
                type=types[field.name],
                metavar=types[field.name].__name__.upper(),
                help=HELP[field.name],
            )
    return made


def configure(arguments: argparse.Namespace) -> Config:
    """The settings: what the flags say wins over the file. Raises ConfigError."""
    empty = [name for name, given in vars(arguments).items() if given == ""]
    if empty:
        raise ConfigError(f"--{empty[0].replace('_', '-')} must not be empty")
    given_file = arguments.config is not None
    values: dict[str, Any] = read(Path(arguments.config)) if given_file else {}
    for field in fields(Config):
        given = getattr(arguments, field.name)
        if given is not None:
            values[field.name] = given
    config = Config(**values)
    check(config)
    return config


def read(path: Path) -> dict[str, Any]:
    """The settings in a file, with their types checked."""
    try:
        found = tomllib.loads(path.read_text())
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise ConfigError(f"{path} is no TOML: {error}") from None
    except RecursionError:
        raise ConfigError(f"{path} is no settings: it is nested too deeply") from None
    types = get_type_hints(Config)
    wrong = [f"'{name}' is no setting" for name in found if name not in types]
    for name, value in found.items():
        wanted = types.get(name)
        if wanted is float and type(value) is int:
            # What is too large is found as such below.
            found[name] = value = float(value) if abs(value) < 1 << 64 else math.inf
        if wanted is not None and type(value) is not wanted:
            wrong.append(f"'{name}' must be a {wanted.__name__}, not {value!r}")
    if wrong:
        known = ", ".join(types)
        raise ConfigError(f"{path}: {'; '.join(wrong)}. The settings are: {known}")
    return found


def check(config: Config) -> None:
    wrong = []
    host, _, port = config.listen.rpartition(":")
    is_number = port.isascii() and port.isdecimal() and len(port) <= 5
    if not host or not is_number or int(port) > 65535:
        wrong.append(f"listen must be host:port, not '{config.listen}'")
    for name in ("pace", "patience", "drain"):
        value = getattr(config, name)
        if not math.isfinite(value):
            wrong.append(f"{name} must be a number, not {value}")
        elif value < 0 or (name != "drain" and value == 0):
            wrong.append(
                f"{name} must {'not be negative' if name == 'drain' else 'be more than 0'}"
            )
    if config.servers < 0:
        wrong.append("servers must not be negative")
    if config.servers > MOST_SERVERS:
        wrong.append(f"servers must be {MOST_SERVERS} at the most")
    if config.log_level not in LEVELS:
        wrong.append(f"log_level must be one of {', '.join(LEVELS)}")
    if bool(config.tls_cert) != bool(config.tls_key):
        wrong.append("tls_cert and tls_key go together")
    for name in ("tls_cert", "tls_key"):
        file = getattr(config, name)
        if file and not Path(file).is_file():
            wrong.append(f"{name}: there is no file '{file}'")
    if not config.simulated:
        wrong.append("no clouds are configured: run with --simulated to serve simulated ones")
    if wrong:
        raise ConfigError("; ".join(wrong))
