-- Finds the holds with a given reason and end that include some of the given people. The hold that
-- includes most of them comes first.
SELECT
  hold_id,
  COUNT(*) AS user_keys
FROM `${store}.holds_v1`
WHERE
  project = @project
  AND user_key IN UNNEST(@user_keys)
  AND reason = @reason
  AND until = @until
  AND released_at IS NULL
GROUP BY hold_id
ORDER BY user_keys DESC, hold_id ASC
