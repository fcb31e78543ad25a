"""Partners are closed in Secret Manager, even if others write the list at the same time."""

import asyncio
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier, Thread

import pytest

from functions.google import secret_manager
from functions.google.secret_manager import SecretsUnavailable
from functions.privacy.offboarding.closed_list import (
    FULL_BYTES,
    MAX_BYTES,
    NEARLY_FULL,
    ClosedSecret,
    ListFull,
    ListUnavailable,
)
from functions.secrets.closed_partners import ClosedList, ClosedPartner
from local.secret_manager import Secrets, server
from tests.fakes.hook import ignore
from tests.fakes.secret import Secret

NAME = "projects/p/secrets/chat-eu-closed"
NOW = datetime(2026, 11, 22, 14, 25, 32, tzinfo=UTC)
LATER = datetime(2026, 11, 23, tzinfo=UTC)
EMPTY = b'{"partners": {}}'


def names(secret: Secret) -> set[str]:
    return set(json.loads(secret.versions[-1])["partners"])


def before_addition(secret: Secret, action: Callable[[], object]) -> None:
    """Do something once, right before the next version is added."""

    def act(name: str) -> None:
        if name == "add":
            secret.before = ignore
            action()

    secret.before = act


async def test_a_partner_is_closed_once() -> None:
    memory = Secret(EMPTY)
    first = await ClosedSecret(memory).close("acme", ["acme-prod"], NOW)
    again = await ClosedSecret(memory).close("acme", [], LATER)
    assert first == again
    assert (first.projects, first.closed_at) == (("acme-prod",), NOW)
    assert len(memory.versions) == 2


async def test_two_closings_at_once_are_both_kept() -> None:
    memory = Secret(EMPTY)

    def other() -> None:
        asyncio.run(ClosedSecret(memory).close("other", [], LATER))

    before_addition(memory, lambda: run_in_thread(other))
    await ClosedSecret(memory).close("acme", [], NOW)
    assert names(memory) == {"acme", "other"}


async def test_an_overwritten_entry_is_not_lost_although_its_writer_died() -> None:
    def die(action: str) -> None:
        if action == "add":
            raise SecretsUnavailable("ConnectionError")

    memory = Secret(EMPTY)
    memory.after = die
    other = json.dumps({"partners": {"other": entry(LATER)}, "follows": 1}).encode()
    before_addition(memory, lambda: memory.versions.append(other))
    with pytest.raises(ListUnavailable):
        await ClosedSecret(memory).close("acme", [], NOW)
    assert names(memory) == {"acme"}, "the other entry is missing for the moment"

    healing = Secret(*memory.versions)
    assert (await ClosedSecret(healing).read()).partners.keys() == {"acme", "other"}
    assert names(healing) == {"acme", "other"}
    await ClosedSecret(healing).read()
    assert len(healing.versions) == 4, "an entry that is in the list is not written again"


async def test_a_version_that_was_destroyed_is_passed_over() -> None:
    memory = Secret(EMPTY)
    memory.versions += [b"destroyed", json.dumps({"partners": {}, "follows": 1}).encode()]
    memory.destroyed = {2}
    assert (await ClosedSecret(memory).read()).partners == {}


async def test_a_partner_removed_by_hand_stays_removed() -> None:
    memory = Secret(EMPTY)
    await ClosedSecret(memory).close("acme", [], NOW)
    memory.versions.append(EMPTY)
    await ClosedSecret(memory).close("other", [], NOW)
    assert names(memory) == {"other"}


async def test_the_newest_version_may_be_known_late() -> None:
    """Secret Manager may return an old version as the newest; only access by number is exact."""
    memory = Secret(EMPTY)
    memory.announced = 1
    assert (await ClosedSecret(memory).close("acme", [], NOW)).closed_at == NOW
    assert len(memory.versions) == 2
    await ClosedSecret(memory).close("other", [], NOW)
    assert names(memory) == {"acme", "other"}


def made_by_terraform(at: datetime) -> bytes:
    """Return the list that an apply writes at a time, for a secret that was created at NOW."""
    times = {"made_at": at.isoformat(), "secret_made_at": NOW.isoformat()}
    return json.dumps({"partners": {}} | times).encode()


async def test_terraforms_first_list_is_valid_although_the_apply_was_repeated() -> None:
    memory = Secret(made_by_terraform(NOW + timedelta(hours=23)))
    assert (await ClosedSecret(memory).read()).partners == {}
    assert len(memory.versions) == 1


