"""Fills the store of an embedded cell with many events at once, by a few statements.

The events are stored in the order of their days. BigQuery has a partition for each day. DuckDB has
the least and the greatest value of each group of rows. So the stand-in can leave out the days, too,
that a statement does not ask for.
"""

from datetime import UTC, datetime

from costs.jobs import KEYS
from functions.secrets.pseudonym_keys import user_key
from functions.warehouse.schema import render
from local.cell import PROJECT, Cell
from local.clients import warehouse

DAYS = 215
PEOPLE = 100_000
PEOPLE_A_DAY = 2_000
"""As many people have events on each day, however many events there are."""

RECENT_DAYS = 31
"""On each of the last days, there are as many events in each size: jobs look for news there."""

RECENT_A_DAY = 4_000
LEAST_EVENTS = RECENT_DAYS * RECENT_A_DAY

LATE_DAYS_AGO = 20
"""The day to which a row comes late."""

PARTNER, OF_PROJECT, PERSON_ID = "acme", "dev", "u-1"
"""The names that the jobs of `costs.jobs` ask for."""

SECONDS = 3_600

_EVENTS = """
INSERT INTO `${store}.events_v1` (
  ingest_id, delivery_id, received_at, stored_at, kind, partner, project, event, catalogued,
  room_id, user_key, platform, source, browser, os, device_type
)
SELECT
  GENERATE_UUID(), GENERATE_UUID(), received_at, received_at, 'chat', '${partner}', '${project}',
  ['session_started', 'room_opened', 'agreement_accepted', 'message_sent', 'emoji_sent',
   'message_reaction_sent'][OFFSET(MOD(number, 6))],
  TRUE,
  CONCAT('room-', CAST(MOD(DIV(number, 6), 41) AS STRING)),
  IF(person = 0, '${user_key}', TO_HEX(MD5(CAST(person AS STRING)))),
  ['android', 'ios', 'web'][OFFSET(MOD(number, 3))],
  'room', 'Chrome Mobile', 'Android', 'mobile'
FROM (
  SELECT
    number,
    MOD(MOD(DIV(number, ${days}), ${people_a_day}) + days_ago * 467, ${people}) AS person,
    TIMESTAMP_ADD(
      TIMESTAMP_SUB(TIMESTAMP '${today}', INTERVAL days_ago DAY),
      INTERVAL MOD(number * 7919, IF(days_ago = 0, ${seconds_today}, 86400)) SECOND
    ) AS received_at
  FROM (
    SELECT
      number,
      IF(
        number < ${recent},
        MOD(number, ${recent_days}),
        ${recent_days} + MOD(number, ${days} - ${recent_days})
      ) AS days_ago
    FROM UNNEST(GENERATE_ARRAY(0, ${events} - 1)) AS number
  )
)
ORDER BY received_at
"""

_ROOM_EVENTS = """
INSERT INTO `${store}.room_events_v1` (
  ingest_id, delivery_id, received_at, stored_at, kind, partner, project, event, catalogued, room_id
)
SELECT
  GENERATE_UUID(), GENERATE_UUID(), received_at, received_at, 'room', '${partner}', '${project}',
  'room_created', TRUE, CONCAT('room-', CAST(room AS STRING))
FROM (
  SELECT
    room,
    TIMESTAMP_SUB(TIMESTAMP '${today}', INTERVAL days_ago DAY) AS received_at
  FROM UNNEST(GENERATE_ARRAY(0, ${days} - 1)) AS days_ago
  CROSS JOIN UNNEST(GENERATE_ARRAY(0, 40)) AS room
)
ORDER BY received_at
"""

_IDENTITIES = """
INSERT INTO `${store}.identities_v1` (
  partner, project, user_key, key_version, user_id, nickname, first_seen, last_seen
)
SELECT
  '${partner}', '${project}',
  IF(person = 0, '${user_key}', TO_HEX(MD5(CAST(person AS STRING)))),
  1,
  IF(person = 0, '${user_id}', CONCAT('user-', CAST(person AS STRING))),
  CONCAT('nickname ', CAST(person AS STRING)),
  seen, seen
FROM (
  SELECT
    person,
    TIMESTAMP_SUB(TIMESTAMP '${today}', INTERVAL MOD(person, ${days}) DAY) AS seen
  FROM UNNEST(GENERATE_ARRAY(0, ${people} - 1)) AS person
)
ORDER BY seen
"""

_LATE_ROW = """
INSERT INTO `${store}.events_v1` (
  ingest_id, delivery_id, received_at, stored_at, kind, partner, project, event, catalogued,
  user_key
)
VALUES (
  GENERATE_UUID(), GENERATE_UUID(),
  TIMESTAMP_SUB(TIMESTAMP '${today}', INTERVAL ${late_days_ago} DAY), TIMESTAMP '${now}',
  'chat', '${partner}', '${project}', 'message_sent', TRUE, TO_HEX(MD5('late'))
)
"""

_LATE_NOTE = """
INSERT INTO `${store}.late_days_v1` (noted_at, day, reason)
VALUES (
  TIMESTAMP '${now}', DATE_SUB(DATE '${today}', INTERVAL ${late_days_ago} DAY), 'late'
)
"""


def fill(cell: Cell, events: int, now: datetime) -> None:
    """Fill the empty store of a cell.

    Args:
        cell: the embedded cell.
        events: how many events; at least those of the last days.
        now: the current time (UTC); no event is later.
    """
    for text in (_EVENTS, _ROOM_EVENTS, _IDENTITIES):
        _run(cell, render(text, _given(cell, events, now)))


def add_late_row(cell: Cell, now: datetime) -> None:
    """Store a row that comes late, and the note of its day, as `load` does."""
    for text in (_LATE_NOTE, _LATE_ROW):
        _run(cell, render(text, _given(cell, 0, now)))


def _given(cell: Cell, events: int, now: datetime) -> dict[str, str]:
    today = now.date()
    midnight = datetime(today.year, today.month, today.day, tzinfo=UTC)
    values = {
        "store": f"{PROJECT}.{cell.store_dataset}",
        "partner": PARTNER,
        "project": OF_PROJECT,
        "user_id": PERSON_ID,
        "user_key": user_key(KEYS.current, OF_PROJECT, PERSON_ID),
        "events": events,
        "days": DAYS,
        "people": PEOPLE,
        "people_a_day": PEOPLE_A_DAY,
        "recent": LEAST_EVENTS,
        "recent_days": RECENT_DAYS,
        "late_days_ago": LATE_DAYS_AGO,
        "today": today.isoformat(),
        "now": now.isoformat(),
        "seconds_today": max(1, int((now - midnight).total_seconds())),
    }
    return {name: str(value) for name, value in values.items()}


def _run(cell: Cell, sql: str) -> None:
    job = warehouse(cell).query(sql, job_retry=None, timeout=SECONDS)
    job.result(job_retry=None, timeout=SECONDS)
