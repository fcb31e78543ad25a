"""Finds the partner whose data a request about a project concerns.

A cell accepts requests about every project that it has data of, even if no setting lists the
project any more. Each row of the store names its partner, so the tables are searched. This also
applies to a project that is pinned here, because its name may have belonged to another partner
before. A project that is or was pinned here needs no row: all its data may be in the bucket or
among the dead letters.
"""

from dataclasses import dataclass

from functions.privacy.requests.caller import Caller
from functions.warehouse.protocols import StatementRunner
from functions.web.problem import ProblemError


@dataclass(frozen=True, slots=True)
class Owners:
    """Finds the partners of projects.

    Args:
        statements: runs the statements of ``sql/privacy``.
    """

    statements: StatementRunner

    async def partner_of(self, caller: Caller, project: str) -> str:
        """Return the name of the partner of a project that the caller may act on.

        User keys do not depend on the partner, so an operation on a project changes all data under
        its name. It is refused while more than one partner has data under that name.

        Raises:
            ProblemError: the project is not the caller's (403), two partners have data under its
                name (409), or the cell has no data of it (422).
            StatementFailed: the store cannot be read.
        """
        caller.must_have(project)
        owner = caller.owners.get(project)
        is_pinned = owner is not None and project in caller.pinned
        partners = await self._stored(project, in_events=not is_pinned)
        if owner is not None and is_pinned:
            partners.add(owner)
        if not partners:
            raise ProblemError(
                422, "`project` is not pinned to this cell, and the tables here have no data of it"
            )
        if len(partners) > 1:
            raise ProblemError(
                409,
                "`project` belonged to another partner whose data is still here: offboard that "
                "partner first",
            )
        [partner] = partners
        if not caller.is_operator and partner != owner:
            raise ProblemError(403, "`project` is not one of your projects")
        return partner

    async def _stored(self, project: str, *, in_events: bool) -> set[str]:
        """Return the partners that have data of a project in this cell.

        The events are searched only if no other table has the project, because they are far
        larger. A project may have events of rooms only.
        """
        rows = await self.statements.rows("find_owners", project=project)
        if not rows and in_events:
            rows = await self.statements.rows("find_owners_of_events", project=project)
        return {row["partner"] for row in rows}
