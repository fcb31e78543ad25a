-- Files what the chat told, each given as JSON: that people deleted their profiles, and that people
-- came back. What is filed already is not filed again.
--
-- A restoration takes back what the person filed in the chat until then, also where that message
-- comes later than this one.
INSERT INTO `${store}.erasures_v1` (
  erasure_id, partner, project, user_key, source, mode, treatment, status, covers_until, due_at,
  hidden_key, forget_at
)
SELECT
  told.erasure_id,
  told.partner,
  told.project,
  told.user_key,
  'stream' AS source,
  'grace' AS mode,
  'anonymise' AS treatment,
  told.status,
  told.covers_until,
  told.due_at,
  IF(told.status = 'hidden', REPLACE(GENERATE_UUID(), '-', ''), NULL) AS hidden_key,
  told.forget_at
FROM (
  SELECT
    JSON_VALUE(entry, '$$.erasure_id') AS erasure_id,
    JSON_VALUE(entry, '$$.partner') AS partner,
    JSON_VALUE(entry, '$$.project') AS project,
    JSON_VALUE(entry, '$$.user_key') AS user_key,
    JSON_VALUE(entry, '$$.status') AS status,
    TIMESTAMP(JSON_VALUE(entry, '$$.covers_until')) AS covers_until,
    TIMESTAMP(JSON_VALUE(entry, '$$.due_at')) AS due_at,
    TIMESTAMP(JSON_VALUE(entry, '$$.forget_at')) AS forget_at
  FROM (
    SELECT PARSE_JSON(text) AS entry
    FROM UNNEST(@told) AS text
  ) AS given
) AS told
WHERE NOT EXISTS (
  SELECT 1
  FROM `${store}.erasures_v1` AS stored
  WHERE
    stored.project = told.project
    AND stored.user_key = told.user_key
    AND stored.source = 'stream'
    AND (stored.status = 'restoration') = (told.status = 'restoration')
    AND stored.covers_until = told.covers_until
)
