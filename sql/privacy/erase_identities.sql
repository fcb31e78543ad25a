-- Deletes the identities of erased people. If a person came back after the cut-off, the identity
-- stays, and now begins with the first event after the cut-off. The nickname may be older than this
-- event, so it is cleared; the next day's events bring it back.
--
-- This is one statement, so that readers never see the identity missing.
MERGE `${store}.identities_v1` AS identities
USING (
  WITH
  scopes AS (
    ${scopes}
  ),

  erased AS (
    SELECT project, user_key, MAX(cut_off) AS cut_off
    FROM scopes
    GROUP BY project, user_key
  ),

  later AS (
    SELECT project, user_key, received_at
    FROM `${store}.events_v1`
    WHERE
      received_at >= @first
      AND received_at < @end
    UNION ALL
    SELECT project, user_key, received_at
    FROM `${store}.room_events_v1`
    WHERE
      received_at >= @first
      AND received_at < @end
  ),

  came_back AS (
    SELECT later.project, later.user_key, MIN(later.received_at) AS received_at
    FROM later
    INNER JOIN erased
      ON
        later.project = erased.project
        AND later.user_key = erased.user_key
        AND later.received_at > erased.cut_off
    GROUP BY later.project, later.user_key
  )

  SELECT
    erased.project, erased.user_key, erased.cut_off, came_back.received_at AS came_back_at
  FROM erased
  LEFT JOIN came_back
    ON
      erased.project = came_back.project
      AND erased.user_key = came_back.user_key
) AS people
  ON
    identities.project = people.project
    AND identities.user_key = people.user_key
    AND identities.first_seen <= people.cut_off
    AND identities.last_seen >= @oldest
WHEN MATCHED AND identities.last_seen <= people.cut_off THEN DELETE
WHEN MATCHED THEN
  UPDATE SET
    first_seen = LEAST(COALESCE(people.came_back_at, identities.last_seen), identities.last_seen),
    nickname = NULL
