"""Who may send: the partners' tokens and projects, from the cell's secret.

The secret is JSON. It holds digests of the tokens, never the tokens themselves::

    {"partners": {"acme": {
        "tokens_sha256": ["9f86d0…"],
        "projects": {"acme-prod": "eu"},
        "signing_secrets": ["whsec_…"]
    }}}
"""

import hashlib
import hmac
from collections.abc import Container
from typing import Annotated, Any

import msgspec

from functions.acceptance.signature import SigningKey

Name = Annotated[str, msgspec.Meta(pattern="^[a-z0-9][a-z0-9_-]*$")]
"""A partner's name becomes part of object names, attributes and datasets."""

Project = Annotated[str, msgspec.Meta(min_length=1)]

Digest = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]


class Partner(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A partner as its sender meets it.

    Attributes:
        tokens_sha256: hex digests of its one or two valid tokens (two while one is rotated).
        projects: the cell that each of its projects is pinned to.
        signing_secrets: where it has any, each of its requests must be signed with one of them.
    """

    tokens_sha256: Annotated[tuple[Digest, ...], msgspec.Meta(min_length=1, max_length=2)]
    projects: Annotated[dict[Project, str], msgspec.Meta(min_length=1)]
    signing_secrets: tuple[SigningKey, ...] = ()


class _File(msgspec.Struct, forbid_unknown_fields=True):
    partners: dict[Name, Partner]


def _signing_key(expected: type[Any], value: object) -> SigningKey:
    if expected is SigningKey and isinstance(value, str):
        return SigningKey(value)
    raise TypeError


class Directory:
    """Finds the partner that a token belongs to.

    Args:
        partners: by name.

    Raises:
        ValueError: two partners share a token.
    """

    def __init__(self, partners: dict[str, Partner]) -> None:
        self._by_name = partners
        self._by_digest: dict[str, tuple[str, tuple[str, Partner]]] = {}
        for name, partner in partners.items():
            for digest in partner.tokens_sha256:
                if self._by_digest.setdefault(digest, (digest, (name, partner)))[1][0] != name:
                    raise ValueError("two partners have the same token")

    @classmethod
    def from_json(cls, text: bytes) -> "Directory":
        """Read the secret's content.

        Raises:
            ValueError: it is not of the form above; the message quotes none of it.
        """
        try:
            return cls(msgspec.json.decode(text, type=_File, dec_hook=_signing_key).partners)
        except msgspec.DecodeError:
            raise ValueError("the partners secret is not of the expected form") from None

    def find(self, token: str) -> tuple[str, Partner] | None:
        """Return name and record of the partner with this token, None where nobody has it.

        The look-up is by the token's digest, which a stranger cannot steer; the digests are then
        compared in constant time. No token is nobody's token, whatever digests the secret has.
        """
        if not token:
            return None
        digest = hashlib.sha256(token.encode(errors="surrogatepass")).hexdigest()
        found = self._by_digest.get(digest)
        if found is None or not hmac.compare_digest(found[0], digest):
            return None
        return found[1]

    def without(self, closed: Container[str]) -> "Directory":
        """Return the directory without some partners, given by name: nobody has their tokens."""
        return Directory(
            {name: partner for name, partner in self._by_name.items() if name not in closed}
        )

    def named(self, name: str) -> Partner | None:
        """Return the record of the partner with this name, None where nobody has it."""
        return self._by_name.get(name)
