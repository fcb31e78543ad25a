-- grain: one row per autotranslation_language event
-- A user chose the language to translate into.
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
  properties.language_selected AS language_selected
FROM `${bi}.events`
WHERE
  kind = 'chat'
  AND event = 'autotranslation_language'
