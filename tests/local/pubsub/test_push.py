import asyncio
import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest

DEAD = "projects/local/topics/dead"
DEAD_PULL = "projects/local/subscriptions/dead"


async def test_a_message_is_pushed_in_the_documented_envelope(
    pubsub: Any, endpoint: Any, until: Any
) -> None:
    await pubsub.create(push_config={"push_endpoint": endpoint.url})
    (message_id,) = await pubsub.publish(b'{"a": 1}', kind="chat")
    await until(lambda: pubsub.pending() == 0)
    ((headers, body),) = endpoint.requests
    assert headers["content-type"] == "application/json"
    assert "authorization" not in headers
    assert body == {
        "message": {
            "attributes": {"kind": "chat"},
            "data": base64.b64encode(b'{"a": 1}').decode(),
            "messageId": message_id,
            "message_id": message_id,
            "publishTime": "2027-01-15T08:00:00Z",
            "publish_time": "2027-01-15T08:00:00Z",
        },
        "subscription": pubsub.subscription,
    }


@pytest.mark.parametrize("status", [102, 200, 201, 202, 204])
async def test_these_statuses_acknowledge(
    pubsub: Any, endpoint: Any, until: Any, status: int
) -> None:
    endpoint.answer = status
    await pubsub.create(push_config={"push_endpoint": endpoint.url})
    await pubsub.publish(b"one")
    await until(lambda: pubsub.pending() == 0)
    assert len(endpoint.requests) == 1


@pytest.mark.parametrize("status", [203, 301, 400, 404, 429, 500, 503])
async def test_any_other_status_is_retried_at_once_without_a_policy(
    pubsub: Any, endpoint: Any, until: Any, status: int
) -> None:
    endpoint.answers = [status, status]
    await pubsub.create(push_config={"push_endpoint": endpoint.url})
    await pubsub.publish(b"one")
    await until(lambda: pubsub.pending() == 0)
    assert len(endpoint.requests) == 3


async def test_the_back_off_of_the_policy_is_kept(
    pubsub: Any, endpoint: Any, until: Any, clock: Any
) -> None:
    endpoint.answers = [500, 500]
    await pubsub.create(
        push_config={"push_endpoint": endpoint.url},
        retry_policy={"minimum_backoff": {"seconds": 10}, "maximum_backoff": {"seconds": 600}},
    )
    await pubsub.publish(b"one")
    broker = pubsub.server.broker
    for attempts, pause in ((1, 10), (2, 20)):
        await until(lambda attempts=attempts: len(endpoint.requests) == attempts)
        await until(lambda: bool(broker.subscriptions[pubsub.subscription].backlog._delayed))
        clock.now += pause - 0.1
        broker.advance()
        await asyncio.sleep(0.01)
        assert len(endpoint.requests) == attempts
        clock.now += 0.1
    await until(lambda: pubsub.pending() == 0)
    assert len(endpoint.requests) == 3


async def test_a_push_that_takes_too_long_is_made_again(
    pubsub: Any, endpoint: Any, until: Any, clock: Any
) -> None:
    endpoint.held.clear()
    await pubsub.create(push_config={"push_endpoint": endpoint.url}, ack_deadline_seconds=10)
    await pubsub.publish(b"one")
    await until(lambda: len(endpoint.requests) == 1)
    clock.now += 10
    await until(lambda: len(endpoint.requests) == 2)


async def test_a_dead_letter_keeps_data_and_attributes(
    pubsub: Any, endpoint: Any, until: Any, clock: Any
) -> None:
    endpoint.answer = 500
    await pubsub.publisher.create_topic(name=DEAD)
    await pubsub.subscriber.create_subscription(name=DEAD_PULL, topic=DEAD)
    await pubsub.create(
        push_config={"push_endpoint": endpoint.url},
        dead_letter_policy={"dead_letter_topic": DEAD, "max_delivery_attempts": 5},
    )
    await pubsub.publish(b"poison", ingest_id="7", kind="chat")
    await until(lambda: pubsub.pending() == 0)
    assert [body["deliveryAttempt"] for body in endpoint.bodies] == [1, 2, 3, 4, 5]
    (dead,) = await pubsub.pull(DEAD_PULL)
    assert dead.message.data == b"poison"
    published = datetime.fromtimestamp(clock(), UTC).isoformat(timespec="milliseconds")
    assert dict(dead.message.attributes) == {
        "ingest_id": "7",
        "kind": "chat",
        "CloudPubSubDeadLetterSourceDeliveryCount": "5",
        "CloudPubSubDeadLetterSourceSubscription": "load",
        "CloudPubSubDeadLetterSourceSubscriptionProject": "local",
        "CloudPubSubDeadLetterSourceTopicPublishTime": published,
    }
    assert dead.delivery_attempt == 0


