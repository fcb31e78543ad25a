-- Files the erasure of a person who deleted their profile in the chat, unless it is filed.
INSERT INTO `${store}.erasures_v1` (
  erasure_id, partner, project, user_key, source, mode, treatment, status, covers_until, due_at,
  hidden_key
)
SELECT
  @erasure_id AS erasure_id,
  @partner AS partner,
  @project AS project,
  asked.user_key,
  'stream' AS source,
  'grace' AS mode,
  'anonymise' AS treatment,
  'hidden' AS status,
  @received_at AS covers_until,
  @due_at AS due_at,
  REPLACE(GENERATE_UUID(), '-', '') AS hidden_key
FROM (SELECT user_key FROM UNNEST(@user_keys) AS user_key) AS asked
WHERE NOT EXISTS (
  SELECT 1
  FROM `${store}.erasures_v1` AS stored
  WHERE
    stored.project = @project
    AND stored.user_key = asked.user_key
    AND stored.source = 'stream'
    AND stored.status != 'restoration'
    AND stored.covers_until = @received_at
)
