"""Hooks: functions that a fake calls before or after it acts."""

from collections.abc import Callable

Hook = Callable[[str], None]
"""Gets the name of the action. If a hook raises an error, the action raises it, so a hook can also
stand for a process that dies at this point."""


def ignore(action: str) -> None:
    """Do nothing."""
