"""Which partner's data a request about a project concerns.

A cell answers for every project whose data it holds: for those that are or were pinned to it, and
for those that are in no setting any more. Whose the data are is written in each row, so the store
is asked. It is also asked about a project that is pinned here, because its name may have belonged
to another partner before. A project that is or was pinned here needs no row: its data may be in the
bucket or among the dead letters only.
"""

from dataclasses import dataclass

from functions.privacy.requests.caller import Caller
from functions.warehouse.protocols import StatementRunner
from functions.web.problem import ProblemError


@dataclass(frozen=True, slots=True)
class Owners:
    """Tells partners by their projects.

    Args:
        statements: of ``sql/privacy``.
    """

    statements: StatementRunner

    async def partner_of(self, caller: Caller, project: str) -> str:
        """Return the name of the partner whose data of a project the caller may act on.

        User keys do not tell partners apart, so whoever acts on a project acts on all that is
        stored under its name. That is refused while more than one partner has data there.

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
        """Return the partners that have data of a project here.

        The events are read only if nothing else tells of the project, for they are many times
        larger: a project may have rooms and no people of its own.
        """
        rows = await self.statements.rows("find_owners", project=project)
        if not rows and in_events:
            rows = await self.statements.rows("find_owners_of_events", project=project)
        return {row["partner"] for row in rows}
