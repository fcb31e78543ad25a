"""Google's own SQL analyser, with BigQuery's options: it resolves a statement or refuses it."""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple

from google.protobuf.message import Message
from zetasql.core.exceptions import ZetaSQLError
from zetasql.wasi._pb2.zetasql.local_service import local_service_pb2 as service
from zetasql.wasi._pb2.zetasql.proto import options_pb2
from zetasql.wasi._pb2.zetasql.public import options_pb2 as public
from zetasql.wasi._pb2.zetasql.resolved_ast import resolved_node_kind_pb2 as nodes

from functions.warehouse.schema import Column, Warehouse, list_tables, list_views
from googlesql.catalogue import Dataset, describe, type_of
from googlesql.features import NOT_IN_BIGQUERY
from googlesql.webassembly import Library

STATEMENTS = {
    "RESOLVED_QUERY_STMT",
    "RESOLVED_INSERT_STMT",
    "RESOLVED_UPDATE_STMT",
    "RESOLVED_DELETE_STMT",
    "RESOLVED_MERGE_STMT",
    "RESOLVED_UNDROP_STMT",
    "RESOLVED_ALTER_ENTITY_STMT",
    "RESOLVED_CREATE_VIEW_STMT",
    "RESOLVED_DROP_STMT",
}
"""Queries, changes of rows, and the DDL that the documents, Terraform and the embedded cell use."""
ENTITIES = ("PROJECT",)
"""Kinds of objects that ALTER can name in BigQuery, but that the library has no statement for."""

PATH = re.compile(r"`([\w-]+)(\.[\w.-]+)`")
"""Several names with dots in one pair of backticks; the library takes this for a single name."""
KIND_OF_ERROR = re.compile(r"^\[\w+\] ")


class RefusedSql(Exception):
    """The analyser refuses a statement; the message is Google's, with line and column."""


class Resolved(NamedTuple):
    """A resolved statement.

    Attributes:
        kind: such as ``query``, ``insert``, ``update``, ``delete`` or ``merge``.
        columns: the name and the type of each column that a query returns, in order; the type is a
            message of the library.
        parameters: the names of the parameters that the statement uses.
    """

    kind: str
    columns: list[tuple[str, Any]]
    parameters: set[str]


@cache
def library() -> Library:
    """Return this process's instance of the library."""
    return Library()


@cache
def language() -> Any:
    """Return the options of BigQuery's dialect."""
    found = library().call(
        "GetLanguageOptions",
        service.LanguageOptionsRequest(maximum_features=True),
        options_pb2.LanguageOptionsProto,
    )
    found.product_mode = public.PRODUCT_EXTERNAL
    found.supported_statement_kinds[:] = [nodes.ResolvedNodeKind.Value(each) for each in STATEMENTS]
    found.supported_generic_entity_types[:] = ENTITIES
    missing = {public.LanguageFeature.Value(f"FEATURE_{name}") for name in NOT_IN_BIGQUERY}
    found.enabled_language_features[:] = [
        feature for feature in found.enabled_language_features if feature not in missing
    ]
    return found


def options(parameters: Mapping[str, str]) -> Any:
    """Return the analyser's options.

    Args:
        parameters: the type of each parameter in BigQuery, such as ``ARRAY<STRING>``.
    """
    made = options_pb2.AnalyzerOptionsProto(
        error_message_mode=public.ERROR_MESSAGE_ONE_LINE,
        default_timezone="UTC",
        parameter_mode=public.PARAMETER_NAMED,
    )
    made.language_options.CopyFrom(language())
    made.prune_unused_columns = True  # then a scan lists only the columns that BigQuery would read
    for name, kind in parameters.items():
        made.query_parameters.add(name=name, type=type_of(kind))
    return made


class Analyser:
    """Resolves statements that name tables of given datasets.

    Args:
        project: the Google Cloud project.
        datasets: the datasets of the project, by name.
        default: the default dataset: that of table names without a dataset; "" for none.
    """

    def __init__(self, project: str, datasets: Mapping[str, Dataset], default: str = "") -> None:
        catalogue = describe(project, datasets, language(), default)
        request = service.RegisterCatalogRequest(simple_catalog=catalogue)
        answer = library().call("RegisterCatalog", request, service.RegisterResponse)
        self._registered = answer.registered_id
        self._first_names = {project, *datasets}

    def analyse(self, sql: str, parameters: Mapping[str, str] | None = None) -> Resolved:
        """Resolve one statement; return its kind, columns and parameters.

        Args:
            sql: the text of the statement.
            parameters: the type of each parameter in BigQuery, such as ``ARRAY<STRING>``.

        Raises:
            RefusedSql: BigQuery would refuse the statement.
        """
        kind, statement = self.resolve(sql, parameters)
        columns = getattr(statement, "output_column_list", ())
        return Resolved(
            kind,
            [(column.name, column.column.type) for column in columns],
            {each.name for each in _messages(statement, "ResolvedParameterProto")},
        )

    def resolve(self, sql: str, parameters: Mapping[str, str] | None = None) -> tuple[str, Any]:
        """Resolve one statement.

        Args:
            sql: the text of the statement.
            parameters: the type of each parameter in BigQuery, such as ``ARRAY<STRING>``.

        Returns:
            The kind of the statement, as in `Resolved`, and the library's tree.

        Raises:
            RefusedSql: BigQuery would refuse the statement.
        """
        request = service.AnalyzeRequest(
            registered_catalog_id=self._registered,
            sql_statement=self._split(sql),
            options=options(parameters or {}),
        )
        try:
            answer = library().call("Analyze", request, service.AnalyzeResponse)
        except ZetaSQLError as error:
            raise RefusedSql(KIND_OF_ERROR.sub("", str(error))) from None
        node = answer.resolved_statement.WhichOneof("node")
        statement = getattr(answer.resolved_statement, node)
        kind = node.removeprefix("resolved_").removesuffix("_stmt_node")
        if kind in {"update", "delete"} and not statement.HasField("where_expr"):
            raise RefusedSql(f"{kind.upper()} must have a WHERE clause")
        return kind, statement

    def _split(self, sql: str) -> str:
        """Put each name of a table's path into backticks of its own; BigQuery reads both forms."""
        return PATH.sub(
            lambda found: (
                found[0].replace(".", "`.`") if found[1] in self._first_names else found[0]
            ),
            sql,
        )


def _messages(message: Message, name: str) -> Iterator[Any]:
    """Yield all messages of a type within a message."""
    if message.DESCRIPTOR.name == name:
        yield message
    for field, value in message.ListFields():
        if field.message_type is not None:
            for inner in value if field.is_repeated else [value]:
                yield from _messages(inner, name)


@cache
def of_warehouse(warehouse: Warehouse, default: str = "", *, copies: bool = False) -> Analyser:
    """Return an analyser that knows a cell's tables and views, from the files in ``sql/``.

    Args:
        warehouse: the names of the cell's datasets.
        default: the default dataset, as in `Analyser`.
        copies: whether each table also has a restored copy, named as in docs/operations.md.
    """
    project, store = warehouse.store.split(".")
    bi = warehouse.bi.split(".")[1]
    tables: dict[str, Iterable[Column]] = {table.name: table.schema for table in list_tables()}
    if copies:
        tables |= {f"restored_{name}": columns for name, columns in tables.items()}
    views: dict[str, Iterable[Column]] = {view.name: view.columns for view in list_views()}
    return Analyser(project, {store: tables, bi: views}, default)
