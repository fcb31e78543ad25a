"""Runs several actions at the same time."""

import asyncio
from collections.abc import Awaitable
from typing import Any


async def together(*actions: Awaitable[Any]) -> list[Any]:
    """Run actions at the same time, and wait until all of them have ended, even if one fails.

    So no action is still running when the caller handles the failure of another action.

    Returns:
        The results of the actions, in the given order.

    Raises:
        Exception: an action failed. If several actions failed, this is the failure of the one that
            was given first.
    """
    results = await asyncio.gather(*actions, return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return results
