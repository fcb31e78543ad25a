-- Counts the different people of the spans that end with each day of a stretch.
--
-- A person is in a span if their last active day up to its end lies in it, so one look-up answers
-- for all spans. Rows of days before `thawed` stay as they are: an erasure may since have changed
-- whom the events tell of. One statement, as in refresh_daily.
MERGE `${store}.active_users_v1` AS stored
USING (
  WITH
  active_days AS (
    SELECT
      partner,
      project,
      user_key,
      DATE(received_at) AS day,
      LOGICAL_OR(event = 'message_sent') AS has_sent
    FROM `${bi}.events`
    WHERE
      received_at >= TIMESTAMP_SUB(@first, INTERVAL 184 DAY)
      AND received_at < @end
      AND kind = 'chat'
      AND user_key IS NOT NULL
    GROUP BY partner, project, user_key, day
  ),

  people AS (
    SELECT
      active_days.partner,
      active_days.project,
      active_days.user_key,
      last_day AS day,
      MAX(active_days.day) AS last_active,
      MAX(IF(active_days.has_sent, active_days.day, NULL)) AS last_sent
    FROM active_days
    CROSS JOIN
      UNNEST(GENERATE_DATE_ARRAY(DATE(@first), DATE_SUB(DATE(@end), INTERVAL 1 DAY))) AS last_day
    WHERE
      active_days.day <= last_day
      AND active_days.day > DATE_SUB(last_day, INTERVAL 6 MONTH)
    GROUP BY active_days.partner, active_days.project, active_days.user_key, last_day
  ),

  counted AS (
    SELECT
      partner,
      project,
      day,
      COUNTIF(last_active = day) AS dau,
      COUNTIF(last_active > DATE_SUB(day, INTERVAL 7 DAY)) AS wau,
      COUNTIF(last_active > DATE_SUB(day, INTERVAL 30 DAY)) AS mau,
      COUNTIF(
        last_active >= DATE_SUB(day, INTERVAL MOD(EXTRACT(DAYOFWEEK FROM day) + 5, 7) DAY)
      ) AS calendar_week,
      COUNTIF(last_active >= DATE_TRUNC(day, MONTH)) AS calendar_month,
      COUNTIF(last_active > DATE_SUB(day, INTERVAL 90 DAY)) AS active_90_days,
      COUNTIF(last_sent > DATE_SUB(day, INTERVAL 90 DAY)) AS senders_90_days,
      COUNT(*) AS active_6_months,
      COUNT(last_sent) AS senders_6_months
    FROM people
    GROUP BY partner, project, day
  ),

  -- One of each, should two runs have inserted them at once.
  frozen AS (
    SELECT
      ANY_VALUE(partner) AS partner,
      project,
      day,
      ANY_VALUE(dau) AS dau,
      ANY_VALUE(wau) AS wau,
      ANY_VALUE(mau) AS mau,
      ANY_VALUE(calendar_week) AS calendar_week,
      ANY_VALUE(calendar_month) AS calendar_month,
      ANY_VALUE(active_90_days) AS active_90_days,
      ANY_VALUE(senders_90_days) AS senders_90_days,
      ANY_VALUE(active_6_months) AS active_6_months,
      ANY_VALUE(senders_6_months) AS senders_6_months
    FROM `${store}.active_users_v1`
    WHERE
      day >= DATE(@first)
      AND day < LEAST(DATE(@thawed), DATE(@end))
    GROUP BY project, day
  )

  SELECT
    COALESCE(frozen.partner, counted.partner) AS partner,
    COALESCE(frozen.project, counted.project) AS project,
    COALESCE(frozen.day, counted.day) AS day,
    COALESCE(frozen.dau, counted.dau) AS dau,
    COALESCE(frozen.wau, counted.wau) AS wau,
    COALESCE(frozen.mau, counted.mau) AS mau,
    COALESCE(frozen.calendar_week, counted.calendar_week) AS calendar_week,
    COALESCE(frozen.calendar_month, counted.calendar_month) AS calendar_month,
    COALESCE(frozen.active_90_days, counted.active_90_days) AS active_90_days,
    COALESCE(frozen.senders_90_days, counted.senders_90_days) AS senders_90_days,
    COALESCE(frozen.active_6_months, counted.active_6_months) AS active_6_months,
    COALESCE(frozen.senders_6_months, counted.senders_6_months) AS senders_6_months
  FROM counted
  FULL JOIN frozen
    ON
      counted.project = frozen.project
      AND counted.day = frozen.day
) AS fresh
  ON FALSE
WHEN NOT MATCHED BY SOURCE AND stored.day >= DATE(@first) AND stored.day < DATE(@end) THEN DELETE
WHEN NOT MATCHED BY TARGET THEN
  INSERT (
    partner, project, day, dau, wau, mau, calendar_week, calendar_month, active_90_days,
    senders_90_days, active_6_months, senders_6_months
  )
  VALUES (
    fresh.partner, fresh.project, fresh.day, fresh.dau, fresh.wau, fresh.mau, fresh.calendar_week,
    fresh.calendar_month, fresh.active_90_days, fresh.senders_90_days, fresh.active_6_months,
    fresh.senders_6_months
  )
