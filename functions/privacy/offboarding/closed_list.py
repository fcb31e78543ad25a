"""Writes the list of closed partners. Several writers may close partners at the same time.

The list is a secret, and each version of the secret is a whole list. Secret Manager has no
conditional write. So two writers may read the same version, and each may add a version with one new
entry. Then the newer version lacks the entry of the older version.

For this reason, each version says in `follows` from which version it was made. If other versions
lie between these two, the next reader adds their entries, and writes the list again. So no entry is
lost, even if a writer crashes. A version that an operator writes has no `follows`, so the entries
that the operator removed are not added again.

If the first version was destroyed, Terraform creates an empty list. Receive and load refuse this
empty list. The next reader in this module writes the previous list again.
"""

import asyncio
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from functions.google.secret_manager import Secret, SecretsUnavailable, Version
from functions.observe.log import log
from functions.secrets.closed_partners import ClosedList, ClosedPartner, ListReplaced

FIRST = 1
"""The number of the version that Terraform adds to the new secret. It lists no partners."""

ATTEMPTS = 10
"""The maximum number of versions that one call adds."""

MAX_BYTES = 65_536
"""The maximum size in bytes of a version of a secret
(https://cloud.google.com/secret-manager/docs/reference/rest/v1/SecretPayload)."""

FULL_BYTES = MAX_BYTES - 4_096
"""The maximum size in bytes of a list with a new partner. It is less than `MAX_BYTES`, because a
concurrent writer may add another partner, and the list with both partners must also fit."""

NEARLY_FULL = 0.8
"""An alert fires if a list has at least this share of `MAX_BYTES`."""


class ListUnavailable(Exception):
    """The list of closed partners cannot be read or written.

    The call may have added a new version of the list nevertheless.

    Args:
        reason: the kind of failure.
    """


class ListFull(ListUnavailable):
    """The list of closed partners is too long for another entry, so it was not changed."""


@dataclass(frozen=True, slots=True)
class ClosedSecret:
    """The closed list in Secret Manager.

    Args:
        secret: the secret. Each of its versions is a whole list.
    """

    secret: Secret

    async def read(self) -> ClosedList:
        """Return the newest list.

        If concurrent writers left out entries, this method first adds them to the list.

        Raises:
            ListUnavailable: the list cannot be read, or the missing entries cannot be written.
        """
        return await asyncio.to_thread(self._settled, {})

    async def close(self, partner: str, projects: Iterable[str], at: datetime) -> ClosedPartner:
        """Close a partner, unless it is closed already; return the partner's entry.

        Args:
            partner: the name of the partner.
            projects: the partner's projects in all cells.
            at: the current time (timezone-aware).

        Raises:
            ListUnavailable: it is unknown whether the partner is closed.
            ListFull: there is no room on the list, so the partner is not closed.
        """
        # The new entry replaces a malformed entry of the same partner.
        entry = ClosedPartner(tuple(projects), at)
        settled = await asyncio.to_thread(self._settled, {partner: entry})
        return settled.partners[partner]

    async def must_have_room(self, partner: str, entry: ClosedPartner) -> None:
        """Check that the list has room for a partner.

        Raises:
            ListFull: there is no room.
            ListUnavailable: the list cannot be read, or entries that other writers left out cannot
                be added.
        """
        known = await self.read()
        _content(known, _with(known, {partner: entry}))

    def _settled(self, entries: dict[str, ClosedPartner]) -> ClosedList:
        """Add `entries`, and entries that other writers left out, to the list; return the list."""
        is_added = False
        try:
            newest = self.secret.newest()
            for _ in range(ATTEMPTS):
                number, known = self._last(newest)
                before = self._whole(known, number, newest.number)
                whole = _with(before, entries)
                is_settled = (whole.partners, whole.unreadable) == (
                    known.partners,
                    known.unreadable,
                )
                if number == newest.number and is_settled:
                    _watch(known)
                    return known
                data = _content(before, whole)
                added, is_added = Version(self.secret.add(data), data), True
                # For a moment, Secret Manager may still answer with an older version.
                newest = max(added, self.secret.newest())
        except ListFull:
            if not is_added:
                raise
            # The list has changed: the new entries may be on it, or on a version before it.
            raise ListUnavailable("full after an entry was added") from None
        except (SecretsUnavailable, ValueError) as error:
            raise ListUnavailable(str(error)) from error
        raise ListUnavailable("other writers were faster at every attempt")

    def _last(self, newest: Version) -> tuple[int, ClosedList]:
        """Return the number and the list of the newest valid version.

        A version is not valid if Terraform replaced the list with it. If no version is valid, the
        result is 0 and an empty list.

        Raises:
            ListUnavailable: a version that may contain the list was destroyed.
            ValueError: the content of the version is not a list.
        """
        version: Version | None = newest
        for number in range(newest.number, 0, -1):
            if number < newest.number:
                version = self.secret.at(number)
            if version is not None:
                with suppress(ListReplaced):
                    return number, ClosedList.from_json(version.data)
                log("ERROR", "closed list replaced by Terraform", secret_version=number)
            elif number > FIRST:
                raise ListUnavailable("the last version was destroyed")
        return 0, ClosedList({})

    def _whole(self, known: ClosedList, number: int, newest: int) -> ClosedList:
        """Return the list of version `number`, with the entries that its writer left out.

        The writer read version `known.follows`. Versions that other writers added in between may
        have more entries.

        Args:
            known: the list of version `number`.
            number: the number of this version.
            newest: the number of the newest version; it becomes `follows` of the result.
        """
        partners, unreadable = known.partners, dict(known.unreadable)
        for between in reversed(range(known.follows + 1, number) if known.follows else ()):
            version = self.secret.at(between)
            if version is not None:
                missed = ClosedList.from_json(version.data)
                partners = missed.partners | partners
                unreadable = dict(missed.unreadable) | unreadable
        return ClosedList(partners, follows=newest, unreadable=_without(unreadable, partners))


def _with(known: ClosedList, entries: dict[str, ClosedPartner]) -> ClosedList:
    """Return the list with these entries added. Entries that the list has already are kept."""
    partners = entries | known.partners
    return ClosedList(
        partners, follows=known.follows, unreadable=_without(known.unreadable, partners)
    )


def _without(unreadable: Mapping[str, bytes], partners: Collection[str]) -> dict[str, bytes]:
    return {name: entry for name, entry in unreadable.items() if name not in partners}


def _content(before: ClosedList, whole: ClosedList) -> bytes:
    """Return the list `whole` as JSON.

    Raises:
        ListFull: the JSON is longer than `FULL_BYTES` if `whole` has a partner that `before` lacks,
            or longer than `MAX_BYTES` if not.
    """
    data = whole.to_json()
    limit = FULL_BYTES if whole.partners.keys() - before.partners.keys() else MAX_BYTES
    if len(data) > limit:
        log("ERROR", "closed list full", bytes=len(data), limit=limit)
        raise ListFull("full")
    return data


def _watch(known: ClosedList) -> None:
    """Write a log line, for an alert, if the list is nearly full."""
    size = len(known.to_json())
    if size >= MAX_BYTES * NEARLY_FULL:
        log("WARNING", "closed list nearly full", bytes=size, partners=len(known.partners))
