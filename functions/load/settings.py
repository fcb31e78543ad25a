"""The settings of the load function."""

from pathlib import Path

import msgspec

from functions.load.storage_write import MAX_REQUEST_BYTES
from functions.secrets.file import KEEP_SECONDS, REFRESH_SECONDS
from functions.web.intake import MAX_WAITING_BYTES


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """The settings of `load`; `functions.web.environment.read` reads them from the environment.

    Attributes:
        cell: the cell's name, such as ``eu``.
        gcp_project: the Google Cloud project.
        bigquery_write_endpoint: the endpoint of the Storage Write API.
        store_dataset: the full name of the dataset with the tables, ``projects/P/datasets/D``.
        pseudonym_keys: the folder with a file for each version of the pseudonym key.
        closed_file: the file with the closed list, a secret that names the closed partners.
        storage_endpoint: the endpoint of Cloud Storage.
        bucket: the cell's bucket.
        append_deadline_seconds: the time limit of one append, including reconnecting. It must be
            below the subscription's acknowledgement deadline; otherwise Pub/Sub delivers a message
            again while it is being appended.
        max_in_flight_appends: the maximum number of concurrent appends to each table.
        append_spacing_seconds: the minimum time between the starts of two appends to a table. This
            minimum applies only while an append is in progress. Each append costs processor time,
            so fewer and larger appends are cheaper.
        max_batch_rows: the maximum number of rows in one append.
        max_row_bytes: the maximum size of a row in bytes; BigQuery's limit for a request is 10 MB.
        max_waiting_rows: for each table, the maximum number of rows that wait to be appended; above
            it the answer is 503, and Pub/Sub delivers the message again.
        max_waiting_bytes: the maximum bytes of pushes in memory; above it the answer is 503. A push
            counts until it is answered. The process uses up to five times as much memory, for
            parsed and encoded copies.
        known_people: the maximum number of people whose stored identities are remembered. A person
            counts once for each day, and takes about 250 bytes.
        closed_refresh_seconds: the age after which the closed list is read again.
        closed_keep_seconds: how long the last closed list may be used while a newer one cannot be
            read; after that time the answer is 503.
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
