"""What the service refuses, each with the status that Google's service gives."""

from grpc import StatusCode


class Refusal(Exception):
    """A call that is answered by a status instead of a response."""

    code: StatusCode


class InvalidArgument(Refusal):
    """The request is malformed or beyond a limit, whatever the state of the broker."""

    code = StatusCode.INVALID_ARGUMENT


class NotFound(Refusal):
    """The named topic or subscription does not exist."""

    code = StatusCode.NOT_FOUND


class AlreadyExists(Refusal):
    """A topic or subscription of that name exists."""

    code = StatusCode.ALREADY_EXISTS


class FailedPrecondition(Refusal):
    """The subscription is of another type than the call needs."""

    code = StatusCode.FAILED_PRECONDITION


class Unimplemented(Refusal):
    """Google's service can do this, the stand-in cannot."""

    code = StatusCode.UNIMPLEMENTED
