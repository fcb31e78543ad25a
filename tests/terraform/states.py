"""An HTTP server of this process, which keeps the states of the workspaces in files.

Terraform writes a local state file after each resource, which takes most of the time of an apply.
It writes a state that it reaches over HTTP only every 20 seconds and at the end.
"""

import functools
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


def address(file: Path) -> str:
    """Return the URL of the state in a file; the file need not exist yet."""
    return f"http://127.0.0.1:{_server().server_port}{file.resolve()}"


class _States(BaseHTTPRequestHandler):
    """Serves Terraform's backend "http" without locks; the path of the URL is that of the file."""

    def do_GET(self) -> None:
        file = Path(self.path)
        if file.exists():
            self._answer(200, file.read_bytes())
        else:
            self._answer(404)

    def do_POST(self) -> None:
        Path(self.path).write_bytes(self.rfile.read(int(self.headers["Content-Length"])))
        self._answer(200)

    def log_message(self, *_: object) -> None:
        """Print no line for each request."""

    def _answer(self, status: int, content: bytes = b"") -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


@functools.cache
def _server() -> ThreadingHTTPServer:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _States)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server
