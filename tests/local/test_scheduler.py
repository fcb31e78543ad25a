"""The scheduler stand-in calls URLs at their intervals, and goes on after any answer."""

import re
import sched
import threading
from collections.abc import Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local import scheduler, up
from local.cell import ATTEMPT_SECONDS, SCHEDULER_ACCOUNT, Cell

ROOT = Path(__file__).parent.parent.parent


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
    """The URL of a server that answers 503, and the list of requests that it gets."""
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
    scheduler.call(f"{url}/replay", SCHEDULER_ACCOUNT, 60)
    scheduler.call("http://127.0.0.1:1/replay", SCHEDULER_ACCOUNT, 60)
    assert requests == [("/replay", b"")]
    assert capsys.readouterr().out.splitlines() == [
        f"{url}/replay answered 503",
        "http://127.0.0.1:1/replay did not answer: URLError",
    ]


def test_the_spill_is_replayed_every_five_minutes() -> None:
    cell = Cell(8600, "token", Path("unused"), "127.0.0.1:8602")
    assert (300, "http://127.0.0.1:8606/replay") in cell.jobs()


def test_a_call_may_take_as_long_as_that_of_cloud_scheduler() -> None:
    jobs = (ROOT / "terraform" / "modules" / "cell" / "scheduler.tf").read_text()
    deadlines = re.findall(
        r"^    (\w+) = \{\n(?:.*\n)*?      deadline +=[ ]+(\d+)", jobs, re.MULTILINE
    )
    assert len(deadlines) == len(Cell(8600, "token", Path("unused"), "127.0.0.1:8602").jobs())
    assert {name: int(seconds) for name, seconds in deadlines} == ATTEMPT_SECONDS


def test_a_call_ends_at_the_deadline_of_its_job(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cell = Cell(8600, "token", Path("unused"), "127.0.0.1:8602")
    arguments = up.command_lines(cell, Path("unused"))["scheduler"][3:]
    called: list[tuple[str, int]] = []
    monkeypatch.setattr(
        scheduler, "call", lambda url, _email, seconds: called.append((url, seconds))
    )
    monkeypatch.setattr(scheduler, "schedule", lambda _clock, _every, action, _now: action())
    monkeypatch.setattr("signal.signal", lambda *_: None)
    scheduler.main(arguments, standalone_mode=False)
    assert {url.rsplit("/", 1)[-1]: seconds for url, seconds in called} == ATTEMPT_SECONDS
