"""Parses the requests of a Pub/Sub push subscription; each request has one message."""

import msgspec

from functions.web.malformed import MALFORMED


class PushedMessage(msgspec.Struct, rename="camel"):
    """A Pub/Sub message in a push request.

    Attributes:
        data: the event's bytes, decoded from base64.
        attributes: the message's attributes.
        publish_time: the UTC time at which Pub/Sub accepted the message, ISO 8601.
    """

    data: bytes = b""
    attributes: dict[str, str] = {}  # msgspec copies an empty default for each instance
    publish_time: str = ""


class Push(msgspec.Struct):
    """The members of a push request's body that the functions use.

    Attributes:
        message: the delivered message.
    """

    message: PushedMessage


class NotAPush(ValueError):
    """The body of a request does not have the form of a Pub/Sub push."""


_decoder = msgspec.json.Decoder(Push)


def parse_push(body: bytes) -> Push:
    """Read the body of a push request.

    Raises:
        NotAPush: the body does not have the form of a Pub/Sub push.
    """
    try:
        return _decoder.decode(body)
    except MALFORMED:
        raise NotAPush("the body is not a Pub/Sub push") from None
