"""Limits what each partner can have quarantined on a day.

Each instance keeps its own count, because a count that all instances share would need another
service for each refused request. So with more instances, a partner can have more quarantined: at
most the limit times the number of instances that ran on that day.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

DAY_SECONDS = 86_400


class QuarantineFull(Exception):
    """The partner has reached the limit of the day, so nothing more is quarantined for it."""


@dataclass(slots=True)
class _Used:
    """The objects of a partner on a day: the hashes of their names, and their total bytes."""

    objects: set[int] = field(default_factory=set)
    size: int = 0


class Quota:
    """Counts the objects and bytes that each partner has quarantined on a UTC day.

    An object that is written again, because the sender repeats a request, counts once.

    Args:
        objects: the maximum number of objects of a partner on a day.
        size: the maximum number of bytes of these objects.
        clock: returns the seconds since 1970.
    """

    def __init__(self, objects: int, size: int, clock: Callable[[], float] = time.time) -> None:
        self._objects = objects
        self._size = size
        self._clock = clock
        self._day = 0
        self._used: dict[str, _Used] = {}

    def take(self, partner: str, objects: Sequence[tuple[str, bytes]]) -> None:
        """Count objects that are to be written.

        They count even if the write fails, because it is then unknown whether they are stored.

        Args:
            partner: the partner who sent them.
            objects: the name and content of each object.

        Raises:
            QuarantineFull: a limit would be exceeded; then none of the objects counts.
        """
        day = int(self._clock() // DAY_SECONDS)
        if day != self._day:
            self._day, self._used = day, {}
        used = self._used.setdefault(partner, _Used())
        new = {hash(name): len(content) for name, content in objects}
        new = {name: size for name, size in new.items() if name not in used.objects}
        size = used.size + sum(new.values())
        if new and (len(used.objects) + len(new) > self._objects or size > self._size):
            raise QuarantineFull
        used.objects.update(new)
        used.size = size
