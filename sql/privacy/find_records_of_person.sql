-- Finds everything that is stored about a person, except events.
--
-- It leaves out hidden keys and salts, which protect the person, and the addresses of callers.
WITH
identities AS (
  SELECT partner, project, user_key, key_version, user_id, nickname, first_seen, last_seen
  FROM `${store}.identities_v1`
  WHERE
    last_seen >= TIMESTAMP_SUB(@now, INTERVAL (${retention_days} + 2) DAY)
    AND project = @project
    AND user_key IN UNNEST(@user_keys)
),

erasures AS (
  SELECT
    erasure_id, partner, project, user_key, source, mode, treatment, status, cut_off, due_at,
    executed_at, expires_at
  FROM `${store}.erasures_v1`
  WHERE project = @project AND user_key IN UNNEST(@user_keys)
),

active_days AS (
  SELECT
    partner, project, day, user_key, until, has_sent, has_opened, has_taken_part, has_asked,
    has_accepted, is_anonymised, rooms
  FROM `${store}.active_days_v1`
  WHERE
    day >= DATE_SUB(DATE(@now), INTERVAL (${retention_days} + 2) DAY)
    AND project = @project
    AND user_key IN UNNEST(@user_keys)
),

holds AS (
  SELECT hold_id, partner, project, user_key, reason, filed_at, until, released_at
  FROM `${store}.holds_v1`
  WHERE project = @project AND user_key IN UNNEST(@user_keys)
)

SELECT
  'identities_v1' AS place,
  TO_JSON_STRING(identities) AS content
FROM identities
UNION ALL
SELECT
  'active_days_v1' AS place,
  TO_JSON_STRING(active_days) AS content
FROM active_days
UNION ALL
SELECT
  'erasures_v1' AS place,
  TO_JSON_STRING(erasures) AS content
FROM erasures
UNION ALL
SELECT
  'holds_v1' AS place,
  TO_JSON_STRING(holds) AS content
FROM holds
