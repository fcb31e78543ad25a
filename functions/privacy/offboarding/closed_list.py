"""Writes the closed list. Several writers may close partners at the same time.

Secret Manager has no conditional write: another writer may add a version just before ours. So each
version names the version that it was made from. If that is not the one just before it, another
writer has written in between. The next reader then adds the entries of the versions in between and
writes the list again. So no entry is lost, even if a writer ends before it notices the others. An
entry that an operator removed stays removed, because the operator's version names no other version.

If the first version was destroyed, Terraform creates an empty list. Such a list is invalid: receive
and load refuse it, and the next reader here writes the list of the version before it again.
"""

import asyncio
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from functions.google.secret_manager import SecretsUnavailable, Version
from functions.observe.log import log
from functions.secrets.closed_partners import ClosedList, ClosedPartner, ListReplaced

FIRST = 1
"""The version that Terraform adds with the secret; it has no partners."""

ATTEMPTS = 10
"""The maximum number of versions that one call adds."""

MAX_BYTES = 65_536
"""The maximum size of a version of a secret
(https://cloud.google.com/secret-manager/docs/reference/rest/v1/SecretPayload)."""

FULL_BYTES = MAX_BYTES - 4_096
"""The maximum size of a list after a partner is added. The rest is for concurrent writers: neither
sees the other's partner, and a list with both must fit, or one of the partners would be open again.
"""

NEARLY_FULL = 0.8
"""Each read of a list with at least this share of `MAX_BYTES` is logged, for an alert."""


class SecretVersions(Protocol):
    """The secret, like `functions.google.secret_manager.Secret`. Its methods block."""

    def newest(self) -> Version:
        """Return the newest version."""

    def at(self, number: int) -> Version | None:
        """Return a version by its number; None if it was destroyed or disabled."""

    def add(self, data: bytes) -> int:
        """Add a version; return its number."""


class ListUnavailable(Exception):
    """The list cannot be read or written. A partner may have been closed all the same.

    Args:
        reason: the kind of failure.
    """


class ListFull(ListUnavailable):
    """There is no room on the list, so it was not changed."""


@dataclass(frozen=True, slots=True)
class ClosedSecret:
    """The closed list in Secret Manager.

    Args:
        secret: has the versions of the list.
    """

    secret: SecretVersions

    async def read(self) -> ClosedList:
        """Return the newest list, with the entries that its writer missed.

        Raises:
            ListUnavailable: the list cannot be read, or the missing entries cannot be written.
        """
        return await asyncio.to_thread(self._settled, {})

    async def close(self, partner: str, projects: Iterable[str], at: datetime) -> ClosedPartner:
        """Close a partner, unless it is closed already; return its entry.

        Args:
            partner: its name.
            projects: the partner's projects, in any cell.
            at: now, with an offset.

        Raises:
            ListUnavailable: it is unknown whether the partner is closed.
            ListFull: there is no room on the list, so the partner is not closed.
        """
        # A malformed entry is replaced by this one.
        entry = ClosedPartner(tuple(projects), at)
        settled = await asyncio.to_thread(self._settled, {partner: entry})
        return settled.partners[partner]

    async def must_have_room(self, partner: str, entry: ClosedPartner) -> None:
        """Check that there is room for a partner on the list.

        Raises:
            ListFull: there is no room.
            ListUnavailable: the list cannot be read.
        """
        known = await self.read()
        _content(known, _with(known, {partner: entry}))

    def _settled(self, entries: dict[str, ClosedPartner]) -> ClosedList:
        """Return the newest list; add versions until it has these and the missed entries."""
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
                added = Version(self.secret.add(data), data)
                # Secret Manager may show the newest version late: then the added one is newer.
                newest = max(added, self.secret.newest())
        except (SecretsUnavailable, ValueError) as error:
            raise ListUnavailable(str(error)) from error
        raise ListUnavailable("other writers were faster at every attempt")

    def _last(self, newest: Version) -> tuple[int, ClosedList]:
        """Return the newest list that was not replaced, with the number of its version.

        Raises:
            ListUnavailable: a version that may have the list is gone.
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
        """Return a list with the entries of the versions that its writer missed.

        These are the versions between the list and the one that it was made from.
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
    """Return a list with these entries added; entries of the list stay as they are."""
    partners = entries | known.partners
    return ClosedList(
        partners, follows=known.follows, unreadable=_without(known.unreadable, partners)
    )


def _without(unreadable: Mapping[str, bytes], partners: Collection[str]) -> dict[str, bytes]:
    return {name: entry for name, entry in unreadable.items() if name not in partners}


def _content(before: ClosedList, whole: ClosedList) -> bytes:
    """Return the content of a list. With a new partner, the limit of its size is `FULL_BYTES`.

    Raises:
        ListFull: the content is too long.
    """
    data = whole.to_json()
    limit = FULL_BYTES if whole.partners.keys() - before.partners.keys() else MAX_BYTES
    if len(data) > limit:
        log("ERROR", "closed list full", bytes=len(data), limit=limit)
        raise ListFull("full")
    return data


def _watch(known: ClosedList) -> None:
    """Log if the list is nearly full. The sweep reads the list, so it logs this every hour."""
    size = len(known.to_json())
    if size >= MAX_BYTES * NEARLY_FULL:
        log("WARNING", "closed list nearly full", bytes=size, partners=len(known.partners))
