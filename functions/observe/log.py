"""Structured logs: each line on standard output is one JSON object, as Cloud Logging expects.

Callers pass counts, reason codes, and names of partners and projects. They never pass payloads,
tokens, request paths (which may contain a token) or ids of people.
"""

import re
import sys
from collections.abc import Mapping
from typing import Literal

import msgspec

from functions import __version__

Severity = Literal["DEBUG", "INFO", "NOTICE", "WARNING", "ERROR", "CRITICAL"]


def log(severity: Severity, message: str, **fields: object) -> None:
    """Write one log line.

    Args:
        severity: a ``LogSeverity`` of Cloud Logging.
        message: a fixed sentence. Put whatever varies into the fields.
        fields: further members of the log entry's ``jsonPayload``. The version of this code is
            added as the member ``version``.
    """
    line = msgspec.json.encode(
        {"severity": severity, "message": message, **fields, "version": __version__}
    )
    sys.stdout.write(line.decode() + "\n")
    sys.stdout.flush()


TRACE_FIELD = "logging.googleapis.com/trace"

_TRACE_CONTEXT = re.compile(
    r"00-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}"  # the header traceparent (W3C Trace Context)
    r"|([0-9a-f]{32})(?:/\d{1,20})?(?:;o=\d)?"  # the header X-Cloud-Trace-Context
)


def trace(headers: Mapping[str, str], gcp_project: str) -> dict[str, str]:
    """Return the field that connects a log line with the trace of a request.

    Args:
        headers: the request's headers, by lower-case name.
        gcp_project: the name of the Google Cloud project.

    Returns:
        A mapping with one field. It is empty if no header names a trace, or if `gcp_project` is
        empty.
    """
    for name in ("traceparent", "x-cloud-trace-context"):
        match = _TRACE_CONTEXT.fullmatch(headers.get(name, ""))
        if match and gcp_project:
            trace_id = match[1] or match[2]
            return {TRACE_FIELD: f"projects/{gcp_project}/traces/{trace_id}"}
    return {}
