"""What the operate function can be asked, as bodies of its requests."""

from datetime import date, datetime
from typing import Annotated, Literal

import msgspec

Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class ReplayRequest(
    msgspec.Struct, forbid_unknown_fields=True, rename={"start": "from", "end": "to"}
):
    """The body of ``POST /replay``; an empty one replays the whole spill.

    Attributes:
        source: ``bucket`` or ``dead_letters``; dead letters are replayed all together.
        prefix: what the objects' names start with.
        start: objects written at or after it, ISO 8601 with an offset; ``from`` in the body.
        end: objects written before it; ``to`` in the body.
        dry_run: only report what would be replayed.
    """

    source: Literal["bucket", "dead_letters"] = "bucket"
    prefix: Annotated[str, msgspec.Meta(pattern="^(spill|quarantine)/")] | None = None
    start: Moment | None = None
    end: Moment | None = None
    dry_run: bool = False

    def __post_init__(self) -> None:  # noqa: D105 - msgspec's hook for what types do not say
        if self.source == "dead_letters" and (self.prefix or self.start or self.end):
            raise ValueError("dead letters have neither `prefix` nor `from` nor `to`")


class SettleRequest(msgspec.Struct, forbid_unknown_fields=True):
    """The body of ``POST /settle``; an empty one settles the open window.

    Attributes:
        days: UTC days on which a replay brought events, as it reported them.
    """

    days: list[date] = []


class RefreshRequest(
    msgspec.Struct, forbid_unknown_fields=True, rename={"first": "from", "last": "to"}
):
    """The body of ``POST /refresh``; an empty one refreshes all that is not up to date.

    Attributes:
        first: the first UTC day; ``from`` in the body.
        last: the last UTC day; ``to`` in the body.
    """

    first: date | None = None
    last: date | None = None

    def __post_init__(self) -> None:  # noqa: D105 - msgspec's hook for what types do not say
        if self.first and self.last and self.first > self.last:
            raise ValueError("`from` is after `to`")
