"""The Cloud Storage stand-in: the ``gcp-storage-emulator`` package, with three corrections.

Run as ``python -m local.storage --port 9070 [--data-dir DIR]``. It listens on 127.0.0.1 only, is
ready when ``GET /`` answers 200, and ends on SIGTERM or SIGINT.

The package ignores ``ifGenerationMatch``. The functions rely on this parameter so that they never
replace an object that another request has written, so this module applies it to uploads and
deletions. The package also says that every bucket is in the US. Here, a bucket keeps the location
that it was created with. When the disk is full, the package closes the connection, lists an object
that it did not keep, and destroys its list of objects. This module answers 503, and changes
nothing.
"""

import logging
import signal
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import Any

import click
from gcp_storage_emulator import storage as files
from gcp_storage_emulator.handlers import buckets
from gcp_storage_emulator.server import HANDLERS, create_server

HOST = "127.0.0.1"
CHANGING = ("POST", "PUT", "DELETE")
FRESH = "_fresh"
"""The file that has new content until all of it is written. No bucket's name begins like this."""


def amend() -> None:
    """Make the corrections that the description of this module lists.

    A bucket keeps the location that it was created with. A request that expects an object to have
    another generation than it has is answered with 412. A request for which the disk has no room is
    answered with 503.
    """
    files._FileStore.write_bytes = _whole(files._FileStore.write_bytes)  # noqa: SLF001
    for _, handlers in HANDLERS:
        if handlers.get("POST") is buckets.insert:
            handlers["POST"] = _with_location(buckets.insert)
        for method in handlers.keys() & set(CHANGING):
            handlers[method] = _with_room(_with_precondition(handlers[method]))


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


def _whole(write: Callable[..., None]) -> Callable[..., None]:
    """Let a file keep its content until all of the new one is written."""

    def written(store: Any, rel: str, content: bytes) -> None:
        if store._use_memory:  # noqa: SLF001 - the package has no other way to ask
            write(store, rel, content)
            return
        write(store, FRESH, content)
        path = store._disk_path(rel)  # noqa: SLF001
        path.parent.mkdir(parents=True, exist_ok=True)
        store._disk_path(FRESH).replace(path)  # noqa: SLF001

    return written


def _with_room(handle: Callable[..., None]) -> Callable[..., None]:
    def answered(request: Any, response: Any, storage: Any) -> None:
        name = _object_name(request)
        listed = storage.objects.get(request.params.get("bucket_name"), {})
        before = listed.get(name)
        try:
            handle(request, response, storage)
        except OSError:
            if before is None:
                storage.objects.get(request.params.get("bucket_name"), {}).pop(name, None)
            elif name in listed:
                listed[name] = before
            response.status = HTTPStatus.SERVICE_UNAVAILABLE
            response.json({"error": {"code": 503, "message": "backendError"}})

    return answered


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
