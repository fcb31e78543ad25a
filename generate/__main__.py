"""``python -m generate`` writes the generated files; ``--check`` only compares them."""

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from functions.events.catalogue import Catalogue, load_catalogue
from generate import (
    active_days,
    dictionary,
    module_readme,
    names,
    partner_rows,
    privacy,
    reasons,
    refresh,
    room_events,
    samples,
    schema,
    settings,
    view_columns,
    views,
)

ROOT = Path(__file__).parents[1]

GENERATED = (
    f"{views.FOLDER}/*.sql",
    f"{views.FOLDER}/*.json",
    view_columns.EVENTS_PATH,
    view_columns.ROOM_EVENTS_PATH,
    f"{samples.FOLDER}/*.json",
    *schema.PATHS,
    dictionary.PATH,
    names.PATH,
    settings.PATH,
    reasons.ALERTS,
    f"{partner_rows.FOLDER}/{partner_rows.DELETE}*.sql",
    f"{partner_rows.FOLDER}/{partner_rows.COUNT}.sql",
    *room_events.STATEMENTS.values(),
)
"""The patterns of files that are generated as a whole. A file that matches a pattern, but is no
longer generated, is removed."""


def render(catalogue: Catalogue, root: Path) -> dict[str, str]:
    """Return the content of each generated file, by its path below the root.

    The data dictionary also describes the tables and views that are written by hand, so their files
    are read.
    """
    table = schema.render(catalogue)
    by_hand = {
        path.relative_to(root).as_posix(): path.read_text("utf-8")
        for path in root.glob("sql/store/*.json")
    }
    metrics = {path.stem: path.read_text("utf-8") for path in sorted(root.glob("sql/bi/*.sql"))}
    event_columns = view_columns.render(catalogue)
    columns = {
        name: path.read_text("utf-8")
        for name in metrics
        if (path := root / f"sql/bi/{name}.json").is_file()
    } | {
        "events": event_columns[view_columns.EVENTS_PATH],
        "room_events": event_columns[view_columns.ROOM_EVENTS_PATH],
    }
    return {
        **table,
        **views.render(catalogue),
        **event_columns,
        **samples.render(catalogue),
        **dictionary.render(catalogue, by_hand | table, metrics, columns),
        **names.render(catalogue),
        **settings.render(root),
        **partner_rows.render(root),
        **privacy.render(root),
        **reasons.render(catalogue, root),
        **refresh.render(root),
        **room_events.render(root),
        **active_days.render(catalogue, root),
        **module_readme.render(root),
    }


def drifted(files: dict[str, str], root: Path) -> Iterator[str]:
    """Yield the paths that are missing, out of date, or no longer generated."""
    for path, content in files.items():
        file = root / path
        if not file.is_file() or file.read_text("utf-8") != content:
            yield path
    for pattern in GENERATED:
        for file in sorted(root.glob(pattern)):
            if (path := file.relative_to(root).as_posix()) not in files:
                yield path


def write(files: dict[str, str], root: Path) -> None:
    """Write the files that `drifted` finds; remove those that are no longer generated."""
    for path in list(drifted(files, root)):
        file = root / path
        if path in files:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(files[path], "utf-8")
        else:
            file.unlink()


def main(arguments: Sequence[str], root: Path = ROOT) -> int:
    """Run the command; return the exit status: 1 if ``--check`` finds a drifted file, else 0."""
    parser = argparse.ArgumentParser(prog="python -m generate", description=__doc__)
    parser.add_argument(
        "--check",
        action="store_true",
        help="list the files that are out of date, and write nothing",
    )
    options = parser.parse_args(arguments)
    files = render(load_catalogue(), root)
    if not options.check:
        write(files, root)
        return 0
    paths = list(drifted(files, root))
    for path in paths:
        print(f"{path} has drifted: run `make generate`", file=sys.stderr)
    return 1 if paths else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
