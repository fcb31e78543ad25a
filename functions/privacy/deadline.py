"""The deadline after which a request starts no more steps."""

from collections.abc import Callable

Deadline = Callable[[], bool]
"""Returns whether the deadline is reached."""


class OutOfTime(Exception):
    """The deadline was reached before all steps were done; the next sweep does the rest."""
