"""Finds out which partner owns the data that a request is about.

A cell accepts requests about every project that it has data of, even if no setting lists the
project any more. The rows of the store name their partner, so the partner is looked up in the
tables. The project decides which tables are searched:

* The settings name the partner of each project that is or was pinned to this cell. But another
  partner may have had a project of this name before. To find this earlier partner, only the small
  tables are searched: identities, erasures, holds and daily counts. A partner that sent only room
  events has no row there, so it is not found.
* For all other projects, the small tables are searched first. If they have no row of the project,
  the tables of events are also searched, which are far larger.

All data of a pinned project may be in the bucket or among the dead letters, so that no table has a
row of it. The settings name the partner of such a project, so requests about it are accepted.
"""

from dataclasses import dataclass

from functions.privacy.requests.caller import Caller
from functions.warehouse.statements import Statements
from functions.web.problem import ProblemError


@dataclass(frozen=True, slots=True)
class Owners:
    """Finds the partners of projects.

    Args:
        statements: runs the statements of ``sql/privacy``.
    """

    statements: Statements

    async def partner_of(self, caller: Caller, project: str) -> str:
        """Return the name of a project's partner, if the caller may act on the project.

        An operation on a project changes all data under the project's name, because user keys do
        not depend on the partner. So no operation is allowed while two partners have data under
        this name.

        Raises:
            ProblemError: the caller may not act on the project (403), two partners have data under
                its name (409), or the project was never pinned here and no table has a row of it
                (422).
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
                422, "`project` must be pinned to this cell, or have data in the tables here"
            )
        if len(partners) > 1:
            raise ProblemError(
                409,
                "`project` belonged to another partner whose data is still here: offboard that "
                "partner first",
            )
        [partner] = partners
        if not caller.is_operator and partner != owner:
            raise ProblemError(403, "`project` must be one of your projects")
        return partner

    async def _stored(self, project: str, *, in_events: bool) -> set[str]:
        """Return the partners that have data of a project in this cell.

        Args:
            project: the name of the project.
            in_events: whether to also search the tables of events, if the small tables have no row
                of the project.
        """
        rows = await self.statements.rows("find_owners", project=project)
        if not rows and in_events:
            rows = await self.statements.rows("find_owners_of_events", project=project)
        return {row["partner"] for row in rows}
