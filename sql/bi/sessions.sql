-- grain: one row per visit of a person to a room and UTC day of receipt
-- Visits. A visit is one person in one room. It ends when the person has no event in the room for
-- 30 minutes. A session_started during a visit does not begin another visit. An event that names no
-- room belongs to the last room that an earlier event of the person on the same day named.
--
-- Each session_time reports how long the person has been in the room. So it also says that the
-- visit did not end in that time. If the person opens the room again, the reports begin again at 0.
-- So the duration is the sum of the largest reports after each session_started. It is at most the
-- time since the visit began, so two windows with the same room do not count twice. Each day is
-- counted separately: a visit across midnight has a row on each day, which begins at midnight at
-- the earliest. Because days are separate, a filter on day prunes the partitions of the settled
-- days.
WITH
steps AS (
  SELECT
    project,
    DATE(received_at) AS day,
    user_key,
    received_at,
    event,
    room_id,
    platform,
    IF(event = 'session_time', properties.duration, NULL) AS reported,
    properties.room_status AS room_status,
    CONCAT(CAST(UNIX_MICROS(received_at) AS STRING), ingest_id) AS place
  FROM `${bi}.events`
  WHERE
    kind = 'chat'
    AND user_key IS NOT NULL
),

-- A report is about the time before it. `began` is the start of that time, but not before midnight;
-- for all other events, it is the time of receipt. It is in microseconds since 1970.
located AS (
  SELECT
    project,
    day,
    user_key,
    received_at,
    event,
    platform,
    reported,
    room_status,
    place,
    LAST_VALUE(room_id IGNORE NULLS) OVER (
      PARTITION BY project, user_key, day
      ORDER BY place
      ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS room_id,
    GREATEST(
      UNIX_MICROS(received_at) - COALESCE(reported, 0) * 1000000,
      UNIX_MICROS(TIMESTAMP(day))
    ) AS began
  FROM steps
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
    reported,
    room_status,
    place,
    began,
    LAG(received_at) OVER (
      PARTITION BY project, user_key, day, room_id ORDER BY place
    ) AS received_before
  FROM located
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
    reported,
    room_status,
    place,
    began,
    SUM(
      IF(began > UNIX_MICROS(TIMESTAMP_ADD(received_before, INTERVAL 30 MINUTE)), 1, 0)
    ) OVER (
      PARTITION BY project, user_key, day, room_id
      ORDER BY place
      ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS visit
  FROM spaced
),

-- A stay begins with session_started. A report belongs to the last stay that began before `began`
-- of the report, or up to a minute after it, because some messages take longer to arrive.
stays AS (
  SELECT
    project,
    day,
    user_key,
    received_at,
    event,
    room_id,
    platform,
    reported,
    room_status,
    place,
    began,
    visit,
    SUM(IF(event = 'session_started', 1, 0)) OVER (
      PARTITION BY project, user_key, day, room_id, visit
      ORDER BY began + IF(reported IS NULL, 0, 60000000)
    ) AS stay
  FROM numbered
),

grown AS (
  SELECT
    project,
    day,
    user_key,
    received_at,
    event,
    room_id,
    platform,
    reported,
    room_status,
    place,
    began,
    visit,
    MAX(reported) OVER (
      PARTITION BY project, user_key, day, room_id, visit, stay
      ORDER BY place
      ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ) AS reported_before
  FROM stays
)

SELECT
  project,
  day,
  user_key,
  room_id,
  MIN(received_at) AS started_at,
  MAX(received_at) AS ended_at,
  MIN_BY(event, place) AS entry_event,
  MIN_BY(
    room_status, IF(event = 'session_started' AND room_status IS NOT NULL, place, NULL)
  ) AS entry_room_status,
  MAX_BY(platform, IF(platform IS NULL, NULL, place)) AS platform,
  LEAST(
    SUM(GREATEST(reported - COALESCE(reported_before, 0), 0)),
    CAST(FLOOR((UNIX_MICROS(MAX(received_at)) - MIN(began)) / 1000000) AS INT64)
  ) AS duration_seconds,
  COUNT(*) AS events,
  COUNTIF(event = 'message_sent') AS messages
FROM grown
GROUP BY project, day, user_key, room_id, visit