async def test_a_list_that_terraform_made_again_opens_no_closed_partner() -> None:
    """A version was destroyed, so the next apply adds an empty list as the newest version."""
    memory = Secret(made_by_terraform(NOW))
    await ClosedSecret(memory).close("acme", ["acme-prod"], NOW)
    memory.destroyed = {1}
    memory.versions += [made_by_terraform(NOW + timedelta(days=30))] * 2
    assert (await ClosedSecret(memory).read()).partners.keys() == {"acme"}
    assert names(memory) == {"acme"}
    assert len(memory.versions) == 5
    await ClosedSecret(memory).close("other", [], NOW)
    assert names(memory) == {"acme", "other"}


async def test_a_list_made_again_is_empty_if_no_partner_was_closed() -> None:
    memory = Secret(b"destroyed", made_by_terraform(LATER + timedelta(days=30)))
    memory.destroyed = {1}
    assert (await ClosedSecret(memory).read()).partners == {}
    assert ClosedList.from_json(memory.versions[-1]).follows == 2


async def test_without_any_earlier_list_it_is_unknown_who_is_closed() -> None:
    memory = Secret(EMPTY)
    await ClosedSecret(memory).close("acme", [], NOW)
    memory.versions.append(made_by_terraform(NOW + timedelta(days=30)))
    memory.destroyed = {1, 2}
    with pytest.raises(ListUnavailable):
        await ClosedSecret(memory).read()
    assert len(memory.versions) == 3


@pytest.mark.parametrize("content", [b"", b"{}", b"nonsense"])
async def test_a_malformed_list_is_not_overwritten(content: bytes) -> None:
    memory = Secret(EMPTY)
    memory.versions.append(content)
    with pytest.raises(ListUnavailable):
        await ClosedSecret(memory).close("acme", [], NOW)
    assert memory.versions[-1] == content


async def test_many_writers_end() -> None:
    memory = Secret(EMPTY)

    def overwrite(action: str) -> None:
        if action == "add":
            memory.versions.append(EMPTY)

    memory.after = overwrite
    with pytest.raises(ListUnavailable):
        await ClosedSecret(memory).close("acme", [], NOW)


