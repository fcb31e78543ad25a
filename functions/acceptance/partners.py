"""Who may send: the partners' tokens and projects, from the cell's secret.

The secret is JSON. It holds digests of the tokens, never the tokens themselves::

    {"partners": {"acme": {
        "tokens_sha256": ["9f86d0…"],
        "projects": {"acme-prod": "eu"},
        "signing_secrets": ["whsec_…"]
    }}}

An error in one record closes that partner only. While it is closed, its sender is asked to come
again (503): a sender that is answered 401 drops its events.
"""

import hashlib
import hmac
import json
import time
from collections import Counter
from collections.abc import Callable, Container, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, NamedTuple

import msgspec

from functions.acceptance.signature import SigningKey
from functions.observe.log import log
from functions.secrets.file import SecretFile, SecretUnavailable

# `\Z`, for `$` would let a newline pass at the end.
Name = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9_-]*\Z")]
"""A partner's name becomes part of object names, attributes and datasets."""

# Half a surrogate pair and space at an end are in no name that a sender can be placed by.
Text = Annotated[
    str,
    msgspec.Meta(pattern=r"^[^\s\ud800-\udfff](?:[^\r\n\ud800-\udfff]*[^\s\ud800-\udfff])?\Z"),
]

Digest = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}\Z")]

Projects = Annotated[dict[Text, Text], msgspec.Meta(min_length=1)]

FIELDS: dict[str, Any] = {
    "tokens_sha256": Annotated[tuple[Digest, ...], msgspec.Meta(min_length=1, max_length=2)],
    "projects": Projects,
    "signing_secrets": Annotated[tuple[SigningKey, ...], msgspec.Meta(min_length=1)],
}
"""The members of a record. Given but empty, `signing_secrets` would let unsigned bodies in."""

OPTIONAL = frozenset({"signing_secrets"})

DISPUTED = ""
"""Stands for the cell of a project that two partners claim."""


class Unclear(Exception):
    """An error in the secret, or its age, keeps this from being told; nobody may be let in."""


class RecordFaulty(Unclear):
    """The partner is known, and there is an error in its record."""


class Partner(msgspec.Struct, frozen=True):
    """A partner as its sender meets it.

    Attributes:
        tokens_sha256: hex digests of its one or two valid tokens (two while one is rotated).
        projects: the cell that each of its projects is pinned to; `DISPUTED` for one that another
            partner claims, too: nothing is accepted for it, for whose it is is not known.
        signing_secrets: where it has any, each of its requests must be signed with one of them.
    """

    tokens_sha256: tuple[str, ...]
    projects: dict[str, str]
    signing_secrets: tuple[SigningKey, ...] = ()


class Faulty(msgspec.Struct, frozen=True):
    """What can be read of a record that has an error.

    Attributes:
        fields: that have one, by name; ``record`` for the record itself.
        tokens_sha256: the digests that can be read.
        all_tokens: whether these are all.
        projects: None where they cannot be read.
    """

    fields: tuple[str, ...]
    tokens_sha256: tuple[str, ...]
    all_tokens: bool
    projects: dict[str, str] | None


class Fault(NamedTuple):
    """An error in the secret, as it may be logged.

    Attributes:
        partner: whose record has it; its place in the secret where the name itself is wrong.
        field: that has it. The value is told nowhere.
    """

    partner: str
    field: str


class _File(msgspec.Struct, forbid_unknown_fields=True):
    partners: dict[str, Any]


