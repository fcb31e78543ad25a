-- grain: one row per visit of a person and UTC day of receipt
-- Visits. A visit begins with session_started, or with the first event after 30 minutes without
-- events.
--
-- The sender reports the length of a visit repeatedly, so the duration is the largest report, not
-- the sum. Each day is counted separately: a visit across midnight has a row on each day, and the
-- duration is at most the time from midnight to the last event of the row. Because days are
-- separate, a filter on day prunes the partitions of the settled days.
WITH
steps AS (
  SELECT
    project,
    DATE(received_at) AS day,
    user_key,
    received_at,
    ingest_id,
    event,
    room_id,
    platform,
    properties.duration AS duration,
    properties.room_status AS room_status,
    CONCAT(CAST(UNIX_MICROS(received_at) AS STRING), ingest_id) AS place
  FROM `${bi}.events`
  WHERE
    kind = 'chat'
    AND user_key IS NOT NULL
),

spaced AS (
  SELECT
    project,
    day,
    user_key,
    received_at,
    event,
    room_id,
    platform,
    duration,
    room_status,
    place,
    LAG(received_at) OVER (PARTITION BY project, user_key, day ORDER BY place) AS received_before
  FROM steps
),

numbered AS (
  SELECT
    project,
    day,
    user_key,
    received_at,
    event,
    room_id,
    platform,
    duration,
    room_status,
    place,
    SUM(
      IF(
        event = 'session_started'
        OR received_at > TIMESTAMP_ADD(received_before, INTERVAL 30 MINUTE),
        1,
        0
      )
    ) OVER (
      PARTITION BY project, user_key, day
      ORDER BY place
      ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS visit
  FROM spaced
)

SELECT
  project,
  day,
  user_key,
  MIN(received_at) AS started_at,
  MAX(received_at) AS ended_at,
  MIN_BY(event, place) AS entry_event,
  MAX(IF(event = 'session_started', room_status, NULL)) AS entry_room_status,
  MIN_BY(room_id, IF(room_id IS NULL, NULL, place)) AS entry_room_id,
  MAX_BY(platform, IF(platform IS NULL, NULL, place)) AS platform,
  LEAST(
    MAX(IF(event = 'session_time', duration, NULL)),
    UNIX_SECONDS(MAX(received_at)) - UNIX_SECONDS(TIMESTAMP(day))
  ) AS duration_seconds,
  COUNT(*) AS events,
  COUNTIF(event = 'message_sent') AS messages
FROM numbered
GROUP BY project, day, user_key, visit
