-- grain: one row per project and room with a room event
-- The latest known state of each room. An event may contain only a part of the state, so each
-- column has the newest known value. An empty list of speakers replaces an earlier list. An event
-- without a list, or with a list that cannot be read, does not replace it.
--
-- Events may overtake each other, so they are ordered by updated_at, the time of the change. The
-- time of receipt counts instead if an event has no updated_at, or a wrong one: before 2015, or
-- after the receipt. A query reads all room events, because they are few.
WITH
changes AS (
  SELECT
    project,
    room_id,
    event,
    room,
    received_at,
    CONCAT(
      CAST(
        UNIX_MICROS(
          IF(
            room.updated_at BETWEEN TIMESTAMP '2015-01-01' AND received_at,
            room.updated_at,
            received_at
          )
        ) AS STRING
      ),
      CAST(UNIX_MICROS(received_at) AS STRING),
      ingest_id
    ) AS place
  FROM `${bi}.room_events`
  WHERE room_id IS NOT NULL
)

SELECT
  project,
  room_id,
  MAX_BY(room.name, IF(room.name IS NULL, NULL, place)) AS name,
  MAX_BY(room.about, IF(room.about IS NULL, NULL, place)) AS about,
  UPPER(MAX_BY(room.status, IF(room.status IS NULL, NULL, place))) AS status,
  MAX_BY(room.start_time, IF(room.start_time IS NULL, NULL, place)) AS start_time,
  MAX_BY(room.end_time, IF(room.end_time IS NULL, NULL, place)) AS end_time,
  MAX_BY(
    room.stream_start_time, IF(room.stream_start_time IS NULL, NULL, place)
  ) AS stream_start_time,
  MAX_BY(room.stream_end_time, IF(room.stream_end_time IS NULL, NULL, place)) AS stream_end_time,
  MAX_BY(room.is_speak, IF(room.is_speak IS NULL, NULL, place)) AS is_speak,
  MAX_BY(
    STRUCT(room.speakers AS user_keys),
    IF(room.speaker_count IS NULL, NULL, place)
  ).user_keys AS speakers,
  COALESCE(
    MAX_BY(event, IF(event IN ('room_created', 'room_deleted'), place, NULL)) = 'room_deleted',
    FALSE
  ) AS deleted,
  MAX_BY(event, place) AS last_event,
  MIN(received_at) AS first_received_at,
  MAX(received_at) AS last_received_at
FROM changes
GROUP BY project, room_id
