"""How the server treats a connection: it ignores trailers, and sends a small answer in one write.

Both use parts of uvicorn that its documentation does not mention, because it has no option for
them. tests/unit/web/test_server.py checks this with uvicorn itself, and fails if an upgrade breaks
it.
"""

from functools import lru_cache

from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

_Headers = tuple[tuple[bytes, bytes], ...]


class Protocol(HttpToolsProtocol):
    """The server's protocol, which ignores trailers.

    Trailers are headers after a body in chunks (RFC 9110, 6.5). The server appends them to the list
    of headers that the application has. So a request could get headers that no system on the way
    has checked. When the headers are complete, this class gives the server a new list, to which the
    server appends the trailers. The application keeps the old list.
    """

    def on_headers_complete(self) -> None:
        """Begin a request, whose headers are complete."""
        super().on_headers_complete()
        self.headers = []


class Ready(Response):
    """A small response, which is ready to be sent.

    uvicorn checks each header and sends headers and body separately, as two packets. Sending this
    response past uvicorn, as one packet, takes a quarter of the time. uvicorn still sends it if the
    request needs special care, or if an application has wrapped `send`.

    Args:
        status: the HTTP status.
        headers: the names in lower case, and the values.
        body: the body; empty if the status allows none.
    """

    def __init__(self, status: int, headers: _Headers, body: bytes = b"") -> None:
        # The constructor of `Response` would take longer than sending the response.
        self.status_code = status
        self.raw_headers = [*headers]
        self.body = body
        self.background = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the response."""
        # `send` is a method of uvicorn's state of the request.
        cycle = getattr(send, "__self__", None)
        if not (isinstance(cycle, RequestResponseCycle) and self._send_at_once(cycle)):
            await super().__call__(scope, receive, send)

    def _send_at_once(self, cycle: RequestResponseCycle) -> bool:
        """Send the response in one write; return False if uvicorn has to send it."""
        if (
            cycle.response_started
            or cycle.disconnected
            or cycle.flow.write_paused
            or cycle.access_log
            or not cycle.keep_alive
            or cycle.scope["method"] == "HEAD"
        ):
            return False
        cycle.response_started = cycle.response_complete = True
        cycle.waiting_for_100_continue = False
        own = _encoded(tuple(cycle.default_headers))
        head = STATUS_LINE[self.status_code], own, _encoded(tuple(self.raw_headers)), b"\r\n"
        cycle.transport.write(b"".join((*head, self.body)))
        cycle.message_event.set()
        cycle.on_response()
        return True


@lru_cache(maxsize=64)
def _encoded(headers: _Headers) -> bytes:
    """Encode headers. The server's own ones change each second, because of the date."""
    return b"".join(b"%b: %b\r\n" % header for header in headers)
