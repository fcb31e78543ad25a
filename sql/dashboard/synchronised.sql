-- grain: one row
-- When the rollups of the cell were last brought up to date; NULL if that was before a stretch of
-- days began. Runs that counted older days only (after a replay, before an erasure) brought nothing
-- up to date; one that began before midnight may be noted after it.
SELECT MAX(refreshed_at) AS refreshed_at
FROM `${store}.refreshes_v1`
WHERE
  refreshed_at >= TIMESTAMP(@first)
  AND last_day >= DATE_SUB(DATE(refreshed_at), INTERVAL 1 DAY)
