"""The BigQuery stand-in: the ``bqemulator`` package, with its gaps and errors corrected.

Run as ``python -m local.bigquery --rest-port 9050 --grpc-port 9060 [--data-dir DIR]``. It listens
on 127.0.0.1 only, is ready when ``GET /healthz`` answers 200, and ends on SIGTERM or SIGINT.

This module replaces functions of the package, in this process only, because without that:

* the package fetches DuckDB's spatial extension from the internet; nothing here is geographic;
* a field inside a RECORD cannot have a name that DuckDB reserves, such as ``show``;
* Storage Write does not know the fields inside RECORD columns, and fails;
* GetWriteStream does not return those fields either;
* Storage Write drops a field for which the table has no column; BigQuery refuses the request;
* the package takes numbers and texts as JSON that BigQuery refuses: see `local.bigquery_json`;
* Storage Write appends on the connection that queries use, and if both happen at once, one fails;
  here each thread gets its own connection, as DuckDB recommends;
* Storage Write takes appends without the header by which the real service finds the region;
* the package copies a table at each change to it, for time travel, which nothing here uses; so
  appends become slower as the table grows;
* the package parses each statement twice, for materialised views and snapshots, which nothing here
  uses either;
* the package writes the text of every view into each statement that reads the view, for row
  policies, which nothing here has; creating 66 views took 11 s, and takes 2 s without that;
* the package parses and translates a statement a dozen times in each run, which is most of the
  remaining work; here a statement is parsed once, and its translation is remembered;
* a dry run of a query reads all rows; here it reads none;
* an append stream occupies a thread while it is open, and even longer if its client gave it up. The
  package has six threads on two processors, so a few streams were enough to block all appends;
* the package does not say where a table is; here the answer has the location of its dataset;
* the package runs no jobs as BigQuery does: see `local.bigquery_jobs`.
"""

import threading
import warnings
from collections.abc import Awaitable, Callable, Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache, partial, wraps
from pathlib import Path
from typing import Any

import click
import grpc
import grpc.aio
from bqemulator.config import LogFormat, LogLevel, PersistenceMode, Settings
from bqemulator.observability.logging_ import configure_logging
from google.cloud.bigquery_storage_v1 import types
from google.protobuf import descriptor_pb2
from sqlglot.dialects.dialect import Dialect

# Before the imports below, because the package logs while it is imported.
configure_logging(level=LogLevel.ERROR, fmt=LogFormat.JSON)

from bqemulator.api.routes import jobs, tabledata, tables  # noqa: E402 - see above
from bqemulator.catalog import ddl_sync  # noqa: E402 - see above
from bqemulator.grpc_api import write_servicer  # noqa: E402 - see above
from bqemulator.jobs import executor  # noqa: E402 - see above
from bqemulator.server import run_forever  # noqa: E402 - see above
from bqemulator.sql import (  # noqa: E402 - see above
    builtin_udfs,
    inner_query,
    parameters,
    rules,
)
from bqemulator.sql.translator import SQLTranslator  # noqa: E402 - see above
from bqemulator.storage.engine import DuckDBEngine  # noqa: E402 - see above
from bqemulator.versioning.snapshots import SnapshotManager  # noqa: E402 - see above

from local import bigquery_jobs, bigquery_json  # noqa: E402 - see above

HOST = "127.0.0.1"
ROUTING_HEADER = "x-goog-request-params"
APPEND_ROWS = "/google.cloud.bigquery.storage.v1.BigQueryWrite/AppendRows"
REMEMBERED_STATEMENTS = 128
REMEMBERED_ANSWERS = 256
STREAM_THREADS = 256
EXTRA_FIELDS = "Input schema has more fields than BigQuery schema, extra fields"
"""How BigQuery's error message begins if the rows of a request have a field without a column."""


