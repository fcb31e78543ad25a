"""The queries in docs/queries.md run, and return the answers that the page shows."""

import pytest
from google.cloud import bigquery

from tests.sql import questions
from tests.sql.stand_in import StandIn

pytestmark = pytest.mark.cell


@pytest.mark.soak
def test_the_answers_are_those_of_the_page(
    as_of_new_year: bigquery.Client, stand_in: StandIn
) -> None:
    questions.fill(as_of_new_year, stand_in.rest)
    page = questions.PAGE.read_text()
    assert questions.answered(as_of_new_year, page) == page


def test_there_are_twenty_questions_and_each_answer_has_rows() -> None:
    found = questions.QUESTION.findall(questions.PAGE.read_text())
    assert len(found) == 20
    for head, sql, answer in found:
        assert answer.count("\n") >= 3, head
        assert "received_at >" in sql or "day " in sql or "week " in sql, head
