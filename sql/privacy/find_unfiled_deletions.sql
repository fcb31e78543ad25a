-- Searches the stored chat events for deletions and restorations that have no row in erasures_v1,
-- although they should have been recorded when they arrived. Returns the person's id if it is
-- known.
--
-- The cut-off in a row of erasures_v1 is the time when the event was received. A repeated message
-- needs no row; file_deletions says which messages are repeated. A deletion needs no row if an
-- erasure with the same or a later cut-off is being executed or was executed, because
-- delete_superseded_erasures would delete the row. Events with the flag `anonymised` are left out,
-- because after an executed erasure they belong to no person.
WITH messages AS (
  SELECT DISTINCT
    event,
    partner,
    project,
    user_key,
    received_at,
    occurred_at
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
  messages.event,
  messages.partner,
  messages.project,
  messages.user_key,
  messages.received_at,
  messages.occurred_at,
  people.user_id
FROM messages
LEFT JOIN people
  ON
    messages.project = people.project
    AND messages.user_key = people.user_key
WHERE
  NOT EXISTS (
    SELECT 1
    FROM `${store}.erasures_v1` AS filed
    WHERE
      filed.project = messages.project
      AND filed.user_key = messages.user_key
      AND (
        (
          filed.source = 'stream'
          AND (filed.status = 'restoration') = (messages.event = 'account_restored')
          AND (
            filed.cut_off = messages.received_at
            OR (
              filed.cut_off < messages.received_at
              AND filed.occurred_at = messages.occurred_at
              AND filed.cut_off <= TIMESTAMP_ADD(filed.occurred_at, INTERVAL 1 DAY)
            )
          )
        )
        OR (
          messages.event = 'delete_profile_confirmed'
          AND filed.status IN ('due', 'executed')
          AND filed.cut_off >= messages.received_at
        )
      )
  )
ORDER BY messages.received_at
LIMIT 1000
