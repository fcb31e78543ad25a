-- grain: one row per delete_profile_confirmed event
-- A user confirmed that the profile is to be deleted.
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
  AND event = 'delete_profile_confirmed'
