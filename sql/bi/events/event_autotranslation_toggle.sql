-- grain: one row per autotranslation_toggle event
-- A user switched the translation of messages on or off.
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
  properties.status AS status
FROM `${bi}.events`
WHERE
  kind = 'chat'
  AND event = 'autotranslation_toggle'
