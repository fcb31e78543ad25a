-- grain: one row per la_closed event
-- A user closed the license agreement with its close icon.
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
  flags
FROM `${bi}.events`
WHERE
  kind = 'chat'
  AND event = 'la_closed'
