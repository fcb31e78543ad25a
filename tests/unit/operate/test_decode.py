"""Objects become messages: those of accepted events, and those of bodies that are accepted now."""

import base64
from contextlib import suppress
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.acceptance.ingest_id import of_request
from functions.acceptance.partners import PartnersUnavailable
from functions.events.attributes import Attributes
from functions.events.message import Message
from functions.google.storage import Stored
from functions.operate.decode import Decoder
from functions.operate.replay import Decoded, NotReplayable
from functions.retained.quarantine import Quarantined
from tests.fakes.partners import Partners
from tests.unit.operate.stand_ins import WRITTEN_AT, message, spilled


def stored(name: str) -> Stored:
    return Stored(name, 1, WRITTEN_AT)


SPILL = stored("spill/2026/11/22/10/a.ndjson")
QUARANTINE = stored("quarantine/not_json/acme/chat/a.ndjson")
RECEIVED_AT = "2026-11-22T09:00:00.000000Z"
EVENT = b'{"event": "emoji_sent", "value": {"project": "acme-prod"}}'


def quarantined(body: bytes = EVENT, **members: Any) -> bytes:
    """Return the content of an object in quarantine."""
    record = {
        "reason": "project_unknown",
        "partner": "acme",
        "kind": "chat",
        "received_at": RECEIVED_AT,
        "body": base64.b64encode(body).decode(),
    }
    return msgspec.json.encode(msgspec.convert(record | members, Quarantined))


def decoder_of(partners: Partners) -> Decoder:
    return Decoder(partners.current, "eu", max_event_bytes=1_000)


@given(st.lists(st.binary(max_size=50), max_size=5))
async def test_a_spilled_event_keeps_its_bytes_and_attributes(bodies: list[bytes]) -> None:
    data = [b'{"event": "emoji_sent", "x": "%b"}' % body.hex().encode() for body in bodies]
    messages = [Message(body, message(at).attributes) for at, body in enumerate(data)]
    assert await decoder_of(Partners()).decode(SPILL, spilled(*messages)) == Decoded(messages)


async def test_a_message_that_could_not_be_loaded_keeps_its_attributes(decoder: Decoder) -> None:
    attributes = message(1).attributes
    for data in (EVENT, b"no JSON"):
        content = quarantined(data, attributes=attributes.to_mapping(), partner="gone")
        expected = Decoded([Message(data, attributes)])
        assert await decoder.decode(QUARANTINE, content) == expected


@pytest.mark.parametrize("kept", ["Emoji_Sent", "fremd", None])
@pytest.mark.parametrize("sent", ["emoji-sent", "EmojiSent", "emoji_sent"])
async def test_an_event_kept_under_another_spelling_gets_the_catalogues_spelling(
    decoder: Decoder, sent: str, kept: str | None
) -> None:
    data = msgspec.json.encode({"event": sent, "value": {}})
    old = Message(data, msgspec.structs.replace(message(1).attributes, event=kept))
    content = quarantined(data, attributes=old.attributes.to_mapping())
    expected = Decoded([Message(data, message(1).attributes)])
    assert await decoder.decode(SPILL, spilled(old)) == expected
    assert await decoder.decode(QUARANTINE, content) == expected


async def test_a_refused_event_is_accepted_by_the_present_partners(
    decoder: Decoder, partners: Partners
) -> None:
    """The project was added meanwhile. The event keeps the time at which it was received."""
    content = quarantined(EVENT.replace(b"acme-prod", b"acme-new"))
    with pytest.raises(NotReplayable, match="project_unknown"):
        await decoder.decode(QUARANTINE, content)
    partners.projects = {"acme-new": "eu", "acme-prod": "eu"}
    [accepted] = (await decoder.decode(QUARANTINE, content)).messages
    assert accepted.data == EVENT.replace(b"acme-prod", b"acme-new")
    ingest_id = accepted.attributes.ingest_id
    assert accepted.attributes == Attributes(
        ingest_id, RECEIVED_AT, "chat", "acme", "acme-new", "emoji_sent"
    )


