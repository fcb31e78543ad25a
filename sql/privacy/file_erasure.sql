-- Files an erasure of people, each under a fresh random key.
--
-- Who is covered by the same request before, and is not among those who returned since, gets no
-- second erasure: the earlier one covers them up to now. Two such statements at once touch the same
-- table without partitions, so BigQuery lets one wait for the other, and the later one sees what
-- the earlier one filed.
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
      MAX_BY(erasure_id, covers_until) AS erasure_id
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
WHEN MATCHED AND stored.status IN ('hidden', 'executed') AND stored.covers_until < @covers_until
THEN
  UPDATE SET
    covers_until = @covers_until,
    forget_at = IF(stored.forget_at IS NULL, NULL, GREATEST(stored.forget_at, @forget_at))
WHEN NOT MATCHED THEN
  INSERT (
    erasure_id, partner, project, user_key, source, mode, treatment, status, covers_until, due_at,
    hidden_key
  )
  VALUES (
    @erasure_id, @partner, @project, asked.user_key, 'api', @mode, @treatment, 'hidden',
    @covers_until, @due_at, REPLACE(GENERATE_UUID(), '-', '')
  )
