-- Finds days that have left the open window and whose rollups were not refreshed since then.
--
-- Events of a day can arrive until the day leaves the open window, so an earlier count is not
-- final.
SELECT TIMESTAMP(day) AS day
FROM (
  SELECT day
  FROM UNNEST(GENERATE_DATE_ARRAY(DATE(@first), DATE_SUB(DATE(@end), INTERVAL 1 DAY))) AS day
  EXCEPT DISTINCT
  SELECT day
  FROM `${store}.runs_v1`
  CROSS JOIN UNNEST(GENERATE_DATE_ARRAY(first_day, last_day)) AS day
  WHERE
    started_at >= @first
    AND started_at >= TIMESTAMP(DATE_ADD(day, INTERVAL ${open_window_days} DAY))
    AND job = 'refresh'
) AS uncounted
ORDER BY day DESC
