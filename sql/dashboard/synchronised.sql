-- grain: one row
-- When the rollups of the cell were last brought up to date; NULL if that was before a stretch of
-- days began. A refresh of older days only (after a replay, or before an erasure) does not count. A
-- refresh that begins before midnight may end after midnight, so a refresh up to yesterday counts
-- too.
SELECT MAX(finished_at) AS refreshed_at
FROM `${store}.runs_v1`
WHERE
  started_at >= TIMESTAMP(@first)
  AND job = 'refresh'
  AND last_day >= DATE_SUB(DATE(finished_at), INTERVAL 1 DAY)
