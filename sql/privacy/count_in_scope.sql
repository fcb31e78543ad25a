-- Counts the rows in the scope of each erasure by the change that they will get. Also finds the
-- time at which the newest of these rows was stored.
WITH
scopes AS (
  ${scopes}
)

SELECT
  scopes.erasure_id,
  scopes.claim,
  scopes.status,
  IF(scopes.treatment = 'delete', 'events_deleted', 'events_anonymised') AS what,
  COUNT(*) AS number,
  MAX(events.stored_at) AS latest
FROM `${store}.events_v1` AS events
INNER JOIN scopes
  ON
    events.project = scopes.project
    AND events.user_key = scopes.user_key
    AND events.received_at > scopes.previous_cut_off
    AND events.received_at <= scopes.cut_off
WHERE
  events.received_at >= @first
  AND events.received_at <= @now
GROUP BY scopes.erasure_id, scopes.claim, scopes.status, what
UNION ALL
SELECT
  scopes.erasure_id,
  scopes.claim,
  scopes.status,
  'speakers_removed' AS what,
  COUNT(*) AS number,
  MAX(events.stored_at) AS latest
FROM `${store}.events_v1` AS events
CROSS JOIN UNNEST(events.room.speakers) AS speaker
INNER JOIN scopes
  ON
    events.project = scopes.project
    AND speaker = scopes.user_key
    AND events.received_at > scopes.previous_cut_off
    AND events.received_at <= scopes.cut_off
WHERE
  events.received_at >= @first
  AND events.received_at <= @now
GROUP BY scopes.erasure_id, scopes.claim, scopes.status
UNION ALL
SELECT
  scopes.erasure_id,
  scopes.claim,
  scopes.status,
  'identities_erased' AS what,
  COUNT(*) AS number,
  MAX(identities.last_seen) AS latest
FROM `${store}.identities_v1` AS identities
INNER JOIN scopes
  ON
    identities.project = scopes.project
    AND identities.user_key = scopes.user_key
    AND identities.first_seen > scopes.previous_cut_off
    AND identities.first_seen <= scopes.cut_off
WHERE identities.last_seen >= @oldest
GROUP BY scopes.erasure_id, scopes.claim, scopes.status
