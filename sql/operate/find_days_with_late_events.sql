-- Finds the days before the open window for which a replay stored events after a given time.
SELECT DISTINCT TIMESTAMP_TRUNC(received_at, DAY) AS day
FROM `${store}.events_v1`
WHERE
  received_at >= TIMESTAMP_SUB(@end, INTERVAL ${retention_days} DAY)
  AND received_at < @end
  AND stored_at >= @since
ORDER BY day DESC
