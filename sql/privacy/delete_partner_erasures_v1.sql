-- Deletes a partner's erasures: what they were to cover is deleted, but for a legal hold.
DELETE FROM `${store}.erasures_v1` AS erasures
WHERE
  erasures.partner = @partner
  AND NOT EXISTS (
    SELECT 1
    FROM `${store}.holds_v1` AS holds
    WHERE
      holds.project = erasures.project
      AND holds.user_key = erasures.user_key
      AND holds.released_at IS NULL
      AND holds.until > @now
  )
