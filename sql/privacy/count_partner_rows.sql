-- Counts a partner's rows by table: all of them, and those that a legal hold keeps.
--
-- Only tables with rows are named. It is one statement, so the numbers are of one moment. A hold
-- binds by project, as where rows are deleted: a project may have been another partner's before.
WITH
held AS (
  SELECT DISTINCT project, user_key
  FROM `${store}.holds_v1`
  WHERE
    released_at IS NULL
    AND until > @now
),

held_events AS (
  SELECT DISTINCT events.delivery_id
  FROM `${store}.events_v1` AS events
  CROSS JOIN
    UNNEST(IF(events.user_key IS NULL, events.room.speakers, [events.user_key])) AS person_key
  INNER JOIN held
    ON
      events.project = held.project
      AND person_key = held.user_key
  WHERE
    events.received_at >= @since
    AND events.partner = @partner
)

SELECT 'events_v1' AS place, COUNT(*) AS total, COUNT(held_events.delivery_id) AS on_hold
FROM `${store}.events_v1` AS events
LEFT JOIN held_events ON events.delivery_id = held_events.delivery_id
WHERE
  events.received_at >= @since
  AND events.partner = @partner
HAVING COUNT(*) > 0
UNION ALL
SELECT 'identities_v1' AS place, COUNT(*) AS total, COUNT(held.user_key) AS on_hold
FROM `${store}.identities_v1` AS identities
LEFT JOIN held
  ON
    identities.project = held.project
    AND identities.user_key = held.user_key
WHERE
  identities.last_seen >= @since
  AND identities.partner = @partner
HAVING COUNT(*) > 0
UNION ALL
SELECT 'daily_v1' AS place, COUNT(*) AS total, 0 AS on_hold
FROM `${store}.daily_v1`
WHERE
  day >= DATE(@since)
  AND partner = @partner
HAVING COUNT(*) > 0
UNION ALL
SELECT 'rooms_daily_v1' AS place, COUNT(*) AS total, 0 AS on_hold
FROM `${store}.rooms_daily_v1`
WHERE
  day >= DATE(@since)
  AND partner = @partner
HAVING COUNT(*) > 0
UNION ALL
SELECT 'active_users_v1' AS place, COUNT(*) AS total, 0 AS on_hold
FROM `${store}.active_users_v1`
WHERE
  day >= DATE(@since)
  AND partner = @partner
HAVING COUNT(*) > 0
UNION ALL
SELECT 'cohorts_v1' AS place, COUNT(*) AS total, 0 AS on_hold
FROM `${store}.cohorts_v1`
WHERE
  week >= DATE(@since)
  AND partner = @partner
HAVING COUNT(*) > 0
UNION ALL
SELECT 'erasures_v1' AS place, COUNT(*) AS total, COUNT(held.user_key) AS on_hold
FROM `${store}.erasures_v1` AS erasures
LEFT JOIN held
  ON
    erasures.project = held.project
    AND erasures.user_key = held.user_key
WHERE erasures.partner = @partner
HAVING COUNT(*) > 0
UNION ALL
SELECT
  'holds_v1' AS place,
  COUNT(*) AS total,
  COUNTIF(released_at IS NULL AND until > @now) AS on_hold
FROM `${store}.holds_v1`
WHERE partner = @partner
HAVING COUNT(*) > 0
ORDER BY place
