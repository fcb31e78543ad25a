-- grain: one row per project, UTC day of receipt, kind, event, finding and property
-- How the events that arrive differ from the catalogue: uncatalogued events, and what `load` found
-- about properties, such as unknown names and values that the catalogue does not list. The view has
-- names and counts only, and leaves out the flag of anonymised events.
--
-- `load` stores at most 32 findings for an event. The query numbers them instead of unnesting the
-- array, because an optimizer might not move a filter past an array. So a filter on day prunes the
-- partitions of the settled days.
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
