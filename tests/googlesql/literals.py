"""Finds the SQL texts in Python modules, by their syntax trees."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.googlesql.texts import BI, PROJECT, SQL_TEXT, STORE, WAREHOUSE, Text

ROOT = Path(__file__).parents[2]
FOLDERS = ("functions", "local", "offboard", "verify")
"""The folders to search. `generate` is not among them, because it only writes files in ``sql/``,
which `test_statements.py` tests."""
PLACEHOLDER = re.compile(r"\{([^{}]+)\}")
VALUES = {
    "cell.project_id": PROJECT,
    "cell.datasets.bi": BI,
    "event.view": "events",
    "finding.subject": f"{BI}.events",
    "store": STORE,
    "warehouse.bi": WAREHOUSE.bi,
    "name": "events",
    "text": "SELECT 1 AS x",
    "bq_sql": "SELECT 1 AS x",
}
"""The values of placeholders in f-strings, by expression; a test fails for any other expression."""
BOUND = {"ingest_id": "STRING"}
"""The parameters of SQL texts in Python; `test_verify.py` checks that these are bound."""


def modules() -> list[Path]:
    """Return the modules to search."""
    return [
        ROOT / "main.py",
        *sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")),
    ]


def of_module(path: Path) -> Iterator[Text]:
    """Yield the SQL texts of a module, with a value for each placeholder.

    Raises:
        KeyError: a placeholder has no value in `VALUES`.
    """
    name = path.relative_to(ROOT).as_posix()
    for line, written in _strings(ast.parse(path.read_text("utf-8"))):
        if SQL_TEXT.match(written):
            sql = PLACEHOLDER.sub(lambda found: VALUES[found[1]], written)
            used = {each: BOUND[each] for each in re.findall(r"@(\w+)", sql)}
            # `local.query` makes the BI dataset the default for table names without a dataset.
            yield Text(f"{name}:{line}", sql, used, BI if name.startswith("local/") else "")


def _strings(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield the strings of a module with their lines, without docstrings and parts of f-strings."""
    left = [tree]
    while left:
        node = left.pop()
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value
        elif isinstance(node, ast.JoinedStr):
            yield node.lineno, "".join(_written(part) for part in node.values)
        elif not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
            left += ast.iter_child_nodes(node)


def _written(part: ast.expr) -> str:
    if isinstance(part, ast.FormattedValue):
        return f"{{{ast.unparse(part.value)}}}"
    assert isinstance(part, ast.Constant)
    return str(part.value)
