"""Senders are accepted by the two secrets as these change.

`at_hand` (the short way, without waiting) decides as `current` (the long way) would.
"""

import asyncio
import hashlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.acceptance.admission import NEW_TOKEN_SECONDS, Admission
from functions.acceptance.partners import Directory, PartnersFile, Unclear
from functions.secrets.closed_partners import ClosedFile
from functions.secrets.file import (
    KEEP_SECONDS,
    REFRESH_SECONDS,
    RETRY_SECONDS,
    SecretUnavailable,
)

TOKENS = ("one", "two")
EVERYBODY = frozenset({"acme", "solo"})
ALL_TOKENS = sorted(name + token for name in EVERYBODY for token in TOKENS)


class World:
    """The two secrets, the objects that read them, and the time."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.token = TOKENS[0]
        self.closed: frozenset[str] = frozenset()
        self.readable = True
        self.reads = 0
        self.tried_at = self.failed_at = float("-inf")
        self.partners_file = PartnersFile(Path("p"), self.clock, self.read)
        self.closed_file = ClosedFile(
            Path("c"),
            self.clock,
            self.read,
            refresh_seconds=REFRESH_SECONDS,
            keep_seconds=KEEP_SECONDS,
        )

    def clock(self) -> float:
        return self.now

    def read(self, path: Path) -> bytes:
        self.reads += 1
        self.tried_at = self.now
        if not self.readable:
            self.failed_at = self.now
            raise FileNotFoundError
        if path == Path("c"):
            left = {"projects": [], "closed_at": "2026-11-22T14:25:32Z"}
            return json.dumps({"partners": dict.fromkeys(self.closed, left)}).encode()
        records = {
            name: {
                "tokens_sha256": [hashlib.sha256((name + self.token).encode()).hexdigest()],
                "projects": {name: "eu"},
            }
            for name in EVERYBODY
        }
        return json.dumps({"partners": records}).encode()

    def truth(self) -> set[str]:
        """Return the tokens that are valid now."""
        return {name + self.token for name in EVERYBODY - self.closed}

    def admission(self) -> Admission:
        return Admission(self.partners_file, self.closed_file, self.clock)


def answer_about(directory: Directory, token: str) -> str:
    """Return the decision about a token: "in" (accepted), "unknown" (401) or "unclear" (503)."""
    try:
        return "in" if directory.find(token) else "unknown"
    except Unclear:
        return "unclear"


def tokens(directory: Directory) -> set[str]:
    """Return the tokens that are accepted, out of all that a test uses."""
    return {token for token in ALL_TOKENS if answer_about(directory, token) == "in"}


async def answers(admission: Admission, *, shortly: bool) -> dict[str, str] | None:
    """Return the decision about each token; None if no secret can be read."""
    try:
        directory = (admission.at_hand() if shortly else None) or await admission.current()
    except SecretUnavailable:
        return None
    return {token: answer_about(directory, token) for token in ALL_TOKENS}


STEPS = st.lists(
    st.one_of(
        st.floats(0, KEEP_SECONDS * 1.1),
        st.sampled_from([0.5, REFRESH_SECONDS, REFRESH_SECONDS + 1, KEEP_SECONDS]),
        st.sampled_from(TOKENS),
        st.frozensets(st.sampled_from(sorted(EVERYBODY))),
        st.booleans(),
    ),
    max_size=25,
)


@given(STEPS)
async def test_decisions_are_never_older_than_the_refresh_time(
    steps: list[float | str | frozenset[str] | bool],
) -> None:
    """Time passes, tokens are rotated, partners are closed, secrets cannot be read for a while.

    The short way decides as the long way does. While the secrets can be read, a decision was right
    at some time within the last `REFRESH_SECONDS`. A token is never called unknown if the secret
    that was read may be outdated.
    """
    world = World()
    short, long = world.admission(), world.admission()
    truths = [(world.now, world.truth())]
    for step in steps:
        match step:
            case bool():
                world.readable = step
            case str():
                world.token = step
            case frozenset():
                world.closed = step
            case _:
                world.now += step
        truths.append((world.now, world.truth()))
        verdicts = await answers(short, shortly=True)
        assert verdicts == await answers(long, shortly=False)
        if verdicts is None:
            assert not world.readable or world.now - world.tried_at <= RETRY_SECONDS
        elif "unclear" in verdicts.values():
            assert "unknown" not in verdicts.values()
            assert world.failed_at >= world.now - REFRESH_SECONDS
        else:
            recent = [truth for at, truth in truths if at >= world.now - REFRESH_SECONDS]
            assert {token for token, verdict in verdicts.items() if verdict == "in"} in [
                *recent,
                *truths_at(truths, world.now - REFRESH_SECONDS),
            ]


def truths_at(truths: list[tuple[float, set[str]]], time: float) -> list[set[str]]:
    """Return the valid tokens at a time: those of the last change before it."""
    return [truth for at, truth in truths if at <= time][-1:]


async def test_a_request_awaits_nothing_until_a_secret_is_to_be_read_again() -> None:
    world = World()
    admission = world.admission()
    assert admission.at_hand() is None
    directory = await admission.current()
    world.now += REFRESH_SECONDS
    assert admission.at_hand() is directory
    world.now += 1
    assert admission.at_hand() is None


async def test_the_first_request_after_a_quiet_time_uses_the_present_secrets() -> None:
    """A new token and a closed partner must take effect in this request, not in the next one."""
    world = World()
    admission = world.admission()
    await admission.current()
    world.now += KEEP_SECONDS / 2
    world.token, world.closed = TOKENS[1], frozenset({"solo"})
    assert await answers(admission, shortly=True) == {
        "acmeone": "unknown",
        "acmetwo": "in",
        "soloone": "unknown",
        "solotwo": "unknown",
    }
    assert admission.at_hand()


async def test_an_unknown_token_is_unclear_while_a_secret_cannot_be_read() -> None:
    """A sender gives up after a 401, but the token may have been added since the last read."""
    world = World()
    admission = world.admission()
    await admission.current()
    world.now += REFRESH_SECONDS + 1
    world.readable, world.token = False, TOKENS[1]
    for _ in range(3):
        verdicts = await answers(admission, shortly=True)
        assert verdicts
        assert (verdicts["acmeone"], verdicts["acmetwo"]) == ("in", "unclear")
        world.now += REFRESH_SECONDS / 3
    world.readable = True
    world.now += REFRESH_SECONDS
    verdicts = await answers(admission, shortly=True)
    assert verdicts
    assert (verdicts["acmeone"], verdicts["acmetwo"]) == ("unknown", "in")


async def test_all_requests_that_wait_for_a_read_use_its_result() -> None:
    world = World()
    admission = world.admission()
    await admission.current()
    world.now += REFRESH_SECONDS + 1
    world.token = TOKENS[1]
    verdicts = await asyncio.gather(*(answers(admission, shortly=True) for _ in range(5)))
    assert [verdict["acmetwo"] for verdict in verdicts if verdict] == ["in"] * 5
    assert world.reads == 4  # each secret was read twice


async def test_the_short_way_does_not_use_outdated_secrets() -> None:
    world = World()
    admission = world.admission()
    await admission.current()
    world.readable = False
    while world.now <= 1_000 + KEEP_SECONDS - REFRESH_SECONDS:
        world.now += REFRESH_SECONDS / 2
        verdicts = await answers(admission, shortly=True)
        assert verdicts
        assert "in" in verdicts.values()
    world.now = 1_000 + KEEP_SECONDS + 1
    assert admission.at_hand() is None
    with pytest.raises(SecretUnavailable):
        await admission.current()


async def answer_for(admission: Admission, token: str) -> str:
    """Return the decision about a token by `find`."""
    try:
        return "in" if await admission.find(token) else "unknown"
    except Unclear:
        return "unclear"


async def test_a_new_token_works_at_once_although_no_refresh_is_due() -> None:
    world = World()
    admission = world.admission()
    assert await answer_for(admission, "acmeone") == "in"
    world.now += NEW_TOKEN_SECONDS + 1
    world.token = TOKENS[1]
    assert await answer_for(admission, "acmetwo") == "in"
    assert await answer_for(admission, "acmeone") == "unknown"


async def test_wrong_tokens_cause_few_reads_and_delay_no_known_token() -> None:
    world = World()
    admission = world.admission()
    await admission.current()
    before = world.reads
    for number in range(1_000):
        world.now += REFRESH_SECONDS / 1_000
        assert await answer_for(admission, f"wrong{number}") == "unknown"
        assert admission.at_hand()
    assert world.reads - before <= 2 * REFRESH_SECONDS / NEW_TOKEN_SECONDS


async def test_wrong_tokens_that_come_together_share_one_read() -> None:
    world = World()
    admission = world.admission()
    await admission.current()
    world.now += NEW_TOKEN_SECONDS + 1
    await asyncio.gather(*(admission.find(f"wrong{number}") for number in range(50)))
    assert world.reads == 4  # each secret was read twice


async def test_an_unknown_token_is_unclear_while_the_read_for_it_fails_and_heals_with_it() -> None:
    world = World()
    admission = world.admission()
    await admission.current()
    world.now += NEW_TOKEN_SECONDS + 1
    world.readable, world.token = False, TOKENS[1]
    assert await answer_for(admission, "acmetwo") == "unclear"
    assert await answer_for(admission, "acmeone") == "in"
    world.readable = True
    world.now += NEW_TOKEN_SECONDS + 1
    assert await answer_for(admission, "acmetwo") == "in"
