import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from local.pubsub.http import Poster


@asynccontextmanager
async def answering(
    *answers: bytes, close: bool = False
) -> AsyncIterator[tuple[Poster, list[int]]]:
    """Run a server that gives these answers in turn; yield a client, and a list of connections."""
    left, connections = list(answers), []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(1)
        try:
            while left:
                await reader.readuntil(b"body")
                writer.write(left.pop(0))
                if close:
                    break
        except asyncio.IncompleteReadError:
            pass
        finally:
            writer.close()

    async with await asyncio.start_server(handle, "127.0.0.1", 0) as server:
        poster = Poster(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
        yield poster, connections
        poster.close()


async def test_a_response_body_in_pieces_or_chunks_is_ignored() -> None:
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
    sized = b"HTTP/1.1 503 No\r\nContent-Length: 3\r\n\r\nabc"
    async with answering(chunked, sized) as (poster, connections):
        assert [await poster.post({}, b"body") for _ in range(2)] == [200, 503]
        assert len(connections) == 1


async def test_a_body_without_a_length_ends_with_the_connection() -> None:
    async with answering(b"HTTP/1.0 200 OK\r\n\r\nabc", close=True) as (poster, _):
        assert await poster.post({}, b"body") == 200


async def test_connection_close_is_respected() -> None:
    said = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
    async with answering(said, said) as (poster, connections):
        assert [await poster.post({}, b"body") for _ in range(2)] == [200, 200]
        assert len(connections) == 2


@pytest.mark.parametrize("answer", [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 2"])
async def test_no_response_is_an_error(answer: bytes) -> None:
    async with answering(answer, close=True) as (poster, _):
        with pytest.raises(ConnectionError):
            await poster.post({}, b"body")


async def test_a_cancelled_request_takes_its_connection_with_it() -> None:
    async with answering(b"", b"HTTP/1.1 204 None\r\n\r\n") as (poster, connections):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.02):
                await poster.post({}, b"body")
        assert await poster.post({}, b"body") == 204
        assert len(connections) == 2
