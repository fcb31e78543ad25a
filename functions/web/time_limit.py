"""A time limit for the same step of many concurrent requests.

`asyncio.timeout` sets and cancels a timer for each request, which takes longer than parsing a body.
Here, all requests have the same limit, so the oldest request reaches it first. One timer is enough:
the timer of the oldest request.
"""

import asyncio


class TimeLimit:
    """Cancels tasks that take too long for a step, such as reading a body.

    Args:
        seconds: the time limit of the step in seconds.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._ends: dict[asyncio.Task[object], float] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def begin(self) -> asyncio.Task[object]:
        """Start the time limit for a step of the current task, and return the task.

        The caller must call `end` when the step has ended, even if the step failed.
        """
        loop = self._loop
        if loop is None:  # in Python 3.11, each look-up of the running loop is a system call
            loop = self._loop = asyncio.get_running_loop()
        task = asyncio.current_task(loop)
        assert task is not None  # noqa: S101 - a coroutine of asyncio always runs in a task
        ends_at = loop.time() + self._seconds
        self._ends[task] = ends_at
        if self._timer is None:
            self._timer = loop.call_at(ends_at, self._cancel_late)
        return task

    def is_late(self, task: asyncio.Task[object]) -> bool:
        """Return whether a task was cancelled only because its time was over.

        If so, this method takes back the cancellation, and the caller must suppress the
        CancelledError.
        """
        return task not in self._ends and not task.uncancel()

    def end(self, task: asyncio.Task[object]) -> None:
        """Stop the time limit for a task's step."""
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
