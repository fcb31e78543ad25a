"""A receiver in a process of its own, which says what its loop and its decoders did.

Run it with the descriptor of a listening socket and a folder. ``GET /seen`` returns a `Seen` of the
time since the last one.
"""

import asyncio
import gc
import hashlib
import json
import sys
import threading
import time
from pathlib import Path
from typing import Any

import msgspec
import uvicorn
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from functions.acceptance import values
from functions.events import body as events_body
from functions.receive.receiver import Receiver
from functions.receive.settings import Settings
from functions.receive.tally import ReceiveTally
from functions.retained.quarantine import decode
from functions.web.aside import ASIDE_BYTES
from functions.web.server import Protocol
from tests.fakes.bucket import Bucket, Writer
from tests.fakes.durable import Durable
from tests.unit.receive.conftest import receiver_of
from tests.unit.receive.stand_ins import PARTNERS

TICK_SECONDS = 0.001


class Kept(msgspec.Struct):
    """A quarantined object.

    Attributes:
        reason: why its events were refused.
        events: how many events it has; 0 if it is a whole request.
        digest: the SHA-256 of its body.
    """

    reason: str
    events: int
    digest: str


class Seen(msgspec.Struct):
    """What a receiver did.

    Attributes:
        longest_turn: the longest time between two turns of the loop, in seconds of the processor.
        careful: the longest text that the careful decoder got.
        on_loop: how many large bodies were judged by the loop's own thread.
        published: how many events were published.
        kept: the quarantined objects.
    """

    longest_turn: float = 0.0
    careful: int = 0
    on_loop: int = 0
    published: int = 0
    kept: list[Kept] = []


class Watch:
    """Watches a receiver, whose topic and bucket are in memory."""

    def __init__(self, settings: Settings) -> None:
        self.seen = Seen()
        self._durable, self._bucket = Durable(), Bucket()
        self.receiver = receiver_of(
            settings, self._durable, Writer(self._bucket), ReceiveTally()
        ).handle

    def take(self) -> Seen:
        """Return what was seen since the last call."""
        seen, self.seen = self.seen, Seen()
        seen.published = len(self._durable.messages)
        for content, _, _ in self._bucket.contents.values():
            record, data = decode(content)
            digest = hashlib.sha256(data).hexdigest()
            seen.kept.append(Kept(record.reason, len(record.ingest_ids), digest))
        self._durable.messages.clear()
        self._bucket.contents.clear()
        return seen

    async def watch_loop(self) -> None:
        while True:
            begun, used = time.perf_counter(), time.process_time()
            await asyncio.sleep(TICK_SECONDS)
            late = time.perf_counter() - begun - TICK_SECONDS
            # Other processes may delay this one; what it did not work is not counted.
            turn = min(late, time.process_time() - used)
            self.seen.longest_turn = max(self.seen.longest_turn, turn)

    def watch_decoders(self) -> None:
        """Note how much the careful decoder gets, and who judges large bodies."""
        for module, name in ((events_body, "_decode_odd"), (values, "_value_at")):
            setattr(module, name, self._noting_size(getattr(module, name)))
        judge: Any = Receiver._judge

        def watched(receiver: Receiver, body: bytes, *others: Any) -> Any:
            is_main = threading.current_thread() is threading.main_thread()
            self.seen.on_loop += is_main and len(body) > ASIDE_BYTES
            return judge(receiver, body, *others)

        setattr(Receiver, judge.__name__, watched)

    def _noting_size(self, function: Any) -> Any:
        def noted(text: bytes | str, other: object) -> object:
            self.seen.careful = max(self.seen.careful, len(text))
            return function(text, other)

        return noted


def application(watch: Watch) -> ASGIApp:
    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] != "/seen":
            await watch.receiver(scope, receive, send)
            return
        content = msgspec.json.encode(watch.take())
        watch.seen = Seen()  # this request, too, took its time
        await Response(content)(scope, receive, send)
        watch.seen = Seen()

    return answer


def limits(folder: Path) -> Settings:
    """The settings of a deployment, with a quota of quarantine that no test uses up."""
    partners, closed = folder / "partners.json", folder / "closed.json"
    partners.write_text(json.dumps({"partners": PARTNERS}))
    closed.write_text(json.dumps({"partners": {}}))
    return Settings(
        cell="eu",
        gcp_project="p",
        events_topic="t",
        pubsub_endpoint="",
        storage_endpoint="",
        bucket="b",
        partners_file=partners,
        closed_file=closed,
        max_quarantined_bytes=sys.maxsize,
    )


async def serve(descriptor: int, folder: Path) -> None:
    watch = Watch(limits(folder))
    watch.watch_decoders()
    config = uvicorn.Config(
        application(watch), fd=descriptor, http=Protocol, log_level="error", lifespan="off"
    )
    gc.collect()  # as `functions.web.entry` does
    gc.freeze()
    gc.set_threshold(50_000, 50, 50)
    async with asyncio.TaskGroup() as tasks:
        watching = tasks.create_task(watch.watch_loop())
        await uvicorn.Server(config).serve()
        watching.cancel()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), Path(sys.argv[2])))
