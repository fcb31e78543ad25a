-- Finds the news for the jobs: when the last finished run of each job began, when the last finished
-- refresh of each day began, and when each day was last noted for each reason. If an erasure is
-- taken back, the day of its cut-off counts as noted at that time.
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
  MAX(runs.started_at) AS moment,
  runs.job,
  day,
  CAST(NULL AS STRING) AS reason
FROM `${store}.runs_v1` AS runs
CROSS JOIN UNNEST(GENERATE_DATE_ARRAY(runs.first_day, runs.last_day)) AS day
WHERE
  runs.started_at >= @oldest
  AND runs.job = 'refresh'
GROUP BY runs.job, day
UNION ALL
SELECT
  MAX(noted_at) AS moment,
  CAST(NULL AS STRING) AS job,
  day,
  reason
FROM `${store}.late_days_v1`
WHERE noted_at >= @oldest
GROUP BY day, reason
UNION ALL
SELECT
  MAX(restored_at) AS moment,
  CAST(NULL AS STRING) AS job,
  DATE(cut_off) AS day,
  'restored' AS reason
FROM `${store}.erasures_v1`
WHERE restored_at >= @oldest
GROUP BY day
