"""Confirmations: what somebody was shown, they confirm with a code that nobody else can make.

No state is kept: a code tells its own time and is an HMAC of it. The key is derived from the cell's
current pseudonym key, so a code is worth nothing in another cell.
"""

import hmac
from datetime import datetime, timedelta

from functions.secrets.pseudonym_keys import PseudonymKeys

VALID = timedelta(minutes=15)

LABEL = b"confirmation of offboardings"
"""Sets this key apart: a user key is never made of it, for its first four bytes, a length there,
are more than any project's name has."""

DIGITS = 16
"""Hex digits of a code: 64 bits, of which nobody can try many within its time."""


class Confirmations:
    """Makes and checks codes.

    Args:
        keys: of the cell's user keys.
    """

    def __init__(self, keys: PseudonymKeys) -> None:
        self._key = hmac.digest(keys.current, LABEL, "sha256")

    def code(self, partner: str, at: datetime) -> str:
        """Return the code that confirms the offboarding of a partner.

        Args:
            partner: its name.
            at: now, with an offset.
        """
        return self._code(partner, str(int(at.timestamp())))

    def confirms(self, code: str, partner: str, at: datetime) -> bool:
        """Say whether a code was made for the partner within the last 15 minutes."""
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
