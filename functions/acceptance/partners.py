"""Reads the partners secret: who may send events, with which tokens, and for which projects.

The secret is JSON. It has digests of the tokens, never the tokens themselves::

    {"partners": {"acme": {
        "tokens_sha256": ["9f86d0…"],
        "projects": {"acme-prod": "eu"},
        "signing_secrets": ["whsec_…"],
        "request_ids": true
    }}}

An error in a partner's record affects that partner only. Until the error is corrected, requests of
the partner get 503, so that the sender retries them. After 401, the sender would drop the events.
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

# The pattern ends with `\Z`, because `$` would allow a newline at the end.
Name = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9_-]*\Z")]
"""A partner's name. It is also a part of the names of objects in the bucket and of datasets."""

# The name of a project or a cell. Spaces at its ends, line breaks and half surrogate pairs are
# errors, because an event's project never has spaces at its ends or half a surrogate pair.
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
    "request_ids": bool,
}
"""The form of each member of a partner's record. An empty list of `signing_secrets` is an error,
because it would allow unsigned bodies."""

OPTIONAL = frozenset({"signing_secrets", "request_ids"})

DISPUTED = ""
"""Takes the place of a cell's name if two partners claim the same project."""


class Unclear(Exception):
    """The secret does not say for certain who the partner is, or which projects the partner has.

    The secret has an error, or its value may be out of date.
    """


class RecordFaulty(Unclear):
    """The partner's record has an error, or two partners have the same token."""


class Partner(msgspec.Struct, frozen=True):
    """A partner's record in the partners secret.

    Attributes:
        tokens_sha256: the SHA-256 digest of the partner's token, in hex; during a rotation, the
            digests of both tokens.
        projects: for each project, the name of its cell; `DISPUTED` if another partner claims the
            project too. Events of a disputed project are refused.
        signing_secrets: each request must be signed with one of these keys; if there are no keys,
            requests need no signature.
        request_ids: whether the partner states that its ids of requests are unique.
    """

    tokens_sha256: tuple[str, ...]
    projects: dict[str, str]
    signing_secrets: tuple[SigningKey, ...] = ()
    request_ids: bool = False

    @property
    def has_request_ids(self) -> bool:
        """Whether a repeated request is recognised by its request id.

        Some senders give all their requests the same id, so request ids are ignored by default.
        They count if the partner states that they are unique, or if the partner signs requests. The
        specification of signed webhooks demands unique ids.
        """
        return self.request_ids or bool(self.signing_secrets)


class Faulty(msgspec.Struct, frozen=True):
    """The readable parts of a partner's record that has an error.

    Attributes:
        fields: the names of the faulty fields. ``record`` stands for the form of the record, or for
            the partner's name; ``closed`` stands for the partner's entry in the closed list.
        tokens_sha256: the digests of the partner's tokens that can be read.
        all_tokens: whether all digests of the record can be read.
        projects: for each project, the name of its cell; None if the projects cannot be read.
    """

    fields: tuple[str, ...]
    tokens_sha256: tuple[str, ...]
    all_tokens: bool
    projects: dict[str, str] | None


class Fault(NamedTuple):
    """An error in the partners secret, as log lines report it.

    Attributes:
        partner: the partner's name. If the name is invalid, the partner's position in the secret,
            such as ``#2``.
        field: the name of the faulty field; the field's value is never logged.
    """

    partner: str
    field: str


class _PartnersFile(msgspec.Struct, forbid_unknown_fields=True):
    partners: dict[str, Any]