async def test_replaying_again_or_a_retry_of_the_sender_gives_the_same_ids(
    decoder: Decoder,
) -> None:
    body = EVENT + b"\n" + EVENT
    first = await decoder.decode(QUARANTINE, quarantined(body))
    assert await decoder.decode(QUARANTINE, quarantined(body, reason="other")) == first
    assert len({message.attributes.ingest_id for message in first.messages}) == 2
    some = b"[" + EVENT + b"," + EVENT + b"]"
    content = quarantined(some, ingest_ids={3: "one", 7: "other"})
    messages = (await decoder.decode(QUARANTINE, content)).messages
    assert [message.attributes.ingest_id for message in messages] == ["one", "other"]
    content = quarantined(body, sender_id="msg_1")
    messages = (await decoder.decode(QUARANTINE, content)).messages
    assert [message.attributes.ingest_id for message in messages] == of_request(
        "acme", "chat", "msg_1", [EVENT, EVENT]
    )


async def test_an_event_that_is_an_array_is_still_one(decoder: Decoder) -> None:
    """If it were split, its parts would get ids of other events, and might need too much memory."""
    body = b"[7,[7]]"
    decoded = await decoder.decode(QUARANTINE, quarantined(body, ingest_ids={3: "one"}))
    [one] = decoded.messages
    assert (one.data, one.attributes.kind) == (body, "test")
    assert one.attributes.ingest_id == "one"
    with_events = b"[" + EVENT + b"," + EVENT + b"]"
    with pytest.raises(NotReplayable, match="event_misplaced"):
        await decoder.decode(QUARANTINE, quarantined(with_events, ingest_ids={3: "one"}))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"oops", "malformed"),
        (quarantined(attributes={"ingest_id": "1"}), "malformed"),
        (quarantined(kind="cat"), "malformed"),
        (quarantined(received_at="yesterday"), "malformed"),
        (quarantined().replace(b'"body":"', b'"body":"!'), "malformed"),
        (quarantined(b"{"), "not_json"),
        (quarantined(EVENT + b"7", ingest_ids={0: "i"}), "not_json"),
        (quarantined(b"[1]", ingest_ids={0: "i", 1: "j"}), "not_json"),
        (quarantined(b"[1, 2, 3]", ingest_ids={0: "i", 1: "j"}), "not_json"),
        (quarantined(partner="nobody"), "partner_unknown"),
        (quarantined(EVENT.replace(b"acme-prod", b"acme-us")), "project_elsewhere"),
        (quarantined(b'{"event": "a"}'), "project_missing"),
        (quarantined(b"\n".join([EVENT.replace(b"acme", b"a")] * 2)), "project_unknown"),
        (quarantined(EVENT.replace(b"emoji", b"e" * 1_000)), "event_too_large"),
    ],
)
async def test_an_object_that_cannot_be_replayed_has_a_reason(
    decoder: Decoder, content: bytes, reason: str
) -> None:
    with pytest.raises(NotReplayable, match=f"^{reason}$"):
        await decoder.decode(QUARANTINE, content)


async def test_a_corrected_project_does_not_wait_for_others(decoder: Decoder) -> None:
    other = EVENT.replace(b"acme", b"a")
    content = quarantined(b"[%b,%b]" % (other, EVENT), ingest_ids={3: "one", 7: "two"})
    decoded = await decoder.decode(QUARANTINE, content)
    assert [message.attributes.ingest_id for message in decoded.messages] == ["two"]
    assert decoded.refused == "project_unknown"


async def test_no_event_is_accepted_while_the_partners_are_unknown(
    decoder: Decoder, partners: Partners
) -> None:
    partners.projects = None
    with pytest.raises(PartnersUnavailable):
        await decoder.decode(QUARANTINE, quarantined())


@given(
    st.one_of(st.binary(max_size=200), st.binary(max_size=200).map(quarantined)),
    st.sampled_from([SPILL, QUARANTINE]),
)
async def test_any_content_is_decoded_or_refused(content: bytes, name: Stored) -> None:
    with suppress(NotReplayable):
        await decoder_of(Partners()).decode(name, content)
