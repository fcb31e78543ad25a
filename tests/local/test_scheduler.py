"""The scheduler stand-in: it calls at the full interval, and goes on whatever is answered."""

import sched
import threading
from collections.abc import Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local import scheduler
from local.cell import SCHEDULER_ACCOUNT, Cell


@given(st.floats(0, 4e9), st.integers(1, 86_400))
def test_the_next_run_is_the_next_whole_interval(now: float, every: int) -> None:
    due = scheduler.next_run(now, every)
    assert now < due <= now + every
    assert due % every == 0


def test_jobs_run_at_their_intervals() -> None:
    now = 7.0
    calls: list[tuple[str, float]] = []

    def sleep(seconds: float) -> None:
        nonlocal now
        now += seconds
        if now > 31:
            raise KeyboardInterrupt

    clock = sched.scheduler(lambda: now, sleep)

    def note(name: str) -> None:
        calls.append((name, now))

    for name, every in (("replay", 10), ("refresh", 15)):
        scheduler.schedule(clock, every, partial(note, name), lambda: now)
    with pytest.raises(KeyboardInterrupt):
        clock.run()
    assert [at for name, at in calls if name == "replay"] == [10, 20, 30]
    assert [at for name, at in calls if name == "refresh"] == [15, 30]


@pytest.fixture
def endpoint() -> Iterator[tuple[str, list[tuple[str, bytes]]]]:
    """A server that answers 503, and what it was sent."""
    requests: list[tuple[str, bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            requests.append((self.path, self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(503)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", requests
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_call_posts_and_notes_what_failed(
    endpoint: tuple[str, list[tuple[str, bytes]]], capsys: pytest.CaptureFixture[str]
) -> None:
    url, requests = endpoint
    scheduler.call(f"{url}/replay", SCHEDULER_ACCOUNT)
    scheduler.call("http://127.0.0.1:1/replay", SCHEDULER_ACCOUNT)
    assert requests == [("/replay", b"")]
    assert capsys.readouterr().out.splitlines() == [
        f"{url}/replay answered 503",
        "http://127.0.0.1:1/replay did not answer: URLError",
    ]


def test_the_spill_is_replayed_every_five_minutes() -> None:
    cell = Cell(8600, "token", Path("unused"), "127.0.0.1:8602")
    assert (300, "http://127.0.0.1:8606/replay") in cell.jobs()
