-- Deletes the rows of erasures whose time is over: nothing that they cover can come any more. While
-- a legal hold names somebody, their rows wait for its end, and the erasure with them.
DELETE FROM `${store}.erasures_v1` AS erasures
WHERE
  erasures.forget_at <= @now
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
