"""The stand-in refuses the same JSON as BigQuery, in appends, statements and parameters."""

import json
from collections.abc import AsyncIterator, Iterator, Mapping
from functools import partial
from typing import Any

import pytest
from google.api_core.exceptions import BadRequest
from google.cloud import bigquery
from google.cloud import bigquery_storage_v1 as storage

from functions.google.grpc_channel import open_channel
from functions.load.append import TableAppender
from functions.load.fit import Fit
from functions.load.protobuf import RowEncoder
from tests.sql.stand_in import LOCATION, WAREHOUSE, StandIn, connect, running

pytestmark = pytest.mark.cell

TAKEN = ["1", "-9223372036854775808", "18446744073709551615", "1.5", '"67.174118"', "null"]
REFUSED = ["67.174118", "1760509016.282637", "18446744073709551616", "1e400"]
SCHEMA: list[dict[str, Any]] = [
    {"name": "name", "type": "STRING"},
    {"name": "extra", "type": "JSON"},
    {"name": "all", "type": "JSON", "mode": "REPEATED"},
    {
        "name": "inner",
        "type": "RECORD",
        "mode": "REPEATED",
        "fields": [{"name": "each", "type": "JSON"}],
    },
]
TABLE = f"{WAREHOUSE.store}.things"


@pytest.fixture(scope="module")
def stand_in() -> Iterator[StandIn]:
    with running() as stand_in:
        yield stand_in


@pytest.fixture(scope="module")
def client(stand_in: StandIn) -> bigquery.Client:
    client = connect(stand_in)
    dataset = bigquery.Dataset(WAREHOUSE.store)
    dataset.location = LOCATION
    client.create_dataset(dataset)
    client.create_dataset(WAREHOUSE.bi)
    schema = [bigquery.SchemaField.from_api_repr(column) for column in SCHEMA]
    client.create_table(bigquery.Table(TABLE, schema=schema))
    return client


@pytest.fixture
async def appender(client: bigquery.Client, stand_in: StandIn) -> AsyncIterator[TableAppender]:
    client.query(f"DELETE FROM `{TABLE}` WHERE TRUE").result()
    project, dataset, table = TABLE.split(".")
    made = TableAppender(
        partial(open_channel, f"http://{stand_in.grpc}"),
        f"projects/{project}/datasets/{dataset}/tables/{table}",
        Fit(RowEncoder(SCHEMA)),
        deadline=60,
    )
    yield made
    await made.close()


def rows(*values: Mapping[str, object]) -> list[bytes]:
    return [RowEncoder(SCHEMA).encode(value) for value in values]


def stored(client: bigquery.Client) -> int:
    [row] = client.query(f"SELECT COUNT(*) AS n FROM `{TABLE}`").result()
    return int(row["n"])


async def test_an_append_with_json_that_bigquery_takes_is_stored(
    appender: TableAppender, client: bigquery.Client
) -> None:
    taken = rows(
        *({"extra": f'{{"a":[{number}]}}'} for number in TAKEN),
        {"all": ["1", '"b"'], "inner": [{"each": "{}"}, {}]},
        {"name": "67.174118"},
    )
    assert await appender.append(taken) == {}
    assert stored(client) == len(taken)


@pytest.mark.parametrize("number", REFUSED)
async def test_an_append_names_the_rows_that_bigquery_refuses_and_stores_none(
    appender: TableAppender, client: bigquery.Client, number: str
) -> None:
    sent = rows(
        {"name": "good", "extra": "{}"},
        {"extra": f'{{"a":[{number}]}}'},
        {"all": ["1", number]},
        {"inner": [{"each": "1"}, {"each": number}]},
    )
    code = storage.types.RowError.RowErrorCode.FIELDS_ERROR
    assert await appender.append(sent) == dict.fromkeys((1, 2, 3), code)
    assert stored(client) == 0
    assert await appender.append(sent[:1]) == {}, "the connection can still be used"
    assert stored(client) == 1


