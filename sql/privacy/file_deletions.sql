-- Records deletions and restorations in the chat, each given as JSON, unless they are recorded
-- already.
--
-- A sender may repeat a message much later, even after the person has come back. The repeated
-- message states the same occurred_at, so it is not recorded. There is one exception: the first
-- message was received more than a day after its occurred_at. Then occurred_at is probably not the
-- time of the deletion, but for example the time of the registration, and another deletion may
-- state the same time. So a later message with this time is recorded, because no deletion must be
-- missed.
INSERT INTO `${store}.erasures_v1` (
  erasure_id, partner, project, user_key, source, mode, treatment, status, cut_off, due_at,
  hidden_key, expires_at, occurred_at
)
SELECT
  entries.erasure_id,
  entries.partner,
  entries.project,
  entries.user_key,
  'stream' AS source,
  'grace' AS mode,
  'anonymise' AS treatment,
  entries.status,
  entries.cut_off,
  entries.due_at,
  IF(entries.status = 'hidden', REPLACE(GENERATE_UUID(), '-', ''), NULL) AS hidden_key,
  entries.expires_at,
  entries.occurred_at
FROM (
  SELECT
    JSON_VALUE(entry, '$$.erasure_id') AS erasure_id,
    JSON_VALUE(entry, '$$.partner') AS partner,
    JSON_VALUE(entry, '$$.project') AS project,
    JSON_VALUE(entry, '$$.user_key') AS user_key,
    JSON_VALUE(entry, '$$.status') AS status,
    TIMESTAMP(JSON_VALUE(entry, '$$.cut_off')) AS cut_off,
    TIMESTAMP(JSON_VALUE(entry, '$$.due_at')) AS due_at,
    TIMESTAMP(JSON_VALUE(entry, '$$.expires_at')) AS expires_at,
    TIMESTAMP(JSON_VALUE(entry, '$$.occurred_at')) AS occurred_at
  FROM (
    SELECT PARSE_JSON(text) AS entry
    FROM UNNEST(@entries) AS text
  ) AS given
) AS entries
WHERE NOT EXISTS (
  SELECT 1
  FROM `${store}.erasures_v1` AS stored
  WHERE
    stored.project = entries.project
    AND stored.user_key = entries.user_key
    AND stored.source = 'stream'
    AND (stored.status = 'restoration') = (entries.status = 'restoration')
    AND (
      stored.cut_off = entries.cut_off
      OR (
        stored.cut_off < entries.cut_off
        AND stored.occurred_at = entries.occurred_at
        AND stored.cut_off <= TIMESTAMP_ADD(stored.occurred_at, INTERVAL 1 DAY)
      )
    )
)
