"""The Cloud Storage stand-in: the ``gcp-storage-emulator`` package, with two corrections.

Run as ``python -m local.storage --port 9070 [--data-dir DIR]``. It listens on 127.0.0.1 only, is
ready when ``GET /`` answers 200, and ends on SIGTERM or SIGINT.

The package ignores ``ifGenerationMatch``. The functions rely on this parameter so that they never
replace an object that another request has written, so this module applies it to uploads and
deletions. The package also says that every bucket is in the US. Here, a bucket keeps the location
that it was created with.
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
    """Make the corrections that the description of this module lists.

    A bucket keeps the location that it was created with. A request that expects an object to have
    another generation than it has is answered with 412.
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
    """Return the generation of the object that a request names; "0" if it does not exist."""
    objects = storage.objects.get(request.params["bucket_name"], {})
    return str(objects.get(_object_name(request), {}).get("generation", "0"))


def _object_name(request: Any) -> str | None:
    """Return the object's name, from the path, the query, or the metadata in an upload."""
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
    logging.disable(logging.ERROR)  # the package logs a stack trace for each 404
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    amend()
    create_server(HOST, port, in_memory=data_dir is None, data_dir=data_dir and str(data_dir)).run()


if __name__ == "__main__":
    main()
