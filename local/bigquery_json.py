"""JSON in the BigQuery stand-in: it refuses the texts that BigQuery refuses.

The package accepts as JSON every text that DuckDB accepts. BigQuery accepts fewer texts (see
`local.json_column`), and refuses the others wherever a text becomes JSON:

* in the rows of an append: the answer names each refused row, and no row is stored;
* in the rows of ``tabledata.insertAll``;
* in ``PARSE_JSON``, in a literal ``JSON '…'``, and in a parameter of the type JSON.

Source of the answer to an append: ``AppendRowsResponse.row_errors`` of
https://cloud.google.com/bigquery/docs/reference/storage/rpc/google.cloud.bigquery.storage.v1.
"""

from collections.abc import Callable, Iterator
from typing import Any

from bqemulator.domain.errors import InvalidQueryError
from bqemulator.sql.rules import TranslationRule
from google.cloud.bigquery_storage_v1 import types
from sqlglot import exp

from local.json_column import RefusedJson, check

CHECKED = "bqemu_checked_json"
"""The name of the function in DuckDB that returns a text unchanged, or refuses it."""

KIND = b"bq_type"
"""The key of BigQuery's type in the metadata of an Arrow field; for Arrow, JSON is a string."""

ROW_ERRORS = (
    "Errors found while processing rows. Please refer to the row_errors field for details. "
    "The list may not be complete because of the size limitations."
)
"""How BigQuery's error message begins if an append has rows that it refuses.

Seen in https://github.com/googleapis/python-bigquery-storage/issues/717.
"""


class CheckParsedJson(TranslationRule):
    """Makes ``PARSE_JSON`` check its text before it parses it."""

    name = "PARSE_JSON"

    def applies_to(self, node: exp.Expression) -> bool:
        """Say whether a node parses JSON and does not check it yet."""
        return isinstance(node, exp.ParseJSON) and node.this.name != CHECKED

    def rewrite(self, node: exp.Expression) -> exp.Expression:
        """Return the node with its text checked."""
        return exp.ParseJSON(this=exp.Anonymous(this=CHECKED, expressions=[node.this.copy()]))


def adding_function(register: Callable[[Any], None]) -> Callable[[Any], None]:
    """Register also the function that `CheckParsedJson` calls, in each DuckDB connection."""

    def registering(connection: Any) -> None:
        register(connection)
        connection.create_function(CHECKED, _checked, ["VARCHAR"], "VARCHAR")

    return registering


def checking_parameters(extract: Callable[[dict[str, Any]], Any]) -> Callable[..., Any]:
    """Refuse a statement that has a JSON parameter which BigQuery would refuse."""

    def extracted(parameter: dict[str, Any]) -> Any:
        value = extract(parameter)
        kind = parameter.get("parameterType", {}).get("type", "").upper()
        if kind == "JSON" and value is not None:
            try:
                check(value)
            except RefusedJson as refused:
                raise InvalidQueryError(f"Invalid JSON in a parameter: {refused}") from None
        return value

    return extracted


def refusing_rows(rows: Callable[..., Any]) -> Callable[..., Any]:
    """Refuse an append if a row has JSON that BigQuery would refuse."""

    def checked(request: Any, decoder: Any, arrow: Any, target: Any) -> Any:
        parsed = rows(request, decoder, arrow, target)
        refused = dict(_refused_rows(parsed[0]))
        if refused:
            # The package passes on only an error's text, from which `telling_rows` reads the rows.
            lines = [f"{index} {reason}" for index, reason in sorted(refused.items())]
            raise ValueError("\n".join([f"{ROW_ERRORS} Entity: {request.write_stream}", *lines]))
        return parsed

    return checked


def refusing_inserted_rows(convert: Callable[..., Any]) -> Callable[..., Any]:
    """Refuse a request of ``tabledata.insertAll`` if a row has JSON that BigQuery would refuse.

    BigQuery lists the refused rows in its answer; here the first one fails the whole request.
    """

    def converted(rows: Any, schema: Any) -> Any:
        table = convert(rows, schema)
        for index, reason in _refused_rows(table):
            raise InvalidQueryError(f"Row {index}: {reason}")
        return table

    return converted


def telling_rows(respond: Callable[..., bytes]) -> Callable[..., bytes]:
    """Name the refused rows in the answer to an append."""

    def response(stream: str, detail: str, *status: Any, **named: Any) -> bytes:
        if not detail.startswith(ROW_ERRORS):
            return respond(stream, detail, *status, **named)
        message, *lines = detail.split("\n")
        answer = types.AppendRowsResponse.pb().FromString(
            respond(stream, message, *status, **named)
        )
        for line in lines:
            index, _, reason = line.partition(" ")
            code = types.RowError.RowErrorCode.FIELDS_ERROR
            answer.row_errors.add(index=int(index), code=code, message=reason)
        told: bytes = answer.SerializeToString()
        return told

    return response


def _checked(text: str) -> str:
    check(text)
    return text


def _refused_rows(rows: Any) -> Iterator[tuple[int, str]]:
    for field in filter(_holds_json, rows.schema):
        for index, value in enumerate(rows.column(field.name).to_pylist()):
            try:
                for text in _texts(value, field):
                    check(text)
            except RefusedJson as refused:
                yield index, f"Field {field.name}: Invalid JSON: {refused}"


def _is_json(field: Any) -> bool:
    return bool(field.metadata) and field.metadata.get(KIND) == b"JSON"


def _inner(field: Any) -> list[Any]:
    """Return the fields of a RECORD, repeated or not."""
    kind = getattr(field.type, "value_type", field.type)
    return [kind.field(index) for index in range(kind.num_fields)]


def _holds_json(field: Any) -> bool:
    return _is_json(field) or any(map(_holds_json, _inner(field)))


def _texts(value: Any, field: Any) -> Iterator[str]:
    """Iterate over the JSON texts in a column's value."""
    if isinstance(value, list):
        for element in value:
            yield from _texts(element, field)
    elif isinstance(value, dict):
        for inner in filter(_holds_json, _inner(field)):
            yield from _texts(value[inner.name], inner)
    elif value is not None and _is_json(field):
        yield value
