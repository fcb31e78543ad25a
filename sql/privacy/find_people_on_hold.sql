-- Finds the people of some partners who were on legal hold at a moment.
SELECT DISTINCT partner, project, user_key
FROM `${store}.holds_v1`
WHERE
  partner IN UNNEST(@partners)
  AND (released_at IS NULL OR released_at > @now)
  AND until > @now
