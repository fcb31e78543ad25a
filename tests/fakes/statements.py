"""Statements that are answered from memory, and real ones that tests watch in the stand-in."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Self

from functions.warehouse import statements
from functions.warehouse.client import open_client
from functions.warehouse.parameters import Parameter, declared
from functions.warehouse.schema import Warehouse
from functions.warehouse.statements import StatementFailed
from tests.fakes.hook import Hook, ignore

Answer = Any
"""The rows that a query finds, or the number of rows that a statement changes."""

Run = tuple[str, Mapping[str, Parameter]]
"""The name of a statement that ran, and its parameters."""


class Statements(statements.Statements):
    """Stands for `functions.warehouse.statements.Statements`, without a warehouse.

    A statement must get the parameters that ``sql/parameters.json`` declares.

    Args:
        folder: the folder of the statements in ``sql/``.
        rows: the rows that a query finds if `answers` does not have it; None if it must not run.
        changed: the number of rows that a statement changes if `answers` does not have it; None if
            it must not run.

    Attributes:
        answers: the answer of each statement, by name, or a function that gets the parameters and
            returns the answer.
        runs: the statements that ran, in order.
        queries: the queries among them.
        changes: the statements among them that change rows.
        failing: the names of the statements that fail.
        limits: the shorter time limits that were set, in seconds, in order.
        before: called with the name of each statement before it runs.
        after: called with the name of each statement after it ran.
        after_change: called with the name of each statement after it changed rows.
    """

    def __init__(
        self,
        folder: str = "privacy",
        *,
        rows: Sequence[Any] | None = (),
        changed: int | None = 1,
    ) -> None:
        self._declared = declared()[folder]
        self._rows = rows
        self._changed = changed
        self.answers: dict[str, Answer | Callable[..., Answer]] = {}
        self.runs: list[Run] = []
        self.queries: list[Run] = []
        self.changes: list[Run] = []
        self.failing: set[str] = set()
        self.limits: list[float] = []
        self.before: Hook = ignore
        self.after: Hook = ignore
        self.after_change: Hook = ignore

    @property
    def names(self) -> frozenset[str]:
        """The names of all statements."""
        return frozenset(self._declared)

    @property
    def receipts(self) -> list[dict[str, Any]]:
        """The receipts that were added."""
        return [
            json.loads(str(text))
            for name, parameters in self.changes
            if name == "add_receipts"
            for text in parameters["receipts"]  # type: ignore[union-attr]  # a list of texts
        ]

    def within(self, seconds: float) -> Self:
        self.limits.append(seconds)
        return self

    async def days(self, name: str, **parameters: Parameter) -> list[datetime]:
        return await self.rows(name, **parameters)

    async def rows(self, name: str, **parameters: Parameter) -> list[Any]:
        return [*self._answer(name, parameters, self.queries, self._rows)]

    async def change(self, name: str, **parameters: Parameter) -> int:
        rows: int = self._answer(name, parameters, self.changes, self._changed)
        self.after_change(name)
        return rows

    def _answer(
        self, name: str, parameters: Mapping[str, Parameter], runs: list[Run], otherwise: Any
    ) -> Answer:
        assert self._declared[name].keys() == parameters.keys(), name
        self.before(name)
        if name in self.failing:
            raise StatementFailed(name, "backendError")
        for record in (self.runs, runs):
            record.append((name, parameters))
        answer = self.answers.get(name, otherwise)
        assert answer is not None, f"{name} has no answer"
        result = answer(**parameters) if callable(answer) else answer
        self.after(name)
        return result


class Watch:
    """Records statements, and calls hooks before and after them.

    Attributes:
        ran: the names of the statements that began, in order.
        before: called with the name of each statement before it runs.
        after: called with the name of each statement after it ran.
        after_change: called with the name of each statement after it changed rows.
    """

    def __init__(self) -> None:
        self.ran: list[str] = []
        self.before: Hook = ignore
        self.after: Hook = ignore
        self.after_change: Hook = ignore


class WatchedStatements(statements.Statements):
    """The real `functions.warehouse.statements.Statements`, which a test watches and interrupts.

    Args:
        folder: the folder of the statements in ``sql/``.
        rest: the URL of the BigQuery stand-in.
        warehouse: the datasets.
        sleep: waits between attempts.
        watch: a watch that several objects share; None for a new one.
    """

    def __init__(
        self,
        folder: str,
        rest: str,
        warehouse: Warehouse,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        watch: Watch | None = None,
    ) -> None:
        super().__init__(
            folder,
            lambda: open_client(rest, "local", "europe-west1"),
            warehouse.variables(),
            seconds=60,
            sleep=sleep,
        )
        self.watch = watch or Watch()

    async def _run(self, name: str, parameters: Mapping[str, Parameter], until: float) -> Any:
        self.watch.before(name)
        self.watch.ran.append(name)
        job = await super()._run(name, parameters, until)
        self.watch.after(name)
        return job

    async def change(self, name: str, **parameters: Parameter) -> int:
        rows = await super().change(name, **parameters)
        self.watch.after_change(name)
        return rows
