-- grain: one row per records_player event
-- A user collapsed or expanded the player of recordings.
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
  properties.view AS view
FROM `${bi}.events`
WHERE
  kind = 'chat'
  AND event = 'records_player'
