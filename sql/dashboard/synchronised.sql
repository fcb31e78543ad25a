-- grain: one row
-- When the rollups of the cell were last brought up to date; NULL if that was before a stretch of
-- days began. A refresh of older days only (after a replay, or before an erasure) does not count. A
-- refresh that begins before midnight may be recorded after midnight, so a refresh up to yesterday
-- counts too.
SELECT MAX(refreshed_at) AS refreshed_at
FROM `${store}.refreshes_v1`
WHERE
  refreshed_at >= TIMESTAMP(@first)
  AND last_day >= DATE_SUB(DATE(refreshed_at), INTERVAL 1 DAY)
