-- Notes that claims are executed: their rows are tombstones, until nothing can come late any more.
-- A person whom a legal hold names meanwhile waits for its end.
UPDATE `${store}.erasures_v1` AS erasures
SET
  status = 'executed',
  executed_at = @now,
  hidden_key = NULL,
  day_salt = NULL,
  forget_at = @forget_at
WHERE
  erasures.status = 'due'
  AND erasures.claim IN UNNEST(@claims)
  AND NOT EXISTS (
    SELECT 1
    FROM `${store}.holds_v1` AS holds
    WHERE
      holds.project = erasures.project
      AND holds.user_key = erasures.user_key
      AND holds.released_at IS NULL
      AND holds.until > @now
  )
