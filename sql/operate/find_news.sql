-- Finds what is new for the jobs: when the last finished run of each job began, and when each day
-- was last noted, for each reason.
SELECT
  MAX(started_at) AS moment,
  job,
  CAST(NULL AS DATE) AS day,
  CAST(NULL AS STRING) AS reason
FROM `${store}.runs_v1`
WHERE started_at >= @oldest
GROUP BY job
UNION ALL
SELECT
  MAX(noted_at) AS moment,
  CAST(NULL AS STRING) AS job,
  day,
  reason
FROM `${store}.late_days_v1`
WHERE noted_at >= @oldest
GROUP BY day, reason
