-- Finds the erasures that people requested in the chat, if they are not begun, with their status.
SELECT
  erasure_id,
  partner,
  project,
  MAX(status) AS status
FROM `${store}.erasures_v1`
WHERE
  project IN UNNEST(@projects)
  AND user_key IN UNNEST(@user_keys)
  AND source = 'stream'
  AND status IN ('hidden', 'restored')
GROUP BY erasure_id, partner, project
