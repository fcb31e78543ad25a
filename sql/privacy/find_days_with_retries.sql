-- Finds the days of a range that may have later copies of events in scope: their sender may have
-- sent them again after the cut-off.
--
-- Only a row with a retry_key may be a copy that was received at another time than the first copy.
-- The query also returns the statement that deletes the copies, because each table needs its own.
WITH
scopes AS (
  ${scopes}
)

SELECT DISTINCT
  TIMESTAMP_TRUNC(events.received_at, DAY) AS day,
  'delete_later_copies' AS statement
FROM `${store}.events_v1` AS events
INNER JOIN scopes
  ON
    events.project = scopes.project
    AND events.user_key = scopes.user_key
    AND events.received_at > scopes.cut_off
    AND events.received_at <= TIMESTAMP_ADD(
      scopes.cut_off, INTERVAL ${open_window_days} DAY
    )
WHERE
  events.received_at >= @first
  AND events.received_at < @end
  AND events.retry_key IS NOT NULL
UNION ALL
SELECT DISTINCT
  TIMESTAMP_TRUNC(events.received_at, DAY) AS day,
  'delete_later_room_copies' AS statement
FROM `${store}.room_events_v1` AS events
INNER JOIN scopes
  ON
    events.project = scopes.project
    AND events.user_key = scopes.user_key
    AND events.received_at > scopes.cut_off
    AND events.received_at <= TIMESTAMP_ADD(
      scopes.cut_off, INTERVAL ${open_window_days} DAY
    )
WHERE
  events.received_at >= @first
  AND events.received_at < @end
  AND events.retry_key IS NOT NULL
ORDER BY day
