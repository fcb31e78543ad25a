-- grain: one row per ingest id
-- All chat and room events of the retention, each shown once; a person whose erasure is pending
-- appears under the erasure's hidden key. Test deliveries are in test_deliveries.
--
-- An event may be stored more than once while its sender or Pub/Sub still repeats it. Those days
-- (the open window) are freed of copies here; older ones are settled: the store holds one row each.
-- A filter on received_at reaches the partitions of the settled days only, because it does not
-- pass the window function; the open window is read whole. A filter on project or event reaches
-- the clustering of the settled days.
WITH
settled AS (
  SELECT
    ingest_id, received_at, stored_at, occurred_at, kind, partner, project, event, catalogued,
    room_id, user_key, platform, source, screen_size, browser, os, device_type, properties, room,
    flags
  FROM `${store}.events_v1`
  WHERE
    received_at >= TIMESTAMP_SUB(
      TIMESTAMP_TRUNC(CURRENT_TIMESTAMP(), DAY), INTERVAL (${retention_days} + 1) DAY
    )
    AND received_at < TIMESTAMP_SUB(
      TIMESTAMP_TRUNC(CURRENT_TIMESTAMP(), DAY), INTERVAL ${open_window_days} DAY
    )
    AND kind != 'test'
),

open_window AS (
  SELECT
    ingest_id, received_at, stored_at, occurred_at, kind, partner, project, event, catalogued,
    room_id, user_key, platform, source, screen_size, browser, os, device_type, properties, room,
    flags
  FROM `${store}.events_v1`
  WHERE
    received_at >= TIMESTAMP_SUB(
      TIMESTAMP_TRUNC(CURRENT_TIMESTAMP(), DAY), INTERVAL ${open_window_days} DAY
    )
    AND kind != 'test'
  QUALIFY ROW_NUMBER() OVER (PARTITION BY ingest_id ORDER BY received_at, delivery_id) = 1
),

every_day AS (
  SELECT
    ingest_id, received_at, stored_at, occurred_at, kind, partner, project, event, catalogued,
    room_id, user_key, platform, source, screen_size, browser, os, device_type, properties, room,
    flags
  FROM settled
  UNION ALL
  SELECT
    ingest_id, received_at, stored_at, occurred_at, kind, partner, project, event, catalogued,
    room_id, user_key, platform, source, screen_size, browser, os, device_type, properties, room,
    flags
  FROM open_window
),

-- A person's erasures follow each other, and each covers what was received since the one before;
-- two alike, filed at once, count as one.
hidden AS (
  SELECT
    project,
    user_key,
    hidden_key,
    covers_until,
    LAG(covers_until) OVER (
      PARTITION BY project, user_key ORDER BY covers_until, erasure_id
    ) AS covers_after
  FROM `${store}.erasures_v1`
  WHERE status IN ('hidden', 'due')
)

SELECT
  every_day.ingest_id,
  every_day.received_at,
  every_day.occurred_at,
  every_day.kind,
  every_day.partner,
  every_day.project,
  every_day.event,
  every_day.catalogued,
  every_day.room_id,
  COALESCE(hidden.hidden_key, every_day.user_key) AS user_key,
  every_day.platform,
  every_day.source,
  every_day.screen_size,
  every_day.browser,
  every_day.os,
  every_day.device_type,
  every_day.properties,
  every_day.room,
  every_day.flags,
  every_day.stored_at
FROM every_day
LEFT JOIN hidden
  ON
    every_day.project = hidden.project
    AND every_day.user_key = hidden.user_key
    AND (hidden.covers_after IS NULL OR every_day.received_at > hidden.covers_after)
    AND every_day.received_at <= hidden.covers_until
