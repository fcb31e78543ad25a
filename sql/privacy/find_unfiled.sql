-- Deletions and restorations of the chat that are stored and have no entry in erasures_v1, with the
-- person's id if it is known. They should have been filed when they came.
--
-- An entry has the event's time. A deletion needs none once an erasure that reaches as far is
-- executed or being executed: filing drops such a deletion. An executed erasure gives its rows
-- another key and a flag that says so; they belong to no person any more.
WITH told AS (
  SELECT DISTINCT
    event,
    partner,
    project,
    user_key,
    received_at
  FROM `${store}.events_v1`
  WHERE
    received_at >= @since
    AND received_at < @until
    AND kind = 'chat'
    AND event IN ('delete_profile_confirmed', 'account_restored')
    AND project IS NOT NULL
    AND user_key IS NOT NULL
    AND partner NOT IN UNNEST(@closed)
    AND 'anonymised' NOT IN UNNEST(flags)
),

people AS (
  SELECT
    project,
    user_key,
    MAX(user_id) AS user_id
  FROM `${store}.identities_v1`
  WHERE last_seen >= @since
  GROUP BY project, user_key
)

SELECT
  told.event,
  told.partner,
  told.project,
  told.user_key,
  told.received_at,
  people.user_id
FROM told
LEFT JOIN people
  ON
    told.project = people.project
    AND told.user_key = people.user_key
WHERE
  NOT EXISTS (
    SELECT 1
    FROM `${store}.erasures_v1` AS filed
    WHERE
      filed.project = told.project
      AND filed.user_key = told.user_key
      AND (
        (
          filed.source = 'stream'
          AND (filed.status = 'restoration') = (told.event = 'account_restored')
          AND filed.covers_until = told.received_at
        )
        OR (
          told.event = 'delete_profile_confirmed'
          AND filed.status IN ('due', 'executed')
          AND filed.covers_until >= told.received_at
        )
      )
  )
ORDER BY told.received_at
LIMIT 1000
