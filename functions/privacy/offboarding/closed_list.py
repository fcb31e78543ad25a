"""Writes the list of closed partners. Several writers may close partners at the same time.

Secret Manager has no conditional write. If two writers read the same version, and each of them adds
a version with a new entry, the last version lacks the other writer's entry. For this reason, each
version says in `follows` from which version it was made. If there are versions between these two,
the next reader adds their entries, and writes the list again. This way, no entry is lost, even if a
writer ends before it notices the other versions. An entry that an operator removed stays removed,
because a version that an operator writes has no `follows`.

If the first version was destroyed, Terraform creates an empty list. Such a list is invalid: receive
and load refuse it. The next reader in this module writes the previous list again.
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
"""The version that Terraform adds when it creates the secret; it lists no partners."""

ATTEMPTS = 10
"""The maximum number of versions that one call adds."""

MAX_BYTES = 65_536
"""The maximum size of a version of a secret
(https://cloud.google.com/secret-manager/docs/reference/rest/v1/SecretPayload)."""

FULL_BYTES = MAX_BYTES - 4_096
"""The maximum size of a list after a partner is added. It is less than `MAX_BYTES`, because two
writers may add a partner at the same time, and the list with both partners must also fit.
Otherwise, one of the partners would be open again."""

NEARLY_FULL = 0.8
"""If a list has at least this share of `MAX_BYTES`, each read writes a log line, for an alert."""


class ListUnavailable(Exception):
    """The list cannot be read or written. Nevertheless, a partner may have been closed.

    Args:
        reason: the kind of failure.
    """


class ListFull(ListUnavailable):
    """There is no room on the list, so it was not changed."""


@dataclass(frozen=True, slots=True)
class ClosedSecret:
    """The closed list in Secret Manager.

    Args:
        secret: the secret, each version of which is a list.
    """

    secret: Secret

    async def read(self) -> ClosedList:
        """Return the newest list; first add the entries that concurrent writers left out.

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
            ListUnavailable: the list cannot be read.
        """
        known = await self.read()
        _content(known, _with(known, {partner: entry}))

    def _settled(self, entries: dict[str, ClosedPartner]) -> ClosedList:
        """Add `entries`, and entries that other writers left out, to the newest list; return it."""
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
                # Secret Manager may show a new version late. If so, the added one is the newest.
                newest = max(added, self.secret.newest())
        except (SecretsUnavailable, ValueError) as error:
            raise ListUnavailable(str(error)) from error
        raise ListUnavailable("other writers were faster at every attempt")

    def _last(self, newest: Version) -> tuple[int, ClosedList]:
        """Return the number and the list of the newest version.

        Versions with which Terraform replaced the list do not count. If there is no other version,
        return 0 and an empty list.

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
        """Return the list of the version `number`, with the entries that its writer left out.

        The list was made from the version `known.follows`. The versions between these two may have
        entries that the list lacks.
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
    """Return the list with these entries added; entries that it has already are not replaced."""
    partners = entries | known.partners
    return ClosedList(
        partners, follows=known.follows, unreadable=_without(known.unreadable, partners)
    )


def _without(unreadable: Mapping[str, bytes], partners: Collection[str]) -> dict[str, bytes]:
    return {name: entry for name, entry in unreadable.items() if name not in partners}


def _content(before: ClosedList, whole: ClosedList) -> bytes:
    """Return the list as JSON: at most `MAX_BYTES`, or `FULL_BYTES` if it has a new partner.

    Raises:
        ListFull: the JSON is too long.
    """
    data = whole.to_json()
    limit = FULL_BYTES if whole.partners.keys() - before.partners.keys() else MAX_BYTES
    if len(data) > limit:
        log("ERROR", "closed list full", bytes=len(data), limit=limit)
        raise ListFull("full")
    return data


def _watch(known: ClosedList) -> None:
    """Write a log line if the list is nearly full; the sweep reads the list every hour."""
    size = len(known.to_json())
    if size >= MAX_BYTES * NEARLY_FULL:
        log("WARNING", "closed list nearly full", bytes=size, partners=len(known.partners))
