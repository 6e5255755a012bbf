# SPDX-License-Identifier: Apache-2.0
"""The command oaktree."""

from __future__ import annotations

import asyncio
import importlib.metadata
import logging
import sys
from collections.abc import Sequence

from oaktree.serve.config import ConfigError, configure, parser
from oaktree.serve.server import serve


def main(arguments: Sequence[str] | None = None) -> int:
    """Serves until it is stopped. 0 when that was asked for, 2 when it could not begin."""
    given = parser().parse_args(arguments)
    if given.version:
        print(f"oaktree {importlib.metadata.version('oaktree')}")
        return 0
    try:
        config = configure(given)
        logging.basicConfig(
            level=config.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s"
        )
        asyncio.run(serve(config, lambda address: print(f"listening on {address}", flush=True)))
    except ConfigError as error:
        print(f"oaktree: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
