-- Finds the partners that have data of a project in this cell, wherever the project is pinned now.
SELECT partner
FROM `${store}.identities_v1`
WHERE
  last_seen >= TIMESTAMP('2000-01-01')
  AND project = @project
UNION DISTINCT
SELECT partner
FROM `${store}.erasures_v1`
WHERE project = @project
UNION DISTINCT
SELECT partner
FROM `${store}.holds_v1`
WHERE project = @project
UNION DISTINCT
SELECT partner
FROM `${store}.daily_v1`
WHERE
  day >= DATE('2000-01-01')
  AND project = @project
ORDER BY partner
