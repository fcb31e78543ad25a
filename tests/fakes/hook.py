"""What a test lets happen before or after a fake acts."""

from collections.abc import Callable

Hook = Callable[[str], None]
"""Gets the name of the action. What a hook raises comes out of the action, so a hook can also stand
for a process that dies there."""


def ignore(action: str) -> None:
    """Let nothing happen."""
