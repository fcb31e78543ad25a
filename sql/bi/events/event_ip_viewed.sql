-- grain: one row per ip_viewed event
-- A pop-up was shown to a user.
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
  properties.header AS header,
  properties.show AS show,
  properties.show_when AS show_when
FROM `${bi}.events`
WHERE
  kind = 'chat'
  AND event = 'ip_viewed'
