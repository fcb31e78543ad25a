-- grain: one row per hl_button_pressed event
-- A user pressed the button of a highlight.
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
  properties.hl_content AS hl_content,
  properties.hl_button_text AS hl_button_text
FROM `${bi}.events`
WHERE
  kind = 'chat'
  AND event = 'hl_button_pressed'
