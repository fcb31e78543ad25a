-- grain: one row per cohort and week in which people of the cohort came, for one project
-- For each cohort that started in a stretch of weeks: how many of its people came in each week.
SELECT
  cohort_week,
  week,
  people
FROM `${store}.cohorts_v1`
WHERE
  project = @project
  AND week >= @first
  AND week <= @last
  AND cohort_week >= @first
ORDER BY cohort_week, week
