"""Settings of the load function."""

from pathlib import Path

import msgspec

from functions.load.storage_write import MAX_REQUEST_BYTES
from functions.secrets.file import KEEP_SECONDS, REFRESH_SECONDS
from functions.web.intake import MAX_WAITING_BYTES


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What the load function is told by its environment.

    Attributes:
        cell: name of the cell, such as ``eu``.
        gcp_project: the Google Cloud project.
        bigquery_write_endpoint: URL of the Storage Write API.
        store_dataset: ``projects/P/datasets/D``.
        pseudonym_keys: folder with a file for each version of the key.
        closed_file: the secret with the partners who have left.
        storage_endpoint: URL of Cloud Storage.
        bucket: the cell's bucket.
        append_deadline_seconds: how long an append may take, reconnecting included. Below the
            subscription's acknowledgement deadline, or Pub/Sub delivers again meanwhile.
        max_in_flight_appends: appends under way at a time, for each table.
        append_spacing_seconds: from the start of an append to that of the table's next one while
            any is under way: each costs processor time, and fewer carry the same rows.
        max_batch_rows: rows in one append.
        max_row_bytes: the largest row; BigQuery takes 10 MB, together with the request around it.
        max_waiting_rows: rows that may wait for theirs; then Pub/Sub is asked to come again.
        max_waiting_bytes: bytes of pushes that may be in memory, from being read until they are
            answered; then Pub/Sub is asked to come again. The process takes up to five times as
            much: parsed, encoded, sent.
        known_people: people of a day whose identity is not stored again; about 250 bytes each.
        closed_refresh_seconds: after this time that secret is read again.
        closed_keep_seconds: the longest time that its last good value is used while it cannot be
            read; then Pub/Sub is asked to come again.
    """

    cell: str
    gcp_project: str
    bigquery_write_endpoint: str
    store_dataset: str
    pseudonym_keys: Path
    closed_file: Path
    storage_endpoint: str
    bucket: str
    append_deadline_seconds: float = 10.0
    max_in_flight_appends: int = 4
    append_spacing_seconds: float = 0.005
    max_batch_rows: int = 500
    max_row_bytes: int = MAX_REQUEST_BYTES
    max_waiting_rows: int = 20_000
    max_waiting_bytes: int = MAX_WAITING_BYTES
    known_people: int = 100_000
    closed_refresh_seconds: float = REFRESH_SECONDS
    closed_keep_seconds: float = KEEP_SECONDS
