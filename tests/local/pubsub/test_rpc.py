from typing import Any

import grpc
import pytest

from local.pubsub.messages import protobuf

PublishRequest = protobuf("PublishRequest")


async def publish(pubsub: Any, metadata: tuple[tuple[str, str], ...]) -> Any:
    """Publish with a plain gRPC call, as `receive` does, without the generated client."""
    call = pubsub.channel.unary_unary(
        "/google.pubsub.v1.Publisher/Publish",
        request_serializer=PublishRequest.SerializeToString,
        response_deserializer=protobuf("PublishResponse").FromString,
    )
    return await call(
        PublishRequest(topic=pubsub.topic, messages=[{"data": b"a"}]), metadata=metadata
    )


@pytest.mark.parametrize("slash", ["/", "%2F"])
async def test_a_raw_call_with_the_routing_header_is_served(pubsub: Any, slash: str) -> None:
    await pubsub.create()
    header = "topic=" + pubsub.topic.replace("/", slash)
    response = await publish(pubsub, (("x-goog-request-params", header),))
    assert len(response.message_ids) == 1


@pytest.mark.parametrize(
    "metadata",
    [
        (),
        (("x-goog-request-params", ""),),
        (("x-goog-request-params", "topic=projects/local/topics/other"),),
        (("x-goog-request-params", "subscription=projects/local/topics/events"),),
    ],
)
async def test_a_raw_call_without_it_is_refused(
    pubsub: Any, metadata: tuple[tuple[str, str], ...]
) -> None:
    await pubsub.create()
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await publish(pubsub, metadata)
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert "x-goog-request-params" in str(caught.value.details())
    assert pubsub.pending() == 0


@pytest.mark.parametrize(
    ("method", "request_type"),
    [
        ("Pull", "PullRequest"),
        ("Acknowledge", "AcknowledgeRequest"),
        ("ModifyAckDeadline", "ModifyAckDeadlineRequest"),
        ("GetSubscription", "GetSubscriptionRequest"),
    ],
)
async def test_the_subscribers_calls_without_it_are_refused(
    pubsub: Any, method: str, request_type: str
) -> None:
    message = protobuf(request_type)
    call = pubsub.channel.unary_unary(
        f"/google.pubsub.v1.Subscriber/{method}",
        request_serializer=message.SerializeToString,
        response_deserializer=bytes,
    )
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call(message(subscription=pubsub.subscription))
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert "x-goog-request-params" in str(caught.value.details())


async def test_a_stream_may_omit_the_header_but_not_name_another_subscription(pubsub: Any) -> None:
    await pubsub.create()
    await pubsub.publish(b"a")
    message = protobuf("StreamingPullRequest")
    call = pubsub.channel.stream_stream(
        "/google.pubsub.v1.Subscriber/StreamingPull",
        request_serializer=message.SerializeToString,
        response_deserializer=protobuf("StreamingPullResponse").FromString,
    )
    opening = message(subscription=pubsub.subscription, stream_ack_deadline_seconds=10)
    stream = call()
    await stream.write(opening)
    assert len((await stream.read()).received_messages) == 1
    stream.cancel()
    lying = call(metadata=(("x-goog-request-params", "subscription=projects/local/other"),))
    await lying.write(opening)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await lying.read()
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
