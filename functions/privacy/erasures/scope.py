"""The scopes of erasures that are being executed or were executed. Each sweep reads them once."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple


class Scope(NamedTuple):
    """The scope of one erasure for one user key: a row that ``find_scopes.sql`` returns.

    Attributes:
        erasure_id: the id of the erasure.
        partner: the partner that the project belongs to.
        project: the project that the person is a user of.
        user_key: the person's user key.
        treatment: ``anonymise`` or ``delete``.
        status: ``due``, or ``executed`` for a tombstone.
        claim: the id that a sweep gave to all erasures that it began to execute.
        previous_cut_off: the start of the scope (UTC); the scope has only events received later.
        cut_off: the end of the scope (UTC); the scope has only events received until then.
        copy_salt: the salt from which new ingest ids are derived.
        executed_at: when the erasure was executed (UTC); None if it was not.
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
        """Whether the erasure is being executed. If not, it was executed and has a tombstone."""
        return self.status == "due"

    @property
    def deletes(self) -> bool:
        """Whether the erasure deletes events; if not, it anonymises them."""
        return self.treatment == "delete"

    def ingest_id(self, before: str) -> str:
        """Return the ingest id that replaces the id `before` when an event is anonymised.

        ``sql/privacy/anonymise_events.sql`` computes the same id for rows. So all copies of an
        event get the same new id, and can still be recognised as copies.
        """
        digest = hashlib.sha256((self.copy_salt + before).encode()).hexdigest()
        parts = (digest[:8], digest[8:12], "8" + digest[13:16], "a" + digest[17:20], digest[20:32])
        return "-".join(parts)


class Scopes:
    """All scopes that a sweep has read; finds the scope that an event is in.

    Args:
        scopes: the scopes, in any order.
    """

    def __init__(self, scopes: Iterable[Scope]) -> None:
        self._by_person: dict[tuple[str, str], list[Scope]] = defaultdict(list)
        self._projects: dict[str, set[str]] = defaultdict(set)
        for scope in scopes:
            self._by_person[scope.project, scope.user_key].append(scope)
            self._projects[scope.partner].add(scope.project)

    def __iter__(self) -> Iterator[Scope]:
        """Iterate over all scopes, grouped by person."""
        for scopes in self._by_person.values():
            yield from scopes

    def __bool__(self) -> bool:
        """Return whether the sweep has read any scope."""
        return bool(self._by_person)

    def find(self, project: str, user_key: str, received_at: datetime) -> Scope | None:
        """Return the scope that an event of a person is in; None if it is in no scope.

        Args:
            project: the event's project.
            user_key: the person's user key.
            received_at: when the event was received (timezone-aware).
        """
        for scope in self._by_person.get((project, user_key), ()):
            if scope.previous_cut_off < received_at <= scope.cut_off:
                return scope
        return None

    def projects_of(self, partner: str) -> set[str]:
        """Return the projects of a partner for which there are scopes."""
        return self._projects.get(partner, set())

    def due(self) -> list[Scope]:
        """Return the scopes of erasures that are being executed."""
        return [scope for scope in self if scope.is_due]


def read_scopes(rows: Iterable[Mapping[str, Any]]) -> Scopes:
    """Make scopes from the rows that ``sql/privacy/find_scopes.sql`` returned."""
    return Scopes(Scope(*(row[name] for name in Scope._fields)) for row in rows)
