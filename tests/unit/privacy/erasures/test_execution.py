"""An execution reports unreadable data to the operator, and may run in a reservation."""

import json
import re

import pytest

from functions.privacy.erasures.execution import REWRITES, Execution
from functions.privacy.erasures.redaction import NOBODY
from functions.privacy.erasures.scope import Scopes
from functions.privacy.records.receipts import Receipts
from functions.warehouse.schema import SQL
from tests.fakes.statements import Statements
from tests.unit.privacy.stand_ins import LONG_AGO, NOW, scope


async def test_unreadable_data_is_logged_for_the_operator_and_in_no_receipt(
    capsys: pytest.CaptureFixture[str],
) -> None:
    store = Statements(rows=None, changed=None)
    store.answers["add_receipts"] = 1
    receipts = Receipts(store, lambda: NOW)
    execution = Execution(store, receipts, Scopes([scope("ann")]), NOW, LONG_AGO, "c")
    await execution.note_places()
    assert (store.receipts, capsys.readouterr().out) == ([], "")

    execution.counts.update(
        {("erasure of ann", "spill_deleted"): 2, (NOBODY, "spill_unreadable"): 3}
    )
    await execution.note_places()
    [receipt] = store.receipts
    assert (receipt["reference"], receipt["detail"]["counts"]) == (
        "erasure of ann",
        {"spill_deleted": 2},
    )
    line = json.loads(capsys.readouterr().out)
    assert (line["severity"], line["places"]) == ("WARNING", {"spill_unreadable": 3})
    assert execution.taken() == {"spill_deleted": 2, "spill_unreadable": 3}


def test_statements_that_change_events_for_an_erasure_may_run_in_a_reservation() -> None:
    changes = re.compile(r"^(?:DELETE FROM|UPDATE|MERGE) `\$\{store\}\.\w*events_v1`", re.MULTILINE)
    found = {file.stem for file in SQL.glob("privacy/*.sql") if changes.search(file.read_text())}
    of_partners = {"delete_partner_events_v1", "delete_partner_room_events_v1"}
    assert found - of_partners == REWRITES, "statements of an offboarding are not meant"
