-- Notes that a person came back in the chat, unless it is noted: what the person filed there until
-- then is taken back, also where that message comes later than this one.
INSERT INTO `${store}.erasures_v1` (
  erasure_id, partner, project, user_key, source, mode, treatment, status, covers_until, due_at,
  forget_at
)
SELECT
  @erasure_id AS erasure_id,
  @partner AS partner,
  @project AS project,
  asked.user_key,
  'stream' AS source,
  'grace' AS mode,
  'anonymise' AS treatment,
  'restoration' AS status,
  @received_at AS covers_until,
  @received_at AS due_at,
  @forget_at AS forget_at
FROM (SELECT user_key FROM UNNEST(@user_keys) AS user_key) AS asked
WHERE NOT EXISTS (
  SELECT 1
  FROM `${store}.erasures_v1` AS stored
  WHERE
    stored.project = @project
    AND stored.user_key = asked.user_key
    AND stored.status = 'restoration'
    AND stored.covers_until = @received_at
)
