-- grain: one row per ingest id
-- All room events within the retention, each shown once. While a person's erasure is pending, a
-- random key replaces the person's user key, also among a room's speakers. After the erasure has
-- been executed, events in its scope that arrive late are shown without the person. `rooms` has the
-- latest state of each room.
--
-- Copies are removed as in events, and a filter on received_at prunes the partitions in the same
-- way.
WITH
settled AS (
  SELECT
    ingest_id, received_at, stored_at, occurred_at, kind, partner, project, event, catalogued,
    room_id, user_key, platform, source, screen_size, browser, os, device_type, properties, room,
    flags
  FROM `${store}.room_events_v1`
  WHERE
    received_at >= TIMESTAMP_SUB(
      TIMESTAMP_TRUNC(CURRENT_TIMESTAMP(), DAY), INTERVAL (${retention_days} + 1) DAY
    )
    AND received_at < TIMESTAMP_SUB(
      TIMESTAMP_TRUNC(CURRENT_TIMESTAMP(), DAY), INTERVAL ${open_window_days} DAY
    )
),

-- A copy has the same time of receipt as the event, unless the sender sent the event again.
copied AS (
  SELECT
    ingest_id,
    received_at,
    ANY_VALUE(stored_at HAVING MIN delivery_id) AS stored_at,
    ANY_VALUE(occurred_at HAVING MIN delivery_id) AS occurred_at,
    ANY_VALUE(kind HAVING MIN delivery_id) AS kind,
    ANY_VALUE(partner HAVING MIN delivery_id) AS partner,
    ANY_VALUE(project HAVING MIN delivery_id) AS project,
    ANY_VALUE(event HAVING MIN delivery_id) AS event,
    ANY_VALUE(catalogued HAVING MIN delivery_id) AS catalogued,
    ANY_VALUE(room_id HAVING MIN delivery_id) AS room_id,
    ANY_VALUE(user_key HAVING MIN delivery_id) AS user_key,
    ANY_VALUE(platform HAVING MIN delivery_id) AS platform,
    ANY_VALUE(source HAVING MIN delivery_id) AS source,
    ANY_VALUE(screen_size HAVING MIN delivery_id) AS screen_size,
    ANY_VALUE(browser HAVING MIN delivery_id) AS browser,
    ANY_VALUE(os HAVING MIN delivery_id) AS os,
    ANY_VALUE(device_type HAVING MIN delivery_id) AS device_type,
    ANY_VALUE(properties HAVING MIN delivery_id) AS properties,
    ANY_VALUE(room HAVING MIN delivery_id) AS room,
    ANY_VALUE(flags HAVING MIN delivery_id) AS flags,
    ANY_VALUE(retry_key HAVING MIN delivery_id) AS retry_key
  FROM `${store}.room_events_v1`
  WHERE
    received_at >= TIMESTAMP_SUB(
      TIMESTAMP_TRUNC(CURRENT_TIMESTAMP(), DAY), INTERVAL ${open_window_days} DAY
    )
  GROUP BY ingest_id, received_at
),

sent_again AS (
  SELECT
    retry_key,
    MIN(received_at) AS first_received_at
  FROM `${store}.room_events_v1`
  WHERE
    received_at >= TIMESTAMP_SUB(
      TIMESTAMP_TRUNC(CURRENT_TIMESTAMP(), DAY), INTERVAL ${open_window_days} DAY
    )
    AND retry_key IS NOT NULL
  GROUP BY retry_key
),

open_window AS (
  SELECT
    copied.ingest_id, copied.received_at, copied.stored_at, copied.occurred_at, copied.kind,
    copied.partner, copied.project, copied.event, copied.catalogued, copied.room_id,
    copied.user_key, copied.platform, copied.source, copied.screen_size, copied.browser,
    copied.os, copied.device_type, copied.properties, copied.room, copied.flags
  FROM copied
  LEFT JOIN sent_again
    ON copied.retry_key = sent_again.retry_key
  WHERE
    sent_again.retry_key IS NULL
    OR copied.received_at = sent_again.first_received_at
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

hidden AS (
  ${hidden}
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
    ARRAY_LENGTH(every_day.room.speakers) > 0
    AND every_day.project = hidden_speakers.project
