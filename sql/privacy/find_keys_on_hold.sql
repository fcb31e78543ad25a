-- Finds the user keys of a request that are on legal hold.
SELECT DISTINCT user_key
FROM `${store}.holds_v1`
WHERE
  project = @project
  AND user_key IN UNNEST(@user_keys)
  AND released_at IS NULL
  AND until > @now
