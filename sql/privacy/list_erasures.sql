-- Lists the erasure log: the newest erasures that a caller may see, with counts and without keys.
--
-- An empty status, project or id means all of them. A matter is `partner/project`, because a
-- project may have belonged to another partner before; `*` means every matter. Ids sort by time.
WITH
on_hold AS (
  SELECT DISTINCT
    project,
    user_key
  FROM `${store}.holds_v1`
  WHERE
    released_at IS NULL
    AND until > @now
),

counted AS (
  SELECT
    erasures.erasure_id,
    ANY_VALUE(erasures.partner) AS partner,
    ANY_VALUE(erasures.project) AS project,
    ANY_VALUE(erasures.source) AS source,
    ANY_VALUE(erasures.mode) AS mode,
    IF(
      COUNT(DISTINCT erasures.treatment) = 1, ANY_VALUE(erasures.treatment), 'both'
    ) AS treatment,
    MAX(erasures.cut_off) AS cut_off,
    MIN(erasures.due_at) AS due_at,
    MAX(erasures.executed_at) AS executed_at,
    MAX(erasures.expires_at) AS expires_at,
    COUNTIF(erasures.status = 'hidden') AS hidden,
    COUNTIF(erasures.status = 'due') AS due,
    COUNTIF(erasures.status = 'executed') AS executed,
    COUNTIF(erasures.status = 'restored') AS restored,
    COUNTIF(erasures.status = 'hidden' AND on_hold.user_key IS NOT NULL) AS on_hold,
    CASE
      WHEN COUNTIF(erasures.status = 'hidden') > 0 THEN 'hidden'
      WHEN COUNTIF(erasures.status = 'due') > 0 THEN 'due'
      WHEN COUNTIF(erasures.status = 'executed') > 0 THEN 'executed'
      ELSE 'restored'
    END AS status
  FROM `${store}.erasures_v1` AS erasures
  LEFT JOIN on_hold
    ON
      erasures.project = on_hold.project
      AND erasures.user_key = on_hold.user_key
  WHERE
    (
      '*' IN UNNEST(@matters)
      OR CONCAT(erasures.partner, '/', erasures.project) IN UNNEST(@matters)
    )
    AND (@project = '' OR erasures.project = @project)
    AND erasures.status != 'restoration'
    AND erasures.erasure_id < @before
    AND (@erasure_id = '' OR erasures.erasure_id = @erasure_id)
  GROUP BY erasures.erasure_id
)

SELECT *
FROM counted
WHERE
  @status = ''
  OR status = @status
ORDER BY erasure_id DESC
LIMIT 500
