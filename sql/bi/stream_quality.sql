-- grain: one row per project and UTC day of receipt, for days with an event about the stream
-- What people reported about the stream, and what was measured: ratings, problems, connection
-- tests, bad connections.
--
-- A filter on day prunes the partitions of the settled days.
SELECT
  project,
  DATE(received_at) AS day,
  COUNTIF(event = 'ff_stream_evaluated') AS evaluations,
  AVG(IF(event = 'ff_stream_evaluated', properties.evaluation, NULL)) AS average_evaluation,
  COUNTIF(event = 'ff_stream_type_of_problem_selected') AS problems,
  COUNTIF(event = 'ff_stream_type_of_problem_selected' AND properties.type = 'dn_work')
    AS problems_dn_work,
  COUNTIF(event = 'ff_stream_type_of_problem_selected' AND properties.type = 'interruptions')
    AS problems_interruptions,
  COUNTIF(event = 'ff_stream_type_of_problem_selected' AND properties.type = 'microphone')
    AS problems_microphone,
  COUNTIF(event = 'ff_stream_connection_tested') AS connection_tests,
  AVG(IF(event = 'ff_stream_connection_tested', properties.speed, NULL)) AS average_speed,
  AVG(IF(event = 'ff_stream_connection_tested', properties.ping, NULL)) AS average_ping,
  COUNTIF(event = 'bad_connection') AS bad_connections,
  COUNT(DISTINCT IF(event = 'bad_connection', user_key, NULL)) AS users_with_bad_connection,
  COUNTIF(event = 'ff_stream_success') AS forms_completed,
  COUNTIF(event = 'ff_stream_closed') AS forms_closed
FROM `${bi}.events`
WHERE
  kind = 'chat'
  AND event IN (
    'bad_connection',
    'ff_stream_evaluated',
    'ff_stream_type_of_problem_selected',
    'ff_stream_connection_tested',
    'ff_stream_success',
    'ff_stream_closed'
  )
GROUP BY project, day
