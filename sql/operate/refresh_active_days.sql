-- Replaces the active days of a stretch of days with rows from the current events of these days.
--
-- The view `events` shows hidden people under random keys. This statement turns the random keys
-- back into user keys, so that hiding and restoring people change no row. Each query that reads the
-- rows hides people again: it compares `until` with the scopes of their erasures, and `events`
-- compares received_at. Therefore a day with the cut-off of a person's erasure may have several
-- rows of this person. refresh_daily explains why this is one statement.
MERGE `${store}.active_days_v1` AS stored
USING (
  WITH
  hidden AS (
    SELECT project, user_key, hidden_key, cut_off
    FROM `${store}.erasures_v1`
    WHERE status IN ('hidden', 'due')
  ),

  acts AS (
    SELECT
      events.partner,
      events.project,
      DATE(events.received_at) AS day,
      COALESCE(hidden.user_key, events.user_key) AS user_key,
      IF(
        DATE(hidden.cut_off) = DATE(events.received_at),
        hidden.cut_off,
        TIMESTAMP_SUB(
          TIMESTAMP(DATE_ADD(DATE(events.received_at), INTERVAL 1 DAY)), INTERVAL 1 MICROSECOND
        )
      ) AS until,
      events.room_id,
      -- generated: acts
      COALESCE(events.event = 'message_sent', FALSE) AS has_sent,
      COALESCE(events.event = 'room_opened', FALSE) AS has_opened,
      COALESCE(
        events.event IN (
          'message_sent', 'emoji_sent', 'pq_answer_sent', 'message_reaction_sent', 'sticker_sent'
        ),
        FALSE
      ) AS has_taken_part,
      COALESCE(events.event = 'la_opened', FALSE) AS has_asked,
      COALESCE(events.event = 'agreement_accepted', FALSE) AS has_accepted,
      -- end
      'anonymised' IN UNNEST(events.flags) AS is_anonymised
    FROM `${bi}.events` AS events
    LEFT JOIN hidden
      ON
        events.project = hidden.project
        AND events.user_key = hidden.hidden_key
    WHERE
      events.received_at >= @first
      AND events.received_at < @end
      AND events.kind = 'chat'
      AND events.project IS NOT NULL
      AND events.user_key IS NOT NULL
  ),

  in_rooms AS (
    SELECT
      partner,
      project,
      day,
      user_key,
      until,
      room_id,
      -- generated: of a room
      LOGICAL_OR(has_sent) AS has_sent,
      LOGICAL_OR(has_opened) AS has_opened,
      LOGICAL_OR(has_taken_part) AS has_taken_part,
      LOGICAL_OR(has_asked) AS has_asked,
      LOGICAL_OR(has_accepted) AS has_accepted,
      -- end
      LOGICAL_OR(is_anonymised) AS is_anonymised
    FROM acts
    GROUP BY partner, project, day, user_key, until, room_id
  )

  SELECT
    partner,
    project,
    day,
    user_key,
    until,
    -- generated: of a day
    LOGICAL_OR(has_sent) AS has_sent,
    LOGICAL_OR(has_opened) AS has_opened,
    LOGICAL_OR(has_taken_part) AS has_taken_part,
    LOGICAL_OR(has_asked) AS has_asked,
    LOGICAL_OR(has_accepted) AS has_accepted,
    -- end
    LOGICAL_OR(is_anonymised) AS is_anonymised,
    COALESCE(
      ARRAY_AGG(
        IF(room_id IS NULL, NULL, STRUCT(room_id AS room_id, has_sent AS has_sent))
        IGNORE NULLS ORDER BY room_id
      ),
      []
    ) AS rooms
  FROM in_rooms
  GROUP BY partner, project, day, user_key, until
) AS fresh
  ON FALSE
WHEN NOT MATCHED BY SOURCE AND stored.day >= DATE(@first) AND stored.day < DATE(@end) THEN DELETE
WHEN NOT MATCHED BY TARGET THEN
  -- generated: insert
  INSERT (
    partner, project, day, user_key, until, has_sent, has_opened, has_taken_part, has_asked,
    has_accepted, is_anonymised, rooms
  )
  VALUES (
    fresh.partner, fresh.project, fresh.day, fresh.user_key, fresh.until, fresh.has_sent,
    fresh.has_opened, fresh.has_taken_part, fresh.has_asked, fresh.has_accepted,
    fresh.is_anonymised, fresh.rooms
  )
  -- end
