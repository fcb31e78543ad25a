-- Counts who came again: for each week that a stretch of days touches, the people of each cohort.
--
-- A cohort is found by looking 16 weeks back from its week, and followed for 12 weeks; so 28 weeks
-- before the stretch are read, which the retention has. Weeks that ended before `thawed` stay as
-- they are: an erasure may since have changed whom the events tell of. One statement, as in
-- refresh_daily.
MERGE `${store}.cohorts_v1` AS stored
USING (
  WITH
  active_weeks AS (
    SELECT
      partner,
      project,
      user_key,
      DATE_SUB(
        DATE(received_at),
        INTERVAL MOD(EXTRACT(DAYOFWEEK FROM DATE(received_at)) + 5, 7) DAY
      ) AS week
    FROM `${bi}.events`
    WHERE
      received_at >= TIMESTAMP_SUB(@first_week, INTERVAL (28 * 7) DAY)
      AND received_at < @end_week
      AND kind = 'chat'
      AND user_key IS NOT NULL
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

  -- One of each, should two runs have inserted them at once.
  frozen AS (
    SELECT
      ANY_VALUE(partner) AS partner,
      project,
      cohort_week,
      week,
      ANY_VALUE(people) AS people
    FROM `${store}.cohorts_v1`
    WHERE
      week >= DATE(@first_week)
      AND week < LEAST(DATE_SUB(DATE(@thawed), INTERVAL 6 DAY), DATE(@end_week))
    GROUP BY project, cohort_week, week
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
