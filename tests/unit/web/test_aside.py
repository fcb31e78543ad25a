"""Long computations: the loop goes on meanwhile, and owners take turns."""

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest

from functions.web.aside import Aside


class Gate:
    """A computation that waits until it is let go."""

    def __init__(self) -> None:
        self._open = threading.Event()

    def __call__(self) -> str:
        assert self._open.wait(60)
        return "through"

    def open(self) -> None:
        self._open.set()


async def test_the_loop_goes_on_while_something_is_computed() -> None:
    gate = Gate()
    computing = asyncio.create_task(Aside().run("a", gate))
    await asyncio.sleep(0)
    gate.open()  # only a loop that goes on gets here
    assert await computing == "through"


async def test_owners_take_turns() -> None:
    aside, gate, done = Aside(), Gate(), list[str]()
    tasks: list[asyncio.Task[Any]] = [asyncio.create_task(aside.run("first", gate))]
    tasks += [
        asyncio.create_task(aside.run(name[0], noting(done, name)))
        for name in ("a1", "a2", "a3", "b1", "c1", "b2")
    ]
    await asyncio.sleep(0)
    gate.open()
    await asyncio.gather(*tasks)
    assert done == ["a1", "b1", "c1", "a2", "b2", "a3"]


def noting(done: list[str], name: str) -> Callable[[], None]:
    return lambda: done.append(name)


async def test_one_thread_computes_everything() -> None:
    aside = Aside()
    threads = await asyncio.gather(*(aside.run("a", threading.get_ident) for _ in range(9)))
    assert len(set(threads)) == 1
    assert threading.get_ident() not in threads


async def test_an_error_reaches_the_caller_and_the_next_one_gets_the_turn() -> None:
    aside = Aside()

    def fail() -> None:
        raise LookupError

    failing = asyncio.create_task(aside.run("a", fail))
    next_one = asyncio.create_task(aside.run("b", lambda: 7))
    with pytest.raises(LookupError):
        await failing
    assert await next_one == 7


async def test_who_gives_up_leaves_the_line() -> None:
    aside, gate = Aside(), Gate()
    computing = asyncio.create_task(aside.run("a", gate))
    waiting = [asyncio.create_task(aside.run("a", lambda: 1)) for _ in range(2)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    await asyncio.sleep(0)
    gate.open()
    assert await computing == "through"
    assert await waiting[1] == 1
    assert waiting[0].cancelled()


async def test_who_gives_up_when_the_turn_comes_passes_it_on() -> None:
    aside, gate = Aside(), Gate()
    computing = asyncio.create_task(aside.run("a", gate))
    waiting = [asyncio.create_task(aside.run("a", lambda: 1)) for _ in range(2)]
    computing.add_done_callback(lambda _: waiting[0].cancel())
    await asyncio.sleep(0)
    gate.open()
    assert await computing == "through"
    assert await asyncio.wait_for(waiting[1], 60) == 1
    assert await aside.run("b", lambda: 2) == 2
