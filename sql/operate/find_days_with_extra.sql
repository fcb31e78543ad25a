-- Finds the days of a range that still have unknown properties, oldest first.
SELECT TIMESTAMP_TRUNC(received_at, DAY) AS day
FROM `${store}.events_v1`
WHERE
  received_at >= @first
  AND received_at < @end
  AND extra IS NOT NULL
UNION DISTINCT
SELECT TIMESTAMP_TRUNC(received_at, DAY) AS day
FROM `${store}.room_events_v1`
WHERE
  received_at >= @first
  AND received_at < @end
  AND extra IS NOT NULL
ORDER BY day
