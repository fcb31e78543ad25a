"""Reads the request bodies of the private functions; `functions.web.intake` reads all others."""

from starlette.requests import Request

from functions.web.problem import ProblemError


async def read_body(request: Request, most: int) -> bytes:
    """Return the body of a request.

    Args:
        request: the request.
        most: the maximum size of the body in bytes.

    Raises:
        ProblemError: the body is larger (413), or is not UTF-8 (400).
    """
    body = bytearray()
    async for chunk in request.stream():
        if len(body) + len(chunk) > most:
            raise ProblemError(413, f"A request may have at most {most} bytes")
        body += chunk
    try:
        body.decode()
    except UnicodeDecodeError:
        raise ProblemError(400, "The request is not valid: the body is not UTF-8") from None
    return bytes(body)
