-- Finds the partners that have events of a project in this cell, if no other table has the project.
SELECT DISTINCT partner
FROM `${store}.events_v1`
WHERE
  received_at >= TIMESTAMP('2000-01-01')
  AND project = @project
ORDER BY partner
