"""Who calls the privacy function, and what of the cell is their matter.

IAM lets in who may come at all. The callers' secret says whose matter which projects are, in
whichever cell the project is now: this one may still hold data of a project that moved away. The
accounts of the scheduler and of Pub/Sub may do their one thing each.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from functions.secrets.permissions import Permissions, PermissionsUnavailable
from functions.web.caller import Unidentified, invoker
from functions.web.problem import ProblemError, retry_later

EVERY_MATTER = ("*",)
"""The matters of an operator, as statements of ``sql/privacy`` understand them."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls.

    Attributes:
        email: in lower case.
        projects: that are the caller's matter, in whichever cell they are now.
        is_operator: whether everything that the cell holds is the caller's matter.
        is_scheduler: whether it is the scheduler.
        is_push: whether it is Pub/Sub.
        pinned: the projects that are or were pinned to this cell, as far as a setting says so.
        owners: the partner of each project of every cell.
    """

    email: str
    projects: frozenset[str] = frozenset()
    is_operator: bool = False
    is_scheduler: bool = False
    is_push: bool = False
    pinned: frozenset[str] = frozenset()
    owners: Mapping[str, str] = field(default_factory=dict)

    def must_have(self, project: str) -> None:
        """Let only those pass whose matter the project is; whether it exists is not told others.

        Raises:
            ProblemError: it is not (403).
        """
        if not self.is_operator and project not in self.projects:
            raise ProblemError(403, "`project` is not one of your projects")

    def matters(self, project: str = "") -> tuple[str, ...]:
        """Return what of the erasure log the caller may see, as ``partner/project``.

        A row counts only with the partner that the project belongs to: its name may have been
        another partner's before. An operator has `EVERY_MATTER`.

        Args:
            project: only this one; empty for all.
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
        """Let only those pass whose matter the whole cell is.

        Raises:
            ProblemError: it is not (403).
        """
        if not self.is_operator:
            raise ProblemError(403, "Only someone in the cell's `privacy_callers` may do this")


class Callers:
    """Tells who calls.

    Args:
        permissions: reads the callers' secret; may block.
        scheduler_account: the scheduler's address.
        push_account: the address that Pub/Sub pushes as.
    """

    def __init__(
        self, permissions: Callable[[], Permissions], scheduler_account: str, push_account: str
    ) -> None:
        self._permissions = permissions
        self._scheduler = scheduler_account.lower()
        self._push = push_account.lower()

    async def identify(self, headers: Mapping[str, str]) -> Caller:
        """Tell who sent these headers.

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
