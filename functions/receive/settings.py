"""The settings of the function `receive`."""

from pathlib import Path

import msgspec

from functions.acceptance.placement import MAX_EVENT_BYTES
from functions.secrets.file import KEEP_SECONDS, REFRESH_SECONDS
from functions.web.intake import MAX_WAITING_BYTES


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """The settings, read from the environment by `functions.web.environment.read`.

    Attributes:
        cell: the name of this cell; projects that are pinned to other cells are refused.
        gcp_project: the Google Cloud project.
        events_topic: the full name of the topic of events, ``projects/p/topics/t``.
        pubsub_endpoint: the regional endpoint of Pub/Sub, ``https://host:port``.
        storage_endpoint: the regional endpoint of Cloud Storage, ``https://host``.
        bucket: the cell's bucket, in which events are spilled and quarantined.
        partners_file: the file with the partners secret, which has the digests of tokens.
        closed_file: the file with the closed list, a secret that names the closed partners.
        max_event_bytes: the maximum size of one event in bytes; above it the answer is 413.
        max_request_bytes: the maximum size of one request in bytes; above it the answer is 413.
        max_request_events: the maximum number of events in one request; above it the answer is 413.
        max_quarantined_objects: the maximum number of objects that one instance quarantines for a
            partner on a UTC day; above it the answer is 429.
        max_quarantined_bytes: the maximum bytes of these objects; above it the answer is 429. An
            object has a third more bytes than the events in it.
        signature_tolerance_seconds: the maximum difference between the time in a signature and the
            current time.
        max_waiting_events: the maximum number of events that are being published or spilled; above
            it the answer is 503. One partner may use at most half of the maximum.
        max_waiting_bytes: the maximum bytes of bodies in memory; above it the answer is 503. A body
            counts until its request is answered. The process uses up to five times as much memory,
            for parsed, encoded and spilled copies. One partner may use at most half of the maximum.
        max_unfinished_bodies: the maximum number of bodies that are being received; above it the
            answer is 503. One partner may use at most half of the maximum. The default is the
            maximum number of concurrent requests of an instance.
        body_seconds: the time limit for receiving a body; after it the answer is 408.
        publish_deadline_seconds: the time limit of one publish.
        durable_within_seconds: the time limit for waiting, publishing and spilling together. The
            time that `publish_deadline_seconds` leaves is divided equally between waiting and
            spilling.
        closed_refresh_seconds: the age after which the closed list is read again.
        closed_keep_seconds: how long the last closed list may be used while a newer one cannot be
            read; after that time the answer is 503.
    """

    cell: str
    gcp_project: str
    events_topic: str
    pubsub_endpoint: str
    storage_endpoint: str
    bucket: str
    partners_file: Path
    closed_file: Path
    max_event_bytes: int = MAX_EVENT_BYTES
    max_request_bytes: int = 10_485_760
    max_request_events: int = 1_000
    max_quarantined_objects: int = 10_000
    max_quarantined_bytes: int = 1_073_741_824
    signature_tolerance_seconds: float = 300.0
    max_waiting_events: int = 40_000
    max_waiting_bytes: int = MAX_WAITING_BYTES
    max_unfinished_bodies: int = 250
    body_seconds: float = 20.0
    publish_deadline_seconds: float = 4.0
    durable_within_seconds: float = 10.0
    closed_refresh_seconds: float = REFRESH_SECONDS
    closed_keep_seconds: float = KEEP_SECONDS
