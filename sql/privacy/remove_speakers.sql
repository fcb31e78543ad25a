-- Removes erased people from the speakers of room events in scope. The events stay.
UPDATE `${store}.room_events_v1` AS events
SET
  room = STRUCT(
    events.room.name AS name,
    events.room.about AS about,
    events.room.status AS status,
    events.room.start_time AS start_time,
    events.room.end_time AS end_time,
    events.room.stream_start_time AS stream_start_time,
    events.room.stream_end_time AS stream_end_time,
    events.room.stream_url AS stream_url,
    events.room.source_url AS source_url,
    events.room.pic AS pic,
    events.room.is_speak AS is_speak,
    ARRAY(
      SELECT speaker
      FROM UNNEST(events.room.speakers) AS speaker WITH OFFSET AS place
      WHERE speaker NOT IN UNNEST(found.erased)
      ORDER BY place
    ) AS speakers,
    events.room.updated_at AS updated_at,
    events.room.speaker_count AS speaker_count
  )
FROM (
  WITH
  scopes AS (
    ${scopes}
  )

  SELECT
    rooms.delivery_id,
    rooms.received_at,
    ARRAY_AGG(DISTINCT scopes.user_key) AS erased
  FROM `${store}.room_events_v1` AS rooms
  CROSS JOIN UNNEST(rooms.room.speakers) AS speaker
  INNER JOIN scopes
    ON
      rooms.project = scopes.project
      AND speaker = scopes.user_key
      AND rooms.received_at > scopes.previous_cut_off
      AND rooms.received_at <= scopes.cut_off
  WHERE
    rooms.received_at >= @first
    AND rooms.received_at < @end
    AND TIMESTAMP_TRUNC(rooms.received_at, DAY) IN UNNEST(@days)
  GROUP BY rooms.delivery_id, rooms.received_at
) AS found
WHERE
  events.received_at >= @first
  AND events.received_at < @end
  AND TIMESTAMP_TRUNC(events.received_at, DAY) IN UNNEST(@days)
  AND events.received_at = found.received_at
  AND events.delivery_id = found.delivery_id
