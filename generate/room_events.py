"""The statements that change room events: those that change other events, for their own table.

A statement cannot take the name of a table as a parameter, so each needs a text for each table.
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
"""Path of a statement on ``events_v1`` -> path of the same statement on ``room_events_v1``."""

_TABLE = "${store}.events_v1`"


def render(root: Path) -> dict[str, str]:
    """Return path -> content of the statements.

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
