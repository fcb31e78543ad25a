-- Counts the events about people, and the days on which these events were received. Also counts
-- room events that list one of the people as a speaker.
WITH
found AS (
  SELECT received_at, TRUE AS is_own
  FROM `${store}.events_v1`
  WHERE
    received_at >= TIMESTAMP_SUB(@now, INTERVAL (${retention_days} + 1) DAY)
    AND received_at <= @now
    AND project = @project
    AND user_key IN UNNEST(@user_keys)
  UNION ALL
  SELECT received_at, COALESCE(user_key IN UNNEST(@user_keys), FALSE) AS is_own
  FROM `${store}.room_events_v1`
  WHERE
    received_at >= TIMESTAMP_SUB(@now, INTERVAL (${retention_days} + 1) DAY)
    AND received_at <= @now
    AND project = @project
    AND (
      user_key IN UNNEST(@user_keys)
      OR EXISTS (
        SELECT 1
        FROM UNNEST(room.speakers) AS speaker
        WHERE speaker IN UNNEST(@user_keys)
      )
    )
)

SELECT
  COUNTIF(is_own) AS own_rows,
  COUNTIF(NOT is_own) AS room_rows,
  COUNT(DISTINCT DATE(received_at)) AS days,
  MIN(DATE(received_at)) AS first_day,
  MAX(DATE(received_at)) AS last_day
FROM found
