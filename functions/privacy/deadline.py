"""The time limit of a request; after this time, the request starts no more steps."""

from collections.abc import Callable

Deadline = Callable[[], bool]
"""Returns whether the time limit of a request is reached."""


class OutOfTime(Exception):
    """The time limit was reached before all steps were done. The next sweep does the rest."""
