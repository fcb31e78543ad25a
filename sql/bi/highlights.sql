-- grain: one row per project, UTC day of receipt and text of a highlight
-- How often people saw each highlight and pressed its button; ctr is clicks divided by views.
--
-- A filter on day prunes the partitions of the settled days.
SELECT
  project,
  DATE(received_at) AS day,
  properties.hl_content AS hl_content,
  COUNTIF(event = 'hl_viewed') AS views,
  COUNT(DISTINCT IF(event = 'hl_viewed', user_key, NULL)) AS viewers,
  COUNTIF(event = 'hl_button_pressed') AS clicks,
  COUNT(DISTINCT IF(event = 'hl_button_pressed', user_key, NULL)) AS clickers,
  SAFE_DIVIDE(COUNTIF(event = 'hl_button_pressed'), COUNTIF(event = 'hl_viewed')) AS ctr
FROM `${bi}.events`
WHERE
  kind = 'chat'
  AND event IN ('hl_viewed', 'hl_button_pressed')
GROUP BY project, day, hl_content
