-- grain: one row per ingest id
-- Deliveries without any part of an event, such as those of the product's Test button: when each
-- arrived, and from which partner. The bodies stay in the store. The newest row answers "does it
-- work?".
--
-- Copies are removed as in events, and a filter on received_at prunes the partitions in the same
-- way.
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

copied AS (
  SELECT
    ingest_id,
    received_at,
    ANY_VALUE(partner HAVING MIN delivery_id) AS partner,
    ANY_VALUE(project HAVING MIN delivery_id) AS project,
    ANY_VALUE(retry_key HAVING MIN delivery_id) AS retry_key
  FROM `${store}.events_v1`
  WHERE
    received_at >= TIMESTAMP_SUB(
      TIMESTAMP_TRUNC(CURRENT_TIMESTAMP(), DAY), INTERVAL ${open_window_days} DAY
    )
    AND kind = 'test'
  GROUP BY ingest_id, received_at
),

sent_again AS (
  SELECT
    retry_key,
    MIN(received_at) AS first_received_at
  FROM `${store}.events_v1`
  WHERE
    received_at >= TIMESTAMP_SUB(
      TIMESTAMP_TRUNC(CURRENT_TIMESTAMP(), DAY), INTERVAL ${open_window_days} DAY
    )
    AND retry_key IS NOT NULL
  GROUP BY retry_key
),

open_window AS (
  SELECT copied.ingest_id, copied.received_at, copied.partner, copied.project
  FROM copied
  LEFT JOIN sent_again
    ON copied.retry_key = sent_again.retry_key
  WHERE
    sent_again.retry_key IS NULL
    OR copied.received_at = sent_again.first_received_at
)

SELECT ingest_id, received_at, partner, project
FROM settled
UNION ALL
SELECT ingest_id, received_at, partner, project
FROM open_window
