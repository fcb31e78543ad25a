"""A TCP proxy that can cut the connections to a server, and can hold back the server's answers."""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress


class Proxy:
    """Listens on one port of 127.0.0.1 and passes everything on to another.

    Attributes:
        late: by how many seconds answers of the server are held back; requests pass at once. A
            change does not affect an answer that is already held back: it waits for its time, for
            `release`, or for the end of its connection.
    """

    def __init__(self, port: int, target: int) -> None:
        self.late = 0.0
        self._released = asyncio.Event()
        self._port = port
        self._target = target
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()
        self._pumps: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    async def restore(self) -> None:
        """Let connections through, without delay."""
        self.late = 0.0
        if self._server is None:
            self._server = await asyncio.start_server(self._accept, "127.0.0.1", self._port)

    def release(self) -> None:
        """Pass on the answers that are held back, and hold back no more."""
        self.late = 0.0
        self._released.set()
        self._released = asyncio.Event()

    async def cut(self) -> None:
        """Refuse new connections, reset the open ones, and drop the answers that are held back."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for writer in tuple(self._open):
            writer.transport.abort()
        for pump in tuple(self._pumps):
            pump.cancel()  # it may be holding back an answer for a long time
        await asyncio.gather(*self._pumps, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            to_reader, to_writer = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            self._close(writer)
            return
        self._open.add(to_writer)
        self._start(self._pump(reader, to_writer, answers=False))
        self._start(self._pump(to_reader, writer, answers=True))

    def _start(self, pump: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(pump)
        self._pumps.add(task)
        task.add_done_callback(self._pumps.discard)

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, answers: bool
    ) -> None:
        try:
            with suppress(OSError):
                while chunk := await reader.read(65_536):
                    if answers and self.late:
                        await self._hold()
                    writer.write(chunk)
                    await writer.drain()
        finally:
            self._close(writer)

    async def _hold(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(self.late):
                await self._released.wait()

    def _close(self, writer: asyncio.StreamWriter) -> None:
        self._open.discard(writer)
        writer.close()
