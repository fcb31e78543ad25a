import asyncio
import threading
from typing import Any

import pytest
from google.api_core import exceptions
from google.cloud import pubsub_v1
from google.pubsub_v1 import types

DEAD = "projects/local/topics/dead"


async def test_pull_and_acknowledge(pubsub: Any) -> None:
    await pubsub.create()
    ids = await pubsub.publish(b"a", b"b", kind="chat")
    received = await pubsub.pull()
    assert [letter.message.message_id for letter in received] == ids
    assert [letter.message.data for letter in received] == [b"a", b"b"]
    assert dict(received[0].message.attributes) == {"kind": "chat"}
    await pubsub.subscriber.acknowledge(
        subscription=pubsub.subscription, ack_ids=[letter.ack_id for letter in received]
    )
    assert pubsub.pending() == 0


async def test_a_pull_waits_for_a_message(pubsub: Any, until: Any) -> None:
    await pubsub.create()
    pulling = asyncio.create_task(pubsub.pull())
    subscription = pubsub.server.broker.subscriptions[pubsub.subscription]
    await until(lambda: bool(subscription.listeners))
    await pubsub.publish(b"late")
    assert [letter.message.data for letter in await pulling] == [b"late"]


async def test_an_unacknowledged_message_comes_again(pubsub: Any, clock: Any) -> None:
    await pubsub.create(ack_deadline_seconds=30)
    await pubsub.publish(b"a")
    (first,) = await pubsub.pull()
    await pubsub.subscriber.modify_ack_deadline(
        subscription=pubsub.subscription, ack_ids=[first.ack_id], ack_deadline_seconds=60
    )
    clock.now += 59
    pubsub.server.broker.advance()
    assert pubsub.server.broker.subscriptions[pubsub.subscription].backlog.take(1, clock()) == []
    clock.now += 1
    (second,) = await pubsub.pull()
    assert second.message.message_id == first.message.message_id
    assert second.ack_id != first.ack_id


async def test_a_pulled_message_is_dead_lettered_and_its_attempts_counted(pubsub: Any) -> None:
    await pubsub.publisher.create_topic(name=DEAD)
    await pubsub.create(dead_letter_policy={"dead_letter_topic": DEAD})
    await pubsub.publish(b"a")
    for attempt in range(1, 6):
        (received,) = await pubsub.pull()
        assert received.delivery_attempt == attempt
        await pubsub.subscriber.modify_ack_deadline(
            subscription=pubsub.subscription, ack_ids=[received.ack_id], ack_deadline_seconds=0
        )
    assert pubsub.pending() == 0


