-- Records the request to erase people. From now on, views hide each person under a random key.
--
-- Each person gets a new erasure, with one exception: if the person already has an erasure from the
-- API with the same mode and treatment, and no event of the person was received after its cut-off,
-- then the cut-off of the latest such erasure moves to now (unless a sweep is executing it). If the
-- request asks to delete rows, all waiting erasures of these people now delete rows, because an
-- earlier erasure might otherwise only anonymise its rows.
--
-- If two of these statements run at once, BigQuery makes one wait for the other, because both
-- change the same table, which has no partitions. So the second statement sees the rows that the
-- first one wrote.
MERGE `${store}.erasures_v1` AS stored
USING (
  WITH
  wanted AS (
    SELECT DISTINCT user_key
    FROM UNNEST(@user_keys) AS user_key
  ),

  earlier AS (
    SELECT
      user_key,
      erasure_id,
      cut_off,
      source = 'api'
      AND mode = @mode
      AND (treatment = @treatment OR (@treatment = 'delete' AND status = 'hidden')) AS is_alike,
      @treatment = 'delete' AND status = 'hidden' AND treatment != 'delete' AS has_to_delete
    FROM `${store}.erasures_v1`
    WHERE
      project = @project
      AND user_key IN UNNEST(@user_keys)
      AND status IN ('hidden', 'due', 'executed')
  ),

  latest AS (
    SELECT
      user_key,
      MAX(cut_off) AS cut_off
    FROM earlier
    WHERE is_alike
    GROUP BY user_key
  ),

  returned AS (
    SELECT events.user_key
    FROM `${store}.events_v1` AS events
    INNER JOIN latest
      ON
        events.user_key = latest.user_key
        AND events.received_at > latest.cut_off
    WHERE
      events.received_at >= @since
      AND events.received_at <= @cut_off
      AND events.project = @project
    UNION DISTINCT
    SELECT events.user_key
    FROM `${store}.room_events_v1` AS events
    INNER JOIN latest
      ON
        events.user_key = latest.user_key
        AND events.received_at > latest.cut_off
    WHERE
      events.received_at >= @since
      AND events.received_at <= @cut_off
      AND events.project = @project
  ),

  moved AS (
    SELECT
      earlier.user_key,
      MAX_BY(earlier.erasure_id, earlier.cut_off) AS erasure_id
    FROM earlier
    LEFT JOIN returned
      ON earlier.user_key = returned.user_key
    WHERE
      earlier.is_alike
      AND (returned.user_key IS NULL OR earlier.erasure_id = @erasure_id)
    GROUP BY earlier.user_key
  )

  SELECT
    wanted.user_key,
    moved.erasure_id,
    TRUE AS moves
  FROM wanted
  LEFT JOIN moved
    ON wanted.user_key = moved.user_key
  UNION ALL
  SELECT
    earlier.user_key,
    earlier.erasure_id,
    FALSE AS moves
  FROM earlier
  LEFT JOIN moved
    ON
      earlier.user_key = moved.user_key
      AND earlier.erasure_id = moved.erasure_id
  WHERE
    earlier.has_to_delete
    AND moved.user_key IS NULL
) AS asked
  ON
    stored.project = @project
    AND stored.user_key = asked.user_key
    AND stored.erasure_id = asked.erasure_id
WHEN MATCHED AND asked.moves AND stored.cut_off < @cut_off AND stored.status != 'due'
THEN
  UPDATE SET
    treatment = IF(stored.status = 'hidden', @treatment, stored.treatment),
    cut_off = @cut_off,
    expires_at = IF(stored.expires_at IS NULL, NULL, GREATEST(stored.expires_at, @expires_at))
WHEN MATCHED AND stored.status = 'hidden' THEN
  UPDATE SET treatment = @treatment
WHEN NOT MATCHED THEN
  INSERT (
    erasure_id, partner, project, user_key, source, mode, treatment, status, cut_off, due_at,
    hidden_key
  )
  VALUES (
    @erasure_id, @partner, @project, asked.user_key, 'api', @mode, @treatment, 'hidden',
    @cut_off, @due_at, REPLACE(GENERATE_UUID(), '-', '')
  )
