"""Google's classes can read the publish requests that we write."""

from google.pubsub_v1 import PublishRequest
from hypothesis import given
from hypothesis import strategies as st

from functions.events.attributes import KINDS, Attributes
from functions.events.message import Message
from functions.google import publish_request

TOPIC = "projects/local/topics/chat-eu-events"

texts = st.text(max_size=400).map(lambda text: text.encode(errors="replace").decode())
messages = st.builds(
    Message,
    st.binary(max_size=300) | st.integers(0, 40_000).map(bytes),
    st.builds(
        Attributes,
        ingest_id=texts,
        received_at=texts,
        kind=st.sampled_from(KINDS),
        partner=texts,
        project=st.none() | texts,
        event=st.none() | texts,
    ),
)


@given(st.lists(messages, max_size=5))
def test_google_reads_what_was_written(written: list[Message]) -> None:
    read = PublishRequest.deserialize(publish_request.encode(TOPIC, written))
    assert read.topic == TOPIC
    assert [message.data for message in read.messages] == [message.data for message in written]
    assert [dict(message.attributes) for message in read.messages] == [
        message.attributes.to_mapping() for message in written
    ]