class Directory:
    """Finds the partner that a token belongs to.

    Args:
        partners: the valid records, by the partner's name.
        faulty: the records with an error, by the partner's name.
        is_certain: whether all tokens are known; if not, `find` raises Unclear for an unknown
            token.
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
        """Read the content of the partners secret.

        An error in a partner's record raises nothing, and blocks only this partner.

        Raises:
            ValueError: the content is not a JSON object with the single member `partners`; the
                message does not quote the content.
        """
        try:
            decoded = _READER.decode(text.decode("utf-8-sig", "surrogateescape"))
            entries = msgspec.convert(decoded, _PartnersFile).partners
        except (ValueError, RecursionError):
            raise ValueError("the partners secret does not have the expected format") from None
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
        """All errors in the partners secret, sorted by partner and field."""
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
        """Return the name and record of the partner with this token; None if no partner has it.

        The look-up uses the token's digest, and compares digests in constant time. So the time of
        the answer tells an attacker nothing about valid tokens. The empty token belongs to no
        partner.

        Raises:
            RecordFaulty: the partner's record has an error, or two partners have this token.
            Unclear: no partner has the token, but some digests may be missing or cannot be read.
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
        """Return a copy whose `find` raises Unclear for an unknown token: the token may be new."""
        return Directory(self._partners, self._faulty, is_certain=False)

    def without(self, closed: Container[str], unclear: Container[str] = ()) -> "Directory":
        """Return a copy without closed partners; their tokens are unknown to the copy.

        Args:
            closed: the names of closed partners.
            unclear: the names of partners that may be closed; for their tokens, `find` of the copy
                raises RecordFaulty.
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
        """Return the record of the partner with this name; None if there is no such partner.

        Raises:
            RecordFaulty: the record has an error.
        """
        if name in self._faulty:
            raise RecordFaulty
        return self._by_name.get(name)

    def projects_of(self, name: str) -> Mapping[str, str]:
        """Return a partner's projects with the names of their cells; empty for an unknown partner.

        Raises:
            Unclear: the partner's projects cannot be read, or another partner claims one of them.
        """
        record = self._by_name.get(name) or self._faulty.get(name)
        if record is None:
            return {}
        if record.projects is None or any(self._claims[project] > 1 for project in record.projects):
            raise Unclear
        return record.projects

    def _digests(self) -> dict[str, tuple[str, tuple[str, Partner] | None]]:
        """Return the partner that each token digest belongs to.

        The partner is None if two partners share the digest, or if the record has an error.
        `_shared` gets the names of partners that share a digest.
        """
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
    """Return the members of a JSON object; a name that occurs twice gets the invalid value None."""
    times = Counter(name for name, _ in pairs)
    return {name: value if times[name] == 1 else None for name, value in pairs}


def _no_number(_digits: str) -> None:
    """Read every number as None: no field is a number, and Python cannot decode huge numbers."""


_READER = json.JSONDecoder(
    object_pairs_hook=_members,
    parse_int=_no_number,
    parse_float=_no_number,
    parse_constant=_no_number,
)
"""A JSON decoder that accepts huge numbers, broken characters and duplicate names. So these are
errors only in the record that contains them."""


def _disputing(partner: Partner, claims: Counter[str]) -> Partner:
    projects = {
        project: cell if claims[project] == 1 else DISPUTED
        for project, cell in partner.projects.items()
    }
    return msgspec.structs.replace(partner, projects=projects)


def _read(name: str, record: object) -> Partner | Faulty:
    """Read a partner's record; if it has an error, return its readable parts."""
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
    """Return a value, converted to the expected form; None if it does not have this form."""
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
    """The partners secret cannot be read, and its last good value is too old."""


class PartnersFile(SecretFile[Directory]):
    """Reads the partners secret from a file, and reads it again when the value is old.

    New and revoked tokens take effect at the next read.

    Args:
        path: the secret's file.
        clock: returns monotonic seconds.
        read: reads the file and returns its content; may block.
    """

    def __init__(
        self,
        path: Path,
        clock: Callable[[], float] = time.monotonic,
        read: Callable[[Path], bytes] = Path.read_bytes,
    ) -> None:
        super().__init__("partners", path, _parse, PartnersUnavailable, clock=clock, read=read)


def _parse(text: bytes) -> Directory:
    """Read the secret; log each of its errors at every read, because an alert counts the lines."""
    directory = Directory.from_json(text)
    for fault in directory.faults:
        log("ERROR", "partner record faulty", partner=fault.partner, field=fault.field, faults=1)
    return directory
