"""Messages are divided into pieces for a publish; the computed size is never too small."""

from google.pubsub_v1 import PublishRequest
from hypothesis import given
from hypothesis import strategies as st

from functions.events.attributes import ATTRIBUTE_BYTES, Attributes, cut
from functions.events.message import PUBLISH_BYTES, PUBLISH_MESSAGES, Message, pieces
from functions.google.publish_request import encode

ATTRIBUTES = Attributes("id", "", "chat", "acme", None, "e")


@given(st.lists(st.integers(0, 5_000_000), max_size=30), st.integers(0, 2_500))
def test_pieces_keep_order_and_limits(sizes: list[int], small: int) -> None:
    data = {size: b"x" * size for size in {*sizes, 1}}
    messages = [Message(data[size], ATTRIBUTES) for size in sizes]
    messages += [Message(data[1], ATTRIBUTES)] * small
    parts = list(pieces(messages))
    assert [message for piece, _ in parts for message in piece] == messages
    assert all(0 < len(piece) <= PUBLISH_MESSAGES for piece, _ in parts)
    for piece, size in parts:
        assert size == sum(message.size for message in piece) <= PUBLISH_BYTES


NAME = st.text("aé€🎈\0", min_size=1, max_size=2_000).map(lambda name: cut(name, ATTRIBUTE_BYTES))


@given(st.binary(max_size=200), NAME)
def test_a_message_is_never_larger_than_its_size(data: bytes, event: str) -> None:
    longest = Attributes("i" * 36, "r" * 27, "chat", "p" * 63, "q" * 63, event)
    encoded = encode("", [Message(data, longest)])
    assert len(encoded) - len(encode("", [])) <= Message(data, longest).size
    [decoded] = PublishRequest.deserialize(encoded).messages
    assert (decoded.data, decoded.attributes["event"]) == (data, event)
