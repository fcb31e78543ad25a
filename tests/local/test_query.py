"""`local query` runs only queries, so it cannot change tables."""

import pytest

from local.query import NotAQuery, check


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1",
        " -- how many?\nSELECT COUNT(*) FROM events;",
        "WITH a AS (SELECT 1 AS x) SELECT x FROM a",
        "(SELECT 1) UNION ALL (SELECT 2)",
        "SELECT 'DELETE FROM t'",
    ],
)
def test_a_query_can_be_run(sql: str) -> None:
    check(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "",
        "DELETE FROM t WHERE TRUE",
        "UPDATE t SET x = 1 WHERE TRUE",
        "INSERT INTO t (x) VALUES (1)",
        "MERGE t USING s ON t.x = s.x WHEN MATCHED THEN DELETE",
        "TRUNCATE TABLE t",
        "DROP TABLE t",
        "CREATE OR REPLACE TABLE t AS SELECT 1 AS x",
        "ALTER TABLE t DROP COLUMN x",
        "EXPORT DATA OPTIONS (uri = 'gs://b/*') AS SELECT 1",
        "CALL p()",
        "SELECT 1; DELETE FROM t WHERE TRUE",
        "BEGIN DELETE FROM t WHERE TRUE; END",
        "EXECUTE IMMEDIATE 'DELETE FROM t WHERE TRUE'",
        "SELECT (",
    ],
)
def test_nothing_else_can_be_run(sql: str) -> None:
    with pytest.raises(NotAQuery):
        check(sql)
