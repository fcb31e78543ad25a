"""A time limit for the same step of many concurrent requests.

`asyncio.timeout` sets a timer for each use and cancels it again, which takes longer than parsing a
body. Here, all requests have the same limit, so their limits end in the order in which the requests
began. So one timer is enough: the timer for the oldest request.
"""

import asyncio


class TimeLimit:
    """Cancels tasks that do not end a step in time.

    Args:
        seconds: the maximum seconds of the step.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._ends: dict[asyncio.Task[object], float] = {}
        self._timer: asyncio.TimerHandle | None = None

    def begin(self, task: asyncio.Task[object]) -> None:
        """Begin the step of a task; the caller must call `end` after the step, however it ends."""
        loop = task.get_loop()
        ends_at = loop.time() + self._seconds
        self._ends[task] = ends_at
        if self._timer is None:
            self._timer = loop.call_at(ends_at, self._cancel_late)

    def is_late(self, task: asyncio.Task[object]) -> bool:
        """Return whether the limit, and nothing else, cancelled a task during the step.

        If so, the task is not cancelled any more, and the caller must suppress the CancelledError.
        """
        return task not in self._ends and not task.uncancel()

    def end(self, task: asyncio.Task[object]) -> None:
        """End the step of a task."""
        self._ends.pop(task, None)

    def _cancel_late(self) -> None:
        self._timer = None
        for task, ends_at in list(self._ends.items()):
            loop = task.get_loop()
            if ends_at > loop.time():
                self._timer = loop.call_at(ends_at, self._cancel_late)
                return
            del self._ends[task]
            task.cancel()
