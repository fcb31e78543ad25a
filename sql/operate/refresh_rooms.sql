-- Replaces the numbers of each room in a stretch of days with the current numbers of the views.
--
-- This is one statement, so that a reader sees either all old rows or all new ones. It deletes all
-- rows of the stretch. So if two runs inserted the same rows at the same time, the next run removes
-- the duplicates. An erasure that deletes rows does not lower the numbers of people on days before
-- its cut-off; refresh_daily explains why.
MERGE `${store}.rooms_daily_v1` AS stored
USING (
  WITH
  counted AS (
    SELECT
      -- generated: counted
      activity.partner,
      activity.project,
      activity.day,
      activity.room_id,
      rooms.name,
      activity.events,
      activity.active_users,
      activity.senders,
      activity.messages,
      activity.animated_reactions,
      activity.message_reactions
      -- end
    FROM `${bi}.rooms_activity` AS activity
    LEFT JOIN `${bi}.rooms` AS rooms
      ON
        activity.project = rooms.project
        AND activity.room_id = rooms.room_id
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
      numbers.room_id,
      ANY_VALUE(numbers.name) AS name,
      ANY_VALUE(numbers.active_users) AS active_users,
      ANY_VALUE(numbers.senders) AS senders
      -- end
    FROM `${store}.rooms_daily_v1` AS numbers
    INNER JOIN cut_offs
      ON
        numbers.project = cut_offs.project
        AND numbers.day < cut_offs.day
    WHERE
      numbers.day >= DATE(@first)
      AND numbers.day < DATE(@end)
    GROUP BY numbers.project, numbers.day, numbers.room_id
  )

  SELECT
    -- generated: fresh
    COALESCE(counted.partner, before.partner) AS partner,
    COALESCE(counted.project, before.project) AS project,
    COALESCE(counted.day, before.day) AS day,
    COALESCE(counted.room_id, before.room_id) AS room_id,
    COALESCE(counted.name, before.name) AS name,
    COALESCE(counted.events, 0) AS events,
    GREATEST(COALESCE(counted.active_users, 0), COALESCE(before.active_users, 0)) AS active_users,
    GREATEST(COALESCE(counted.senders, 0), COALESCE(before.senders, 0)) AS senders,
    COALESCE(counted.messages, 0) AS messages,
    COALESCE(counted.animated_reactions, 0) AS animated_reactions,
    COALESCE(counted.message_reactions, 0) AS message_reactions
    -- end
  FROM counted
  FULL JOIN before
    ON
      counted.project = before.project
      AND counted.day = before.day
      AND counted.room_id = before.room_id
) AS fresh
  ON FALSE
WHEN NOT MATCHED BY SOURCE AND stored.day >= DATE(@first) AND stored.day < DATE(@end) THEN DELETE
WHEN NOT MATCHED BY TARGET THEN
  -- generated: insert
  INSERT (
    partner, project, day, room_id, name, events, active_users, senders, messages,
    animated_reactions, message_reactions
  )
  VALUES (
    fresh.partner, fresh.project, fresh.day, fresh.room_id, fresh.name, fresh.events,
    fresh.active_users, fresh.senders, fresh.messages, fresh.animated_reactions,
    fresh.message_reactions
  )
  -- end
