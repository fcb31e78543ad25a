-- Finds the key under which each hidden person is shown, and the scope in which it replaces the
-- user key. In the scope of an executed erasure, the person has no key.
--
-- The scope of a person's erasure begins after the cut-off of the erasure before. If two erasures
-- have the same cut-off, the scope of the second is empty.
--
-- Views and other statements include this query as their variable `hidden`.
SELECT
  project,
  user_key,
  hidden_key,
  cut_off,
  LAG(cut_off) OVER (
    PARTITION BY project, user_key ORDER BY cut_off, erasure_id
  ) AS previous_cut_off
FROM `${store}.erasures_v1`
WHERE status IN ('hidden', 'due', 'executed')
