-- Replaces the daily numbers of a stretch of days by what the views count now.
--
-- One statement, so that a reader sees the old rows or the new ones. It deletes all rows of the
-- stretch, so that a repetition also heals rows that two runs inserted at once.
MERGE `${store}.daily_v1` AS stored
USING (
  SELECT
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
    COALESCE(funnel.started, 0) AS started,
    COALESCE(funnel.opened, 0) AS opened,
    COALESCE(funnel.accepted, 0) AS accepted,
    COALESCE(funnel.sent_message, 0) AS sent_message,
    activity.last_received_at
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
) AS counted
  ON FALSE
WHEN NOT MATCHED BY SOURCE AND stored.day >= DATE(@first) AND stored.day < DATE(@end) THEN DELETE
WHEN NOT MATCHED BY TARGET THEN
  INSERT (
    partner, project, day, events, active_users, senders, messages, animated_reactions,
    message_reactions, rooms, started, opened, accepted, sent_message, last_received_at
  )
  VALUES (
    counted.partner, counted.project, counted.day, counted.events, counted.active_users,
    counted.senders, counted.messages, counted.animated_reactions, counted.message_reactions,
    counted.rooms, counted.started, counted.opened, counted.accepted, counted.sent_message,
    counted.last_received_at
  )
