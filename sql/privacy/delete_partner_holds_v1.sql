-- Deletes a partner's legal holds that are released or over.
DELETE FROM `${store}.holds_v1`
WHERE
  partner = @partner
  AND (
    released_at IS NOT NULL
    OR until <= @now
  )
