-- Finds what a sweep has to do about erasures: how many are to be deleted, restored or executed.
--
-- This query reads only small tables, so a sweep with nothing to do is cheap. If the list of ids is
-- empty, all erasures that are due count as waiting, except those of people on legal hold: these
-- are executed after the end of the hold.
WITH
on_hold AS (
  SELECT DISTINCT project, user_key
  FROM `${store}.holds_v1`
  WHERE
    released_at IS NULL
    AND until > @now
),

taken_back AS (
  ${taken_back}
),

erasures AS (
  SELECT
    erasures.erasure_id,
    erasures.mode,
    erasures.status,
    erasures.cut_off,
    erasures.due_at,
    erasures.executed_at,
    erasures.expires_at,
    on_hold.user_key IS NOT NULL AS is_on_hold,
    erasures.status = 'hidden' AND erasures.source = 'stream' AS is_from_chat,
    taken_back.user_key IS NOT NULL AS is_taken_back,
    MAX(IF(erasures.status IN ('due', 'executed'), erasures.cut_off, NULL)) OVER (
      PARTITION BY erasures.project, erasures.user_key
    ) AS executed_until
  FROM `${store}.erasures_v1` AS erasures
  LEFT JOIN on_hold
    ON
      erasures.project = on_hold.project
      AND erasures.user_key = on_hold.user_key
  LEFT JOIN taken_back
    ON
      erasures.project = taken_back.project
      AND erasures.user_key = taken_back.user_key
      AND erasures.cut_off = taken_back.cut_off
),

states AS (
  SELECT
    mode,
    due_at,
    cut_off,
    executed_at,
    COALESCE(is_from_chat AND executed_until >= cut_off, FALSE) AS is_superseded,
    is_from_chat AND is_taken_back AS is_restored,
    COALESCE(expires_at <= @now, FALSE)
    AND status IN ('executed', 'restored', 'restoration')
    AND NOT is_on_hold AS is_expired,
    status = 'due' AND NOT is_on_hold AS is_begun,
    status = 'hidden'
    AND due_at <= @now
    AND NOT is_on_hold
    AND (ARRAY_LENGTH(@erasure_ids) = 0 OR erasure_id IN UNNEST(@erasure_ids)) AS is_due
  FROM erasures
),

waiting AS (
  SELECT
    mode, due_at, cut_off, executed_at, is_superseded, is_restored, is_expired, is_begun,
    is_due AND NOT is_superseded AND NOT is_restored AS is_waiting
  FROM states
)

SELECT
  COUNTIF(is_superseded) AS superseded,
  COUNTIF(is_restored) AS restored,
  COUNTIF(is_expired) AS expired,
  COUNTIF(is_begun) AS begun,
  COUNTIF(is_waiting AND mode = 'immediate') AS immediate,
  COUNTIF((is_begun OR is_waiting) AND due_at <= @overdue_since) AS overdue,
  MIN(IF(is_waiting, due_at, NULL)) AS waiting_since,
  MAX(IF(is_waiting, cut_off, NULL)) AS cut_off,
  MAX(executed_at) AS executed_at,
  (
    SELECT COUNT(*)
    FROM `${store}.holds_v1` AS holds
    WHERE holds.until <= @holds_over_since OR holds.released_at <= @holds_over_since
  ) AS expired_holds,
  (
    SELECT MAX(LEAST(holds.until, COALESCE(holds.released_at, holds.until)))
    FROM `${store}.holds_v1` AS holds
    WHERE holds.until <= @now OR holds.released_at <= @now
  ) AS hold_ended_at
FROM waiting
