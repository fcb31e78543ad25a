-- Replaces the daily numbers of a stretch of days with the current numbers of the views.
--
-- This is one statement, so that a reader sees either all old rows or all new ones. It deletes all
-- rows of the stretch. So if two runs inserted the same rows at the same time, the next run removes
-- the duplicates.
--
-- For days before the cut-off of a due or executed erasure that deletes rows, numbers of people
-- never fall: the sweep counted these days before it erased anybody. Anonymised people still
-- count on each day.
MERGE `${store}.daily_v1` AS stored
USING (
  WITH
  counted AS (
    SELECT
      -- generated: counted
      activity.partner,
      activity.project,
      activity.day,
      activity.events,
      activity.active_users,
      activity.senders,
      activity.messages,
      activity.animated_reactions,
      activity.message_reactions,
      activity.rooms,
      funnel.started,
      funnel.opened,
      funnel.accepted,
      funnel.sent_message,
      activity.last_received_at
      -- end
    FROM `${bi}.daily_activity` AS activity
    LEFT JOIN `${bi}.entry_funnel` AS funnel
      ON
        activity.project = funnel.project
        AND activity.day = funnel.day
        AND funnel.day >= DATE(@first)
        AND funnel.day < DATE(@end)
    WHERE
      activity.day >= DATE(@first)
      AND activity.day < DATE(@end)
  ),

  cut_offs AS (
    SELECT project, MAX(DATE(cut_off)) AS day
    FROM `${store}.erasures_v1`
    WHERE
      status IN ('due', 'executed')
      AND treatment = 'delete'
    GROUP BY project
  ),

  before AS (
    SELECT
      -- generated: before
      ANY_VALUE(numbers.partner) AS partner,
      numbers.project,
      numbers.day,
      ANY_VALUE(numbers.active_users) AS active_users,
      ANY_VALUE(numbers.senders) AS senders,
      ANY_VALUE(numbers.started) AS started,
      ANY_VALUE(numbers.opened) AS opened,
      ANY_VALUE(numbers.accepted) AS accepted,
      ANY_VALUE(numbers.sent_message) AS sent_message,
      ANY_VALUE(numbers.last_received_at) AS last_received_at
      -- end
    FROM `${store}.daily_v1` AS numbers
    INNER JOIN cut_offs
      ON
        numbers.project = cut_offs.project
        AND numbers.day < cut_offs.day
    WHERE
      numbers.day >= DATE(@first)
      AND numbers.day < DATE(@end)
    GROUP BY numbers.project, numbers.day
  )

  SELECT
    -- generated: fresh
    COALESCE(counted.partner, before.partner) AS partner,
    COALESCE(counted.project, before.project) AS project,
    COALESCE(counted.day, before.day) AS day,
    COALESCE(counted.events, 0) AS events,
    GREATEST(COALESCE(counted.active_users, 0), COALESCE(before.active_users, 0)) AS active_users,
    GREATEST(COALESCE(counted.senders, 0), COALESCE(before.senders, 0)) AS senders,
    COALESCE(counted.messages, 0) AS messages,
    COALESCE(counted.animated_reactions, 0) AS animated_reactions,
    COALESCE(counted.message_reactions, 0) AS message_reactions,
    COALESCE(counted.rooms, 0) AS rooms,
    GREATEST(COALESCE(counted.started, 0), COALESCE(before.started, 0)) AS started,
    GREATEST(COALESCE(counted.opened, 0), COALESCE(before.opened, 0)) AS opened,
    GREATEST(COALESCE(counted.accepted, 0), COALESCE(before.accepted, 0)) AS accepted,
    GREATEST(COALESCE(counted.sent_message, 0), COALESCE(before.sent_message, 0)) AS sent_message,
    COALESCE(counted.last_received_at, before.last_received_at) AS last_received_at
    -- end
  FROM counted
  FULL JOIN before
    ON
      counted.project = before.project
      AND counted.day = before.day
) AS fresh
  ON FALSE
WHEN NOT MATCHED BY SOURCE AND stored.day >= DATE(@first) AND stored.day < DATE(@end) THEN DELETE
WHEN NOT MATCHED BY TARGET THEN
  -- generated: insert
  INSERT (
    partner, project, day, events, active_users, senders, messages, animated_reactions,
    message_reactions, rooms, started, opened, accepted, sent_message, last_received_at
  )
  VALUES (
    fresh.partner, fresh.project, fresh.day, fresh.events, fresh.active_users, fresh.senders,
    fresh.messages, fresh.animated_reactions, fresh.message_reactions, fresh.rooms, fresh.started,
    fresh.opened, fresh.accepted, fresh.sent_message, fresh.last_received_at
  )
  -- end
