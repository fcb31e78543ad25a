"""A mounted secret (that of the partners) is rotated, unreadable, or hangs when it is read."""

import asyncio
import hashlib
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from functions.acceptance.partners import Directory, PartnersFile, PartnersUnavailable
from functions.secrets import file as secret_file
from functions.secrets.file import HANGING_READS, KEEP_SECONDS, READ_SECONDS, REFRESH_SECONDS
from tests.fakes.clock import Clock

PATH = Path("partners.json")


def secret(token: str) -> bytes:
    digest = hashlib.sha256(token.encode()).hexdigest()
    return json.dumps(
        {"partners": {"a": {"tokens_sha256": [digest], "projects": {"p": "eu"}}}}
    ).encode()


class File:
    """A file that tests can rewrite, lose, or let hang."""

    def __init__(self, content: bytes) -> None:
        self.content: bytes | Exception = content
        self.reads = 0
        self.hanging = threading.Event()
        self.hanging.set()

    def __call__(self, path: Path) -> bytes:
        assert path == PATH
        self.reads += 1
        content = self.content
        self.hanging.wait(10)
        if isinstance(content, Exception):
            raise content
        return content


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def file() -> Iterator[File]:
    file = File(secret("old"))
    yield file
    file.hanging.set()


@pytest.fixture
def partners(file: File, clock: Clock) -> PartnersFile:
    return PartnersFile(PATH, clock, file)


async def settled(partners: PartnersFile) -> Directory:
    """Ask once, wait for the end of the read in the background, and return the new value."""
    await partners.current()
    if partners._reading:
        await asyncio.wait(partners._reading)
    return await partners.current()


async def test_a_rotation_is_seen_after_a_minute(
    partners: PartnersFile, file: File, clock: Clock
) -> None:
    assert (await partners.current()).find("old")
    file.content = secret("new")
    clock.now += REFRESH_SECONDS - 1
    assert (await settled(partners)).find("old")
    clock.now += 2
    directory = await settled(partners)
    assert directory.find("new")
    assert not directory.find("old")
    assert file.reads == 2


@pytest.mark.parametrize("fault", [FileNotFoundError(), RuntimeError("odd"), b"garbage", b""])
async def test_the_last_good_value_serves_for_ten_minutes(
    partners: PartnersFile,
    file: File,
    clock: Clock,
    fault: bytes | Exception,
    capsys: pytest.CaptureFixture[str],
) -> None:
    await partners.current()
    file.content = fault
    clock.now += KEEP_SECONDS - 1
    assert (await settled(partners)).find("old")
    logged = json.loads(capsys.readouterr().out)
    assert (logged["severity"], logged["message"]) == ("ERROR", "secret not read")
    assert logged["secret"] == "partners"
    clock.now += 2
    for _ in range(5):
        with pytest.raises(PartnersUnavailable):
            await partners.current()
    assert file.reads == 3  # not one read for each refused request
    file.content = secret("back")
    clock.now += 2
    assert (await partners.current()).find("back")


async def test_requests_that_arrive_together_share_one_read(
    partners: PartnersFile, file: File
) -> None:
    directories = await asyncio.gather(*(partners.current() for _ in range(20)))
    assert all(directory is directories[0] for directory in directories)
    assert file.reads == 1


async def test_a_cancelled_request_does_not_affect_others(
    partners: PartnersFile, file: File
) -> None:
    file.hanging.clear()
    first, second = (asyncio.create_task(partners.current()) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.sleep(0)
    file.hanging.set()
    assert (await second).find("old")


async def test_a_read_that_hangs_is_refused_in_time_and_does_not_pile_up(
    partners: PartnersFile, file: File, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(secret_file, "READ_SECONDS", 0.01)
    file.hanging.clear()
    for _ in range(20):
        with pytest.raises(PartnersUnavailable):
            await partners.current()
        clock.now += READ_SECONDS
    assert file.reads == HANGING_READS + 1
    file.hanging.set()
    await asyncio.wait(partners._reading)
    clock.now += READ_SECONDS
    assert (await partners.current()).find("old")


async def test_a_read_that_hangs_holds_up_requests_for_its_time_and_no_longer(
    partners: PartnersFile, file: File, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(secret_file, "READ_SECONDS", 0.01)
    await partners.current()
    file.hanging.clear()
    clock.now += REFRESH_SECONDS + 1
    for _ in range(3):  # the first waits; the others come after its time is over
        assert (await partners.current()).find("old")
        assert not partners.is_certain
        clock.now += READ_SECONDS
    assert file.reads == 2


async def test_past_the_refresh_time_all_requests_wait_for_one_read(
    partners: PartnersFile, file: File, clock: Clock
) -> None:
    await partners.current()
    clock.now += REFRESH_SECONDS + 1
    file.content = secret("new")
    directories = await asyncio.gather(*(partners.current() for _ in range(5)))
    assert all(directory.find("new") and not directory.find("old") for directory in directories)
    assert partners.is_certain
    assert file.reads == 2


async def test_a_read_that_began_before_a_pause_counts_as_old(
    partners: PartnersFile, file: File, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cloud Run freezes an instance after its answer, so a read may end much later."""
    monkeypatch.setattr(secret_file, "READ_SECONDS", 0.01)
    await partners.current()
    file.hanging.clear()
    clock.now += REFRESH_SECONDS + 1
    await partners.current()
    [frozen] = partners._reading
    clock.now += REFRESH_SECONDS + 1
    file.hanging, woken = threading.Event(), file.hanging
    file.hanging.set()
    file.content = secret("new")
    woken.set()
    await asyncio.wait([frozen])
    assert partners.fresh_until < clock.now
    assert (await partners.current()).find("new")
    assert partners.is_certain


async def test_a_late_read_does_not_undo_a_newer_one(
    partners: PartnersFile, file: File, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(secret_file, "READ_SECONDS", 0.01)
    await partners.current()
    file.hanging.clear()
    clock.now += REFRESH_SECONDS + 1
    await partners.current()
    [late] = partners._reading
    first_event, file.hanging = file.hanging, threading.Event()
    file.hanging.set()
    file.content = secret("new")
    clock.now += REFRESH_SECONDS + 1
    await partners.current()
    assert partners._latest
    await asyncio.wait([partners._latest])
    first_event.set()
    await asyncio.wait([late])
    assert (await partners.current()).find("new")
