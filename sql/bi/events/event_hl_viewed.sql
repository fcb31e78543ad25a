-- grain: one row per hl_viewed event
-- A user saw a highlight.
SELECT
  ingest_id,
  received_at,
  occurred_at,
  project,
  room_id,
  user_key,
  platform,
  source,
  screen_size,
  browser,
  os,
  device_type,
  flags,
  properties.hl_content AS hl_content
FROM `${bi}.events`
WHERE
  kind = 'chat'
  AND event = 'hl_viewed'
