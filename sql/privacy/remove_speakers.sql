-- Takes erased people out of the speakers of covered room events; the events stay.
UPDATE `${store}.events_v1` AS events
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
    ) AS speakers
  )
FROM (
  WITH
  covered AS (
    ${covered}
  )

  SELECT
    rooms.delivery_id,
    rooms.received_at,
    ARRAY_AGG(DISTINCT covered.user_key) AS erased
  FROM `${store}.events_v1` AS rooms
  CROSS JOIN UNNEST(rooms.room.speakers) AS speaker
  INNER JOIN covered
    ON
      rooms.project = covered.project
      AND speaker = covered.user_key
      AND rooms.received_at > covered.covers_after
      AND rooms.received_at <= covered.covers_until
  WHERE
    rooms.received_at >= @first
    AND rooms.received_at <= @now
    AND rooms.kind = 'room'
  GROUP BY rooms.delivery_id, rooms.received_at
) AS found
WHERE
  events.received_at >= @first
  AND events.received_at <= @now
  AND events.received_at = found.received_at
  AND events.delivery_id = found.delivery_id
