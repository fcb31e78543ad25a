import io
import json

import pytest
from rich.console import Console

from verify.finding import Finding, all_hold
from verify.report import as_json, show

HOLDS = Finding("eu", "is in the region", "bucket b", "holds", "europe-west1")
FAILS = HOLDS._replace(state="fails", detail="is in [red]US[/]", figures={"bytes_all": 7})
SILENT = HOLDS._replace(state="not checked", detail="HTTP 403")


@pytest.mark.parametrize(
    ("findings", "expected"),
    [([HOLDS], True), ([HOLDS, FAILS], False), ([HOLDS, SILENT], False), ([], False)],
)
def test_a_report_holds_only_if_all_findings_hold(
    findings: list[Finding], *, expected: bool
) -> None:
    assert all_hold(findings) is expected
    assert json.loads(as_json(findings))["holds"] is expected


def test_the_table_has_all_findings() -> None:
    text = io.StringIO()
    show([HOLDS, FAILS, SILENT], Console(file=text, width=120))

    assert "is in [red]US[/]" in text.getvalue()
    assert "1 holds, 1 fails, 1 not checked" in text.getvalue()


def test_json_has_the_figures() -> None:
    [finding] = json.loads(as_json([FAILS]))["findings"]

    assert finding["figures"] == {"bytes_all": 7}
    assert finding["state"] == "fails"
