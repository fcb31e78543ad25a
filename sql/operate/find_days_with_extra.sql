-- Finds the days before a given day that still have unknown properties, oldest first.
SELECT DISTINCT TIMESTAMP_TRUNC(received_at, DAY) AS day
FROM `${store}.events_v1`
WHERE
  received_at >= TIMESTAMP_SUB(@end, INTERVAL (${retention_days} + 1) DAY)
  AND received_at < @end
  AND extra IS NOT NULL
ORDER BY day
