-- grain: one row per ingest id
-- What the product's Test button and other bodies with nothing of an event delivered: that it came,
-- when and from whom; the body itself stays in the store. The newest answers "does it work?".
--
-- Copies are treated as in events; a filter on received_at reaches the settled days' partitions.
WITH
settled AS (
  SELECT ingest_id, received_at, partner, project
  FROM `${store}.events_v1`
  WHERE
    received_at >= TIMESTAMP_SUB(
      TIMESTAMP_TRUNC(CURRENT_TIMESTAMP(), DAY), INTERVAL (${retention_days} + 1) DAY
    )
    AND received_at < TIMESTAMP_SUB(
      TIMESTAMP_TRUNC(CURRENT_TIMESTAMP(), DAY), INTERVAL ${open_window_days} DAY
    )
    AND kind = 'test'
),

open_window AS (
  SELECT ingest_id, received_at, partner, project
  FROM `${store}.events_v1`
  WHERE
    received_at >= TIMESTAMP_SUB(
      TIMESTAMP_TRUNC(CURRENT_TIMESTAMP(), DAY), INTERVAL ${open_window_days} DAY
    )
    AND kind = 'test'
  QUALIFY ROW_NUMBER() OVER (PARTITION BY ingest_id ORDER BY received_at, delivery_id) = 1
)

SELECT ingest_id, received_at, partner, project
FROM settled
UNION ALL
SELECT ingest_id, received_at, partner, project
FROM open_window
