-- Finds the days before the open window in which events were stored since a given time, by a
-- replay.
SELECT DISTINCT TIMESTAMP_TRUNC(received_at, DAY) AS day
FROM `${store}.events_v1`
WHERE
  received_at >= TIMESTAMP_SUB(@end, INTERVAL ${retention_days} DAY)
  AND received_at < @end
  AND stored_at >= @since
ORDER BY day DESC