async def test_streaming_pull_of_the_client_library(
    pubsub: Any, until: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PUBSUB_EMULATOR_HOST", pubsub.server.target)
    await pubsub.create()
    await pubsub.publish(*(b"%d" % n for n in range(50)), kind="chat")
    seen: list[bytes] = []
    nacked = threading.Event()

    def callback(message: Any) -> None:
        if not nacked.is_set():
            nacked.set()
            message.nack()
            return
        seen.append(message.data)
        message.ack()

    def receive() -> tuple[Any, Any]:
        client = pubsub_v1.SubscriberClient()
        control = pubsub_v1.types.FlowControl(max_messages=10)
        return client, client.subscribe(pubsub.subscription, callback, flow_control=control)

    client, future = await asyncio.to_thread(receive)
    try:
        await until(lambda: pubsub.pending() == 0)
        await pubsub.publish(b"later")
        await until(lambda: pubsub.pending() == 0)
    finally:
        future.cancel()
        await asyncio.to_thread(future.result)
        await asyncio.to_thread(client.close)
    assert sorted(set(seen)) == sorted([*(b"%d" % n for n in range(50)), b"later"])


async def test_a_stream_gets_no_more_than_its_flow_control_lets_it(pubsub: Any) -> None:
    await pubsub.create()
    await pubsub.publish(*(b"%d" % n for n in range(5)))
    requests: asyncio.Queue[Any] = asyncio.Queue()

    async def said() -> Any:
        while True:
            yield await requests.get()

    requests.put_nowait(
        types.StreamingPullRequest(
            subscription=pubsub.subscription,
            stream_ack_deadline_seconds=10,
            max_outstanding_messages=2,
        )
    )
    stream = await pubsub.subscriber.streaming_pull(requests=said())
    first = await stream.read()
    assert [letter.message.data for letter in first.received_messages] == [b"0", b"1"]
    requests.put_nowait(
        types.StreamingPullRequest(
            ack_ids=[first.received_messages[0].ack_id],
            modify_deadline_ack_ids=[first.received_messages[1].ack_id],
            modify_deadline_seconds=[60],
        )
    )
    second = await stream.read()
    assert [letter.message.data for letter in second.received_messages] == [b"2"]
    await pubsub.subscriber.delete_subscription(subscription=pubsub.subscription)
    with pytest.raises(exceptions.NotFound):
        await stream.read()


async def test_a_bad_stream_request_ends_the_stream(pubsub: Any) -> None:
    await pubsub.create()

    async def said() -> Any:
        yield types.StreamingPullRequest(
            subscription=pubsub.subscription, stream_ack_deadline_seconds=10
        )
        yield types.StreamingPullRequest(modify_deadline_ack_ids=["1"])

    stream = await pubsub.subscriber.streaming_pull(requests=said())
    with pytest.raises(exceptions.InvalidArgument):
        await stream.read()


async def test_a_push_subscription_is_not_pulled(pubsub: Any, endpoint: Any) -> None:
    await pubsub.create(push_config={"push_endpoint": endpoint.url})
    with pytest.raises(exceptions.FailedPrecondition):
        await pubsub.pull()


@pytest.mark.parametrize(
    ("config", "refusal"),
    [
        ({"filter": "nonsense"}, exceptions.InvalidArgument),
        ({"ack_deadline_seconds": 9}, exceptions.InvalidArgument),
        ({"ack_deadline_seconds": 601}, exceptions.InvalidArgument),
        ({"push_config": {"push_endpoint": "ftp://x"}}, exceptions.InvalidArgument),
        ({"retry_policy": {"minimum_backoff": {"seconds": 601}}}, exceptions.InvalidArgument),
        ({"dead_letter_policy": {"dead_letter_topic": "x"}}, exceptions.InvalidArgument),
        (
            {"dead_letter_policy": {"dead_letter_topic": DEAD, "max_delivery_attempts": 4}},
            exceptions.InvalidArgument,
        ),
        ({"dead_letter_policy": {"dead_letter_topic": DEAD}}, exceptions.NotFound),
        ({"topic": "projects/local/topics/absent"}, exceptions.NotFound),
        ({"name": "load"}, exceptions.InvalidArgument),
        ({"enable_message_ordering": True}, exceptions.MethodNotImplemented),
        ({"enable_exactly_once_delivery": True}, exceptions.MethodNotImplemented),
    ],
)
async def test_a_subscription_that_cannot_be_served_is_refused(
    pubsub: Any, config: dict[str, Any], refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        await pubsub.create(**config)


async def test_configuration_is_kept_completed_and_changed(pubsub: Any) -> None:
    await pubsub.create(retry_policy={}, labels={"a": "b"})
    with pytest.raises(exceptions.AlreadyExists):
        await pubsub.subscriber.create_subscription(name=pubsub.subscription, topic=pubsub.topic)
    config = await pubsub.subscriber.get_subscription(subscription=pubsub.subscription)
    assert (config.ack_deadline_seconds, dict(config.labels)) == (10, {"a": "b"})
    assert config.retry_policy.minimum_backoff.total_seconds() == 10
    changed = await pubsub.subscriber.update_subscription(
        subscription={"name": pubsub.subscription, "ack_deadline_seconds": 20},
        update_mask={"paths": ["ack_deadline_seconds", "retry_policy", "labels"]},
    )
    assert changed.ack_deadline_seconds == 20
    assert "retry_policy" not in changed
    assert dict(changed.labels) == {}
    for mask in ([], ["filter"], ["nonsense"]):
        with pytest.raises(exceptions.InvalidArgument):
            await pubsub.subscriber.update_subscription(
                subscription={"name": pubsub.subscription}, update_mask={"paths": mask}
            )
    listed = await pubsub.subscriber.list_subscriptions(project="projects/local")
    assert [subscription.name async for subscription in listed] == [pubsub.subscription]
    await pubsub.subscriber.delete_subscription(subscription=pubsub.subscription)
    with pytest.raises(exceptions.NotFound):
        await pubsub.subscriber.get_subscription(subscription=pubsub.subscription)


async def test_an_unsupported_method_is_unimplemented(pubsub: Any) -> None:
    with pytest.raises(exceptions.MethodNotImplemented):
        await pubsub.subscriber.create_snapshot(
            name="projects/local/snapshots/snap", subscription=pubsub.subscription
        )