class Directory:
    """Finds the partner that a token belongs to.

    Args:
        partners: by name.
        faulty: those with an error in their records, by name.
        is_certain: whether a token that is not among them is certain to be nobody's.
    """

    def __init__(
        self,
        partners: Mapping[str, Partner],
        faulty: Mapping[str, Faulty] = MappingProxyType({}),
        *,
        is_certain: bool = True,
    ) -> None:
        claims = Counter(project for record in partners.values() for project in record.projects)
        claims.update(project for record in faulty.values() for project in record.projects or ())
        self._claims = claims
        self._partners = partners
        self._faulty = faulty
        self._by_name = {name: _disputing(partner, claims) for name, partner in partners.items()}
        self._all_tokens = is_certain and all(record.all_tokens for record in faulty.values())
        self._shared: set[str] = set()
        self._by_digest = self._digests()

    @classmethod
    def from_json(cls, text: bytes) -> "Directory":
        """Read the secret's content.

        Raises:
            ValueError: it is not of the form above as a whole; the message quotes none of it.
        """
        try:
            decoded = _READER.decode(text.decode("utf-8-sig", "surrogateescape"))
            entries = msgspec.convert(decoded, _File).partners
        except (ValueError, RecursionError):
            raise ValueError("the partners secret is not of the expected form") from None
        records = {
            name if _fits(name, Name) else f"#{place}": _read(name, record)
            for place, (name, record) in enumerate(entries.items(), 1)
        }
        return cls(
            {name: record for name, record in records.items() if isinstance(record, Partner)},
            {name: record for name, record in records.items() if isinstance(record, Faulty)},
        )

    @property
    def faults(self) -> list[Fault]:
        """The errors in the secret."""
        in_records = {
            Fault(name, field) for name, record in self._faulty.items() for field in record.fields
        }
        disputes = {
            Fault(name, "projects")
            for name, partner in self._by_name.items()
            if DISPUTED in partner.projects.values()
        }
        shared = {Fault(name, "tokens_sha256") for name in self._shared}
        return sorted(in_records | disputes | shared)

    def find(self, token: str) -> tuple[str, Partner] | None:
        """Return name and record of the partner with this token, None where nobody has it.

        The look-up is by the token's digest, which a stranger cannot steer; the digests are then
        compared in constant time. No token is nobody's token, whatever digests the secret has.

        Raises:
            RecordFaulty: its partner's record has an error, or two partners have this token.
            Unclear: it may be a token that cannot be read in the secret.
        """
        if not token:
            return None
        digest = hashlib.sha256(token.encode(errors="surrogatepass")).hexdigest()
        entry = self._by_digest.get(digest)
        if entry is None or not hmac.compare_digest(entry[0], digest):
            if self._all_tokens:
                return None
            raise Unclear
        if entry[1] is None:
            raise RecordFaulty
        return entry[1]

    def doubtful(self) -> "Directory":
        """Return the directory for when it is known to be old: new tokens may be missing in it."""
        return Directory(self._partners, self._faulty, is_certain=False)

    def without(self, closed: Container[str], unclear: Container[str] = ()) -> "Directory":
        """Return the directory without some partners: nobody has their tokens.

        Args:
            closed: names of those who have left.
            unclear: names of those of whom it is not known; they are as if their record were
                faulty.
        """
        faulty = {
            name: Faulty(
                ("closed",), partner.tokens_sha256, all_tokens=True, projects=partner.projects
            )
            for name, partner in self._partners.items()
            if name in unclear
        } | dict(self._faulty)
        return Directory(
            {
                name: each
                for name, each in self._partners.items()
                if name not in closed and name not in unclear
            },
            {name: each for name, each in faulty.items() if name not in closed},
        )

    def named(self, name: str) -> Partner | None:
        """Return the record of the partner with this name, None where nobody has it.

        Raises:
            RecordFaulty: it has an error.
        """
        if name in self._faulty:
            raise RecordFaulty
        return self._by_name.get(name)

    def projects_of(self, name: str) -> Mapping[str, str]:
        """Return a partner's projects with their cells; none where there is no such partner.

        Raises:
            Unclear: they cannot be read, or one of them may be another partner's.
        """
        record = self._by_name.get(name) or self._faulty.get(name)
        if record is None:
            return {}
        if record.projects is None or any(self._claims[project] > 1 for project in record.projects):
            raise Unclear
        return record.projects

    def _digests(self) -> dict[str, tuple[str, tuple[str, Partner] | None]]:
        """Return who has which digest; None where nobody may be let in by it."""
        by_digest: dict[str, tuple[str, tuple[str, Partner] | None]] = {}
        names: dict[str, str] = {}
        records: list[tuple[str, Partner | Faulty]] = [
            *self._by_name.items(),
            *self._faulty.items(),
        ]
        for name, record in records:
            for digest in record.tokens_sha256:
                if names.setdefault(digest, name) != name:
                    self._shared |= {names[digest], name}
                    by_digest[digest] = digest, None
                else:
                    owner = (name, record) if isinstance(record, Partner) else None
                    by_digest[digest] = digest, owner
        return by_digest


