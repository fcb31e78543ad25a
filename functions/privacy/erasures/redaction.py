"""Takes people who are covered out of single events, wherever these are kept."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import NamedTuple

from functions.events.attributes import Kind, parse_kind, parse_time
from functions.events.body import BadMessage
from functions.events.layout import Layouts
from functions.events.person import mentioned, take_out
from functions.privacy.erasures.scope import Cover, Covered
from functions.retained.quarantine import MALFORMED
from functions.secrets.pseudonym_keys import PseudonymKeys

NOBODY = ""
"""Stands for the erasure where what was done was done for none: what cannot be read is moved."""

Taken = tuple[tuple[str, str], ...]
"""What was done to an event: the erasure, and ``anonymised``, ``deleted``, ``speakers_removed``; of
what nobody can read `NOBODY` and ``set_aside``."""

SET_ASIDE: Taken = ((NOBODY, "set_aside"),)


class Redacted(NamedTuple):
    """An event that spoke of somebody who is covered.

    Attributes:
        data: the event without them; None where it goes.
        cover: of the person whom it was about; None where it was of others.
        taken: what was done, for the receipts.
    """

    data: bytes | None
    cover: Cover | None
    taken: Taken


class Rewritten(NamedTuple):
    """What an object becomes.

    Attributes:
        objects: name and content of what it is replaced by, in the order in which they are written;
            none where nothing is left of it.
        taken: what was done to its events.
    """

    objects: tuple[tuple[str, bytes], ...]
    taken: Taken


class Redaction:
    """Redacts events.

    Args:
        covered: what is covered.
        keys: the cell's pseudonym keys, of all versions.
        layouts: of the catalogue's events.
    """

    def __init__(self, covered: Covered, keys: PseudonymKeys, layouts: Layouts) -> None:
        self.covered = covered
        self._keys = keys
        self._layouts = layouts

    def apply(
        self, data: bytes, kind: Kind, projects: tuple[str, ...], received_at: datetime
    ) -> Redacted | None:
        """Redact an event; None where it speaks of nobody who is covered.

        Args:
            data: the event's bytes.
            kind: the webhook that it came by.
            projects: those that it may be of.
            received_at: of the event, with an offset.

        Raises:
            BadMessage: nobody can read whom it speaks of.
        """
        found = mentioned(data, kind, self._layouts)
        cover = self._cover(found.user_id, projects, received_at)
        if cover is not None and cover.deletes:
            return Redacted(None, cover, ((cover.erasure_id, "deleted"),))
        speakers = {
            speaker: of_speaker.erasure_id
            for speaker in found.speakers
            if (of_speaker := self._cover(speaker, projects, received_at))
        }
        if cover is None and not speakers:
            return None
        left = take_out(data, kind, self._layouts, user=cover is not None, speakers=speakers.keys())
        taken = [(cover.erasure_id, "anonymised")] if cover else []
        taken += [(erasure_id, "speakers_removed") for erasure_id in speakers.values()]
        return Redacted(left, cover, tuple(taken))

    def apply_to(
        self, data: bytes, attributes: Mapping[str, str], known_at: datetime
    ) -> tuple[Redacted, dict[str, str]] | None:
        """Redact an event that has the attributes of a message; return these as they are then.

        Args:
            data: the event's bytes.
            attributes: of the message; what cannot be read of them is taken for the widest.
            known_at: a moment at which it had been received, where its attributes tell none.

        Raises:
            BadMessage: nobody can read whom it speaks of; ``malformed`` where its attributes tell
                neither project nor partner, so that nobody knows whose user that would be.
        """
        kind: Kind = "chat"
        received_at = known_at
        with suppress(ValueError):
            kind = parse_kind(attributes.get("kind", ""))
        with suppress(ValueError):
            received_at = parse_time(attributes.get("received_at", ""))
        project, partner = attributes.get("project"), attributes.get("partner")
        if not project and not partner:
            raise BadMessage(MALFORMED)
        projects = (project,) if project else self.projects_of(partner or "")
        redacted = self.apply(data, kind, projects, received_at)
        if redacted is None:
            return None
        if redacted.cover is None:
            return redacted, dict(attributes)
        own_id = redacted.cover.ingest_id(attributes.get("ingest_id", ""))
        return redacted, {**attributes, "ingest_id": own_id}

    def projects_of(self, partner: str) -> tuple[str, ...]:
        """Return the projects that an event may be of that does not tell."""
        return tuple(sorted(self.covered.projects_of(partner)))

    def _cover(
        self, user_id: str | None, projects: tuple[str, ...], received_at: datetime
    ) -> Cover | None:
        if user_id is None:
            return None
        for project in projects:
            for key in self._keys.all_user_keys(project, user_id):
                if cover := self.covered.of(project, key, received_at):
                    return cover
        return None
