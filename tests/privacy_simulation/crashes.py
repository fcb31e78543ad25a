"""Crashes between any two steps, as a process that is killed leaves them behind."""

from typing import Any

from functions.statements import Statements


class Crashed(Exception):
    """The process is gone: nothing after this step happens."""


class Crashes:
    """Lets each step be somebody's last, once before it and once after it.

    Attributes:
        armed: whether the next step that nobody died at is one to die at.
        died_at: the steps at which a process died.
        steps: all that were taken.
    """

    def __init__(self) -> None:
        self.armed = False
        self.died_at: set[str] = set()
        self.steps: set[str] = set()

    def at(self, step: str) -> None:
        """Take a step, or die of it."""
        self.steps.add(step)
        if self.armed and step not in self.died_at:
            self.died_at.add(step)
            self.armed = False
            raise Crashed(step)


class CrashingStatements(Statements):
    """Statements before and after which a process may die.

    Attributes:
        crashes: tells which.
        ran: the names of all that were run, in order.
    """

    crashes: Crashes
    ran: list[str]

    async def _run(self, name: str, parameters: Any) -> tuple[list[Any], int]:
        self.crashes.at(f"before {name}")
        self.ran.append(name)
        found = await super()._run(name, parameters)
        self.crashes.at(f"after {name}")
        return found
