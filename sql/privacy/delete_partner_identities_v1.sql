-- Deletes whom a partner's user keys stand for, but those whom a legal hold names.
DELETE FROM `${store}.identities_v1` AS identities
WHERE
  identities.last_seen >= @since
  AND identities.partner = @partner
  AND NOT EXISTS (
    SELECT 1
    FROM `${store}.holds_v1` AS holds
    WHERE
      holds.project = identities.project
      AND holds.user_key = identities.user_key
      AND holds.released_at IS NULL
      AND holds.until > @now
  )
