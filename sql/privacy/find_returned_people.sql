-- Finds the people who came back: after the cut-off of their latest erasure of the same kind, an
-- event of the person was received.
WITH
latest AS (
  SELECT
    user_key,
    MAX(cut_off) AS cut_off
  FROM `${store}.erasures_v1`
  WHERE
    project = @project
    AND user_key IN UNNEST(@user_keys)
    AND source = 'api'
    AND mode = @mode
    AND treatment = @treatment
    AND status IN ('hidden', 'due', 'executed')
  GROUP BY user_key
)

SELECT DISTINCT events.user_key
FROM `${store}.events_v1` AS events
INNER JOIN latest
  ON
    events.user_key = latest.user_key
    AND events.received_at > latest.cut_off
WHERE
  events.received_at >= @since
  AND events.project = @project
