-- grain: one row per project, UTC day of receipt, event and type of report
-- How people react to others who disturb them: reports by type, and events about blocked people.
-- The view also counts the messages that slow mode held back.
--
-- The product sends no event when somebody is blocked. banned_opened means that a person looked at
-- the list of blocked people, and unblocking_pressed that a person unblocked somebody on it. A
-- filter on day prunes the partitions of the settled days.
SELECT
  project,
  DATE(received_at) AS day,
  event,
  IF(event IN ('report_sent', 'report_cancelled'), properties.type, NULL) AS report_type,
  COUNT(*) AS events,
  COUNT(DISTINCT user_key) AS users
FROM `${bi}.events`
WHERE
  kind = 'chat'
  AND event IN (
    'report_pressed',
    'report_sent',
    'report_cancelled',
    'banned_opened',
    'unblocking_pressed',
    'message_sending_blocked_slowmode'
  )
GROUP BY project, day, event, report_type
