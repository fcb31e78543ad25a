-- grain: one row per message_sent event
-- A user sent a message. A sticker is a message too and sends sticker_sent as well.
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
  properties.message_type AS message_type
FROM `${bi}.events`
WHERE
  kind = 'chat'
  AND event = 'message_sent'