@pytest.fixture
def endpoint(tmp_path: Path) -> Iterator[str]:
    """The URL of a Secret Manager stand-in with an empty closed list."""
    (tmp_path / "closed.json").write_bytes(EMPTY)
    secrets = Secrets(tmp_path, "projects/p/secrets/chat-eu-", "europe-west1")
    serving = server(0, secrets)
    thread = Thread(target=serving.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{serving.server_port}"
    serving.shutdown()
    thread.join()
    serving.server_close()


async def test_eight_writers_over_http_lose_no_entry(endpoint: str, tmp_path: Path) -> None:
    partners = {f"partner-{number}" for number in range(8)}
    start = Barrier(len(partners))

    def close(name: str) -> None:
        start.wait(60)
        asyncio.run(
            ClosedSecret(secret_manager.Secret(endpoint, NAME)).close(name, [f"{name}-prod"], NOW)
        )

    threads = [Thread(target=close, args=(name,)) for name in partners]
    for thread in threads:
        thread.start()
    await asyncio.gather(*(asyncio.to_thread(thread.join) for thread in threads))
    assert json.loads((tmp_path / "closed.json").read_text())["partners"].keys() == partners


async def test_a_missing_secret_or_a_service_that_does_not_answer_is_an_error(
    endpoint: str,
) -> None:
    for secret in (
        secret_manager.Secret("http://127.0.0.1:1", NAME),
        secret_manager.Secret(endpoint, "projects/p/secrets/chat-eu-gone"),
        secret_manager.Secret(endpoint, "projects/other/secrets/closed"),
    ):
        with pytest.raises(ListUnavailable):
            await ClosedSecret(secret).read()


def entry(at: datetime) -> dict[str, object]:
    return {"projects": [], "closed_at": at.isoformat()}


def run_in_thread(action: Callable[[], None]) -> None:
    thread = Thread(target=action)
    thread.start()
    thread.join()


async def test_a_malformed_entry_is_kept_until_its_partner_is_closed_anew() -> None:
    memory = Secret(b'{"partners": {"odd": {"projects": "odd"}}}')
    await ClosedSecret(memory).close("acme", [], NOW)
    assert json.loads(memory.versions[-1])["partners"]["odd"] == {"projects": "odd"}
    await ClosedSecret(memory).close("odd", ["odd"], NOW)
    assert ClosedList.from_json(memory.versions[-1]).partners.keys() == {"acme", "odd"}


def filled(size: int) -> bytes:
    """Return a list with at least `size` bytes, but less than one entry more."""
    partner = ClosedPartner((), NOW)
    one = len(ClosedList({"partner-0000": partner, "partner-0001": partner}).to_json())
    one -= len(ClosedList({"partner-0000": partner}).to_json())
    partners = (f"partner-{number:04}" for number in range(-(-size // one)))
    return ClosedList(dict.fromkeys(partners, partner), follows=1).to_json()


def logged(capsys: pytest.CaptureFixture[str]) -> list[tuple[str, str]]:
    lines = map(json.loads, capsys.readouterr().out.splitlines())
    return [(line["severity"], line["message"]) for line in lines]


async def test_a_full_list_refuses_another_partner_and_stays_as_it_is(
    capsys: pytest.CaptureFixture[str],
) -> None:
    memory = Secret(EMPTY, filled(FULL_BYTES))
    closed = ClosedSecret(memory)
    with pytest.raises(ListFull):
        await closed.must_have_room("acme", ClosedPartner(("acme-prod",), NOW))
    with pytest.raises(ListFull):
        await closed.close("acme", ["acme-prod"], NOW)
    assert len(memory.versions) == 2
    assert ("ERROR", "closed list full") in logged(capsys)
    known = await closed.read()
    first = next(iter(known.partners))
    assert await closed.close(first, [], LATER) == known.partners[first], "it was closed before"


async def test_two_closings_at_once_both_fit_although_each_fills_the_list() -> None:
    """If one were refused after both were written, the other would be missing from the list."""
    memory = Secret(EMPTY, filled(FULL_BYTES - 250))

    def other() -> None:
        asyncio.run(ClosedSecret(memory).close("other", ["o" * 100], LATER))

    before_addition(memory, lambda: run_in_thread(other))
    await ClosedSecret(memory).close("acme", ["a" * 100], NOW)
    assert {"acme", "other"} < names(memory)
    assert FULL_BYTES < len(memory.versions[-1]) <= MAX_BYTES


async def test_a_list_that_is_full_after_an_entry_was_added_does_not_say_that_none_was() -> None:
    """Two at once, of whom each fills the list: the entry is on a version, and may be lost."""
    memory = Secret(EMPTY, filled(FULL_BYTES - 5_500))

    def other() -> None:
        asyncio.run(ClosedSecret(memory).close("other", ["o" * 5_000], LATER))

    before_addition(memory, lambda: run_in_thread(other))
    with pytest.raises(ListUnavailable) as failed:
        await ClosedSecret(memory).close("acme", ["a" * 5_000], NOW)
    assert not isinstance(failed.value, ListFull)


@pytest.mark.parametrize(("part", "lines"), [(NEARLY_FULL, 2), (NEARLY_FULL - 0.01, 0)])
async def test_each_read_logs_that_the_list_is_nearly_full(
    part: float, lines: int, capsys: pytest.CaptureFixture[str]
) -> None:
    memory = Secret(EMPTY, filled(int(MAX_BYTES * part)))
    for _ in range(2):
        await ClosedSecret(memory).read()
    assert logged(capsys) == [("WARNING", "closed list nearly full")] * lines


async def test_the_list_has_room_for_as_many_partners_as_documented(
    endpoint: str, tmp_path: Path
) -> None:
    """Google refuses a version above 64 KiB, and so does the stand-in."""
    partners = {
        f"customer-{number:03}": {
            "projects": [f"customer-{number:03}-prod"],
            "closed_at": "2026-11-22T14:25:32.123456Z",
        }
        for number in range(1_000)
    }
    secret = secret_manager.Secret(endpoint, NAME)
    with pytest.raises(SecretsUnavailable, match="400"):
        secret.add(json.dumps({"partners": partners}).encode())
    for name in list(partners)[580:]:
        del partners[name]
    secret.add(json.dumps({"partners": partners}, separators=(",", ":")).encode())
    await ClosedSecret(secret).close("acme", ["acme-prod"], NOW)
    assert len(json.loads((tmp_path / "closed.json").read_text())["partners"]) == 581
