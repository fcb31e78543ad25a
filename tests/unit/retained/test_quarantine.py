"""The contents and the names of objects in quarantine."""

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.google.storage import BucketUnavailable
from functions.retained.quarantine import (
    Quarantine,
    Quarantined,
    id_of_body,
    object_name,
    of_message,
    to_object,
)
from tests.fakes.bucket import Bucket, Writer

BODY = "no json, Zoë \ud83d".encode(errors="surrogatepass")


async def keep(bucket: Bucket, data: bytes = BODY, **changes: str) -> None:
    arguments: dict[str, Any] = {"reason": "not_json", "partner": "acme", "kind": "chat"} | changes
    writer = Writer(bucket)
    await Quarantine(writer).keep(data=data, received_at="2026-11-22T14:25:32.123456Z", **arguments)
    assert all(0 < limit <= 5 for limit in writer.limits)
    assert set(bucket.types.values()) == {"application/x-ndjson"}


async def test_an_object_is_one_line_with_everything_that_a_replay_needs() -> None:
    bucket = Bucket()
    await keep(bucket)
    [(content, *_)] = bucket.contents.values()
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
    assert len(bucket.contents) == 1
    await keep(bucket, BODY + b" ")
    await keep(bucket, partner="solo")
    await keep(bucket, kind="room")
    await keep(bucket, reason="project_unknown")
    assert len(bucket.contents) == 5


async def test_equal_events_are_all_kept_but_a_redelivery_only_once() -> None:
    bucket = Bucket()
    quarantine = Quarantine(Writer(bucket))
    for ingest_id in ("first", "second", "second"):
        await quarantine.keep(
            reason="time_out_of_range",
            partner="acme",
            kind="chat",
            data=BODY,
            received_at="2001-09-09T01:46:40.000000Z",
            attributes={"ingest_id": ingest_id},
        )
    assert len(bucket.contents) == 2


async def test_a_failed_write_is_an_error() -> None:
    bucket = Bucket()
    bucket.failing = {"create"}
    with pytest.raises(BucketUnavailable):
        await keep(bucket)


def test_the_name_leads_with_what_operators_look_for() -> None:
    name = object_name("not_json", "acme", "chat", b"")
    folder, _, digest = name.removesuffix(".ndjson").rpartition("/")
    assert (folder, len(digest)) == ("quarantine/not_json/acme/chat", 64)


PART = st.sampled_from(["", "a", "b", "ab", "a b", "a []", " [", "A", "\n"])
"""Few short texts, so that different parts often look the same when they are joined."""

NAMED = st.tuples(PART, PART, PART.map(str.encode), st.lists(PART, max_size=3))


@given(NAMED, NAMED)
def test_names_differ_exactly_where_their_parts_do(
    one: tuple[str, str, bytes, list[str]], other: tuple[str, str, bytes, list[str]]
) -> None:
    """Odd partners share the folder ``unknown``, but their objects must have different names."""
    names = {object_name("not_json", *parts[:3], *parts[3]) for parts in (one, other)}
    assert (len(names) == 1) is (one == other)


REQUEST = st.tuples(PART, st.lists(PART, max_size=3), PART.map(str.encode))


@given(REQUEST, REQUEST)
def test_objects_of_requests_differ_where_ids_or_body_do(
    one: tuple[str, list[str], bytes], other: tuple[str, list[str], bytes]
) -> None:
    """Only the body identifies a request without an id of the sender."""
    names = {
        to_object(
            Quarantined(
                "not_json", "acme", "chat", "", "", sender_id=own, ingest_ids=dict(enumerate(ids))
            ),
            body,
        )[0]
        for own, ids, body in (one, other)
    }
    same = one[1:] == other[1:] and (bool(one[1]) or one[0] == other[0])
    assert (len(names) == 1) is same


@pytest.mark.parametrize("odd", [{}, {"ingest_id": ""}, {"project": "a"}, {"project": "b"}])
def test_messages_without_an_id_are_told_apart_by_attributes_and_source(
    odd: dict[str, str],
) -> None:
    def name(source: str, **other: str) -> str:
        return of_message(
            "malformed", BODY, odd | other, known_at=datetime(2026, 1, 1, tzinfo=UTC), source=source
        )[0]

    assert name("one") == name("one")
    assert len({name("one"), name("other"), name("one", more="x"), name("", one="")}) == 4


def test_a_message_and_a_request_with_the_same_id_are_two_objects() -> None:
    request = Quarantined("not_json", "acme", "chat", "", "", sender_id="1")
    message = Quarantined("not_json", "acme", "chat", "", "", attributes={"ingest_id": "1 []"})
    assert to_object(request, BODY)[0] != to_object(message, BODY)[0]


def test_no_header_holds_the_id_that_is_made_of_a_body() -> None:
    """Otherwise, a request with this id would count as a repetition, and would be dropped."""
    made = id_of_body(BODY)
    assert "\n" in made


@pytest.mark.parametrize("odd", ["", "a/b", "../..", "x" * 1_000, "Zo\xeb", "a\nb", "."])
def test_a_malformed_message_does_not_choose_the_folder(odd: str) -> None:
    """A name that is too long for the bucket would fail again and again."""
    assert object_name("bad_attributes", odd, odd, b"").startswith(
        "quarantine/bad_attributes/unknown/unknown/"
    )
