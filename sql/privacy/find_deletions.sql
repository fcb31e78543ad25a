-- What a person filed in the chat, and whether it waits or was taken back.
SELECT
  erasure_id,
  MAX(status) AS status
FROM `${store}.erasures_v1`
WHERE
  project = @project
  AND user_key IN UNNEST(@user_keys)
  AND source = 'stream'
  AND status IN ('hidden', 'restored')
GROUP BY erasure_id
