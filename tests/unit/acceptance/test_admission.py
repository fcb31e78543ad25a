"""Who is let in as the two secrets change: the short way says what the long way would."""

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
    """The two secrets, their readers, and the time."""

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
        """Whose tokens are valid now."""
        return {name + self.token for name in EVERYBODY - self.closed}

    def admission(self) -> Admission:
        return Admission(self.partners_file, self.closed_file, self.clock)


def answer_about(directory: Directory, token: str) -> str:
    """What a sender with this token is told: let in, unknown (401) or unclear (503)."""
    try:
        return "in" if directory.find(token) else "unknown"
    except Unclear:
        return "unclear"


def tokens(directory: Directory) -> set[str]:
    """Return whose tokens are let in, of all that ever were."""
    return {token for token in ALL_TOKENS if answer_about(directory, token) == "in"}


async def answers(admission: Admission, *, shortly: bool) -> dict[str, str] | None:
    """Return what each sender is told; None where nobody may be let in."""
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
async def test_what_senders_are_told_is_never_older_than_the_refresh_time(
    steps: list[float | str | frozenset[str] | bool],
) -> None:
    """Time passes, tokens are rotated, partners leave, the secrets cannot be read.

    The short way says what the long way would. As long as the secrets can be read both are what
    was true at some time since the last refresh was due, in the first answer after it, too; and
    nobody is told that a token is unknown by a value that may be outdated.
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
    """What was true at a time: the last change before it."""
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


async def test_the_first_request_after_a_quiet_time_goes_by_the_secrets_of_now() -> None:
    """Its token may be new, and its partner closed: neither waits for the next request."""
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


async def test_while_a_secret_cannot_be_read_an_unknown_token_is_not_told_so() -> None:
    """401 is for ever: the token may be one that was added since."""
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


async def test_requests_that_wait_for_a_read_all_go_by_it() -> None:
    world = World()
    admission = world.admission()
    await admission.current()
    world.now += REFRESH_SECONDS + 1
    world.token = TOKENS[1]
    verdicts = await asyncio.gather(*(answers(admission, shortly=True) for _ in range(5)))
    assert [verdict["acmetwo"] for verdict in verdicts if verdict] == ["in"] * 5
    assert world.reads == 4  # two of each secret


async def test_nobody_is_at_hand_who_may_not_be_let_in_any_more() -> None:
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
    """What the sender is told who asks for a token by `find`."""
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


async def test_wrong_tokens_cause_few_reads_and_hold_up_no_known_one() -> None:
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
    assert world.reads == 4  # two of each secret


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
