-- grain: one row per project, UTC day of receipt, kind, event, finding and property
-- Where the sender has left the catalogue: events that it does not have, and what loading noticed
-- about properties, such as unknown names and values out of their list. Names and counts only; that
-- a person was erased is no finding.
--
-- Loading notes 32 findings of an event at most. They are numbered rather than unnested so that a
-- filter on day reaches the settled days' partitions: no optimizer has to move it past an array.
WITH
findings AS (
  SELECT
    project,
    DATE(received_at) AS day,
    kind,
    event,
    'uncatalogued' AS finding,
    CAST(NULL AS STRING) AS property
  FROM `${bi}.events`
  WHERE NOT catalogued
  UNION ALL
  SELECT
    events.project,
    DATE(events.received_at) AS day,
    events.kind,
    events.event,
    SPLIT(events.flags[SAFE_ORDINAL(place)], ':')[OFFSET(0)] AS finding,
    SPLIT(events.flags[SAFE_ORDINAL(place)], ':')[SAFE_OFFSET(1)] AS property
  FROM `${bi}.events` AS events
  CROSS JOIN UNNEST(GENERATE_ARRAY(1, 32)) AS place
  WHERE
    ARRAY_LENGTH(events.flags) >= place
    AND events.flags[SAFE_ORDINAL(place)] != 'anonymised'
)

SELECT
  project,
  day,
  kind,
  event,
  finding,
  property,
  COUNT(*) AS events
FROM findings
GROUP BY project, day, kind, event, finding, property
