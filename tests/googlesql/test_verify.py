"""Google's analyser accepts the queries of `make verify`, with the parameters that it binds."""

from types import SimpleNamespace
from typing import Any

import pytest

from functions.warehouse.schema import list_views
from googlesql.analyser import of_warehouse
from tests.googlesql.literals import BOUND
from tests.googlesql.texts import BI, PROJECT, WAREHOUSE, of_statements
from tests.verify.cells import a_cell
from tests.verify.test_webhooks import client
from verify.rows import check_rows
from verify.statements import check_statements
from verify.views import check_views


class Analysed:
    """Stands for BigQuery's client: passes each query to the analyser."""

    def __init__(self) -> None:
        self.parameters: list[dict[str, str]] = []
        self.texts: list[str] = []

    def list_tables(self, _dataset: str, **_options: Any) -> list[Any]:
        return [SimpleNamespace(table_id=view.name) for view in list_views()]

    def query(self, sql: str, job_config: Any, **_options: Any) -> Any:
        parameters = {each.name: kind(each) for each in job_config.query_parameters}
        resolved = of_warehouse(WAREHOUSE).analyse(sql, parameters)
        assert resolved.parameters == set(parameters)
        self.texts.append(sql)
        self.parameters.append(parameters)
        return SimpleNamespace(
            total_bytes_processed=0,
            schema=[SimpleNamespace(name=name) for name, _ in resolved.columns],
            result=lambda **_: [(1,)],
        )


def kind(parameter: Any) -> str:
    scalar = getattr(parameter, "type_", None)
    return scalar or f"ARRAY<{parameter.array_type}>"


def test_the_queries_for_rows_are_accepted() -> None:
    asked = Analysed()
    found = list(check_rows(client(), asked, a_cell(project_id=PROJECT), 60, lambda _: None))
    assert [finding.state for finding in found] == ["holds", "holds"]
    assert asked.parameters == [BOUND, BOUND]


def test_the_queries_of_views_are_accepted() -> None:
    asked = Analysed()
    views = [view.name for view in list_views()]
    found = list(check_views(asked, a_cell(project_id=PROJECT), BI, views))
    assert {finding.state for finding in found} == {"holds"}
    assert len(asked.texts) > 2 * len(views)


def test_the_dry_runs_are_the_statements_that_are_analysed(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, dict[str, str]]] = []

    def estimate(_client: Any, sql: str, parameters: Any) -> Any:
        asked.append((sql, {each.name: kind(each) for each in parameters}))
        return SimpleNamespace(bytes=0)

    monkeypatch.setattr("verify.statements.estimate", estimate)
    found = list(check_statements(None, a_cell(project_id=PROJECT)))
    assert {finding.state for finding in found} == {"holds"}
    analysed = [(text.sql, dict(text.parameters)) for text in of_statements()]
    assert sorted(asked, key=repr) == sorted(analysed, key=repr)
