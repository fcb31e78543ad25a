"""The receiver's settings."""

from pathlib import Path

import msgspec

from functions.acceptance.placement import MAX_EVENT_BYTES
from functions.secrets.file import KEEP_SECONDS, REFRESH_SECONDS
from functions.web.intake import MAX_WAITING_BYTES


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Read from the environment by `functions.web.environment.read`.

    Attributes:
        cell: this cell's name, as projects are pinned to.
        gcp_project: the Google Cloud project.
        events_topic: ``projects/p/topics/t``.
        pubsub_endpoint: the region's, ``https://host:port``.
        storage_endpoint: the region's, ``https://host``.
        bucket: the cell's, for spill and quarantine.
        partners_file: the secret with the partners' token digests.
        closed_file: the secret with the partners who have left.
        max_event_bytes: the most that one event may have; a larger one is 413.
        max_request_bytes: the most that one request may have; a larger one is 413.
        max_request_events: the most events in one request; more are 413.
        signature_tolerance_seconds: how far a signature's time may be off, either way.
        max_waiting_events: events that may be on their way to Pub/Sub or the bucket; then 503. One
            partner may have as many as it leaves free, so half of them at most.
        max_waiting_bytes: bytes of bodies that may be in memory, being read or on their way; then
            503. The process takes up to five times as much: parsed, encoded, spilled. One partner
            may hold as much as it leaves free, so half of it at most.
        max_unfinished_bodies: bodies that may be on their way at a time; then 503. One partner may
            have as many as it leaves free. As many as an instance takes requests at a time.
        body_seconds: how long a body may be on its way; then 408.
        publish_deadline_seconds: how long one publish may take.
        durable_within_seconds: how long publishing and spilling may take together. What publishing
            leaves is for waiting and for the spill, half of it each.
        closed_refresh_seconds: after this time that secret is read again.
        closed_keep_seconds: the longest time that its last good value is used while it cannot be
            read; then 503.
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
    signature_tolerance_seconds: float = 300.0
    max_waiting_events: int = 40_000
    max_waiting_bytes: int = MAX_WAITING_BYTES
    max_unfinished_bodies: int = 250
    body_seconds: float = 20.0
    publish_deadline_seconds: float = 4.0
    durable_within_seconds: float = 10.0
    closed_refresh_seconds: float = REFRESH_SECONDS
    closed_keep_seconds: float = KEEP_SECONDS
