"""The Secret Manager stand-in: the part of its REST API (v1) that the functions use.

Run as ``python -m local.secret_manager --port 8611 --folder DIR --prefix
projects/p/secrets/chat-eu- --location europe-west1``. It listens on 127.0.0.1 only and ends on
SIGTERM.

The secrets are in a folder. A secret such as ``closed`` is a file: ``closed.json`` is the newest
version, which functions read as a mounted secret, and ``versions/closed/`` has all versions by
number. A secret such as ``pseudonym`` is a folder; its files are the versions.
"""

import base64
import binascii
import json
import re
import signal
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock
from typing import Any

import click

HOST = "127.0.0.1"
VERSIONS = "versions"
ACCESS = re.compile(r"(?P<secret>.+)/versions/(?P<version>latest|[1-9][0-9]*):access")
ADD = re.compile(r"(?P<secret>.+):addVersion")

MAX_BYTES = 65_536
"""The size limit of a version; Google refuses larger ones."""


class Secrets:
    """The secrets of a folder.

    Args:
        folder: the folder of the secrets.
        prefix: the beginning of the secrets' full names; a file's name without its ending follows.
        location: the region of all secrets.
    """

    def __init__(self, folder: Path, prefix: str, location: str) -> None:
        self._folder = folder
        self._prefix = prefix
        self._location = location
        self._writing = Lock()

    def describe(self, secret: str) -> dict[str, Any]:
        """Return a secret's metadata.

        Raises:
            FileNotFoundError: the secret does not exist.
        """
        self._newest(secret)
        replicas = [{"location": self._location}]
        return {"name": secret, "replication": {"userManaged": {"replicas": replicas}}}

    def access(self, secret: str, version: str) -> dict[str, Any]:
        """Return a version with its payload; ``latest`` is the newest.

        Raises:
            FileNotFoundError: the version does not exist.
        """
        with self._writing:
            number = max(self._numbers(secret)) if version == "latest" else int(version)
            data = base64.b64encode((self._versions(secret) / str(number)).read_bytes()).decode()
        return {"name": f"{secret}/versions/{number}", "payload": {"data": data}}

    def add(self, secret: str, data: bytes) -> dict[str, Any]:
        """Add a version, which becomes the newest; return its metadata.

        Raises:
            FileNotFoundError: the secret does not exist.
            ValueError: the version is larger than `MAX_BYTES`.
            OSError: the disk has no room for the version; nothing has changed.
        """
        if len(data) > MAX_BYTES:
            raise ValueError("a version has 64 KiB at most")
        with self._writing:
            number = max(self._numbers(secret)) + 1
            places = [self._versions(secret) / str(number)]
            newest = self._newest(secret)
            if newest.is_file():
                places.append(newest)
            fresh = [self._folder / f"{place}.fresh" for place in range(len(places))]
            for file in fresh:
                file.write_bytes(data)
            # Files are moved only if the disk had room for all of them. A reader sees the old
            # version or the new one, never a part.
            for file, place in zip(fresh, places, strict=True):
                file.replace(place)
        return {"name": f"{secret}/versions/{number}", "state": "ENABLED"}

    def _newest(self, secret: str) -> Path:
        name = secret.removeprefix(self._prefix)
        file, folder = self._folder / f"{name}.json", self._folder / name
        if name != secret and re.fullmatch("[a-z]+", name):
            if file.is_file():
                return file
            if folder.is_dir() and name != VERSIONS:
                return folder
        raise FileNotFoundError(secret)

    def _versions(self, secret: str) -> Path:
        newest = self._newest(secret)
        return newest if newest.is_dir() else self._folder / VERSIONS / newest.stem

    def _numbers(self, secret: str) -> list[int]:
        newest, versions = self._newest(secret), self._versions(secret)
        versions.mkdir(parents=True, exist_ok=True, mode=0o700)
        numbers = [int(path.name) for path in versions.iterdir()]
        if newest.is_file():
            last = versions / str(max(numbers, default=0))
            if not numbers or last.read_bytes() != newest.read_bytes():
                # A person changed the file itself, so its content becomes the next version.
                numbers.append(max(numbers, default=0) + 1)
                (versions / str(numbers[-1])).write_bytes(newest.read_bytes())
        return numbers


def server(port: int, secrets: Secrets) -> ThreadingHTTPServer:
    """Return a server of the API on a port of 127.0.0.1; 0 for any free port."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            path = self.path.removeprefix("/v1/")
            match = ACCESS.fullmatch(path)
            try:
                version = secrets.access(**match.groupdict()) if match else secrets.describe(path)
            except OSError as error:
                self._answer(_status(error))
            else:
                self._answer(HTTPStatus.OK, version)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            match = ADD.fullmatch(self.path.removeprefix("/v1/"))
            try:
                data = base64.b64decode(json.loads(body)["payload"]["data"], validate=True)
                self._answer(HTTPStatus.OK, secrets.add(match["secret"] if match else "", data))
            except OSError as error:
                self._answer(_status(error))
            except (ValueError, LookupError, TypeError, binascii.Error):
                self._answer(HTTPStatus.BAD_REQUEST)

        def _answer(self, status: HTTPStatus, body: dict[str, Any] | None = None) -> None:
            error = {"error": {"code": status, "message": status.phrase}}
            content = json.dumps(error if body is None else body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
            pass  # the base class would print a line for each request

    return ThreadingHTTPServer((HOST, port), Handler)


def _status(error: OSError) -> HTTPStatus:
    """Return 404 for a secret or version that is not there, and 503 for a disk without room."""
    if isinstance(error, FileNotFoundError):
        return HTTPStatus.NOT_FOUND
    return HTTPStatus.SERVICE_UNAVAILABLE


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), required=True)
@click.option("--folder", type=click.Path(file_okay=False, path_type=Path), required=True)
@click.option("--prefix", required=True, help="The beginning of the secrets' full names.")
@click.option("--location", required=True, help="The region of the secrets.")
def main(port: int, folder: Path, prefix: str, location: str) -> None:
    """Serve the secrets of a folder until SIGTERM."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    server(port, Secrets(folder, prefix, location)).serve_forever()


if __name__ == "__main__":
    main()
