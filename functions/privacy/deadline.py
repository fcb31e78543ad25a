"""When the time of a request is over."""

from collections.abc import Callable

Deadline = Callable[[], bool]
"""Says whether the time for further steps is over."""


class OutOfTime(Exception):
    """The time of a request does not suffice; what is left is the next sweep's."""
