-- Replaces the rooms' numbers of a stretch of days by what the views count now.
--
-- One statement, so that a reader sees the old rows or the new ones. It deletes all rows of the
-- stretch, so that a repetition also heals rows that two runs inserted at once.
MERGE `${store}.rooms_daily_v1` AS stored
USING (
  SELECT
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
  FROM `${bi}.rooms_activity` AS activity
  LEFT JOIN `${bi}.rooms` AS rooms
    ON
      activity.project = rooms.project
      AND activity.room_id = rooms.room_id
  WHERE
    activity.day >= DATE(@first)
    AND activity.day < DATE(@end)
) AS counted
  ON FALSE
WHEN NOT MATCHED BY SOURCE AND stored.day >= DATE(@first) AND stored.day < DATE(@end) THEN DELETE
WHEN NOT MATCHED BY TARGET THEN
  INSERT (
    partner, project, day, room_id, name, events, active_users, senders, messages,
    animated_reactions, message_reactions
  )
  VALUES (
    counted.partner, counted.project, counted.day, counted.room_id, counted.name, counted.events,
    counted.active_users, counted.senders, counted.messages, counted.animated_reactions,
    counted.message_reactions
  )
