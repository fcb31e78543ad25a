"""A replay publishes in pieces that Pub/Sub accepts, and stops at the first failure."""

import pytest

from functions.events.message import PUBLISH_MESSAGES
from functions.google.topic import Publisher, PublishFailed
from tests.fakes.topic import Topic
from tests.unit.operate.stand_ins import message

MESSAGES = [message(number) for number in range(2 * PUBLISH_MESSAGES + 1)]


async def test_all_are_published_in_order() -> None:
    topic = Topic()
    assert await Publisher(topic, 7.0).publish(MESSAGES) == []
    assert topic.messages == MESSAGES
    assert topic.limits == [7.0] * 3


async def test_the_first_failure_ends_it() -> None:
    topic = Topic()

    def fail_from_now_on(action: str) -> None:
        topic.failure = "UNAVAILABLE"

    topic.after = fail_from_now_on
    with pytest.raises(PublishFailed):
        await Publisher(topic, 7.0).publish(MESSAGES)
    assert topic.publishes == [MESSAGES[:PUBLISH_MESSAGES]]


async def test_a_refused_message_is_reported_and_affects_no_other() -> None:
    places = [0, 700, PUBLISH_MESSAGES, 2 * PUBLISH_MESSAGES]
    topic = Topic()
    topic.refused = {MESSAGES[place].attributes.ingest_id for place in places}
    assert await Publisher(topic, 7.0).publish(MESSAGES) == places
    assert topic.messages == [
        message for place, message in enumerate(MESSAGES) if place not in places
    ]
    assert set(topic.limits) == {7.0}
