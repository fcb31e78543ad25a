-- Marks claimed erasures as executed. Their rows become tombstones, which expire when no event in
-- scope can arrive any more.
--
-- If a person was put on legal hold during the execution, the person's erasure waits for the end of
-- the hold.
UPDATE `${store}.erasures_v1` AS erasures
SET
  status = 'executed',
  executed_at = @now,
  hidden_key = NULL,
  day_salt = NULL,
  expires_at = @expires_at
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
