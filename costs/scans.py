"""Finds the tables and columns that a statement reads, and the bounds of these columns.

A condition bounds a scan if it reaches the scan. The rules below say which conditions reach a scan.
They are on the safe side: BigQuery may prune more, but not less.

- A condition passes a projection if the projection returns the column itself, or its day.
- It passes a common table expression, a view and each branch of a UNION ALL.
- It passes a GROUP BY if the column is one of its keys.
- It passes a join to the side that has the column, but not to a side whose rows the join may fill
  with NULL. Conditions of the join itself reach both sides of an INNER JOIN, and the right side of
  a LEFT JOIN.
- It does not pass a window function, even if the column is in its PARTITION BY, because no source
  says that BigQuery prunes then.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from zetasql.wasi._pb2.zetasql.resolved_ast import resolved_ast_enums_pb2 as enums

from costs import tree
from costs.bounds import Bound, Constants, monotone_column

INNER = enums.ResolvedJoinScanEnums.INNER
LEFT = enums.ResolvedJoinScanEnums.LEFT
UNION_ALL = enums.ResolvedSetOperationScanEnums.UNION_ALL
INSERT = enums.ResolvedMergeWhenEnums.INSERT


class Read(NamedTuple):
    """One scan of a table.

    Attributes:
        table: the name of the table.
        columns: the names of the columns that are read.
        bounds: the bounds that reach the scan, each with the name of its column.
        rewrites: whether the statement changes rows in this scan, which rewrites whole partitions.
    """

    table: str
    columns: frozenset[str]
    bounds: tuple[tuple[str, Bound], ...]
    rewrites: bool = False


Views = Callable[[str], Any]
"""Returns the resolved query of a view; None for a table."""


def reads(statement: Any, constants: Constants, views: Views) -> list[Read]:
    """Return all scans of a statement.

    A table that a statement names twice counts as read twice; BigQuery may bill less.

    Args:
        statement: the statement as `googlesql.analyser.Analyser.resolve` returns it.
        constants: has the time and the parameters of the run.
        views: finds the queries of views.
    """
    walk = _Walk(constants, views)
    match tree.kind(statement):
        case "QueryStmt":
            walk.scan(
                statement.query, [], {c.column.column_id for c in statement.output_column_list}
            )
        case "InsertStmt":
            if statement.HasField("query"):
                walk.scan(statement.query, [], tree.columns_of(statement.query))
        case "MergeStmt":
            walk.merge(statement)
        case _:
            walk.change(statement)
    return walk.found


def reads_of_view(
    view: Any, first: Mapping[str, datetime], constants: Constants, views: Views
) -> list[Read]:
    """Return all scans of a query for all columns of a view.

    Args:
        view: the resolved query of the view.
        first: the smallest value (UTC) that the query asks for in a column, by the column's name.
        constants: has the time of the query.
        views: finds the queries of views.
    """
    walk = _Walk(constants, views)
    walk.view(view, [(name, Bound(0, moment, None)) for name, moment in first.items()])
    return walk.found


class _Walk:
    """Goes through the scans of one statement or view, from the outermost to the tables."""

    def __init__(self, constants: Constants, views: Views) -> None:
        self.found: list[Read] = []
        self._constants = constants
        self._views = views
        self._expressions: dict[str, Any] = {}

    def scan(self, message: Any, bounds: list[Bound], needed: set[int]) -> None:
        """Go through a scan.

        Args:
            message: the scan.
            bounds: the conditions on its columns that reach it.
            needed: the ids of its columns that are used outside the scan.
        """
        scan = tree.concrete(message)
        take = getattr(self, f"_{tree.kind(scan)}", self._other)
        take(scan, bounds, needed)

    def change(self, statement: Any) -> None:
        """Go through an UPDATE or a DELETE."""
        bounds = self._constants.bounds(statement.where_expr)
        self._subqueries(statement)
        if tree.kind(statement) == "UpdateStmt" and statement.HasField("from_scan"):
            self.scan(statement.from_scan, bounds, tree.columns_named(statement))
        self._target(statement, bounds, changes=True)

    def merge(self, statement: Any) -> None:
        """Go through a MERGE. A join ON FALSE is bounded by the conditions of its clauses."""
        bounds = self._constants.bounds(statement.merge_expr)
        self.scan(statement.from_scan, bounds, tree.columns_named(statement))
        if not bounds:
            for clause in statement.when_clause_list:
                bounds = bounds + self._constants.bounds(clause.match_expr)
        for clause in statement.when_clause_list:
            self._subqueries(clause)
        changes = any(clause.action_type != INSERT for clause in statement.when_clause_list)
        self._target(statement, bounds, changes=changes)

    def _target(self, statement: Any, bounds: Iterable[Bound], *, changes: bool) -> None:
        """Add the scan of the table that a statement changes, and say if it rewrites partitions."""
        self._table(statement.table_scan, bounds, tree.columns_named(statement, below_scans=False))
        if changes:
            self.found[-1] = self.found[-1]._replace(rewrites=True)

    def _subqueries(self, message: Any) -> None:
        for subquery in tree.subqueries(message):
            self.scan(subquery, [], tree.columns_of(subquery))

    def _TableScan(self, scan: Any, bounds: list[Bound], needed: set[int]) -> None:  # noqa: N802
        self._table(scan, bounds, needed)

    def _table(self, scan: Any, bounds: Iterable[Bound], needed: set[int]) -> None:
        names = {column.column_id: column.name for column in tree.field(scan, "column_list")}
        columns = frozenset(name for number, name in names.items() if number in needed)
        reaching = tuple((names[each.column], each) for each in bounds if each.column in names)
        view = self._views(scan.table.name)
        if view is None:
            self.found.append(Read(scan.table.name, columns, reaching))
        else:
            inner = _Walk(self._constants, self._views)
            inner.view(view, reaching, columns)
            self.found += inner.found

    def view(
        self, view: Any, bounds: Iterable[tuple[str, Bound]], needed: Collection[str] | None = None
    ) -> None:
        """Go through the query of a view.

        Args:
            view: the resolved query.
            bounds: the bounds of its columns, by name.
            needed: the names of the columns that are used; None for all.
        """
        ids = {column.name: column.column.column_id for column in view.output_column_list}
        self.scan(
            view.query,
            [bound._replace(column=ids[name]) for name, bound in bounds],
            {ids[name] for name in (ids if needed is None else needed)},
        )

    def _FilterScan(self, scan: Any, bounds: list[Bound], needed: set[int]) -> None:  # noqa: N802
        self._subqueries(scan.filter_expr)
        found = self._constants.bounds(scan.filter_expr)
        self.scan(scan.input_scan, bounds + found, needed | tree.columns_named(scan.filter_expr))

    def _ProjectScan(self, scan: Any, bounds: list[Bound], needed: set[int]) -> None:  # noqa: N802
        made = _made(scan.expr_list)
        used = [expression for column, expression in made.items() if column in needed]
        for expression in used:
            self._subqueries(expression)
        inside = (needed - made.keys()).union(*map(tree.columns_named, used))
        self.scan(scan.input_scan, _through(bounds, made), inside)

    def _AggregateScan(self, scan: Any, bounds: list[Bound], needed: set[int]) -> None:  # noqa: N802
        keys = _made(tree.field(scan, "group_by_list"))
        made = _made(tree.field(scan, "aggregate_list"))
        used = [*keys.values(), *(made[column] for column in made if column in needed)]
        for expression in used:
            self._subqueries(expression)
        passing = [bound for bound in bounds if bound.column in keys]
        inside: set[int] = set().union(*map(tree.columns_named, used))
        self.scan(tree.field(scan, "input_scan"), _through(passing, keys), inside)

    def _AnalyticScan(self, scan: Any, _bounds: list[Bound], needed: set[int]) -> None:  # noqa: N802
        inside = set(needed)
        for group in scan.function_group_list:
            if needed & _made(group.analytic_function_list).keys():
                inside |= tree.columns_named(group)
        self.scan(scan.input_scan, [], inside)

    def _JoinScan(self, scan: Any, bounds: list[Bound], needed: set[int]) -> None:  # noqa: N802
        inside, own = needed, []
        if scan.HasField("join_expr"):
            inside = needed | tree.columns_named(scan.join_expr)
            own = self._constants.bounds(scan.join_expr)
            self._subqueries(scan.join_expr)
        is_inner, is_left = scan.join_type == INNER, scan.join_type == LEFT
        left = bounds + own if is_inner else bounds if is_left else []
        right = bounds + own if is_inner else own if is_left else []
        self.scan(scan.left_scan, _of(left, tree.columns_of(scan.left_scan)), inside)
        self.scan(scan.right_scan, _of(right, tree.columns_of(scan.right_scan)), inside)

    def _SetOperationScan(self, scan: Any, bounds: list[Bound], needed: set[int]) -> None:  # noqa: N802
        returned = [column.column_id for column in tree.field(scan, "column_list")]
        # Operations other than UNION ALL compare whole rows, so they need all columns.
        used = needed if scan.op_type == UNION_ALL else set(returned)
        for item in scan.input_item_list:
            own = [column.column_id for column in item.output_column_list]
            self._renamed(item.scan, returned, own, bounds, used)

    def _WithScan(self, scan: Any, bounds: list[Bound], needed: set[int]) -> None:  # noqa: N802
        for entry in scan.with_entry_list:
            self._expressions[entry.with_query_name] = entry.with_subquery
        self.scan(scan.query, bounds, needed)

    def _WithRefScan(self, scan: Any, bounds: list[Bound], needed: set[int]) -> None:  # noqa: N802
        expression = self._expressions[scan.with_query_name]
        returned = [column.column_id for column in tree.field(scan, "column_list")]
        found = tree.field(tree.concrete(expression), "column_list")
        self._renamed(expression, returned, [c.column_id for c in found], bounds, needed)

    def _renamed(
        self,
        scan: Any,
        outside: Sequence[int],
        inside: Sequence[int],
        bounds: list[Bound],
        needed: set[int],
    ) -> None:
        """Go through a scan whose columns have different ids inside and outside the scan."""
        ids = dict(zip(outside, inside, strict=True))
        passing = [each._replace(column=ids[each.column]) for each in _of(bounds, ids)]
        self.scan(scan, passing, {ids[column] for column in needed if column in ids})

    def _ArrayScan(self, scan: Any, bounds: list[Bound], needed: set[int]) -> None:  # noqa: N802
        if scan.HasField("input_scan"):
            inside = needed | tree.columns_named(scan, below_scans=False)
            self.scan(scan.input_scan, _of(bounds, tree.columns_of(scan.input_scan)), inside)

    def _OrderByScan(self, scan: Any, bounds: list[Bound], needed: set[int]) -> None:  # noqa: N802
        inside = needed | tree.columns_named(scan, below_scans=False)
        self.scan(tree.field(scan, "input_scan"), bounds, inside)

    def _other(self, scan: Any, _bounds: list[Bound], needed: set[int]) -> None:
        inner = tree.field(scan, "input_scan")
        if inner is not None:
            self.scan(inner, [], needed | tree.columns_named(scan, below_scans=False))


def _made(computed: Iterable[Any]) -> dict[int, Any]:
    """Return the computed columns of a scan: the id of each, and its expression."""
    return {each.column.column_id: each.expr for each in map(tree.concrete, computed)}


def _of(bounds: Iterable[Bound], columns: Iterable[int]) -> list[Bound]:
    known = set(columns)
    return [bound for bound in bounds if bound.column in known]


def _through(bounds: Iterable[Bound], made: dict[int, Any]) -> list[Bound]:
    """Return the bounds that pass a projection; a bound of a computed column may end there."""
    passing: list[Bound] = []
    for bound in bounds:
        if bound.column not in made:
            passing.append(bound)
        elif found := monotone_column(made[bound.column]):
            passing.append(bound._replace(column=found[0]))
    return passing
