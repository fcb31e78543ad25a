"""The Cloud Storage stand-in: the ``gcp-storage-emulator`` package, with two things put right.

Run as ``python -m local.storage --port 9070 [--data-dir DIR]``. It listens on 127.0.0.1 only, is
ready when ``GET /`` answers 200, and ends on SIGTERM or SIGINT.

The package ignores ``ifGenerationMatch``. Writers rely on it to never replace an object that
somebody else has written, so it is honoured here for uploads and deletions. It also says of every
bucket that it is in the US; here a bucket is where it was made.
"""

import logging
import signal
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import Any

import click
from gcp_storage_emulator.handlers import buckets
from gcp_storage_emulator.server import HANDLERS, create_server

HOST = "127.0.0.1"
CHANGING = ("POST", "PUT", "DELETE")


def amend() -> None:
    """Put right what the module's description names.

    A bucket keeps the location that it is made with. A request that expects another generation of
    an object than the present one is answered 412.
    """
    for _, handlers in HANDLERS:
        if handlers.get("POST") is buckets.insert:
            handlers["POST"] = _with_location(buckets.insert)
        for method in handlers.keys() & set(CHANGING):
            handlers[method] = _with_precondition(handlers[method])


def _with_location(insert: Callable[..., None]) -> Callable[..., None]:
    def located(request: Any, response: Any, storage: Any) -> None:
        insert(request, response, storage)
        location = request.data.get("location")
        if response.status == HTTPStatus.OK and location:
            name = request.data["name"]
            kept = {"location": location.upper(), "locationType": "region"}
            storage.create_bucket(name, storage.buckets[name] | kept)
            response.json(storage.buckets[name])

    return located


def _with_precondition(handle: Callable[..., None]) -> Callable[..., None]:
    def guarded(request: Any, response: Any, storage: Any) -> None:
        expected = request.query.get("ifGenerationMatch")
        if expected and expected[0] != _generation(request, storage):
            response.status = HTTPStatus.PRECONDITION_FAILED
            response.json({"error": {"code": 412, "message": "conditionNotMet"}})
            return
        handle(request, response, storage)

    return guarded


def _generation(request: Any, storage: Any) -> str:
    """Return the present generation of the object that a request is about, "0" for none."""
    objects = storage.objects.get(request.params["bucket_name"], {})
    return str(objects.get(_object_name(request), {}).get("generation", "0"))


def _object_name(request: Any) -> str | None:
    """Find the object's name: in the path, in the query, or in an upload's own metadata."""
    if "object_id" in request.params:
        return str(request.params["object_id"])
    if "name" in request.query:
        return str(request.query["name"][0])
    if not isinstance(request.data, dict):
        return None
    name = request.data.get("meta", request.data).get("name")
    return None if name is None else str(name)


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), required=True)
@click.option("--data-dir", type=click.Path(file_okay=False, resolve_path=True, path_type=Path))
def main(port: int, data_dir: Path | None) -> None:
    """Serve Cloud Storage's JSON API; without --data-dir, objects stay in memory."""
    logging.disable(logging.ERROR)  # the package logs a stack trace for what is a plain 404
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    amend()
    create_server(HOST, port, in_memory=data_dir is None, data_dir=data_dir and str(data_dir)).run()


if __name__ == "__main__":
    main()
