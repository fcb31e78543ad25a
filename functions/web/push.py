"""The request of a Pub/Sub push subscription; each request carries one message."""

import msgspec


class PushedMessage(msgspec.Struct, rename="camel"):
    """A Pub/Sub message as a push carries it.

    Attributes:
        data: the event's bytes, as the sender sent them; base64 in the request.
        attributes: the message's attributes.
        publish_time: when Pub/Sub accepted the message; UTC, ISO 8601.
    """

    data: bytes = b""
    attributes: dict[str, str] = {}  # msgspec copies an empty default for each instance
    publish_time: str = ""


class Push(msgspec.Struct):
    """The body of a push request, without the members that no function uses.

    Attributes:
        message: the delivered message.
    """

    message: PushedMessage


class NotAPush(ValueError):
    """The body is not a Pub/Sub push; Pub/Sub did not send it."""


_decoder = msgspec.json.Decoder(Push)


def parse_push(body: bytes) -> Push:
    """Read the body of a push request.

    Raises:
        NotAPush: the body is not a Pub/Sub push.
    """
    try:
        return _decoder.decode(body)
    except msgspec.DecodeError:
        raise NotAPush("the body is not a Pub/Sub push") from None
