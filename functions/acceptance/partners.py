"""The partners secret: who may send, with which tokens, and for which projects.

The secret is JSON. It has digests of the tokens, never the tokens themselves::

    {"partners": {"acme": {
        "tokens_sha256": ["9f86d0…"],
        "projects": {"acme-prod": "eu"},
        "signing_secrets": ["whsec_…"],
        "request_ids": true
    }}}

An error in a partner's record affects that partner only. Until the error is corrected, the
partner's sender gets 503 and retries. With 401, the sender would drop the events.
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
"""A partner's name. It is used in the names of objects, attributes and datasets."""

# A project that is read from an event never has half a surrogate pair, or a space at either end.
# So a record with such a project is faulty.
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
"""The form of each member of a record. An empty list of `signing_secrets` is an error, because it
would allow unsigned bodies."""

OPTIONAL = frozenset({"signing_secrets", "request_ids"})

DISPUTED = ""
"""Replaces the name of the cell for a project that two partners claim."""


class Unclear(Exception):
    """The partner cannot be identified, because the secret is faulty or out of date."""


class RecordFaulty(Unclear):
    """The partner is known, but the partner's record has an error."""


class Partner(msgspec.Struct, frozen=True):
    """A partner's record.

    Attributes:
        tokens_sha256: the hex digest of the partner's token; during a rotation, of both tokens.
        projects: for each of the partner's projects, the name of the cell; `DISPUTED` if another
            partner claims the project too. Events of a disputed project are refused, because it is
            unclear whose they are.
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
        """Whether retries are recognised by the ids of the partner's requests.

        Some senders give all their requests the same id. So ids count only if the partner states
        that they are unique, or signs requests: a signature covers the id, and the specification of
        signed webhooks demands unique ids.
        """
        return self.request_ids or bool(self.signing_secrets)


class Faulty(msgspec.Struct, frozen=True):
    """The readable parts of a record that has an error.

    Attributes:
        fields: the names of the faulty fields; ``record`` stands for the record itself.
        tokens_sha256: the readable digests of the partner's tokens.
        all_tokens: whether all digests are readable.
        projects: for each project, the name of the cell; None if the projects cannot be read.
    """

    fields: tuple[str, ...]
    tokens_sha256: tuple[str, ...]
    all_tokens: bool
    projects: dict[str, str] | None


class Fault(NamedTuple):
    """An error in the secret, for a log line.

    Attributes:
        partner: the partner's name; if the name is invalid, the partner's position in the secret.
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
        is_certain: whether the directory is complete, so that an unknown token is certainly wrong.
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
            ValueError: the content is not JSON, or not an object with only the member `partners`;
                the message does not quote the content. An error in a partner's record raises
                nothing, and blocks only this partner.
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
        """All errors in the secret, sorted."""
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

        The look-up uses the token's digest, because an attacker cannot choose the digest. The
        digests are then compared in constant time. The empty token never matches, whatever digests
        the secret has.

        Raises:
            RecordFaulty: the partner's record has an error, or two partners have this token.
            Unclear: the token is not found, but some digests are unreadable or may be missing.
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
        """Return a copy in which an unknown token raises Unclear, because the token may be new."""
        return Directory(self._partners, self._faulty, is_certain=False)

    def without(self, closed: Container[str], unclear: Container[str] = ()) -> "Directory":
        """Return a copy without some partners, so that their tokens are unknown.

        Args:
            closed: the names of closed partners.
            unclear: the names of partners that may be closed; the copy treats their records as
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
        """Return the record of the partner with this name; None if there is no such partner.

        Raises:
            RecordFaulty: the record has an error.
        """
        if name in self._faulty:
            raise RecordFaulty
        return self._by_name.get(name)

    def projects_of(self, name: str) -> Mapping[str, str]:
        """Return the name of the cell of each project of a partner; empty for an unknown partner.

        Raises:
            Unclear: the projects cannot be read, or another partner claims one of them.
        """
        record = self._by_name.get(name) or self._faulty.get(name)
        if record is None:
            return {}
        if record.projects is None or any(self._claims[project] > 1 for project in record.projects):
            raise Unclear
        return record.projects

    def _digests(self) -> dict[str, tuple[str, tuple[str, Partner] | None]]:
        """Index the partners by the digests of their tokens; record which partners share a digest.

        A digest has None instead of a partner if two partners share it, or if the record is faulty.
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
    """Return an object's members; a duplicate member becomes None, which no field accepts."""
    times = Counter(name for name, _ in pairs)
    return {name: value if times[name] == 1 else None for name, value in pairs}


def _no_number(_digits: str) -> None:
    """Read any number as None: no field is a number, and some numbers are too large to decode."""


_READER = json.JSONDecoder(
    object_pairs_hook=_members,
    parse_int=_no_number,
    parse_float=_no_number,
    parse_constant=_no_number,
)
"""Accepts unusual numbers, half surrogate pairs and duplicate names, so that they invalidate only
the record that contains them."""


def _disputing(partner: Partner, claims: Counter[str]) -> Partner:
    projects = {
        project: cell if claims[project] == 1 else DISPUTED
        for project, cell in partner.projects.items()
    }
    return msgspec.structs.replace(partner, projects=projects)


def _read(name: str, record: object) -> Partner | Faulty:
    """Read one record, member by member, so that the valid members of a faulty record are known."""
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
    """Return a member's value; None if it does not have the expected form."""
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
    """The secret cannot be read, and the last good value is too old; no partner is admitted."""


class PartnersFile(SecretFile[Directory]):
    """Keeps the directory of partners fresh.

    New and revoked tokens take effect at the next read of the secret.

    Args:
        path: the secret's file.
        clock: returns monotonic seconds.
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
    """Read the secret; log each error in it at every read, because an alert counts the lines."""
    directory = Directory.from_json(text)
    for fault in directory.faults:
        log("ERROR", "partner record faulty", partner=fault.partner, field=fault.field, faults=1)
    return directory
