"""Why something is not done, as the caller is told."""

from collections.abc import Mapping

SECONDS_TO_COME_AGAIN = 60


class Refused(Exception):
    """A request is not carried out.

    Args:
        status: HTTP's.
        title: a sentence that names the field and quotes nothing of it.
        headers: of the answer.
        members: further members of the answer's body.
    """

    def __init__(
        self,
        status: int,
        title: str,
        headers: Mapping[str, str] | None = None,
        members: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(title)
        self.status = status
        self.title = title
        self.headers = headers
        self.members = members


def later(title: str, members: Mapping[str, object] | None = None) -> Refused:
    """Return the refusal of what may work in a minute (503)."""
    return Refused(503, title, {"Retry-After": str(SECONDS_TO_COME_AGAIN)}, members)
