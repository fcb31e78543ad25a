"""Crashes between any two steps, as when a process is killed.

A step changes something: a statement, a write of an object, a publish. A crash after a query is the
same as a crash after the step before it, so queries are not steps.
"""

from dataclasses import dataclass
from datetime import datetime

from functions.privacy.sweep.open_days import OpenDays
from functions.warehouse.ledger import News
from tests.fakes.hook import Hook


class Crashed(Exception):
    """The process died after a step."""


class Crashes:
    """Lets a process die once after each kind of step.

    Attributes:
        armed: whether the process dies after the next step after which none has died yet.
        died_at: the steps after which a process died.
        steps: all steps that were taken.
    """

    def __init__(self) -> None:
        self.armed = False
        self.died_at: set[str] = set()
        self.steps: set[str] = set()

    def after(self, step: str) -> None:
        """Record that a step was taken; perhaps die."""
        if not self.armed:
            return
        self.steps.add(step)
        if step not in self.died_at:
            self.died_at.add(step)
            raise Crashed(step)

    def after_any(self, place: str, *actions: str) -> Hook:
        """Return a hook for a fake, for which only the named actions are steps."""

        def act(action: str) -> None:
            if action in actions:
                self.after(f"{place}: {action}")

        return act


@dataclass(frozen=True, slots=True)
class CrashingOpenDays(OpenDays):
    """The real `functions.privacy.sweep.open_days.OpenDays`; the process may die after a count."""

    crashes: Crashes

    async def count_past(self, news: News, executed_at: datetime | None) -> None:
        await OpenDays.count_past(self, news, executed_at)
        self.crashes.after("people are counted")

    async def refresh_today(self) -> None:
        await OpenDays.refresh_today(self)
        self.crashes.after("active days are made")
