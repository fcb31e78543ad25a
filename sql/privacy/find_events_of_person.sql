-- Finds one page of a person's events, including events of rooms that list the person as a speaker.
SELECT
  events.received_at,
  events.delivery_id,
  TO_JSON_STRING(events) AS content
FROM `${store}.events_v1` AS events
WHERE
  events.received_at >= @after_time
  AND events.received_at <= @until
  AND (events.received_at > @after_time OR events.delivery_id > @after_delivery)
  AND events.project = @project
  AND events.user_key IN UNNEST(@user_keys)
UNION ALL
SELECT
  events.received_at,
  events.delivery_id,
  TO_JSON_STRING(events) AS content
FROM `${store}.room_events_v1` AS events
WHERE
  events.received_at >= @after_time
  AND events.received_at <= @until
  AND (events.received_at > @after_time OR events.delivery_id > @after_delivery)
  AND events.project = @project
  AND (
    events.user_key IN UNNEST(@user_keys)
    OR EXISTS (
      SELECT 1
      FROM UNNEST(events.room.speakers) AS speaker
      WHERE speaker IN UNNEST(@user_keys)
    )
  )
ORDER BY received_at, delivery_id
LIMIT 5000
