-- For each week that a stretch of days touches, counts the people of each cohort who came.
--
-- A person joins the cohort of a week after 16 weeks without an event, and each cohort is followed
-- for 12 weeks. So the statement reads the active days of the 28 weeks before the stretch, which
-- the store still has.
--
-- Weeks that ended before `thawed`, or before the cut-off of a due or executed erasure, stay as
-- they are, because the erasure may have removed people from the events. Anonymised people cannot
-- be followed. refresh_daily explains why this is one statement.
MERGE `${store}.cohorts_v1` AS stored
USING (
  WITH
  active_weeks AS (
    SELECT
      partner,
      project,
      user_key,
      DATE_SUB(day, INTERVAL MOD(EXTRACT(DAYOFWEEK FROM day) + 5, 7) DAY) AS week
    FROM (
      ${active_days}
    ) AS found
    WHERE NOT is_anonymised
    GROUP BY partner, project, user_key, week
  ),

  spaced AS (
    SELECT
      partner,
      project,
      user_key,
      week,
      LAG(week) OVER (PARTITION BY project, user_key ORDER BY week) AS week_before
    FROM active_weeks
  ),

  members AS (
    SELECT
      partner,
      project,
      week,
      MAX(
        IF(week_before IS NULL OR week_before < DATE_SUB(week, INTERVAL (16 * 7) DAY), week, NULL)
      ) OVER (PARTITION BY project, user_key ORDER BY week) AS cohort_week
    FROM spaced
  ),

  counted AS (
    SELECT partner, project, cohort_week, week, COUNT(*) AS people
    FROM members
    WHERE
      week >= DATE(@first_week)
      AND week <= DATE_ADD(cohort_week, INTERVAL (12 * 7) DAY)
    GROUP BY partner, project, cohort_week, week
  ),

  cut_offs AS (
    SELECT project, MAX(DATE(cut_off)) AS day
    FROM `${store}.erasures_v1`
    WHERE status IN ('due', 'executed')
    GROUP BY project
  ),

  -- If two runs inserted the same rows at the same time, this keeps one of them.
  frozen AS (
    SELECT
      ANY_VALUE(numbers.partner) AS partner,
      numbers.project,
      numbers.cohort_week,
      numbers.week,
      ANY_VALUE(numbers.people) AS people
    FROM `${store}.cohorts_v1` AS numbers
    LEFT JOIN cut_offs
      ON numbers.project = cut_offs.project
    WHERE
      numbers.week >= DATE(@first_week)
      AND numbers.week < DATE(@end_week)
      AND (
        numbers.week < DATE_SUB(DATE(@thawed), INTERVAL 6 DAY)
        OR numbers.week < DATE_SUB(cut_offs.day, INTERVAL 6 DAY)
      )
    GROUP BY numbers.project, numbers.cohort_week, numbers.week
  )

  SELECT partner, project, cohort_week, week, people
  FROM frozen
  UNION ALL
  SELECT partner, project, cohort_week, week, people
  FROM counted
  WHERE
    NOT EXISTS (
      SELECT 1
      FROM frozen
      WHERE
        frozen.project = counted.project
        AND frozen.week = counted.week
    )
) AS fresh
  ON FALSE
WHEN NOT MATCHED BY SOURCE AND stored.week >= DATE(@first_week) AND stored.week < DATE(@end_week)
THEN DELETE
WHEN NOT MATCHED BY TARGET THEN
  INSERT (partner, project, cohort_week, week, people)
  VALUES (fresh.partner, fresh.project, fresh.cohort_week, fresh.week, fresh.people)
