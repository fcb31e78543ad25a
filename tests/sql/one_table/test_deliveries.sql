-- grain: one row per ingest id
-- Deliveries without any part of an event, such as those of the product's Test button: when each
-- arrived, and from which partner. The bodies stay in the store. The newest row answers "does it
-- work?".
--
-- Copies are removed as in events; a filter on received_at prunes the partitions of the settled
-- days.
WITH
settled AS (
  SELECT ingest_id, received_at, partner, project
  FROM (
    SELECT *
    FROM `${store}.events_v1`
    UNION ALL
    SELECT *
    FROM `${store}.room_events_v1`
  )
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
  FROM (
    SELECT *
    FROM `${store}.events_v1`
    UNION ALL
    SELECT *
    FROM `${store}.room_events_v1`
  )
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
