"""Structured logs: one JSON object a line on standard output, as Cloud Logging reads them.

Callers pass counts, reason codes and names of partners and projects; never payloads, tokens,
request paths (they may carry a token) or ids of people.
"""

import sys
from typing import Literal

import msgspec

Severity = Literal["DEBUG", "INFO", "NOTICE", "WARNING", "ERROR", "CRITICAL"]


def log(severity: Severity, message: str, **fields: object) -> None:
    """Write one log line.

    Args:
        severity: of Cloud Logging's LogSeverity.
        message: a fixed sentence; what varies goes into the fields.
        fields: become members of the entry's ``jsonPayload``.
    """
    line = msgspec.json.encode({"severity": severity, "message": message, **fields})
    sys.stdout.write(line.decode() + "\n")
    sys.stdout.flush()
