"""The request that a Pub/Sub push subscription makes, one message in each."""

import msgspec


class PushedMessage(msgspec.Struct, rename="camel"):
    """A Pub/Sub message as a push carries it.

    Attributes:
        data: the event's bytes as the sender sent them; base64 on the wire.
        attributes: those of the message.
        publish_time: when Pub/Sub took it, UTC, as ISO 8601.
    """

    data: bytes = b""
    attributes: dict[str, str] = {}  # msgspec copies an empty default for each instance
    publish_time: str = ""


class Push(msgspec.Struct):
    """The body of a push request, as far as it is used.

    Attributes:
        message: what is delivered.
    """

    message: PushedMessage


class NotAPush(ValueError):
    """The body is not a Pub/Sub push, so Pub/Sub did not send it."""


_decoder = msgspec.json.Decoder(Push)


def parse_push(body: bytes) -> Push:
    """Read the body of a push request.

    Raises:
        NotAPush: it is not one.
    """
    try:
        return _decoder.decode(body)
    except msgspec.DecodeError:
        raise NotAPush("the body is not a Pub/Sub push") from None
