"""The list of closed partners, in memory."""

from functions.secrets.closed_partners import ClosedList, ClosedUnavailable


class Closed:
    """Stands for `functions.secrets.closed_partners.ClosedFile`.

    Args:
        closed_list: the list; by default, no partner is closed.

    Attributes:
        list: the list; None if it cannot be read.
    """

    def __init__(self, closed_list: ClosedList | None = None) -> None:
        self.list: ClosedList | None = closed_list or ClosedList({})

    async def current(self) -> ClosedList:
        if self.list is None:
            raise ClosedUnavailable
        return self.list
