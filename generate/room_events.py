"""Writes the statements on ``room_events_v1``, from the same statements on ``events_v1``.

A statement cannot take the name of a table as a parameter, so each table needs its own text.
"""

from pathlib import Path

from generate.parts import notice

STATEMENTS = {
    "sql/operate/clear_extra.sql": "sql/operate/clear_room_extra.sql",
    "sql/operate/delete_copies.sql": "sql/operate/delete_room_copies.sql",
    "sql/privacy/anonymise_events.sql": "sql/privacy/anonymise_room_events.sql",
    "sql/privacy/delete_events.sql": "sql/privacy/delete_room_events.sql",
    "sql/privacy/delete_later_copies.sql": "sql/privacy/delete_later_room_copies.sql",
}
"""The path of each generated statement on ``room_events_v1``, by the path of its source."""

_TABLE = "${store}.events_v1`"


def render(root: Path) -> dict[str, str]:
    """Return the content of the statements, by path; a source that does not exist is left out.

    Raises:
        ValueError: a statement does not name ``events_v1``.
    """
    files = {}
    for source, path in STATEMENTS.items():
        if not (root / source).is_file():
            continue
        text = (root / source).read_text("utf-8")
        if _TABLE not in text:
            raise ValueError(f"{source} does not name events_v1")
        own = text.replace(_TABLE, _TABLE.replace("events_v1", "room_events_v1"))
        files[path] = f"-- {notice(source)}\n{own}"
    return files
