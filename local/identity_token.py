"""Identity tokens as a function gets them: Cloud Run verifies them and removes the signature."""

import base64
import json


def identity_token(email: str) -> str:
    """Return the token of a person or a service account."""
    parts = ({"alg": "RS256", "typ": "JWT"}, {"email": email, "email_verified": True})
    texts = (base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in parts)
    return ".".join((*(text.decode() for text in texts), "SIGNATURE_REMOVED_BY_GOOGLE"))
