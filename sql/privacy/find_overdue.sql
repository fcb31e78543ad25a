-- Counts the rows that the tables keep for longer than promised, and finds the time of the oldest
-- one.
--
-- The limits are up to two days longer than the promise, because partitions are whole days, and a
-- daily job may be late. An erasure that waits for the end of a legal hold is not late.
WITH
late AS (
  SELECT
    'events_v1' AS place,
    received_at AS since
  FROM `${store}.events_v1`
  WHERE received_at < @stored_since
  UNION ALL
  SELECT
    'events_v1.extra' AS place,
    received_at AS since
  FROM `${store}.events_v1`
  WHERE received_at >= @stored_since AND received_at < @extra_since AND extra IS NOT NULL
  UNION ALL
  SELECT
    'room_events_v1' AS place,
    received_at AS since
  FROM `${store}.room_events_v1`
  WHERE received_at < @stored_since
  UNION ALL
  SELECT
    'room_events_v1.extra' AS place,
    received_at AS since
  FROM `${store}.room_events_v1`
  WHERE received_at >= @stored_since AND received_at < @extra_since AND extra IS NOT NULL
  UNION ALL
  SELECT
    'active_days_v1' AS place,
    TIMESTAMP(day) AS since
  FROM `${store}.active_days_v1`
  WHERE day < DATE(@stored_since)
  UNION ALL
  SELECT
    'identities_v1' AS place,
    last_seen AS since
  FROM `${store}.identities_v1`
  WHERE last_seen < @stored_since
  UNION ALL
  SELECT
    'erasures_v1' AS place,
    expires_at AS since
  FROM `${store}.erasures_v1`
  WHERE status = 'executed' AND expires_at < @due_since
  UNION ALL
  SELECT
    'erasures that are due' AS place,
    erasures.due_at AS since
  FROM `${store}.erasures_v1` AS erasures
  WHERE
    erasures.status IN ('hidden', 'due')
    AND erasures.due_at < @due_since
    AND NOT EXISTS (
      SELECT 1
      FROM `${store}.holds_v1` AS holds
      WHERE
        holds.project = erasures.project
        AND holds.user_key = erasures.user_key
        AND holds.released_at IS NULL
        AND holds.until > @due_since
    )
  UNION ALL
  SELECT
    'holds_v1' AS place,
    LEAST(until, COALESCE(released_at, until)) AS since
  FROM `${store}.holds_v1`
  WHERE until < @holds_over_since OR released_at < @holds_over_since
)

SELECT
  place,
  COUNT(*) AS overdue,
  MIN(since) AS oldest
FROM late
GROUP BY place
ORDER BY place
