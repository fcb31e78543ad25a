"""What objects become: exactly the messages that were to be published."""

from contextlib import suppress

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.operate.decode import decode
from functions.operate.objects import Stored
from functions.operate.publish import Message
from functions.operate.replay import NotReplayable
from functions.quarantine import Quarantined
from tests.functions.operate.stand_ins import WRITTEN_AT, message, spilled


def stored(name: str) -> Stored:
    return Stored(name, 1, WRITTEN_AT)


SPILL = stored("spill/2026/11/22/10/a.ndjson")
QUARANTINE = stored("quarantine/not_json/acme/chat/a.ndjson")


@given(st.lists(st.binary(max_size=50), max_size=5))
async def test_a_spilled_event_keeps_its_bytes_and_attributes(bodies: list[bytes]) -> None:
    messages = [Message(body, message(at).attributes) for at, body in enumerate(bodies)]
    assert await decode(SPILL, spilled(*messages)) == messages


def quarantined(attributes: dict[str, str] | None, body: str = "eyJhIjogMX0=") -> bytes:
    return msgspec.json.encode(
        Quarantined("bad_row", "acme", "chat", "2026-11-22T09:00:00Z", body, attributes)
    )


async def test_a_message_that_could_not_be_loaded_keeps_its_attributes() -> None:
    attributes = message(1).attributes
    assert await decode(QUARANTINE, quarantined(attributes)) == [Message(b'{"a": 1}', attributes)]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"oops", "malformed"),
        (quarantined({"ingest_id": "1"}), "malformed"),
        (quarantined(message(1).attributes, body="not base64!"), "malformed"),
        (quarantined(None), "not_accepted"),
    ],
)
async def test_what_cannot_be_replayed_says_why(content: bytes, reason: str) -> None:
    with pytest.raises(NotReplayable, match=f"^{reason}$"):
        await decode(QUARANTINE, content)


@given(st.binary(max_size=200), st.sampled_from([SPILL, QUARANTINE]))
async def test_no_content_is_a_surprise(content: bytes, name: Stored) -> None:
    with suppress(NotReplayable):
        await decode(name, content)
