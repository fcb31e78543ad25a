-- How many rows each erasure covers at the moment, by what is to become of them, and when the last
-- of them was stored.
WITH
covered AS (
  ${covered}
)

SELECT
  covered.erasure_id,
  covered.claim,
  covered.status,
  IF(covered.treatment = 'delete', 'events_deleted', 'events_anonymised') AS what,
  COUNT(*) AS number,
  MAX(events.stored_at) AS latest
FROM `${store}.events_v1` AS events
INNER JOIN covered
  ON
    events.project = covered.project
    AND events.user_key = covered.user_key
    AND events.received_at > covered.covers_after
    AND events.received_at <= covered.covers_until
WHERE
  events.received_at >= @first
  AND events.received_at <= @now
GROUP BY covered.erasure_id, covered.claim, covered.status, what
UNION ALL
SELECT
  covered.erasure_id,
  covered.claim,
  covered.status,
  'speakers_removed' AS what,
  COUNT(*) AS number,
  MAX(events.stored_at) AS latest
FROM `${store}.events_v1` AS events
CROSS JOIN UNNEST(events.room.speakers) AS speaker
INNER JOIN covered
  ON
    events.project = covered.project
    AND speaker = covered.user_key
    AND events.received_at > covered.covers_after
    AND events.received_at <= covered.covers_until
WHERE
  events.received_at >= @first
  AND events.received_at <= @now
GROUP BY covered.erasure_id, covered.claim, covered.status
UNION ALL
SELECT
  covered.erasure_id,
  covered.claim,
  covered.status,
  'identities_erased' AS what,
  COUNT(*) AS number,
  MAX(identities.last_seen) AS latest
FROM `${store}.identities_v1` AS identities
INNER JOIN covered
  ON
    identities.project = covered.project
    AND identities.user_key = covered.user_key
    AND identities.first_seen > covered.covers_after
    AND identities.first_seen <= covered.covers_until
WHERE identities.last_seen >= @oldest
GROUP BY covered.erasure_id, covered.claim, covered.status
