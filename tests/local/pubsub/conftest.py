"""A Pub/Sub stand-in in the test's event loop, clients of it, a clock, and a push endpoint."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import grpc
import pytest
from google.pubsub_v1 import PublisherAsyncClient, SubscriberAsyncClient
from google.pubsub_v1.services.publisher.transports import PublisherGrpcAsyncIOTransport
from google.pubsub_v1.services.subscriber.transports import SubscriberGrpcAsyncIOTransport

from local.pubsub import Server, serve
from tests.fakes.clock import Clock


@dataclass
class Pubsub:
    """The stand-in, and clients of it."""

    server: Server
    channel: grpc.aio.Channel
    publisher: PublisherAsyncClient
    subscriber: SubscriberAsyncClient
    topic: str = "projects/local/topics/events"
    subscription: str = "projects/local/subscriptions/load"

    async def create(self, **config: Any) -> None:
        await self.publisher.create_topic(name=self.topic)
        request = {"name": self.subscription, "topic": self.topic, **config}
        await self.subscriber.create_subscription(request=request)

    async def publish(self, *data: bytes, **attributes: str) -> list[str]:
        messages = [{"data": body, "attributes": attributes} for body in data]
        response = await self.publisher.publish(request={"topic": self.topic, "messages": messages})
        return list(response.message_ids)

    async def pull(self, subscription: str | None = None, limit: int = 1000) -> list[Any]:
        response = await self.subscriber.pull(
            subscription=subscription or self.subscription, max_messages=limit
        )
        return list(response.received_messages)

    def pending(self) -> int:
        return len(self.server.broker.subscriptions[self.subscription].backlog)


@dataclass
class Endpoint:
    """An HTTP server that gives the statuses in `answers`, and records the requests."""

    url: str = ""
    answers: list[int] = field(default_factory=list)
    answer: int = 204
    held: asyncio.Event = field(default_factory=asyncio.Event)
    close_after: bool = False
    requests: list[tuple[dict[str, str], dict[str, Any]]] = field(default_factory=list)
    connections: int = 0
    tasks: set["asyncio.Task[None] | None"] = field(default_factory=set)

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.tasks.add(asyncio.current_task())
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                pairs = (line.split(": ", 1) for line in head.splitlines()[1:] if line)
                headers = {name.lower(): value for name, value in pairs}
                body = await reader.readexactly(int(headers["content-length"]))
                self.requests.append((headers, json.loads(body)))
                await self.held.wait()
                status = self.answers.pop(0) if self.answers else self.answer
                length = "" if status in {102, 204} else "Content-Length: 0\r\n"
                writer.write(f"HTTP/1.1 {status} Said\r\n{length}\r\n".encode())
                if self.close_after:
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    @property
    def bodies(self) -> list[dict[str, Any]]:
        return [body for _, body in self.requests]


async def eventually(condition: Callable[[], bool]) -> None:
    """Wait until a condition is true, but at most a minute."""
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110 - the server sets no Event for tests
            await asyncio.sleep(0.002)


@pytest.fixture
def until() -> Any:
    return eventually


@pytest.fixture
def clock() -> Clock:
    return Clock(1_800_000_000.0)


@pytest.fixture
async def pubsub(clock: Clock) -> AsyncIterator[Pubsub]:
    async with serve(now=clock) as server, grpc.aio.insecure_channel(server.target) as channel:
        publisher = PublisherAsyncClient(transport=PublisherGrpcAsyncIOTransport(channel=channel))
        subscriber = SubscriberAsyncClient(
            transport=SubscriberGrpcAsyncIOTransport(channel=channel)
        )
        yield Pubsub(server, channel, publisher, subscriber)


@pytest.fixture
async def endpoint() -> AsyncIterator[Endpoint]:
    endpoint = Endpoint()
    endpoint.held.set()
    server = await asyncio.start_server(endpoint.handle, "127.0.0.1", 0)
    endpoint.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/push?x=1"
    async with server:
        yield endpoint
        for task in endpoint.tasks:
            if task is not None:
                task.cancel()
        await asyncio.gather(*(task for task in endpoint.tasks if task), return_exceptions=True)
