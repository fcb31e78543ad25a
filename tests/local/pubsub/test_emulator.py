"""The same test runs with the stand-in as a process, and with Google's own emulator."""

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.pubsub_v1 import PublisherAsyncClient, SubscriberAsyncClient
from google.pubsub_v1.services.publisher.transports import PublisherGrpcAsyncIOTransport
from google.pubsub_v1.services.subscriber.transports import SubscriberGrpcAsyncIOTransport

pytestmark = pytest.mark.cell

TOPIC = "projects/local/topics/events"
PUSHED = "projects/local/subscriptions/pushed"
PULLED = "projects/local/subscriptions/pulled"


def emulator() -> str | None:
    """Return the path of Google's emulator, or None if it is not installed."""
    if found := shutil.which("cloud-pubsub-emulator"):
        return found
    gcloud = shutil.which("gcloud")
    roots = [Path("/usr/lib/google-cloud-sdk"), Path("/usr/share/google-cloud-sdk")]
    if gcloud:
        roots.append(Path(gcloud).resolve().parent.parent)
    for root in roots:
        path = root / "platform" / "pubsub-emulator" / "bin" / "cloud-pubsub-emulator"
        if path.exists():
            return str(path)
    return None


@pytest.fixture(params=["stand-in", "emulator"])
async def target(request: pytest.FixtureRequest, unused_tcp_port: int) -> AsyncIterator[str]:
    command = [sys.executable, "-m", "local.pubsub", "--port", str(unused_tcp_port)]
    if request.param == "emulator":
        path = emulator()
        if path is None or shutil.which("java") is None:
            pytest.skip("Google's cloud-pubsub-emulator (or java, which it needs) is not installed")
        command = [path, "--host=127.0.0.1", f"--port={unused_tcp_port}"]
    # Its own process group, because the emulator is a shell script that starts java.
    process = await asyncio.create_subprocess_exec(
        *command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        yield f"127.0.0.1:{unused_tcp_port}"
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        async with asyncio.timeout(60):
            await process.wait()


async def test_publish_push_pull(target: str, endpoint: Any, until: Any) -> None:
    async with grpc.aio.insecure_channel(target) as channel:
        async with asyncio.timeout(60):
            await channel.channel_ready()
        publisher = PublisherAsyncClient(transport=PublisherGrpcAsyncIOTransport(channel=channel))
        subscriber = SubscriberAsyncClient(
            transport=SubscriberGrpcAsyncIOTransport(channel=channel)
        )
        await publisher.create_topic(name=TOPIC)
        push_config = {"push_endpoint": endpoint.url}
        await subscriber.create_subscription(
            request={"name": PUSHED, "topic": TOPIC, "push_config": push_config}
        )
        await subscriber.create_subscription(name=PULLED, topic=TOPIC)
        messages = [{"data": b"one", "attributes": {"kind": "chat"}}]
        published = await publisher.publish(request={"topic": TOPIC, "messages": messages})
        await until(lambda: len(endpoint.requests) == 1)
        pulled = await subscriber.pull(subscription=PULLED, max_messages=10)
        (received,) = pulled.received_messages
        await subscriber.acknowledge(subscription=PULLED, ack_ids=[received.ack_id])
    assert received.message.message_id == published.message_ids[0]
    (body,) = endpoint.bodies
    assert body["subscription"] == PUSHED
    assert body["message"]["data"] == "b25l"
    assert body["message"]["attributes"] == {"kind": "chat"}
    assert (
        body["message"]["messageId"] == body["message"]["message_id"] == received.message.message_id
    )
    assert set(body["message"]) == {
        "attributes",
        "data",
        "messageId",
        "message_id",
        "publishTime",
        "publish_time",
    }


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_the_process_says_its_port_and_stops_at_a_signal(number: signal.Signals) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "local.pubsub", stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    port = json.loads(await process.stdout.readline())["port"]
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        await channel.channel_ready()
        process.send_signal(number)
        async with asyncio.timeout(60):
            assert await process.wait() == 0


async def test_a_port_that_is_taken_is_named(unused_tcp_port: int) -> None:
    taken = await asyncio.start_server(lambda _reader, _writer: None, "127.0.0.1", unused_tcp_port)
    async with taken:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "local.pubsub", "--port", str(unused_tcp_port)),
            stderr=subprocess.PIPE,
        )
        _, complaint = await process.communicate()
    assert process.returncode == 1
    assert f"cannot listen on 127.0.0.1:{unused_tcp_port}" in complaint.decode()
