"""The callers of the privacy function, and the data that they may act on.

IAM decides who may call the function at all. A secret lists the projects that each caller may act
on. It lists projects of all cells, because this cell may still have data of a project that moved to
another one. The scheduler's account may only start the scheduled jobs, and Pub/Sub's account may
only push messages.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from starlette.datastructures import Headers

from functions.secrets.permissions import Permissions, PermissionsUnavailable
from functions.web.caller import Unidentified, invoker
from functions.web.problem import ProblemError, retry_later

EVERY_MATTER = ("*",)
"""The result of `Caller.matters` for an operator, who may see everything. The statements of
``sql/privacy`` compare with the same text."""


@dataclass(frozen=True, slots=True)
class Caller:
    """An identified caller.

    Attributes:
        email: the caller's address, in lower case.
        projects: the projects that the caller may act on, in all cells.
        is_operator: whether the caller may act on all data of the cell.
        is_scheduler: whether the caller is the scheduler.
        is_push: whether the caller is Pub/Sub.
        pinned: the projects that are or were pinned to this cell, according to the settings.
        owners: the name of each project's partner, for the projects of all cells.
    """

    email: str
    projects: frozenset[str] = frozenset()
    is_operator: bool = False
    is_scheduler: bool = False
    is_push: bool = False
    pinned: frozenset[str] = frozenset()
    owners: Mapping[str, str] = field(default_factory=dict)

    def must_have(self, project: str) -> None:
        """Check that the caller may act on a project. Operators may act on every project.

        The error is the same whether or not the project exists.

        Raises:
            ProblemError: the caller may not act on the project (403).
        """
        if not self.is_operator and project not in self.projects:
            raise ProblemError(403, "`project` must be one of your projects")

    def matters(self, project: str = "") -> tuple[str, ...]:
        """Return the pairs ``partner/project`` whose erasures and holds the caller may see.

        The partner is included because a project's name may have belonged to another partner
        before. The result for an operator is `EVERY_MATTER`.

        Args:
            project: return only this project; empty for all projects of the caller.
        """
        if self.is_operator:
            return EVERY_MATTER
        return tuple(
            sorted(
                f"{self.owners[name]}/{name}"
                for name in self.projects
                if name in self.owners and project in {"", name}
            )
        )

    def must_be_operator(self) -> None:
        """Check that the caller is an operator.

        Raises:
            ProblemError: the caller is not an operator (403).
        """
        if not self.is_operator:
            raise ProblemError(403, "Only someone in the cell's `privacy_callers` may do this")


class Callers:
    """Identifies callers.

    Args:
        permissions: reads the secret that lists the callers; the call may block.
        scheduler_account: the address of the scheduler's service account.
        push_account: the address of the service account that Pub/Sub uses to push.
    """

    def __init__(
        self, permissions: Callable[[], Permissions], scheduler_account: str, push_account: str
    ) -> None:
        self._permissions = permissions
        self._scheduler = scheduler_account.lower()
        self._push = push_account.lower()

    async def identify(self, headers: Headers) -> Caller:
        """Return the caller who sent these headers.

        Raises:
            ProblemError: the caller cannot be identified (403), or the list of permissions cannot
                be read (503).
        """
        try:
            email = invoker(headers)
            permissions = await asyncio.to_thread(self._permissions)
        except Unidentified as unidentified:
            raise ProblemError(403, str(unidentified)) from None
        except PermissionsUnavailable:
            raise retry_later("The list of permissions cannot be read at the moment") from None
        return Caller(
            email,
            permissions.named_for(email),
            is_operator=permissions.has_everything(email),
            is_scheduler=email == self._scheduler,
            is_push=email == self._push,
            pinned=frozenset(permissions.projects),
            owners=permissions.owners,
        )
