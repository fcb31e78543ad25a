-- grain: one row per UTC day, while anybody came in the 6 months before, of one project
-- How many different people came in the spans that end with each day of a stretch.
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
