-- grain: one row
-- When the rollups of the cell were last brought up to date; NULL if this was before a stretch of
-- days began. A refresh does not count if it covered only older days, as after a replay or before
-- an erasure. A refresh that begins before midnight may end after midnight, so a refresh up to
-- yesterday counts too.
SELECT MAX(finished_at) AS refreshed_at
FROM `${store}.runs_v1`
WHERE
  started_at >= TIMESTAMP(@first)
  AND job = 'refresh'
  AND last_day >= DATE_SUB(DATE(finished_at), INTERVAL 1 DAY)