def amend(rate: int = bigquery_jobs.RATE, reservations: Collection[str] = ()) -> None:
    """Make the replacements that the description of this module lists.

    Args:
        rate: how many statements may change a table in ten seconds; 0 for any number.
        reservations: the full names of the reservations that jobs may name.
    """
    bigquery_jobs.Routes(bigquery_jobs.Tables(rate), reservations).serve()
    rules.register(bigquery_json.CheckParsedJson)
    for owner, name, make in (
        (DuckDBEngine, "_load_spatial", _loading_nothing),
        (DuckDBEngine, "connection", _one_for_each_thread),
        (tables, "bq_schema_to_duckdb_columns", _quoting_nested_names),
        (write_servicer, "_table_arrow_schema", _with_record_fields),
        (write_servicer, "_table_meta_to_proto_schema", _telling_all_fields),
        (write_servicer, "_rows_for_request", bigquery_json.refusing_rows),
        (write_servicer, "_rows_for_request", _refusing_extra_fields),
        (write_servicer, "_error_response", _naming_the_mismatch),
        (write_servicer, "_error_response", bigquery_json.telling_rows),
        (tabledata, "bq_rows_to_arrow", bigquery_json.refusing_inserted_rows),
        (executor, "_translator", _knowing_all_rules),
        (builtin_udfs, "register_builtin_udfs", bigquery_json.adding_function),
        (parameters, "_extract_value", bigquery_json.checking_parameters),
        (SnapshotManager, "capture", _keeping_no_past),
        (inner_query, "rewrite_for_row_access", _leaving_views),
        (jobs, "_dry_run_response", _reading_no_rows),
        (write_servicer.BigQueryWriteHandler, "service", _refusing_unrouted),
        (Dialect, "parse", _parsing_once),
        (SQLTranslator, "translate", _translating_once),
        (executor, "rewrite_table_refs", _remembering),
        (executor, "_parse_for_classification", _remembering),
        (executor, "_reject_dml_on_immutable", _letting_all),
        (executor, "_capture_dml_snapshots", _following_nothing),
        (executor, "detect_drop_routine", _remembering),
        (ddl_sync, "_detect_plain_create_table", _remembering),
        (ddl_sync, "_detect_plain_create_view", _remembering),
        (ddl_sync, "_detect_create_schema", _remembering),
        (ddl_sync, "_detect_catalog_drop", _remembering),
        (grpc.aio, "server", _with_threads),
    ):
        setattr(owner, name, make(getattr(owner, name)))
    routes: list[Any] = tables.router.routes
    [route] = [candidate for candidate in routes if candidate.endpoint is tables.get_table]
    routes.remove(route)
    path = route.path.removeprefix(tables.router.prefix)
    tables.router.add_api_route(path, _telling_where(tables.get_table), methods=["GET"])


def _with_threads(server: Callable[..., Any]) -> Callable[..., Any]:
    return partial(server, migration_thread_pool=ThreadPoolExecutor(STREAM_THREADS))


def _loading_nothing(_load: object) -> Callable[[DuckDBEngine], None]:
    return lambda _engine: None


def _one_for_each_thread(shared: property) -> property:
    main, own = threading.current_thread(), threading.local()

    def connection(engine: DuckDBEngine) -> Any:
        if threading.current_thread() is main:
            return shared.fget(engine) if shared.fget else None
        if not hasattr(own, "connection"):
            own.connection = shared.fget(engine).cursor() if shared.fget else None
            own.connection.execute("SET TimeZone = 'UTC'")
        return own.connection

    return property(connection)


def _knowing_all_rules(_translator: object) -> SQLTranslator:
    return SQLTranslator()  # a translator knows only the rules that were registered before


def _leaving_views(_rewrite: object) -> Callable[..., str]:
    return lambda sql, **_context: sql


