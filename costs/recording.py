"""Runs the code of a job without BigQuery, and records the statements that it would run."""

import asyncio
import io
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import redirect_stdout
from datetime import datetime
from typing import Any, NamedTuple, Self

from functions.warehouse.parameters import Parameter, query_parameters
from functions.warehouse.statements import Statements

Answer = Sequence[Any] | Callable[["Sequence[Call]"], Sequence[Any]]
"""The rows that a query returns, or a function that makes them from the statements so far."""

Answers = Mapping[str, Answer]
"""The rows that queries return, by the name of the query; all other queries return no rows."""

TURNS = 100
"""How many turns of the event loop are enough until each task of a job waits for a statement."""


class Call(NamedTuple):
    """A statement that a job ran.

    Attributes:
        folder: the statement's folder in ``sql/``.
        name: the name of the statement's file, without its ending.
        parameters: the values that the code bound.
        place: how many BigQuery jobs ran one after the other up to this one, including it;
            statements with the same place ran at the same time.
    """

    folder: str
    name: str
    parameters: Mapping[str, Parameter]
    place: int


class Recording:
    """The statements of one job.

    Args:
        answers: the rows that the queries of the job return.

    Attributes:
        calls: the statements, in order.
    """

    def __init__(self, answers: Answers) -> None:
        self.calls: list[Call] = []
        self._answers = answers
        self._place = 1
        self._waiting: list[asyncio.Future[None]] = []

    def run(self, job: Coroutine[Any, Any, Any]) -> list[Call]:
        """Run a job to its end; drop its log lines, and return its statements."""
        with redirect_stdout(io.StringIO()):
            asyncio.run(self._follow(job))
        return self.calls

    async def take(self, folder: str, name: str, parameters: Mapping[str, Parameter]) -> Any:
        """Record a statement; return its rows once all statements of the same time are recorded."""
        query_parameters(folder, name, parameters)
        self.calls.append(Call(folder, name, parameters, self._place))
        done = asyncio.get_running_loop().create_future()
        self._waiting.append(done)
        await done
        answer = self._answers.get(name, [])
        return answer(self.calls) if callable(answer) else answer

    async def days(self, folder: str, name: str, parameters: Mapping[str, Parameter]) -> Any:
        """Record a query; return its days."""
        return await self.take(folder, name, parameters)

    async def change(self, folder: str, name: str, parameters: Mapping[str, Parameter]) -> int:
        """Record a statement that changes rows; return how many it changed: none."""
        await self.take(folder, name, parameters)
        return 0

    async def _follow(self, job: Coroutine[Any, Any, Any]) -> None:
        task = asyncio.ensure_future(job)
        while not task.done():
            for _ in range(TURNS):
                await asyncio.sleep(0)
            if self._waiting:
                self._place += 1
            for done in self._waiting:
                done.set_result(None)
            self._waiting.clear()
        await task


class RecordedStatements(Statements):
    """Records statements of a folder instead of running them.

    Args:
        folder: the folder in ``sql/``.
        recording: gets the statements.
    """

    def __init__(self, folder: str, recording: Recording) -> None:
        self._name = folder
        self._recording = recording

    def within(self, seconds: float) -> Self:  # noqa: ARG002 - the method of the real ones has it
        """Return these statements: recording them takes no time."""
        return self

    async def rows(self, name: str, **parameters: Parameter) -> list[Any]:
        """Record a query; return the rows of its answer."""
        return list(await self._recording.take(self._name, name, parameters))

    async def days(self, name: str, **parameters: Parameter) -> list[datetime]:
        """Record a query; return the days of its answer."""
        return list(await self._recording.days(self._name, name, parameters))

    async def change(self, name: str, **parameters: Parameter) -> int:
        """Record a statement that changes rows; return how many it changed."""
        return await self._recording.change(self._name, name, parameters)


def jobs_in_a_row(calls: Sequence[Call]) -> int:
    """Return how many BigQuery jobs of a recording ran one after the other."""
    return max((call.place for call in calls), default=0)
