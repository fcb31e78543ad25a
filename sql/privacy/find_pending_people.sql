-- Finds those user keys of a request that have an erasure which waits or is being executed.
SELECT DISTINCT user_key
FROM `${store}.erasures_v1`
WHERE
  project = @project
  AND user_key IN UNNEST(@user_keys)
  AND status IN ('hidden', 'due')
