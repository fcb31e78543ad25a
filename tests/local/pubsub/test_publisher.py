import asyncio
from typing import Any

import pytest
from google.api_core import exceptions
from google.cloud import pubsub_v1


async def test_the_batching_client_publishes(pubsub: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PUBSUB_EMULATOR_HOST", pubsub.server.target)
    await pubsub.create()

    def publish() -> list[str]:
        client = pubsub_v1.PublisherClient(pubsub_v1.types.BatchSettings(max_latency=0.005))
        futures = [client.publish(pubsub.topic, b"%d" % n, kind="chat") for n in range(2500)]
        ids = [future.result(timeout=10) for future in futures]
        client.stop()
        client.transport.close()
        return ids

    ids = await asyncio.to_thread(publish)
    assert len(set(ids)) == pubsub.pending() == 2500


async def test_a_message_gets_a_time_in_milliseconds(pubsub: Any, clock: Any) -> None:
    clock.now += 0.1239
    await pubsub.create()
    await pubsub.publish(b"a")
    (received,) = await pubsub.pull()
    assert received.message.publish_time.timestamp() == pytest.approx(1_800_000_000.123)


@pytest.mark.parametrize(
    "messages",
    [
        [],
        [{"data": b""}],
        [{"data": b"fine"}, {"ordering_key": "x"}],
        [{"data": b"x"}] * 1001,
        [{"data": b"x" * 5_000_000}] * 2,
        [{"attributes": {"k" * 257: "v"}}],
        [{"attributes": {"k": "v" * 1025}}],
        [{"attributes": {"k": "é" * 513}}],
        [{"attributes": {str(n): "v" for n in range(101)}}],
        [{"attributes": {"": "v"}}],
        [{"attributes": {"googx": "v"}}],
    ],
    ids=lambda messages: f"{len(messages)} of {str(messages)[:30]}",
)
async def test_a_publish_beyond_a_limit_is_refused_whole(
    pubsub: Any, messages: list[dict[str, Any]]
) -> None:
    await pubsub.create()
    with pytest.raises(exceptions.InvalidArgument):
        await pubsub.publisher.publish(topic=pubsub.topic, messages=messages)
    assert pubsub.pending() == 0


async def test_a_publish_at_the_limits_is_taken(pubsub: Any) -> None:
    await pubsub.create()
    full = {"k" * 255 + str(n % 10) if n < 10 else str(n): "v" * 1024 for n in range(100)}
    await pubsub.publisher.publish(topic=pubsub.topic, messages=[{"attributes": full}])
    await pubsub.publisher.publish(topic=pubsub.topic, messages=[{"data": b"x" * 9_990_000}])
    await pubsub.publisher.publish(topic=pubsub.topic, messages=[{"data": b"x"}] * 1000)
    assert pubsub.pending() == 1002


async def test_topics_are_managed(pubsub: Any) -> None:
    await pubsub.create()
    with pytest.raises(exceptions.AlreadyExists):
        await pubsub.publisher.create_topic(name=pubsub.topic)
    for name in ("events", "projects/local/topics/goog-x", "projects/local/topics/a"):
        with pytest.raises(exceptions.InvalidArgument):
            await pubsub.publisher.create_topic(name=name)
    updated = await pubsub.publisher.update_topic(
        topic={"name": pubsub.topic, "labels": {"a": "b"}}, update_mask={"paths": ["labels"]}
    )
    assert dict((await pubsub.publisher.get_topic(topic=pubsub.topic)).labels) == {"a": "b"}
    assert updated.name == pubsub.topic
    attached = await pubsub.publisher.list_topic_subscriptions(topic=pubsub.topic)
    assert [name async for name in attached] == [pubsub.subscription]
    await pubsub.publisher.delete_topic(topic=pubsub.topic)
    with pytest.raises(exceptions.NotFound):
        await pubsub.publish(b"a")
    orphan = await pubsub.subscriber.get_subscription(subscription=pubsub.subscription)
    assert orphan.topic == "_deleted-topic_"


async def test_lists_come_in_pages(pubsub: Any) -> None:
    names = [f"projects/local/topics/topic-{n}" for n in range(5)]
    for name in [*names, "projects/other/topics/topic"]:
        await pubsub.publisher.create_topic(name=name)
    listed = await pubsub.publisher.list_topics(
        request={"project": "projects/local", "page_size": 2}
    )
    pages = [[topic.name for topic in page.topics] async for page in listed.pages]
    assert pages == [names[:2], names[2:4], names[4:]]
