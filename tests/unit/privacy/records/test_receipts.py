import asyncio
import json
from datetime import UTC, datetime
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from functions.privacy.erasures.deletions import DELETED, RESTORED, DeletionMessage, Deletions
from functions.privacy.records.receipts import Receipt, Receipts
from functions.warehouse.ledger import Ledger
from local.json_column import check
from tests.fakes.statements import Statements

NOW = datetime(2026, 11, 22, 12, 30, 0, 123_456, UTC)
VALUES = st.recursive(
    st.none() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=40)
@given(detail=st.dictionaries(st.text(), VALUES, max_size=4))
def test_a_receipt_is_given_as_json_that_bigquery_takes(detail: dict[str, object]) -> None:
    statements = Statements()
    receipt = Receipt("1", "export", "2", detail | {"share": 67.174118}, people=3)
    asyncio.run(Receipts(statements, lambda: NOW).add(receipt))
    texts: Any = dict(statements.changes)["add_receipts"]["receipts"]
    [text] = texts
    check(text)
    written = json.loads(text)
    assert written["detail"].keys() == receipt.detail.keys()
    assert (written["detail"]["share"], written["people"]) == ("67.174118", 3)


def test_what_the_chat_told_is_given_as_json_that_bigquery_takes() -> None:
    statements = Statements()
    deletions = Deletions(
        statements,
        Ledger(statements, 215),
        Receipts(statements, lambda: NOW),
        now=lambda: NOW,
        new_id=lambda: "e1",
    )
    messages = [DeletionMessage(event, "acme", "dev", ["k"], NOW) for event in (DELETED, RESTORED)]
    asyncio.run(deletions.file_all(messages))
    texts: Any = dict(statements.changes)["file_deletions"]["entries"]
    assert len(texts) == 2
    for text in texts:
        check(text)
        assert json.loads(text)["cut_off"] == "2026-11-22T12:30:00.123456Z"
