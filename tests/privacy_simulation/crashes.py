"""Crashes between any two steps, as a process that is killed leaves them behind.

A step is what changes something: a statement, a write of an object, a publish. To die after a
question is to die after the step before it.
"""

from dataclasses import dataclass
from datetime import datetime

from functions.privacy.sweep.open_days import OpenDays
from functions.warehouse.ledger import News
from tests.fakes.hook import Hook


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

    def after_any(self, place: str, *actions: str) -> Hook:
        """Return a hook that is called after each action in a place. Only some are steps."""

        def act(action: str) -> None:
            if action in actions:
                self.after(f"{place}: {action}")

        return act


@dataclass(frozen=True, slots=True)
class CrashingOpenDays(OpenDays):
    """The real `functions.privacy.sweep.open_days.OpenDays`, after which a process may die."""

    crashes: Crashes

    async def count_past(self, news: News, executed_at: datetime | None) -> None:
        await OpenDays.count_past(self, news, executed_at)
        self.crashes.after("people are counted")

    async def refresh_today(self) -> None:
        await OpenDays.refresh_today(self)
        self.crashes.after("active days are made")
