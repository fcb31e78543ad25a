-- Deletes the rows of erasures that have expired: no event in their scope can arrive any more.
--
-- The erasure of a person on legal hold stays, because it is executed when the hold ends.
DELETE FROM `${store}.erasures_v1` AS erasures
WHERE
  erasures.expires_at <= @now
  AND erasures.status IN ('executed', 'restored', 'restoration')
  AND NOT EXISTS (
    SELECT 1
    FROM `${store}.holds_v1` AS holds
    WHERE
      holds.project = erasures.project
      AND holds.user_key = erasures.user_key
      AND holds.released_at IS NULL
      AND holds.until > @now
  )
