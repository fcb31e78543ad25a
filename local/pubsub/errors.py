"""Errors for refused calls, each with the status that Google's service returns."""

from grpc import StatusCode


class Refusal(Exception):
    """A call is refused: the client gets a status instead of a response."""

    code: StatusCode


class InvalidArgument(Refusal):
    """The request is malformed or exceeds a limit; it would fail in any state of the broker."""

    code = StatusCode.INVALID_ARGUMENT


class NotFound(Refusal):
    """The named topic or subscription does not exist."""

    code = StatusCode.NOT_FOUND


class AlreadyExists(Refusal):
    """A topic or subscription of that name exists."""

    code = StatusCode.ALREADY_EXISTS


class FailedPrecondition(Refusal):
    """The call needs a pull subscription, and this one pushes."""

    code = StatusCode.FAILED_PRECONDITION


class Unimplemented(Refusal):
    """Google's service can do this, but the stand-in cannot."""

    code = StatusCode.UNIMPLEMENTED
