"""The scopes of erasures that are executed; a sweep reads them once."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple


class Scope(NamedTuple):
    """The scope of one erasure for one user key, a row of ``sql/privacy/find_scopes.sql``.

    Attributes:
        erasure_id: of the request.
        partner: that the project belongs to.
        project: that the person is a user of.
        user_key: the person's pseudonym.
        treatment: ``anonymise`` or ``delete``.
        status: ``due``, or ``executed`` for a tombstone.
        claim: what the rows that are executed together share.
        previous_cut_off: events received after it (UTC) are in scope,
        cut_off: up to and at this cut-off (UTC).
        copy_salt: that new ingest ids are made with.
        executed_at: when it was (UTC); None before.
    """

    erasure_id: str
    partner: str
    project: str
    user_key: str
    treatment: str
    status: str
    claim: str
    previous_cut_off: datetime
    cut_off: datetime
    copy_salt: str
    executed_at: datetime | None = None

    @property
    def is_due(self) -> bool:
        """Whether it is being executed; otherwise it only catches what comes late."""
        return self.status == "due"

    @property
    def deletes(self) -> bool:
        """Whether the events go; otherwise the person is taken out of them."""
        return self.treatment == "delete"

    def ingest_id(self, before: str) -> str:
        """Return the id that an event gets when it is anonymised.

        ``sql/privacy/anonymise_events.sql`` makes the same, so an event is the same event wherever
        its copies are met.
        """
        digest = hashlib.sha256((self.copy_salt + before).encode()).hexdigest()
        parts = (digest[:8], digest[8:12], "8" + digest[13:16], "a" + digest[17:20], digest[20:32])
        return "-".join(parts)


class Scopes:
    """The scopes of all erasures that are executed.

    Args:
        scopes: the rows.
    """

    def __init__(self, scopes: Iterable[Scope]) -> None:
        self._by_person: dict[tuple[str, str], list[Scope]] = defaultdict(list)
        self._projects: dict[str, set[str]] = defaultdict(set)
        for scope in scopes:
            self._by_person[scope.project, scope.user_key].append(scope)
            self._projects[scope.partner].add(scope.project)

    def __iter__(self) -> Iterator[Scope]:
        """Go through the rows, a person's together."""
        for scopes in self._by_person.values():
            yield from scopes

    def __bool__(self) -> bool:
        """Say whether there is any."""
        return bool(self._by_person)

    def find(self, project: str, user_key: str, received_at: datetime) -> Scope | None:
        """Return the scope that an event of a person is in; None where it is in none.

        Args:
            project: of the event.
            user_key: of the person.
            received_at: of the event, with an offset.
        """
        for scope in self._by_person.get((project, user_key), ()):
            if scope.previous_cut_off < received_at <= scope.cut_off:
                return scope
        return None

    def projects_of(self, partner: str) -> set[str]:
        """Return the partner's projects that have scopes."""
        return self._projects.get(partner, set())

    def due(self) -> list[Scope]:
        """Return the rows that are being executed."""
        return [scope for scope in self if scope.is_due]


def read_scopes(rows: Iterable[Mapping[str, Any]]) -> Scopes:
    """Read the rows of ``sql/privacy/find_scopes.sql``."""
    return Scopes(Scope(*(row[name] for name in Scope._fields)) for row in rows)
