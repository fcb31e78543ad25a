-- Clears the unknown properties of one day's events, because they may be personal data.
UPDATE `${store}.events_v1`
SET extra = NULL
WHERE
  received_at >= @day
  AND received_at < TIMESTAMP_ADD(@day, INTERVAL 1 DAY)
  AND extra IS NOT NULL
