-- The people of a request who wait for an erasure, or whose erasure is being executed.
SELECT DISTINCT user_key
FROM `${store}.erasures_v1`
WHERE
  project = @project
  AND user_key IN UNNEST(@user_keys)
  AND status IN ('hidden', 'due')
