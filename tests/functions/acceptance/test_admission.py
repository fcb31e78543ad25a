"""Who is let in as the two secrets change: the short way says what the long way would."""

import asyncio
import hashlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.acceptance.admission import Admission
from functions.acceptance.partners import Directory
from functions.acceptance.partners_file import PartnersFile
from functions.closed import ClosedFile, ClosedList
from functions.secret_file import KEEP_SECONDS, REFRESH_SECONDS, SecretUnavailable

TOKENS = ("one", "two")
EVERYBODY = frozenset({"acme", "solo"})


class World:
    """The two secrets, their readers, and the time."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.token = TOKENS[0]
        self.closed: frozenset[str] = frozenset()
        self.readable = True
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
        if not self.readable:
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

    def admission(self) -> Admission:
        return Admission(self.partners_file, self.closed_file, self.clock)

    async def settle(self) -> None:
        """Let the reads in the background end."""
        for reading in (self.partners_file._reading, self.closed_file._reading):
            if reading:
                await asyncio.wait(reading)


def tokens(directory: Directory) -> set[str]:
    """Return whose tokens are known, of all that ever were."""
    all_tokens = {name + token for name in EVERYBODY for token in TOKENS}
    return {token for token in all_tokens if directory.find(token)}


async def let_in(admission: Admission, *, shortly: bool) -> set[str] | None:
    """Return whose tokens are let in; None where nobody may be."""
    try:
        directory = (admission.at_hand() if shortly else None) or await admission.current()
    except SecretUnavailable:
        return None
    return tokens(directory)


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
async def test_the_short_way_says_what_the_long_way_would(
    steps: list[float | str | frozenset[str] | bool],
) -> None:
    """Time passes, tokens are rotated, partners leave, the secrets cannot be read."""
    world = World()
    short, long = world.admission(), world.admission()
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
        for _ in range(2):  # before a read that this asks for has ended, and after
            assert await let_in(short, shortly=True) == await let_in(long, shortly=False)
            await world.settle()


async def test_a_request_awaits_nothing_until_a_secret_is_to_be_read_again() -> None:
    world = World()
    admission = world.admission()
    assert admission.at_hand() is None
    directory = await admission.current()
    world.now += REFRESH_SECONDS
    assert admission.at_hand() is directory
    world.now += 1
    assert admission.at_hand() is None


async def test_a_new_secret_is_used_as_soon_as_it_is_read() -> None:
    world = World()
    admission = world.admission()
    await admission.current()
    world.now += REFRESH_SECONDS + 1
    world.token, world.closed = TOKENS[1], frozenset({"solo"})
    before = await admission.current()  # the reads begin
    assert tokens(before) == {"acmeone", "soloone"}
    assert admission.at_hand() is None
    await world.settle()
    assert tokens(await admission.current()) == {"acmetwo"}
    assert admission.at_hand()


async def test_partners_who_come_while_the_closed_list_does_are_let_in_at_once() -> None:
    world = World()
    partners = world.partners_file
    old = await partners.current()

    class Slow:
        """A closed list that takes as long as the partners' next read."""

        fresh_until = float("inf")

        async def current(self) -> ClosedList:
            await asyncio.wait(partners._reading)
            return ClosedList({})

    admission = Admission(partners, Slow(), world.clock)
    world.now += REFRESH_SECONDS + 1
    world.token = TOKENS[1]
    before = await admission.current()
    assert tokens(before) == tokens(old)
    assert admission.at_hand() is None
    assert await partners.current() is not old


async def test_nobody_is_at_hand_who_may_not_be_let_in_any_more() -> None:
    world = World()
    admission = world.admission()
    await admission.current()
    world.readable = False
    while world.now <= 1_000 + KEEP_SECONDS - REFRESH_SECONDS:
        world.now += REFRESH_SECONDS / 2
        assert await let_in(admission, shortly=True)
        await world.settle()
    world.now = 1_000 + KEEP_SECONDS + 1
    assert admission.at_hand() is None
    with pytest.raises(SecretUnavailable):
        await admission.current()
