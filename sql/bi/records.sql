-- grain: one row per project and UTC day of receipt, for days on which the player was used
-- How people listen to recordings: plays, pauses, jumps and the seconds jumped, speed, and the size
-- of the player.
--
-- A filter on day prunes the partitions of the settled days.
SELECT
  project,
  DATE(received_at) AS day,
  COUNTIF(event = 'records_play') AS plays,
  COUNT(DISTINCT IF(event = 'records_play', user_key, NULL)) AS listeners,
  COUNTIF(event = 'records_pause') AS pauses,
  COUNTIF(event = 'records_forward') AS jumps_forward,
  COALESCE(SUM(IF(event = 'records_forward', properties.duration, NULL)), 0) AS seconds_forward,
  COUNTIF(event = 'records_back') AS jumps_back,
  COALESCE(SUM(IF(event = 'records_back', properties.duration, NULL)), 0) AS seconds_back,
  COUNTIF(event = 'records_speed_changed') AS speed_changes,
  AVG(IF(event = 'records_speed_changed', properties.speed, NULL)) AS average_speed,
  COUNTIF(event = 'records_player' AND properties.view = 'expanded') AS player_expanded,
  COUNTIF(event = 'records_player' AND properties.view = 'minimized') AS player_minimized
FROM `${bi}.events`
WHERE
  kind = 'chat'
  AND event IN (
    'records_player',
    'records_play',
    'records_pause',
    'records_forward',
    'records_back',
    'records_speed_changed'
  )
GROUP BY project, day
