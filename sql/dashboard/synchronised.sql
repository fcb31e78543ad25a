-- grain: one row
-- When the rollups of the cell were last brought up to date; NULL if that was before a stretch of
-- days began.
SELECT MAX(refreshed_at) AS refreshed_at
FROM `${store}.refreshes_v1`
WHERE refreshed_at >= TIMESTAMP(@first)
