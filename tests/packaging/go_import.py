# SPDX-License-Identifier: Apache-2.0
"""Stands between the go command and the network, and answers what the host of a module would:

    go_import.py PREFIX COMMAND...

runs the command with a proxy that tells whoever asks for PREFIX or anything below it that this is
a git repository, and refuses everything else.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PREFIX = sys.argv[1]
ANSWER = f'<meta name="go-import" content="{PREFIX} git https://{PREFIX}">'.encode()


class Proxy(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        """What is asked for is a whole address, as always of a proxy."""
        path = self.path.partition("?")[0].removeprefix("http://")
        if path != PREFIX and not path.startswith(f"{PREFIX}/"):
            self.send_error(403)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(ANSWER)))
        self.end_headers()
        self.wfile.write(ANSWER)

    def do_CONNECT(self) -> None:
        """There is no certificate to answer https with, so go has to be allowed to ask by http."""
        self.send_error(403)


def main() -> int:
    with ThreadingHTTPServer(("127.0.0.1", 0), Proxy) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}"
        proxies = {"HTTP_PROXY": address, "HTTPS_PROXY": address, "NO_PROXY": ""}
        lower = {name.lower(): value for name, value in proxies.items()}
        status = subprocess.run(sys.argv[2:], env=os.environ | proxies | lower, check=False)
        server.shutdown()
    return status.returncode


if __name__ == "__main__":
    sys.exit(main())
