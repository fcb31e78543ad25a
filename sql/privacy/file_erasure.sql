-- Records the request to erase people. From now on, views show each person under a new random key.
--
-- If a person has an erasure of the same kind, and no event of the person was received since, the
-- person gets no second erasure: the cut-off of the first one moves to now. If two such statements
-- run at once, BigQuery makes one wait for the other, because both change the same table, which has
-- no partitions. So the second statement sees the rows that the first one wrote.
MERGE `${store}.erasures_v1` AS stored
USING (
  WITH
  wanted AS (
    SELECT DISTINCT user_key
    FROM UNNEST(@user_keys) AS user_key
  ),

  latest AS (
    SELECT
      user_key,
      MAX_BY(erasure_id, cut_off) AS erasure_id
    FROM `${store}.erasures_v1`
    WHERE
      project = @project
      AND source = 'api'
      AND mode = @mode
      AND treatment = @treatment
      AND status IN ('hidden', 'due', 'executed')
      AND (user_key NOT IN UNNEST(@returned) OR erasure_id = @erasure_id)
    GROUP BY user_key
  )

  SELECT
    wanted.user_key,
    latest.erasure_id
  FROM wanted
  LEFT JOIN latest
    ON wanted.user_key = latest.user_key
) AS asked
  ON
    stored.project = @project
    AND stored.user_key = asked.user_key
    AND stored.erasure_id = asked.erasure_id
WHEN MATCHED AND stored.status IN ('hidden', 'executed') AND stored.cut_off < @cut_off
THEN
  UPDATE SET
    cut_off = @cut_off,
    expires_at = IF(stored.expires_at IS NULL, NULL, GREATEST(stored.expires_at, @expires_at))
WHEN NOT MATCHED THEN
  INSERT (
    erasure_id, partner, project, user_key, source, mode, treatment, status, cut_off, due_at,
    hidden_key
  )
  VALUES (
    @erasure_id, @partner, @project, asked.user_key, 'api', @mode, @treatment, 'hidden',
    @cut_off, @due_at, REPLACE(GENERATE_UUID(), '-', '')
  )
