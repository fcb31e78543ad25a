-- Finds the days of a range that active days or a rollup have twice, because two runs inserted rows
-- for a new day at the same time.
--
-- In BigQuery, statements that only insert rows do not wait for each other. The next refresh of the
-- day removes the second rows. For a week of cohorts_v1, the first day of the week is returned.
SELECT DISTINCT TIMESTAMP(day) AS day
FROM (
  SELECT day
  FROM `${store}.active_days_v1`
  WHERE
    day >= DATE(@first)
    AND day < DATE(@end)
  GROUP BY partner, project, day, user_key, until
  HAVING COUNT(*) > 1
  UNION ALL
  SELECT day
  FROM `${store}.daily_v1`
  WHERE
    day >= DATE(@first)
    AND day < DATE(@end)
  GROUP BY project, day
  HAVING COUNT(*) > 1
  UNION ALL
  SELECT day
  FROM `${store}.active_users_v1`
  WHERE
    day >= DATE(@first)
    AND day < DATE(@end)
  GROUP BY project, day
  HAVING COUNT(*) > 1
  UNION ALL
  SELECT day
  FROM `${store}.rooms_daily_v1`
  WHERE
    day >= DATE(@first)
    AND day < DATE(@end)
  GROUP BY project, day, room_id
  HAVING COUNT(*) > 1
  UNION ALL
  SELECT day
  FROM `${store}.room_people_v1`
  WHERE
    day >= DATE(@first)
    AND day < DATE(@end)
  GROUP BY project, day, room_id
  HAVING COUNT(*) > 1
  UNION ALL
  SELECT week AS day
  FROM `${store}.cohorts_v1`
  WHERE
    week >= DATE(@first_week)
    AND week < DATE(@end_week)
  GROUP BY project, cohort_week, week
  HAVING COUNT(*) > 1
) AS doubled
ORDER BY day