async def test_a_hundred_pushes_are_in_flight_and_connections_are_kept(
    pubsub: Any, endpoint: Any, until: Any
) -> None:
    endpoint.held.clear()
    await pubsub.create(push_config={"push_endpoint": endpoint.url})
    await pubsub.publish(*(b"%d" % n for n in range(250)))
    await until(lambda: len(endpoint.requests) == 100)
    await asyncio.sleep(0.02)
    assert len(endpoint.requests) == 100
    endpoint.held.set()
    await until(lambda: pubsub.pending() == 0)
    assert (len(endpoint.requests), endpoint.connections) == (250, 100)


async def test_a_closed_connection_is_replaced(pubsub: Any, endpoint: Any, until: Any) -> None:
    endpoint.close_after = True
    await pubsub.create(push_config={"push_endpoint": endpoint.url})
    for expected in range(1, 4):
        await pubsub.publish(b"one")
        await until(lambda: pubsub.pending() == 0)
        assert len(endpoint.requests) == expected


async def test_an_endpoint_that_is_down_gets_the_message_later(
    pubsub: Any, endpoint: Any, until: Any, unused_tcp_port: int, clock: Any
) -> None:
    down = {"push_endpoint": f"http://127.0.0.1:{unused_tcp_port}/"}
    await pubsub.create(push_config=down, retry_policy={"minimum_backoff": {"seconds": 10}})
    await pubsub.publish(b"one")
    backlog = pubsub.server.broker.subscriptions[pubsub.subscription].backlog
    await until(lambda: bool(backlog._delayed))
    await pubsub.subscriber.modify_push_config(
        subscription=pubsub.subscription, push_config={"push_endpoint": endpoint.url}
    )
    clock.now += 10
    await until(lambda: pubsub.pending() == 0)
    assert len(endpoint.requests) == 1


async def test_the_filter_is_applied(pubsub: Any, endpoint: Any, until: Any) -> None:
    await pubsub.create(
        push_config={"push_endpoint": endpoint.url}, filter='attributes.kind = "room"'
    )
    await pubsub.publish(b"chat", kind="chat")
    await pubsub.publish(b"room", kind="room")
    await until(lambda: pubsub.pending() == 0)
    (body,) = endpoint.bodies
    assert base64.b64decode(body["message"]["data"]) == b"room"


async def test_an_oidc_token_names_account_and_audience(
    pubsub: Any, endpoint: Any, until: Any, clock: Any
) -> None:
    oidc = {"service_account_email": "push@local.iam", "audience": "https://load"}
    await pubsub.create(push_config={"push_endpoint": endpoint.url, "oidc_token": oidc})
    await pubsub.publish(b"one")
    await until(lambda: pubsub.pending() == 0)
    scheme, token = endpoint.requests[0][0]["authorization"].split(" ")
    header, claims, signature = token.split(".")
    assert (scheme, signature) == ("Bearer", "SIGNATURE_REMOVED_BY_GOOGLE")
    assert json.loads(base64.urlsafe_b64decode(header + "=="))["alg"] == "none"
    decoded = json.loads(base64.urlsafe_b64decode(claims + "=="))
    assert (decoded["email"], decoded["aud"]) == ("push@local.iam", "https://load")
    assert decoded["exp"] == clock() + 3600


async def test_a_subscription_turned_to_pull_is_pushed_no_more(
    pubsub: Any, endpoint: Any, until: Any
) -> None:
    endpoint.held.clear()
    await pubsub.create(push_config={"push_endpoint": endpoint.url})
    await pubsub.publish(b"one")
    await until(lambda: len(endpoint.requests) == 1)
    await pubsub.subscriber.modify_push_config(subscription=pubsub.subscription, push_config={})
    (received,) = await pubsub.pull()
    assert received.message.data == b"one"
    assert len(endpoint.requests) == 1
