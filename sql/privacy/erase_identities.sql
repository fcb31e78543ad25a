-- Deletes who is behind the keys of erased people. Who has come back keeps the row, from the first
-- event after the erasure on; the nickname may be of before, and is learnt anew the next day.
--
-- One statement, so that nobody is missing in between.
MERGE `${store}.identities_v1` AS identities
USING (
  WITH
  covered AS (
    ${covered}
  ),

  erased AS (
    SELECT project, user_key, MAX(covers_until) AS covers_until
    FROM covered
    GROUP BY project, user_key
  ),

  came_back AS (
    SELECT events.project, events.user_key, MIN(events.received_at) AS received_at
    FROM `${store}.events_v1` AS events
    INNER JOIN erased
      ON
        events.project = erased.project
        AND events.user_key = erased.user_key
        AND events.received_at > erased.covers_until
    WHERE
      events.received_at >= @first
      AND events.received_at <= @now
    GROUP BY events.project, events.user_key
  )

  SELECT
    erased.project, erased.user_key, erased.covers_until, came_back.received_at AS came_back_at
  FROM erased
  LEFT JOIN came_back
    ON
      erased.project = came_back.project
      AND erased.user_key = came_back.user_key
) AS people
  ON
    identities.project = people.project
    AND identities.user_key = people.user_key
    AND identities.first_seen <= people.covers_until
    AND identities.last_seen >= @oldest
WHEN MATCHED AND identities.last_seen <= people.covers_until THEN DELETE
WHEN MATCHED THEN
  UPDATE SET
    first_seen = LEAST(COALESCE(people.came_back_at, identities.last_seen), identities.last_seen),
    nickname = NULL
