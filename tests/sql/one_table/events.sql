-- grain: one row per ingest id
-- All chat and room events within the retention, each shown once. While a person's erasure is
-- pending, a random key replaces the person's user key, also among a room's speakers. After the
-- erasure has been executed, events in its scope that arrive late are shown without the person.
-- Test deliveries are in test_deliveries.
--
-- While the sender or Pub/Sub may still repeat an event (the open window), the store may have
-- several copies of the event; this view shows one of them. Older days are settled: the store has
-- one row for each event. A filter on received_at prunes the partitions of the settled days only.
-- The filter does not pass the window function, so the whole open window is always read. A filter
-- on project or event uses the clustering of the settled days.
WITH
settled AS (
  SELECT
    ingest_id, received_at, stored_at, occurred_at, kind, partner, project, event, catalogued,
    room_id, user_key, platform, source, screen_size, browser, os, device_type, properties, room,
    flags
  FROM (
    SELECT *
    FROM `${store}.events_v1`
    UNION ALL
    SELECT *
    FROM `${store}.room_events_v1`
  )
  WHERE
    received_at >= TIMESTAMP_SUB(
      TIMESTAMP_TRUNC(CURRENT_TIMESTAMP(), DAY), INTERVAL (${retention_days} + 1) DAY
    )
    AND received_at < TIMESTAMP_SUB(
      TIMESTAMP_TRUNC(CURRENT_TIMESTAMP(), DAY), INTERVAL ${open_window_days} DAY
    )
    AND kind != 'test'
),

open_window AS (
  SELECT
    ingest_id, received_at, stored_at, occurred_at, kind, partner, project, event, catalogued,
    room_id, user_key, platform, source, screen_size, browser, os, device_type, properties, room,
    flags
  FROM (
    SELECT *
    FROM `${store}.events_v1`
    UNION ALL
    SELECT *
    FROM `${store}.room_events_v1`
  )
  WHERE
    received_at >= TIMESTAMP_SUB(
      TIMESTAMP_TRUNC(CURRENT_TIMESTAMP(), DAY), INTERVAL ${open_window_days} DAY
    )
    AND kind != 'test'
  QUALIFY ROW_NUMBER() OVER (PARTITION BY ingest_id ORDER BY received_at, delivery_id) = 1
),

every_day AS (
  SELECT
    ingest_id, received_at, stored_at, occurred_at, kind, partner, project, event, catalogued,
    room_id, user_key, platform, source, screen_size, browser, os, device_type, properties, room,
    flags
  FROM settled
  UNION ALL
  SELECT
    ingest_id, received_at, stored_at, occurred_at, kind, partner, project, event, catalogued,
    room_id, user_key, platform, source, screen_size, browser, os, device_type, properties, room,
    flags
  FROM open_window
),

-- The scope of a person's erasure begins after the cut-off of the erasure before. If two erasures
-- have the same cut-off, the scope of the second is empty.
hidden AS (
  SELECT
    project,
    user_key,
    hidden_key,
    cut_off,
    LAG(cut_off) OVER (
      PARTITION BY project, user_key ORDER BY cut_off, erasure_id
    ) AS previous_cut_off
  FROM `${store}.erasures_v1`
  WHERE status IN ('hidden', 'due', 'executed')
),

hidden_speakers AS (
  SELECT
    project,
    ARRAY_AGG(
      STRUCT(
        user_key AS user_key,
        hidden_key AS hidden_key,
        previous_cut_off AS previous_cut_off,
        cut_off AS cut_off
      )
    ) AS people
  FROM hidden
  GROUP BY project
)

SELECT
  every_day.ingest_id,
  every_day.received_at,
  every_day.occurred_at,
  every_day.kind,
  every_day.partner,
  every_day.project,
  every_day.event,
  every_day.catalogued,
  every_day.room_id,
  IF(hidden.project IS NULL, every_day.user_key, hidden.hidden_key) AS user_key,
  every_day.platform,
  every_day.source,
  every_day.screen_size,
  every_day.browser,
  every_day.os,
  every_day.device_type,
  every_day.properties,
  IF(
    hidden_speakers.people IS NULL,
    every_day.room,
    STRUCT(
      every_day.room.name AS name,
      every_day.room.about AS about,
      every_day.room.status AS status,
      every_day.room.start_time AS start_time,
      every_day.room.end_time AS end_time,
      every_day.room.stream_start_time AS stream_start_time,
      every_day.room.stream_end_time AS stream_end_time,
      every_day.room.stream_url AS stream_url,
      every_day.room.source_url AS source_url,
      every_day.room.pic AS pic,
      every_day.room.is_speak AS is_speak,
      ARRAY(
        SELECT COALESCE(person.hidden_key, speaker)
        FROM UNNEST(every_day.room.speakers) AS speaker WITH OFFSET AS place
        LEFT JOIN UNNEST(hidden_speakers.people) AS person
          ON
            speaker = person.user_key
            AND (person.previous_cut_off IS NULL OR every_day.received_at > person.previous_cut_off)
            AND every_day.received_at <= person.cut_off
        WHERE person.user_key IS NULL OR person.hidden_key IS NOT NULL
        ORDER BY place
      ) AS speakers,
      every_day.room.updated_at AS updated_at,
      every_day.room.speaker_count AS speaker_count
    )
  ) AS room,
  every_day.flags,
  every_day.stored_at
FROM every_day
LEFT JOIN hidden
  ON
    every_day.project = hidden.project
    AND every_day.user_key = hidden.user_key
    AND (hidden.previous_cut_off IS NULL OR every_day.received_at > hidden.previous_cut_off)
    AND every_day.received_at <= hidden.cut_off
LEFT JOIN hidden_speakers
  ON
    every_day.kind = 'room'
    AND ARRAY_LENGTH(every_day.room.speakers) > 0
    AND every_day.project = hidden_speakers.project
