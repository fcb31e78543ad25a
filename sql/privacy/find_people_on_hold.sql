-- Finds the people of these partners who were on legal hold at a given time.
SELECT DISTINCT partner, project, user_key
FROM `${store}.holds_v1`
WHERE
  partner IN UNNEST(@partners)
  AND (released_at IS NULL OR released_at > @now)
  AND until > @now
