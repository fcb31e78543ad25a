"""Crashes between any two steps, as a process that is killed leaves them behind.

A step is what changes something: a statement, a write of an object, a publish. To die after a
question is to die after the step before it.
"""

from typing import Any

from functions.warehouse.parameters import Parameter
from functions.warehouse.statements import Statements


class Crashed(Exception):
    """The process is gone: nothing after this step happens."""


class Crashes:
    """Lets each step be somebody's last once.

    Attributes:
        armed: whether the next step that nobody died at is one to die at.
        died_at: the steps at which a process died.
        steps: all that were taken.
    """

    def __init__(self) -> None:
        self.armed = False
        self.died_at: set[str] = set()
        self.steps: set[str] = set()

    def after(self, step: str) -> None:
        """Have taken a step; or die of it."""
        if not self.armed:
            return
        self.steps.add(step)
        if step not in self.died_at:
            self.died_at.add(step)
            raise Crashed(step)


class CrashingStatements(Statements):
    """Statements after which a process may die.

    Attributes:
        crashes: tells which.
    """

    crashes: Crashes

    async def change(self, name: str, **parameters: Parameter) -> int:
        changed = await super().change(name, **parameters)
        self.crashes.after(name)
        return changed


class CrashingRollups:
    """A count of the open days after which a process may die.

    Args:
        rollups: count.
        crashes: tells whether.
    """

    def __init__(self, rollups: Any, crashes: Crashes) -> None:
        self._rollups = rollups
        self._crashes = crashes

    async def count(self) -> None:
        await self._rollups.count()
        self._crashes.after("people are counted")
