"""Identity tokens for tests, with any claims."""

import base64
import json
from typing import Any


def token(claims: Any) -> str:
    """Return a token with these claims."""
    headers: dict[str, str] = {}
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()) for part in (headers, claims)]
    return ".".join(
        (*(part.rstrip(b"=").decode() for part in parts), "SIGNATURE_REMOVED_BY_GOOGLE")
    )


def bearer(email: str, name: str = "authorization") -> dict[str, str]:
    """Return the headers of a request by the person with this e-mail address."""
    return {name: f"Bearer {token({'email': email, 'email_verified': True})}"}
