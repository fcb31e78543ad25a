"""Structured logs: one JSON object a line on standard output, as Cloud Logging reads them.

Callers pass counts, reason codes and names of partners and projects; never payloads, tokens,
request paths (they may carry a token) or ids of people.
"""

import re
import sys
from collections.abc import Mapping
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


TRACE_FIELD = "logging.googleapis.com/trace"

_TRACE_CONTEXT = re.compile(
    r"00-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}"  # traceparent, W3C Trace Context
    r"|([0-9a-f]{32})(?:/\d{1,20})?(?:;o=\d)?"  # X-Cloud-Trace-Context, Google's own
)


def trace(headers: Mapping[str, str], gcp_project: str) -> dict[str, str]:
    """Return the field that ties a log line to its request, empty where no header names a trace.

    Args:
        headers: of the request, looked up by lower-case names.
        gcp_project: the Google Cloud project.
    """
    for name in ("traceparent", "x-cloud-trace-context"):
        match = _TRACE_CONTEXT.fullmatch(headers.get(name, ""))
        if match and gcp_project:
            trace_id = match[1] or match[2]
            return {TRACE_FIELD: f"projects/{gcp_project}/traces/{trace_id}"}
    return {}
