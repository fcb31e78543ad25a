"""`make verify` dry-runs every statement with its parameters; a refused statement fails."""

import re
from types import SimpleNamespace
from typing import Any

import pytest
from google.api_core.exceptions import BadRequest, Forbidden, NotFound

from functions.warehouse.parameters import declared
from tests.verify.cells import a_cell
from verify.statements import check_statements

ALL = {f"{folder}/{name}" for folder, statements in declared().items() for name in statements}


class Warehouse:
    """Accepts only dry runs of statements with all of their parameters."""

    def __init__(self, refused: str = "", error: Exception | None = None) -> None:
        self.refused = refused
        self.error = error

    def query(self, sql: str, *, job_config: Any, **_options: Any) -> Any:
        assert job_config.dry_run
        assert "${" not in sql
        names = {parameter.name for parameter in job_config.query_parameters}
        assert names == set(re.findall(r"@(\w+)", re.sub(r"--.*", "", sql)))
        if self.error and self.refused in sql:
            raise self.error
        return SimpleNamespace(total_bytes_processed=2048, schema=())


def test_every_statement_is_dry_run_with_its_parameters() -> None:
    results = list(check_statements(Warehouse(), a_cell()))

    assert {finding.subject for finding in results} == ALL
    assert {(finding.state, finding.detail) for finding in results} == {("holds", "reads 2.0 KiB")}
    assert all(finding.figures == {"bytes": 2048} for finding in results)


@pytest.mark.parametrize(
    ("error", "state", "detail"),
    [
        (BadRequest("Aggregations of aggregations are not allowed at [18:8]"), "fails", "Aggre"),
        (NotFound("Not found: Table"), "fails", "Not found"),
        (Forbidden("no"), "not checked", "Forbidden"),
    ],
)
def test_a_refused_statement_is_reported(error: Exception, state: str, detail: str) -> None:
    warehouse = Warehouse("`local.chat_eu_store.receipts_v1`", error)
    by_subject = {finding.subject: finding for finding in check_statements(warehouse, a_cell())}

    finding = by_subject["privacy/add_receipts"]
    assert finding.state == state
    assert finding.detail.startswith(detail)
    assert by_subject["dashboard/daily"].state == "holds"
