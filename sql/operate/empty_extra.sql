-- Empties the unknown properties of one day: nobody knows whether they are personal.
UPDATE `${store}.events_v1`
SET extra = NULL
WHERE
  received_at >= @day
  AND received_at < TIMESTAMP_ADD(@day, INTERVAL 1 DAY)
  AND extra IS NOT NULL
