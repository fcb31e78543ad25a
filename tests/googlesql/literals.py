"""The SQL texts that stand in Python, found in the modules' syntax trees."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.googlesql.texts import BI, PROJECT, SQL_TEXT, STORE, WAREHOUSE, Text

ROOT = Path(__file__).parents[2]
FOLDERS = ("functions", "local", "offboard", "verify")
"""Not `generate`: it writes files below ``sql/``, and `test_statements.py` takes each of them."""
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
"""What the texts' placeholders stand for, by expression; another one fails."""
BOUND = {"ingest_id": "STRING"}
"""Parameters of texts in Python; `test_verify.py` holds them against what is bound."""


def modules() -> list[Path]:
    """Return the modules that are no tests."""
    return [
        ROOT / "main.py",
        *sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")),
    ]


def of_module(path: Path) -> Iterator[Text]:
    """Return a module's texts, with a value for each placeholder.

    Raises:
        KeyError: a placeholder has none.
    """
    name = path.relative_to(ROOT).as_posix()
    for line, written in _strings(ast.parse(path.read_text("utf-8"))):
        if SQL_TEXT.match(written):
            sql = PLACEHOLDER.sub(lambda found: VALUES[found[1]], written)
            used = {each: BOUND[each] for each in re.findall(r"@(\w+)", sql)}
            # `local.query` names the BI dataset where a text names none.
            yield Text(f"{name}:{line}", sql, used, BI if name.startswith("local/") else "")


def _strings(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Go through the strings of a module with their lines; no docstrings, no parts of others."""
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
