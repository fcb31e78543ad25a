-- Merges the rows of each person into one, with the first and last time seen and the newest
-- nickname.
--
-- This is one statement, so that readers never find a person missing or twice. The source row with
-- the step `replaced` deletes the person's rows. The one with the step `merged` matches no row, so
-- it is inserted.
MERGE `${store}.identities_v1` AS identities
USING (
  SELECT
    partner, project, user_key, key_version, user_id, nickname, first_seen, last_seen, step
  FROM (
    SELECT
      partner,
      project,
      user_key,
      key_version,
      user_id,
      MAX_BY(nickname, IF(nickname IS NULL, NULL, last_seen)) AS nickname,
      MIN(first_seen) AS first_seen,
      MAX(last_seen) AS last_seen
    FROM `${store}.identities_v1`
    WHERE last_seen >= TIMESTAMP_SUB(@day, INTERVAL (${retention_days} + 1) DAY)
    GROUP BY partner, project, user_key, key_version, user_id
    HAVING COUNT(*) > 1
  ) AS several
  CROSS JOIN UNNEST(['replaced', 'merged']) AS step
) AS people
  ON
    people.step = 'replaced'
    AND identities.partner = people.partner
    AND identities.project = people.project
    AND identities.user_key = people.user_key
    AND identities.key_version = people.key_version
    AND identities.user_id = people.user_id
    AND identities.last_seen >= TIMESTAMP_SUB(@day, INTERVAL (${retention_days} + 1) DAY)
WHEN MATCHED THEN DELETE
WHEN NOT MATCHED AND people.step = 'merged' THEN
  INSERT (
    partner, project, user_key, key_version, user_id, nickname, first_seen, last_seen
  )
  VALUES (
    people.partner, people.project, people.user_key, people.key_version, people.user_id,
    people.nickname, people.first_seen, people.last_seen
  )
