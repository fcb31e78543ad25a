-- grain: one row per project, UTC day of receipt, kind of poll and question
-- How often people opened, viewed, answered and closed each poll and quiz.
--
-- The answers themselves are in event_pq_answer_sent. A filter on day prunes the partitions of the
-- settled days.
SELECT
  project,
  DATE(received_at) AS day,
  properties.type AS type,
  properties.question AS question,
  COUNTIF(event = 'pq_opened') AS opened,
  COUNT(DISTINCT IF(event = 'pq_opened', user_key, NULL)) AS openers,
  COUNTIF(event = 'pq_answer_sent') AS answered,
  COUNT(DISTINCT IF(event = 'pq_answer_sent', user_key, NULL)) AS voters,
  COUNTIF(event = 'pq_viewed') AS viewed,
  COUNTIF(event = 'pq_closed') AS closed,
  SAFE_DIVIDE(
    COUNT(DISTINCT IF(event = 'pq_answer_sent', user_key, NULL)),
    COUNT(DISTINCT IF(event = 'pq_opened', user_key, NULL))
  ) AS participation
FROM `${bi}.events`
WHERE
  kind = 'chat'
  AND event IN ('pq_opened', 'pq_viewed', 'pq_answer_sent', 'pq_closed')
GROUP BY project, day, type, question
