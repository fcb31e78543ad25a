"""What the server does with a connection, with uvicorn itself."""

import asyncio
import re
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import uvicorn
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from functions.web.server import Protocol, Ready

HEADERS = ((b"content-length", b"2"), (b"content-type", b"text/plain"))
READY = Ready(200, HEADERS, b"ok")
EMPTY = Ready(204, ())


@asynccontextmanager
async def served(
    answer: ASGIApp,
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """Serve an application, and connect to it."""
    config = uvicorn.Config(
        answer, http=Protocol, lifespan="off", log_level="critical", access_log=False
    )
    server = uvicorn.Server(config)
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        serving = asyncio.create_task(server.serve([listening]))
        reader, writer = await asyncio.open_connection(*listening.getsockname())
        yield reader, writer
        writer.close()
        server.should_exit = True
        await serving


def as_uvicorn_sends(response: Response) -> ASGIApp:
    """The same response, sent by uvicorn."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        await Response.__call__(response, scope, receive, send)

    return answer


async def exchange(answer: ASGIApp, requests: bytes) -> bytes:
    """Send requests on one connection; return what comes until the server closes it."""
    async with served(answer) as (reader, writer):
        writer.write(requests)
        received = await asyncio.wait_for(reader.read(), 60)
    return re.sub(rb"date: [^\r]*", b"date: now", received)


GET = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbody"
EXPECT = POST.replace(b"Content-Length", b"Expect: 100-continue\r\nContent-Length")
LAST = b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
HEAD = GET.replace(b"GET", b"HEAD")


@pytest.mark.parametrize("response", [READY, EMPTY])
@pytest.mark.parametrize(
    "requests",
    [
        LAST,
        GET + LAST,
        POST + GET + LAST,  # pipelined
        HEAD + LAST,
        EXPECT + LAST,
        b"GET / HTTP/1.0\r\n\r\n",
    ],
)
async def test_the_bytes_are_those_that_uvicorn_sends(response: Ready, requests: bytes) -> None:
    received = await exchange(response, requests)
    assert received == await exchange(as_uvicorn_sends(response), requests)
    assert received.count(b"HTTP/1.1 2") == requests.count(b"HTTP/1.")


async def test_an_answer_is_one_write() -> None:
    written: list[bytes] = []

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        cycle = send.__self__  # type: ignore[attr-defined]
        cycle.transport = Recorder(cycle.transport.write, written)
        await READY(scope, receive, send)

    async with served(answer) as (reader, writer):
        writer.write(GET)
        assert (await reader.readuntil(b"ok")).startswith(b"HTTP/1.1 200 OK\r\n")
    assert len(written) == 1


async def test_a_wrapped_send_is_used() -> None:
    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_header(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"x-more", b"1")]
            await send(message)

        await READY(scope, receive, send_with_header)

    assert b"\r\nx-more: 1\r\n" in await exchange(answer, LAST)


async def test_a_connection_that_ended_is_no_error() -> None:
    ended = asyncio.Event()
    answered = asyncio.Event()

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        while (await receive())["type"] != "http.disconnect":
            ended.set()
        await READY(scope, receive, send)
        answered.set()

    async with served(answer) as (_, writer):
        writer.write(GET)
        await ended.wait()
        writer.close()
        await asyncio.wait_for(answered.wait(), 60)


async def test_a_second_answer_is_an_error() -> None:
    errors: list[str] = []

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        await READY(scope, receive, send)
        try:
            await READY(scope, receive, send)
        except RuntimeError as error:
            errors.append(str(error))

    assert (await exchange(answer, GET + LAST)).count(b"ok") == 2
    assert len(errors) == 2


class Recorder:
    """Stands for a transport: records what is written, and passes it on."""

    def __init__(self, write: object, written: list[bytes]) -> None:
        self._write = write
        self._written = written

    def write(self, data: bytes) -> None:
        self._written.append(data)
        assert callable(self._write)
        self._write(data)


async def test_trailers_do_not_count_as_headers() -> None:
    """Trailers come after a body, in the same piece of the stream or in a later one."""
    seen: list[list[tuple[bytes, bytes]]] = []

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        await request.body()
        seen.append([header for header in scope["headers"] if header[0] == b"authorization"])
        await Response()(scope, receive, send)

    config = uvicorn.Config(
        answer, http=Protocol, lifespan="off", log_level="critical", access_log=False
    )
    server = uvicorn.Server(config)
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        serving = asyncio.create_task(server.serve([listening]))
        reader, writer = await asyncio.open_connection(*listening.getsockname())
        for pause in (0.0, 0.05, 0.0):
            begin = b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n"
            end = b"0\r\nAuthorization: Bearer t\r\n\r\n"
            own = b"Authorization: Bearer own\r\n" if pause else b""
            writer.write(begin + own + b"\r\n1\r\nx\r\n" + (b"" if pause else end))
            await asyncio.sleep(pause)
            writer.write(end if pause else b"")
            assert await reader.readuntil(b"\r\n\r\n")
        writer.close()
        server.should_exit = True
        await serving
    assert seen == [[], [(b"authorization", b"Bearer own")], []]
