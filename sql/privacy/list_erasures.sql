-- The register: the newest erasures of a caller's matters, with counts and without any key.
--
-- An empty status, project or id stands for all, and so does '*' among the matters, which are
-- partner/project: a project may have been another partner's before. Ids are in the order of time.
WITH
held AS (
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
    MAX(erasures.covers_until) AS covers_until,
    MIN(erasures.due_at) AS due_at,
    MAX(erasures.executed_at) AS executed_at,
    MAX(erasures.forget_at) AS forget_at,
    COUNTIF(erasures.status = 'hidden') AS hidden,
    COUNTIF(erasures.status = 'due') AS due,
    COUNTIF(erasures.status = 'executed') AS executed,
    COUNTIF(erasures.status = 'restored') AS restored,
    COUNTIF(erasures.status = 'hidden' AND held.user_key IS NOT NULL) AS held,
    CASE
      WHEN COUNTIF(erasures.status = 'hidden') > 0 THEN 'hidden'
      WHEN COUNTIF(erasures.status = 'due') > 0 THEN 'due'
      WHEN COUNTIF(erasures.status = 'executed') > 0 THEN 'executed'
      ELSE 'restored'
    END AS status
  FROM `${store}.erasures_v1` AS erasures
  LEFT JOIN held
    ON
      erasures.project = held.project
      AND erasures.user_key = held.user_key
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
