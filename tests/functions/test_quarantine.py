"""Quarantine: what an object says, and how it is named."""

import base64
import json
from typing import Any

import pytest

from functions.bucket import BucketUnavailable
from functions.quarantine import Quarantine, object_name

BODY = "no json, Zoë \ud83d".encode(errors="surrogatepass")


class Bucket:
    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.fails = False

    async def write(self, name: str, data: bytes, *, content_type: str, within: float) -> None:
        if self.fails:
            raise BucketUnavailable
        assert content_type == "application/x-ndjson"
        assert 0 < within <= 5
        self.objects[name] = data


async def keep(bucket: Bucket, data: bytes = BODY, **changes: str) -> None:
    told: dict[str, Any] = {"reason": "not_json", "partner": "acme", "kind": "chat"} | changes
    quarantine = Quarantine(bucket)
    await quarantine.keep(data=data, received_at="2026-11-22T14:25:32.123456Z", **told)


async def test_an_object_is_one_line_with_everything_that_a_replay_needs() -> None:
    bucket = Bucket()
    await keep(bucket)
    [content] = bucket.objects.values()
    assert content.count(b"\n") == 1
    assert json.loads(content) == {
        "reason": "not_json",
        "partner": "acme",
        "kind": "chat",
        "received_at": "2026-11-22T14:25:32.123456Z",
        "body": base64.b64encode(BODY).decode(),
    }


async def test_a_retry_is_the_same_object_and_anything_else_is_another() -> None:
    bucket = Bucket()
    for _ in range(3):
        await keep(bucket)
    assert len(bucket.objects) == 1
    await keep(bucket, BODY + b" ")
    await keep(bucket, partner="solo")
    await keep(bucket, kind="room")
    await keep(bucket, reason="project_unknown")
    assert len(bucket.objects) == 5


async def test_events_that_are_alike_are_kept_each_and_a_redelivery_is_not() -> None:
    bucket = Bucket()
    quarantine = Quarantine(bucket)
    for ingest_id in ("first", "second", "second"):
        await quarantine.keep(
            reason="time_out_of_range",
            partner="acme",
            kind="chat",
            data=BODY,
            received_at="2001-09-09T01:46:40.000000Z",
            attributes={"ingest_id": ingest_id},
        )
    assert len(bucket.objects) == 2


async def test_what_the_bucket_does_not_take_is_told() -> None:
    bucket = Bucket()
    bucket.fails = True
    with pytest.raises(BucketUnavailable):
        await keep(bucket)


def test_the_name_leads_with_what_operators_look_for() -> None:
    name = object_name("not_json", "acme", "chat", b"")
    digest = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert name == f"quarantine/not_json/acme/chat/{digest}.ndjson"


@pytest.mark.parametrize("odd", ["", "a/b", "../..", "x" * 1_000, "Zo\xeb", "a\nb", "."])
def test_a_malformed_message_does_not_choose_the_folder(odd: str) -> None:
    """Nor a name that is longer than the bucket takes: it would come again for ever."""
    assert object_name("bad_attributes", odd, odd, b"").startswith(
        "quarantine/bad_attributes/unknown/unknown/"
    )
