-- What each erasure covers that is being executed or was: a person's events received after the
-- erasure before it, and up to it. Of two alike, filed at once, the second covers nothing. Nobody
-- is covered while a legal hold names them.
--
-- Other statements of this folder have this text as their variable of the same name.
SELECT
  erasure_id, partner, project, user_key, treatment, status, claim, covers_after, covers_until,
  day_salt, copy_salt, executed_at
FROM (
  SELECT
    erasure_id, partner, project, user_key, treatment, status, claim, covers_until, day_salt,
    copy_salt, executed_at,
    LAG(covers_until, 1, TIMESTAMP '0001-01-01 00:00:00+00') OVER (
      PARTITION BY project, user_key ORDER BY covers_until, erasure_id
    ) AS covers_after
  FROM `${store}.erasures_v1`
  WHERE status IN ('hidden', 'due', 'executed')
) AS erasures
WHERE
  status IN ('due', 'executed')
  AND NOT EXISTS (
    SELECT 1
    FROM `${store}.holds_v1` AS holds
    WHERE
      holds.project = erasures.project
      AND holds.user_key = erasures.user_key
      AND holds.released_at IS NULL
      AND holds.until > @now
  )
