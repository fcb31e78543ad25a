-- grain: one row per emoji_sent event
-- A user sent an animated reaction.
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
  properties.ordinal AS ordinal
FROM `${bi}.events`
WHERE
  kind = 'chat'
  AND event = 'emoji_sent'
