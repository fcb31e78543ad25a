"""Messages are pulled over gRPC from the Pub/Sub stand-in."""

from collections.abc import AsyncIterator

import grpc.aio
import pytest
from google.pubsub_v1.services.publisher import PublisherAsyncClient
from google.pubsub_v1.services.publisher.transports import PublisherGrpcAsyncIOTransport
from google.pubsub_v1.services.subscriber import SubscriberAsyncClient
from google.pubsub_v1.services.subscriber.transports import SubscriberGrpcAsyncIOTransport

from functions.google import subscription as module
from functions.google.subscription import Subscription, SubscriptionUnavailable
from local.pubsub import serve
from tests.unit.operate.stand_ins import message

TOPIC, NAME = "projects/local/topics/events", "projects/local/subscriptions/dead"
SENT = [(event.data, event.attributes.to_mapping()) for event in map(message, range(3))]


@pytest.fixture
async def subscription() -> AsyncIterator[Subscription]:
    """A subscription with three messages."""
    async with serve() as server, grpc.aio.insecure_channel(server.target) as channel:
        publisher = PublisherAsyncClient(transport=PublisherGrpcAsyncIOTransport(channel=channel))
        subscriber = SubscriberAsyncClient(
            transport=SubscriberGrpcAsyncIOTransport(channel=channel)
        )
        await publisher.create_topic(name=TOPIC)
        await subscriber.create_subscription(name=NAME, topic=TOPIC)
        messages = [{"data": data, "attributes": attributes} for data, attributes in SENT]
        await publisher.publish(request={"topic": TOPIC, "messages": messages})
        yield Subscription(f"http://{server.target}", NAME)


async def test_messages_are_pulled_given_back_and_acknowledged(
    subscription: Subscription, monkeypatch: pytest.MonkeyPatch
) -> None:
    letters = await subscription.pull()
    assert [(letter.data, letter.attributes) for letter in letters] == SENT
    assert len({letter.message_id for letter in letters}) == 3
    await subscription.acknowledge(letters[:1])
    await subscription.give_back(letters[1:])
    again = await subscription.pull()
    assert {letter.message_id for letter in again} == {letter.message_id for letter in letters[1:]}
    await subscription.acknowledge(again)
    await subscription.acknowledge([])
    monkeypatch.setattr(module, "PULL_SECONDS", 0.05)  # less than the stand-in waits for a message
    assert await subscription.pull() == []


@pytest.mark.parametrize("action", ["acknowledge", "give_back"])
async def test_many_acknowledgements_take_several_requests(
    subscription: Subscription, action: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    letters = await subscription.pull()
    monkeypatch.setattr(module, "PULL_MESSAGES", 2)
    await getattr(subscription, action)(letters)
    monkeypatch.setattr(module, "PULL_SECONDS", 0.05)
    left = [*await subscription.pull(), *await subscription.pull()]
    assert len(left) == (0 if action == "acknowledge" else 3)


async def test_no_answer_is_an_error() -> None:
    nobody = Subscription("http://127.0.0.1:1", NAME)
    with pytest.raises(SubscriptionUnavailable):
        await nobody.pull()
