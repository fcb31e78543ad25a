-- grain: one row per project, UTC day of receipt, setting and value
-- How people set the translation of messages: on or off, and the languages that they chose.
--
-- A filter on day prunes the partitions of the settled days.
SELECT
  project,
  DATE(received_at) AS day,
  IF(event = 'autotranslation_toggle', 'status', 'language') AS setting,
  IF(event = 'autotranslation_toggle', properties.status, properties.language_selected) AS value,
  COUNT(*) AS events,
  COUNT(DISTINCT user_key) AS users
FROM `${bi}.events`
WHERE
  kind = 'chat'
  AND event IN ('autotranslation_toggle', 'autotranslation_language')
GROUP BY project, day, setting, value
