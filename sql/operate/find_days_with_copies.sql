-- Finds the days of a range that have a later copy of an event, newest first.
--
-- The first copy of an event may have been received before the range. So the query also reads as
-- many days before the range as the open window has.
SELECT DISTINCT TIMESTAMP_TRUNC(received_at, DAY) AS day
FROM (
  SELECT
    received_at,
    ROW_NUMBER() OVER (PARTITION BY ingest_id ORDER BY received_at, delivery_id) AS place
  FROM `${store}.events_v1`
  WHERE
    received_at >= TIMESTAMP_SUB(@first, INTERVAL ${open_window_days} DAY)
    AND received_at < @end
  UNION ALL
  SELECT
    received_at,
    ROW_NUMBER() OVER (PARTITION BY ingest_id ORDER BY received_at, delivery_id) AS place
  FROM `${store}.room_events_v1`
  WHERE
    received_at >= TIMESTAMP_SUB(@first, INTERVAL ${open_window_days} DAY)
    AND received_at < @end
) AS placed
WHERE
  place > 1
  AND received_at >= @first
ORDER BY day DESC
