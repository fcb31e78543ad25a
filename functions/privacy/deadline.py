"""The deadline of a request."""

from collections.abc import Callable

Deadline = Callable[[], bool]
"""Returns whether the time for further steps is over."""


class OutOfTime(Exception):
    """The request has no time for further steps; the next sweep does the rest."""
