"""The first step of an offboarding: shows what would be deleted, and closes the partner."""

import hmac
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from functions.acceptance.partners import Directory, PartnersUnavailable, Unclear
from functions.observe.log import log
from functions.privacy.deadline import Deadline
from functions.privacy.offboarding.closed_list import ClosedSecret
from functions.privacy.offboarding.deletion import Offboarding
from functions.privacy.offboarding.record import nonzero
from functions.secrets.closed_partners import ClosedPartner
from functions.secrets.pseudonym_keys import PseudonymKeys
from functions.web.problem import ProblemError, retry_later

VALID = timedelta(minutes=15)

LABEL = b"confirmation of offboardings"
"""The text from which the key for confirmations is derived. It differs from every text from which a
user key is derived. Those texts begin with the length of the project's name, in four bytes. Read as
a length, the first four bytes of `LABEL` are more than a billion, and no name is that long."""

DIGITS = 16
"""The number of hex digits in a code: 64 bits, too many to guess before the code expires."""


class Confirmations:
    """Makes and checks the codes that confirm an offboarding.

    Args:
        keys: the cell's pseudonym keys; the codes are signed with a key derived from them.
    """

    def __init__(self, keys: PseudonymKeys) -> None:
        self._key = hmac.digest(keys.current, LABEL, "sha256")

    def code(self, partner: str, at: datetime) -> str:
        """Return the code that confirms the offboarding of a partner.

        Args:
            partner: the name of the partner.
            at: the current time (timezone-aware).
        """
        return self._code(partner, str(int(at.timestamp())))

    def confirms(self, code: str, partner: str, at: datetime) -> bool:
        """Return whether a code was made for this partner in the 15 minutes before `at`."""
        second = code.partition("-")[0]
        if not (second.isascii() and second.isdecimal() and len(second) <= 12):
            return False
        expected = self._code(partner, second)
        age = at.timestamp() - int(second)
        is_ours = hmac.compare_digest(expected.encode(), code.encode(errors="replace"))
        return is_ours and 0 <= age <= VALID.total_seconds()

    def _code(self, partner: str, second: str) -> str:
        digest = hmac.digest(self._key, f"{second}\n{partner}".encode(), "sha256")
        return f"{second}-{digest.hex()[:DIGITS]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Shows what an offboarding would delete, and closes partners.

    Args:
        directory: returns the current partners; raises PartnersUnavailable.
        closed: reads and writes the list of closed partners.
        confirmations: makes and checks the codes that confirm an offboarding.
        offboarding: counts the partner's data.
        now: returns the current time (timezone-aware).
    """

    directory: Callable[[], Awaitable[Directory]]
    closed: ClosedSecret
    confirmations: Confirmations
    offboarding: Offboarding
    now: Callable[[], datetime]

    async def show(self, partner: str, out_of_time: Deadline) -> dict[str, Any]:
        """Count a partner's data; return the counts with a code that confirms the offboarding.

        Raises:
            ProblemError: the cell knows no partner of this name and has no data of one (404), or
                the partners cannot be read (503).
            ListFull: there is no room for the partner on the closed list.
            ListUnavailable: the closed list cannot be read.
            BucketUnavailable, StatementFailed, SubscriptionUnavailable: the data cannot be counted.
        """
        projects, now = await self._projects(partner), self.now()
        entry = ClosedPartner(projects, now)
        counts = await self.offboarding.count(partner, entry, out_of_time)
        if not projects and not counts.total:
            title = "There is no such partner here, and no data of such a partner"
            raise ProblemError(404, title, members={"state": "nothing"})
        await self.closed.must_have_room(partner, entry)
        return {
            "partner": partner,
            "state": "open",
            "projects": list(projects),
            "would_delete": nonzero(counts.deletable),
            "counted_all": counts.counted_all,
            "on_hold": nonzero(counts.on_hold),
            "unreadable": nonzero(counts.unreadable),
            "confirm": self.confirmations.code(partner, now),
            "confirm_until": (now + VALID).isoformat(timespec="seconds"),
        }

    def confirms(self, partner: str, code: str) -> bool:
        """Return whether a code is valid for a partner now."""
        return self.confirmations.confirms(code, partner, self.now())

    async def close(self, partner: str, code: str) -> ClosedPartner:
        """Close a partner, if the code is valid; return the partner's entry in the closed list.

        Raises:
            ProblemError: the code is not valid (409), or the partners cannot be read (503).
            ListUnavailable: it is unknown whether the partner is closed.
            ListFull: there is no room on the list, so the partner is not closed.
        """
        if not self.confirms(partner, code):
            raise ProblemError(409, "`confirm` is not valid or has expired: request a new one")
        projects = await self._projects(partner)
        entry = await self.closed.close(partner, projects, self.now())
        log("WARNING", "partner closed", partner=partner)
        return entry

    async def _projects(self, partner: str) -> tuple[str, ...]:
        """Return the partner's projects in all cells; none if the cell does not know the partner.

        A project that is in another cell now may have been in this cell before.
        """
        try:
            pinned = (await self.directory()).projects_of(partner)
        except (PartnersUnavailable, Unclear):
            raise retry_later("The partner's projects cannot be read at the moment") from None
        return tuple(sorted(pinned))