def _telling_where(get_table: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    @wraps(get_table)  # FastAPI reads the parameters of the wrapped function, and fills them in
    def located(project_id: str, dataset_id: str, table_id: str, ctx: Any) -> dict[str, Any]:
        table = get_table(project_id, dataset_id, table_id, ctx)
        dataset = ctx.catalog.get_dataset(project_id, dataset_id)
        return table | ({"location": dataset.location} if dataset else {})

    return located


def _keeping_no_past(_capture: object) -> Callable[..., None]:
    return lambda *_table, **_kind: None


def _quoting_nested_names(columns: Callable[..., Any]) -> Callable[[list[dict[str, Any]]], Any]:
    def quoted(field: dict[str, Any]) -> dict[str, Any]:
        inner = [
            quoted(inner_field) | {"name": f'"{inner_field["name"]}"'}
            for inner_field in field.get("fields", ())
        ]
        return field | {"fields": inner}

    return lambda fields: columns([quoted(field) for field in fields])


def _with_record_fields(_arrow_schema: object) -> Callable[[Any], Any]:
    def arrow_schema(table: Any) -> Any:
        raw: Any = tabledata._fields_raw_from_schema(table.schema_.fields)  # noqa: SLF001 - its own
        return tabledata._build_arrow_schema(raw)  # noqa: SLF001 - the code it uses for REST

    return arrow_schema


def _telling_all_fields(_schema: object) -> Callable[[Any], Any]:
    def told(fields: Iterable[Any]) -> list[Any]:
        return [
            types.TableFieldSchema(
                name=field.name,
                type_=(
                    types.TableFieldSchema.Type.STRUCT
                    if field.fields
                    else write_servicer._bq_type_to_storage_type(field.type)  # noqa: SLF001 - its own
                ),
                mode=write_servicer._bq_mode_to_storage_mode(field.mode),  # noqa: SLF001 - its own
                fields=told(field.fields),
            )
            for field in fields
        ]

    return lambda table: types.TableSchema(fields=told(table.schema_.fields))


def _refusing_extra_fields(rows: Callable[..., Any]) -> Callable[..., Any]:
    def checked(request: Any, decoder: Any, arrow: Any, target: Any) -> Any:
        described = request.proto_rows.writer_schema.proto_descriptor
        extra = sorted(_described(described) - set(_arrow_paths(target)))
        if extra:
            raise ValueError(f"{EXTRA_FIELDS}: '{','.join(extra)}' Entity: {request.write_stream}")
        return rows(request, decoder, arrow, target)

    return checked


def _described(message: descriptor_pb2.DescriptorProto, scope: str = "") -> set[str]:
    nested = {nested_type.name: nested_type for nested_type in message.nested_type}
    paths = {f"{scope}{field.name.lower()}" for field in message.field}
    for field in message.field:
        kind = nested.get(field.type_name.rpartition(".")[2])
        if kind is not None:
            paths |= _described(kind, f"{scope}{field.name.lower()}.")
    return paths


def _arrow_paths(fields: Iterable[Any], scope: str = "") -> Iterable[str]:
    for field in fields:
        path = f"{scope}{field.name.lower()}"
        yield path
        kind = getattr(field.type, "value_type", field.type)  # for a list, the type of its elements
        yield from _arrow_paths(map(kind.field, range(kind.num_fields)), f"{path}.")


def _naming_the_mismatch(respond: Callable[..., bytes]) -> Callable[..., bytes]:
    def response(stream: str, detail: str, *status: Any, **named: Any) -> bytes:
        answer = respond(stream, detail, *status, **named)
        if not detail.startswith(EXTRA_FIELDS):
            return answer
        code = types.StorageError.StorageErrorCode.SCHEMA_MISMATCH_EXTRA_FIELDS
        pb: Any = types.AppendRowsResponse.pb()
        parsed = pb.FromString(answer)
        error = types.StorageError.pb()(code=code, entity=stream, error_message=detail)
        parsed.error.details.add().Pack(error)
        named_answer: bytes = parsed.SerializeToString()
        return named_answer

    return response


def _refusing_unrouted(route: Callable[..., Any]) -> Callable[..., Any]:
    def service(handler: object, call: grpc.HandlerCallDetails) -> Any:
        metadata = call.invocation_metadata or ()
        if call.method == APPEND_ROWS and not is_routed(metadata):
            return grpc.stream_stream_rpc_method_handler(_refuse)
        return route(handler, call)

    return service


def _parsing_once(parse: Callable[..., Any]) -> Callable[..., Any]:
    @lru_cache(REMEMBERED_STATEMENTS)
    def parse_once(dialect: type[Dialect], sql: str, **options: Any) -> Any:
        return parse(dialect(), sql, **options)

    def parse_copied(dialect: Dialect, sql: str, **options: Any) -> Any:
        # A copy for each caller, because callers change the trees.
        return [tree and tree.copy() for tree in parse_once(type(dialect), sql, **options)]

    return parse_copied


def _letting_all(_reject: object) -> Callable[[str, str, object], None]:
    return lambda _project, _sql, _context: None


def _following_nothing(_capture: object) -> Callable[[str, str, object], Awaitable[None]]:
    async def follow_nothing(_project: str, _sql: str, _context: object) -> None:
        pass

    return follow_nothing


def _reading_no_rows(respond: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    async def respond_without_rows(*, bq_sql: str, **others: Any) -> Any:
        if executor.classify_statement_type(bq_sql) == "SELECT":
            bq_sql = f"SELECT * FROM (\n{bq_sql}\n) LIMIT 0"  # noqa: S608 - the caller's own text
        return await respond(bq_sql=bq_sql, **others)

    return respond_without_rows


def _remembering(function: Callable[..., Any]) -> Callable[..., Any]:
    """Remember a function's answers; only for functions whose callers do not change the answers."""
    return lru_cache(REMEMBERED_ANSWERS)(function)


def _translating_once(translate: Callable[..., Any]) -> Callable[..., Any]:
    @lru_cache(REMEMBERED_ANSWERS)
    def translate_once(translator: SQLTranslator, sql: str, schema: _Compared, caller: Any) -> Any:
        return translate(translator, sql, schema=schema.value, caller=caller)

    def translate_remembered(
        translator: SQLTranslator,
        sql: str,
        *,
        schema: dict[str, Any] | None = None,
        caller: Any = None,
    ) -> Any:
        return translate_once(translator, sql, _Compared(schema), caller)

    return translate_remembered


class _Compared:
    """Makes a value without a hash usable as a key of a cache; equal values are the same key."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __hash__(self) -> int:
        return 0

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Compared) and self.value == other.value


def is_routed(metadata: Iterable[tuple[str, str | bytes]]) -> bool:
    """Say whether the metadata of a call name the stream to which it appends."""
    return any(
        name == ROUTING_HEADER and str(value).startswith("write_stream=projects")
        for name, value in metadata
    )


def _refuse(_requests: object, context: grpc.ServicerContext) -> tuple[bytes, ...]:
    context.set_code(grpc.StatusCode.INVALID_ARGUMENT)
    context.set_details(f"AppendRows needs the header {ROUTING_HEADER}: write_stream=projects/...")
    return ()


@click.command()
@click.option("--rest-port", type=click.IntRange(1, 65535), required=True)
@click.option("--grpc-port", type=click.IntRange(1, 65535), required=True)
@click.option("--data-dir", type=click.Path(file_okay=False, path_type=Path))
@click.option("--rate", type=click.IntRange(0), default=bigquery_jobs.RATE, show_default=True)
@click.option("--reservation", multiple=True, help="The full name of a reservation for jobs.")
def main(
    rest_port: int,
    grpc_port: int,
    data_dir: Path | None,
    rate: int,
    reservation: tuple[str, ...],
) -> None:
    """Serve BigQuery's REST and Storage Write APIs; without --data-dir, data stays in memory."""
    warnings.simplefilter("ignore")  # DuckDB warns at every query that a call is slow
    amend(rate, reservation)
    run_forever(
        Settings(
            rest_host=HOST,
            rest_port=rest_port,
            grpc_host=HOST,
            grpc_port=grpc_port,
            data_dir=data_dir,
            persistence_mode=PersistenceMode.PERSISTENT if data_dir else PersistenceMode.EPHEMERAL,
            enable_format_extensions=False,
            log_level=LogLevel.ERROR,
            log_format=LogFormat.JSON,
        )
    )


if __name__ == "__main__":
    main()