@pytest.mark.parametrize("number", REFUSED)
def test_inserted_rows_are_checked_too(client: bigquery.Client, number: str) -> None:
    client.query(f"DELETE FROM `{TABLE}` WHERE TRUE").result()
    with pytest.raises(BadRequest, match=r"Row 1: Field extra: .* does not print back"):
        client.insert_rows_json(TABLE, [{"extra": "1"}, {"extra": f"[{number}]"}], timeout=30)
    assert stored(client) == 0
    assert not client.insert_rows_json(TABLE, [{"extra": number} for number in TAKEN], timeout=30)


STATEMENTS = {
    "a query": "SELECT PARSE_JSON(text) AS made FROM UNNEST(@texts) AS text",
    "a subquery": (
        "SELECT JSON_VALUE(made, '$[0]') AS made FROM "
        "(SELECT PARSE_JSON(text) AS made FROM UNNEST(@texts) AS text) AS given"
    ),
    "a change": (
        f"INSERT INTO `{TABLE}` (extra) SELECT PARSE_JSON(text) FROM UNNEST(@texts) AS text"
    ),
}


@pytest.mark.parametrize("statement", STATEMENTS.values(), ids=STATEMENTS)
@pytest.mark.parametrize("number", REFUSED)
def test_parse_json_refuses_what_bigquery_refuses(
    client: bigquery.Client, statement: str, number: str
) -> None:
    def run(texts: list[str]) -> None:
        parameter = bigquery.ArrayQueryParameter("texts", "STRING", texts)
        config = bigquery.QueryJobConfig(query_parameters=[parameter])
        client.query(statement, config).result()

    run([f"[{taken}]" for taken in TAKEN])
    with pytest.raises(BadRequest, match="a number does not print back the same") as refused:
        run(["[1]", f"[{number}]"])
    assert number not in refused.value.message


def test_a_text_in_a_statement_is_checked_too(client: bigquery.Client) -> None:
    [row] = client.query("SELECT PARSE_JSON('[1, 1.5]') AS a, JSON '[2]' AS b").result()
    assert (row["a"], row["b"]) == ([1, 1.5], [2])
    for text in ("PARSE_JSON('67.174118')", "JSON '67.174118'", "PARSE_JSON('[NaN]')"):
        with pytest.raises(BadRequest):
            client.query(f"SELECT {text} AS made").result()


def test_a_view_checks_what_it_parses(client: bigquery.Client) -> None:
    view = f"{WAREHOUSE.bi}.parsed"
    client.query(f"CREATE VIEW `{view}` AS SELECT PARSE_JSON('67.174118') AS made").result()
    with pytest.raises(BadRequest, match="does not print back"):
        client.query(f"SELECT made FROM `{view}`").result()


def test_safe_parse_json_gives_null(client: bigquery.Client) -> None:
    [row] = client.query("SELECT SAFE.PARSE_JSON('67.174118') IS NULL AS made").result()
    assert row["made"] is True


def test_a_null_stays_null(client: bigquery.Client) -> None:
    [row] = client.query("SELECT PARSE_JSON(CAST(NULL AS STRING)) IS NULL AS made").result()
    assert row["made"] is True


@pytest.mark.parametrize("number", REFUSED)
def test_a_parameter_of_the_type_json_is_checked(client: bigquery.Client, number: str) -> None:
    value: Any = json.loads(number)
    values: Any = [value]
    for parameter in (
        bigquery.ScalarQueryParameter("given", "JSON", values),
        bigquery.ArrayQueryParameter("given", "JSON", [1, value]),
    ):
        config = bigquery.QueryJobConfig(query_parameters=[parameter])
        with pytest.raises(BadRequest, match="Invalid JSON in a parameter"):
            client.query("SELECT @given AS made", config).result()
    values = [1, 1.5, number]
    taken = bigquery.ScalarQueryParameter("given", "JSON", values)
    config = bigquery.QueryJobConfig(query_parameters=[taken])
    assert list(client.query("SELECT @given AS made", config).result())
