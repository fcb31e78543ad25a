-- Finds the partners that have events of a project in this cell. This query runs only if the
-- project is not pinned to the cell, and no other table has rows of the project.
SELECT partner
FROM `${store}.events_v1`
WHERE
  received_at >= TIMESTAMP('2000-01-01')
  AND project = @project
UNION DISTINCT
SELECT partner
FROM `${store}.room_events_v1`
WHERE
  received_at >= TIMESTAMP('2000-01-01')
  AND project = @project
ORDER BY partner