def _members(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Return an object's members; one that is given twice is of no form."""
    times = Counter(name for name, _ in pairs)
    return {name: value if times[name] == 1 else None for name, value in pairs}


def _no_number(_digits: str) -> None:
    """Read a number as nothing: no member is one, and some are too large for any decoder."""


_READER = json.JSONDecoder(
    object_pairs_hook=_members,
    parse_int=_no_number,
    parse_float=_no_number,
    parse_constant=_no_number,
)
"""Reads what is wrong in one record, too, so that it costs no other: odd numbers, half a surrogate
pair, a name that is given twice."""


def _disputing(partner: Partner, claims: Counter[str]) -> Partner:
    projects = {
        project: cell if claims[project] == 1 else DISPUTED
        for project, cell in partner.projects.items()
    }
    return msgspec.structs.replace(partner, projects=projects)


def _read(name: str, record: object) -> Partner | Faulty:
    """Read one record, member by member: what is wrong in one leaves the others known."""
    members = record if isinstance(record, dict) else {}
    fields = [field for field in FIELDS if field in members or field not in OPTIONAL]
    read = {field: _converted(members.get(field), FIELDS[field]) for field in fields}
    wrong = [field for field, value in read.items() if value is None]
    if not isinstance(record, dict) or members.keys() - FIELDS or not _fits(name, Name):
        wrong.append("record")
    if not wrong:
        return Partner(**read)
    given = members.get("tokens_sha256")
    digests = (
        [digest for digest in given if _fits(digest, Digest)] if isinstance(given, list) else []
    )
    return Faulty(
        fields=tuple(wrong),
        tokens_sha256=tuple(digests),
        all_tokens=read["tokens_sha256"] is not None,
        projects=read["projects"],
    )


def _converted(value: object, form: Any) -> Any:
    """Return a member's value; None where it is not of its form."""
    try:
        return msgspec.convert(value, form, dec_hook=_signing_key)
    except msgspec.ValidationError:
        return None


def _fits(value: object, form: Any) -> bool:
    return _converted(value, form) is not None


def _signing_key(expected: type[Any], value: object) -> SigningKey:
    if expected is SigningKey and isinstance(value, str):
        return SigningKey(value)
    raise TypeError


class PartnersUnavailable(SecretUnavailable):
    """The secret cannot be read and the last good value is too old: nobody may be let in."""


class PartnersFile(SecretFile[Directory]):
    """Keeps the directory fresh.

    A rotated token works, and a revoked one stops working, once the secret is read again.

    Args:
        path: the secret's file.
        clock: seconds, monotonic.
        read: returns the file's content; may block.
    """

    def __init__(
        self,
        path: Path,
        clock: Callable[[], float] = time.monotonic,
        read: Callable[[Path], bytes] = Path.read_bytes,
    ) -> None:
        super().__init__("partners", path, _parse, PartnersUnavailable, clock=clock, read=read)


def _parse(text: bytes) -> Directory:
    """Read the secret; log each error in it, at each read: an alert hears of it."""
    directory = Directory.from_json(text)
    for fault in directory.faults:
        log("ERROR", "partner record faulty", partner=fault.partner, field=fault.field, faults=1)
    return directory
