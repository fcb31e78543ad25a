-- grain: one row per UTC day, for one project, if anybody came in the 6 months up to the day
-- For each day of a stretch of days: how many different people came in the spans of one day to 6
-- months that end with the day.
SELECT
  day,
  dau,
  wau,
  mau,
  active_90_days,
  senders_90_days,
  active_6_months,
  senders_6_months
FROM `${store}.active_users_v1`
WHERE
  project = @project
  AND day >= @first
  AND day <= @last
ORDER BY day
