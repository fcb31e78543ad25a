-- grain: one row per sticker_sent event
-- A user sent a sticker; message_sent comes for it too.
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
  AND event = 'sticker_sent'
