-- grain: one row per project, UTC day of receipt, setting and value
-- What people set the translation of messages to: on or off, and the languages that they chose.
--
-- A filter on day reaches the settled days' partitions.
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
