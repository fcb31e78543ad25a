-- Finds the days before the open window whose rollups were not refreshed since the window closed.
--
-- Events can arrive until then, so an earlier count is not final.
SELECT TIMESTAMP(day) AS day
FROM (
  SELECT day
  FROM UNNEST(GENERATE_DATE_ARRAY(DATE(@first), DATE_SUB(DATE(@end), INTERVAL 1 DAY))) AS day
  EXCEPT DISTINCT
  SELECT day
  FROM `${store}.refreshes_v1`
  CROSS JOIN UNNEST(GENERATE_DATE_ARRAY(first_day, last_day)) AS day
  WHERE
    refreshed_at >= @first
    AND refreshed_at >= TIMESTAMP(DATE_ADD(day, INTERVAL ${open_window_days} DAY))
) AS uncounted
ORDER BY day DESC
