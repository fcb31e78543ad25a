-- grain: one row per ingest id
-- All chat and room events within the retention, each shown once. While a person's erasure is
-- pending, a random key replaces the person's user key, also among a room's speakers. After the
-- erasure has been executed, events in its scope that arrive late are shown without the person.
-- room_events has the room events alone. Test deliveries are in test_deliveries.
--
-- While the sender or Pub/Sub may still repeat an event (the open window), the store may have
-- several copies of the event; this view shows one of them. Older days are settled: the store has
-- one row for each event. A filter on received_at prunes the partitions of open and settled days.
-- Queries also read two columns of the whole open window, to find events that their senders sent
-- again. A filter on project or event uses the clustering of the settled days.
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
    AND kind = 'chat'
),

-- A copy has the same time of receipt as the event, unless the sender sent the event again.
copied AS (
  SELECT
    ingest_id,
    received_at,
    ANY_VALUE(stored_at HAVING MIN delivery_id) AS stored_at,
    ANY_VALUE(occurred_at HAVING MIN delivery_id) AS occurred_at,
    ANY_VALUE(kind HAVING MIN delivery_id) AS kind,
    ANY_VALUE(partner HAVING MIN delivery_id) AS partner,
    ANY_VALUE(project HAVING MIN delivery_id) AS project,
    ANY_VALUE(event HAVING MIN delivery_id) AS event,
    ANY_VALUE(catalogued HAVING MIN delivery_id) AS catalogued,
    ANY_VALUE(room_id HAVING MIN delivery_id) AS room_id,
    ANY_VALUE(user_key HAVING MIN delivery_id) AS user_key,
    ANY_VALUE(platform HAVING MIN delivery_id) AS platform,
    ANY_VALUE(source HAVING MIN delivery_id) AS source,
    ANY_VALUE(screen_size HAVING MIN delivery_id) AS screen_size,
    ANY_VALUE(browser HAVING MIN delivery_id) AS browser,
    ANY_VALUE(os HAVING MIN delivery_id) AS os,
    ANY_VALUE(device_type HAVING MIN delivery_id) AS device_type,
    ANY_VALUE(properties HAVING MIN delivery_id) AS properties,
    ANY_VALUE(room HAVING MIN delivery_id) AS room,
    ANY_VALUE(flags HAVING MIN delivery_id) AS flags,
    ANY_VALUE(retry_key HAVING MIN delivery_id) AS retry_key
  FROM `${store}.events_v1`
  WHERE
    received_at >= TIMESTAMP_SUB(
      TIMESTAMP_TRUNC(CURRENT_TIMESTAMP(), DAY), INTERVAL ${open_window_days} DAY
    )
    AND kind = 'chat'
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
  SELECT
    copied.ingest_id, copied.received_at, copied.stored_at, copied.occurred_at, copied.kind,
    copied.partner, copied.project, copied.event, copied.catalogued, copied.room_id,
    copied.user_key, copied.platform, copied.source, copied.screen_size, copied.browser,
    copied.os, copied.device_type, copied.properties, copied.room, copied.flags
  FROM copied
  LEFT JOIN sent_again
    ON copied.retry_key = sent_again.retry_key
  WHERE
    sent_again.retry_key IS NULL
    OR copied.received_at = sent_again.first_received_at
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

hidden AS (
  ${hidden}
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
  IF(hidden.project IS NULL, every_day.user_key, hidden.hidden_key) AS user_key,
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
    AND (hidden.previous_cut_off IS NULL OR every_day.received_at > hidden.previous_cut_off)
    AND every_day.received_at <= hidden.cut_off
UNION ALL
SELECT
  ingest_id, received_at, occurred_at, kind, partner, project, event, catalogued, room_id,
  user_key, platform, source, screen_size, browser, os, device_type, properties, room, flags,
  stored_at
FROM `${bi}.room_events`
