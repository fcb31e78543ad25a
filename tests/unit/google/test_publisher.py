"""Publishing a replay: in pieces that Pub/Sub takes, and no further than the first that fails."""

from collections.abc import Sequence

import pytest

from functions.events.message import PUBLISH_MESSAGES, Message
from functions.google.topic import NotPublishable, Publisher, PublishFailed
from tests.unit.operate.stand_ins import message


class Topic:
    def __init__(self, takes: int, refused: Sequence[Message] = ()) -> None:
        self.takes = takes
        self.refused = refused
        self.pieces: list[Sequence[Message]] = []

    async def publish(self, messages: Sequence[Message], within: float) -> None:
        assert within == 7.0
        if len(self.pieces) == self.takes:
            raise PublishFailed("UNAVAILABLE")
        if any(each in self.refused for each in messages):
            raise NotPublishable
        self.pieces.append(messages)


MESSAGES = [message(number) for number in range(2 * PUBLISH_MESSAGES + 1)]


async def test_all_are_published_in_order() -> None:
    topic = Topic(takes=3)
    assert await Publisher(topic, 7.0).publish(MESSAGES) == []
    assert [each for piece in topic.pieces for each in piece] == MESSAGES


async def test_the_first_failure_ends_it() -> None:
    topic = Topic(takes=1)
    with pytest.raises(PublishFailed):
        await Publisher(topic, 7.0).publish(MESSAGES)
    assert topic.pieces == [MESSAGES[:PUBLISH_MESSAGES]]


async def test_what_is_refused_is_told_and_spoils_no_other() -> None:
    places = [0, 700, PUBLISH_MESSAGES, 2 * PUBLISH_MESSAGES]
    topic = Topic(takes=10_000, refused=[MESSAGES[place] for place in places])
    assert await Publisher(topic, 7.0).publish(MESSAGES) == places
    published = [each for piece in topic.pieces for each in piece]
    assert published == [each for place, each in enumerate(MESSAGES) if place not in places]
