-- Counts the room events in the scope of each erasure on a range of days: events of a person in
-- scope, and events that list such a person as a speaker. The columns are those of count_in_scope.
--
-- Active days are made from chat events only, so they do not show which days have room events of a
-- person. So while an erasure is executed, all days are searched.
WITH
scopes AS (
  ${scopes}
),

found AS (
  SELECT
    scopes.erasure_id,
    scopes.claim,
    scopes.status,
    IF(
      scopes.treatment = 'delete', 'room_events_deleted', 'room_events_anonymised'
    ) AS what,
    events.received_at,
    events.stored_at
  FROM `${store}.room_events_v1` AS events
  INNER JOIN scopes
    ON
      events.project = scopes.project
      AND events.user_key = scopes.user_key
      AND events.received_at > scopes.previous_cut_off
      AND events.received_at <= scopes.cut_off
  WHERE
    events.received_at >= @first
    AND events.received_at < @end
  UNION ALL
  SELECT
    scopes.erasure_id,
    scopes.claim,
    scopes.status,
    'speakers_removed' AS what,
    events.received_at,
    events.stored_at
  FROM `${store}.room_events_v1` AS events
  CROSS JOIN UNNEST(events.room.speakers) AS speaker
  INNER JOIN scopes
    ON
      events.project = scopes.project
      AND speaker = scopes.user_key
      AND events.received_at > scopes.previous_cut_off
      AND events.received_at <= scopes.cut_off
  WHERE
    events.received_at >= @first
    AND events.received_at < @end
)

SELECT
  erasure_id,
  claim,
  status,
  what,
  COUNT(*) AS number,
  MAX(stored_at) AS latest,
  COUNTIF(stored_at < @stored_before) AS stored_before,
  ARRAY_AGG(DISTINCT DATE(received_at)) AS days
FROM found
GROUP BY erasure_id, claim, status, what
