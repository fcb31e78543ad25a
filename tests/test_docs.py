"""Documentation as a test: everything that people can use is described where they look for it."""

import ast
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import click
import msgspec
import pytest
from click.testing import CliRunner

from functions.load.tally import LoadCounts
from functions.observe.tally import Milliseconds
from functions.privacy.offboarding.closed_list import MAX_BYTES, NEARLY_FULL
from functions.privacy.periods import REMEMBERED
from functions.receive.tally import Received
from local.__main__ import main
from offboard.__main__ import main as offboard
from offboard.settings import Settings as OffboardSettings
from tests.unit.dashboard.stand_ins import ROUTES
from verify.__main__ import main as verify
from verify.settings import Settings as VerifySettings

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
TERRAFORM_README = (ROOT / "terraform" / "README.md").read_text()
PAGES = {path.name: path.read_text() for path in ROOT.glob("docs/*.md")}


def test_every_make_target_is_in_the_readme() -> None:
    targets = re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert targets
    for target in targets:
        assert target == "help" or f"`make {target}`" in README, target


@pytest.mark.parametrize("name", main.commands)
def test_every_command_and_option_is_in_the_readme(name: str) -> None:
    assert f"python -m local {name}" in README
    for option in main.commands[name].params:
        if isinstance(option, click.Option):
            assert f"`{option.opts[0]}`" in README, option.opts


@pytest.mark.parametrize("name", ["", *main.commands])
def test_every_command_helps(name: str) -> None:
    shown = CliRunner().invoke(main, [*([name] if name else []), "--help"])
    assert shown.exit_code == 0
    assert shown.output.count("\n") > 3


def test_every_option_and_setting_of_verify_is_among_the_operations() -> None:
    operations = PAGES["operations.md"]
    for option in verify.params:
        assert f"`{option.opts[0]}`" in operations, option.opts
    for name in VerifySettings.__struct_fields__:
        assert f"`{name.upper()}`" in operations, name


def test_every_option_and_setting_of_offboarding_is_on_the_privacy_page() -> None:
    section = PAGES["privacy.md"].split("\n### Offboard a partner\n")[1].split("\n### ")[0]
    for option in offboard.params:
        if isinstance(option, click.Option):
            assert f"`{option.opts[0]}`" in section, option.opts
    for name in OffboardSettings.__struct_fields__:
        assert f"`{name.upper()}`" in section, name


def test_verify_helps() -> None:
    shown = CliRunner().invoke(verify, ["--help"])
    assert shown.exit_code == 0
    assert "--outputs" in shown.output


@pytest.mark.parametrize(
    ("line", "struct", "distribution"),
    [("received", Received, "publish_ms"), ("loaded", LoadCounts, "freshness_ms")],
)
def test_the_fields_of_a_counting_line_are_among_the_operations(
    line: str, struct: Any, distribution: str
) -> None:
    section = PAGES["operations.md"].split(f"\n### `{line}`\n")[1].split("\n#")[0]
    documented = re.findall(r"^\| `([a-z0-9_.]+)` \|(?! `[A-Z])", section, re.MULTILINE)
    fields = [field.name for field in msgspec.structs.fields(struct)]
    fields.remove(distribution)
    fields += [f"{distribution}.{field.name}" for field in msgspec.structs.fields(Milliseconds)]
    assert documented == fields


def test_every_message_that_is_logged_is_among_the_operations() -> None:
    messages = {
        str(node.args[1].value)
        for path in (ROOT / "functions").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "log"
        if isinstance(node.args[1], ast.Constant)
    }
    assert {"received", "events not spilled", "settled", "rows not stored"} <= messages
    for message in messages:
        assert f"`{message}`" in PAGES["operations.md"], message


def test_every_output_of_terraform_is_in_its_readme() -> None:
    text = (ROOT / "terraform" / "outputs.tf").read_text()
    readme = (ROOT / "terraform" / "README.md").read_text()
    names = re.findall(r'^output "(\w+)"', text, re.MULTILINE)
    assert names
    for name in names:
        assert f"`{name}`" in readme, name


def test_every_view_and_table_is_described() -> None:
    dictionary = PAGES["data-dictionary.md"]
    for path in (*ROOT.glob("sql/store/*"), *ROOT.glob("sql/bi/**/*.*")):
        assert f"`{path.stem}`" in dictionary, path
        assert f"`{path.stem}`" in README or path.stem.startswith("event_"), path


def test_every_dependency_has_its_reason() -> None:
    decisions = "".join(path.read_text() for path in ROOT.glob("docs/decisions/[0-9]*.md"))
    for path in ROOT.glob("requirements*.in"):
        for line in path.read_text().splitlines():
            name = re.match(r"[A-Za-z0-9-]+", line)
            if name and not line.startswith(("#", "-")):
                assert name[0] in decisions, line


LINKING = [
    *("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "terraform/README.md"),
    *(path.relative_to(ROOT).as_posix() for path in sorted(ROOT.glob("docs/**/*.md"))),
]
"""The pages whose links are checked."""


def anchors(page: Path) -> set[str]:
    """Return the anchors that GitHub gives the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", LINKING)
def test_every_link_leads_somewhere(page: str) -> None:
    path = ROOT / page
    for target, anchor in re.findall(r"\]\((?!https?:)([^)#]*)(?:#([^)]+))?\)", path.read_text()):
        linked = path.parent / target if target else path
        assert linked.exists(), target
        assert not anchor or linked.suffix != ".md" or anchor in anchors(linked), (target, anchor)


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", "docs/architecture.md"])
def test_every_path_that_is_named_exists(page: str) -> None:
    """A part in angle brackets, such as `<name>`, stands for any name."""
    named = re.findall(r"`([\w.<>-]+/[\w.<>/-]*)`", (ROOT / page).read_text())
    assert "functions/web/entry.py" in named
    for path in named:
        assert list(ROOT.glob(re.sub(r"<\w+>", "*", path.rstrip("/")))), path


def test_a_walk_visits_fewer_modules_than_in_version_0_1() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text()
    walks = page.split("\n## Five walks\n")[1].split("\n## ")[0].split("\n### ")[1:]
    visited = {}
    for walk in walks:
        steps = re.findall(r"^\d+\. .*\n(?:   .*\n)*", walk, re.MULTILINE)
        modules = {name for step in steps for name in re.findall(r"\(\.\./([\w/]+\.py)\)", step)}
        visited[walk.splitlines()[0]] = len(modules)
    in_0_1 = {
        "From an event to a publish": 21,
        "From a push to a row": 23,
        "An erasure": 30,
        "A page of the dashboard": 16,
        "A replay": 13,
    }
    assert visited.keys() == in_0_1.keys()
    assert all(0 < count < in_0_1[walk] for walk, count in visited.items()), visited


def test_the_index_lists_every_decision_in_its_order() -> None:
    folder = ROOT / "docs" / "decisions"
    index = (folder / "README.md").read_text()
    listed = re.findall(r"^- \[(\d{4})\]\((.+)\) (.+)$", index, re.MULTILINE)
    assert [name for _, name, _ in listed] == sorted(each.name for each in folder.glob("[0-9]*.md"))
    for place, (number, name, title) in enumerate(listed, 1):
        assert int(number) == place
        assert name.startswith(f"{number}-")
        assert (folder / name).read_text().startswith(f"# {number}. {title}\n")


def test_the_readme_links_to_the_pages_for_newcomers() -> None:
    for page in ("CONTRIBUTING.md", "docs/architecture.md", "CHANGELOG.md"):
        assert f"]({page})" in README, page


def test_every_endpoint_of_privacy_is_described_and_no_other() -> None:
    routes = {
        " ".join(map(ast.literal_eval, node.args[:2]))
        for path in (ROOT / "functions" / "privacy").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Route"
    }
    endpoints = re.compile(r"`((?:GET|POST|DELETE) /[^`]+)`")
    described = PAGES["privacy.md"].split("\n## Endpoints\n")[1].split("\n## ")[0]
    assert {"POST /erasures", "POST /sweep", "DELETE /holds/{id}"} <= routes
    assert set(endpoints.findall(described)) == routes | {"GET /health"}
    section = README.split("\n## Privacy\n")[1].split("\n## ")[0]
    assert set(endpoints.findall(section)) == routes


def test_every_endpoint_of_the_dashboard_is_described() -> None:
    for path in [*ROUTES, "/health"]:
        assert (
            f"`{ROUTES.get(path, 'GET')} {path}`" in PAGES["dashboard.md"]
            or f"`{path}`" in PAGES["dashboard.md"]
        ), path


def assumptions() -> dict[str, list[list[str]]]:
    """Return the rows of the tables of assumptions in docs/real-cloud.md, by section."""
    part = PAGES["real-cloud.md"].split("\n## What is assumed\n")[1].split("\n## ")[0]
    sections = part.split("\n### ")[1:]
    return {
        section.splitlines()[0]: [
            [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
            for line in section.splitlines()
            if line.startswith("|")
        ]
        for section in sections
    }


@pytest.mark.parametrize("section", assumptions())
def test_every_assumption_has_a_source_and_a_way_to_find_out(section: str) -> None:
    header, rule, *rows = assumptions()[section]
    assert header == [
        "assumption",
        "source",
        "what would show that it is wrong",
        "what we chose",
    ]
    assert set(rule) == {"---"}
    assert rows
    for row in rows:
        assert len(row) == len(header), row
        assumption, source, shown, chosen = row
        assert len(assumption) > 20, row
        assert "https://" in source, row
        assert re.search(r"`[^`]+`", shown), f"no command and nothing to look at: {row}"
        assert len(chosen) > 10, row


def test_no_assumption_is_there_twice() -> None:
    found = [row[0] for rows in assumptions().values() for row in rows[2:]]
    assert len(found) == len(set(found))


def test_every_quota_has_a_source_and_what_to_do() -> None:
    part = PAGES["real-cloud.md"].split("\n## Quotas at ")[1]
    rows = [line.split("|")[1:-1] for line in part.splitlines() if line.startswith("|")][2:]
    assert len(rows) >= 8
    for row in rows:
        assert len(row) == 5, row
        assert all(cell.strip() for cell in row), row
        assert "](" in row[3], row


def test_both_readmes_lead_to_the_first_time_on_google() -> None:
    assert "(docs/real-cloud.md)" in README
    assert "(../docs/real-cloud.md" in TERRAFORM_README


def posts() -> list[str]:
    """Return all commands in the documents that send a POST, each on one line."""
    pages = {**PAGES, "README.md": README, "terraform": TERRAFORM_README}
    text = "\n".join(pages.values()).replace("\\\n", " ")
    return [line for line in text.splitlines() if re.search(r"curl .*-X POST", line)]


def test_every_post_has_a_length() -> None:
    """Google's front end answers 411 to a POST without a length, and curl sends none by itself.

    Source: https://github.com/googleapis/storage-testbench/issues/729
    """
    assert len(posts()) > 10
    assert [post for post in posts() if not re.search(r"\s(-d|--data\S*)\s", post)] == []


def shell_blocks() -> list[tuple[str, str]]:
    """Return the commands for Google that no test can run, as (page, all of its commands)."""
    losing = PAGES["operations.md"].split("\n## Losing and restoring\n")[1].split("\n## ")[0]
    texts = {"operations.md": losing, "real-cloud.md": PAGES["real-cloud.md"]}
    blocks = re.compile(r"^```(?:sh)?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
    return [(page, "\n".join(blocks.findall(text))) for page, text in texts.items()]


@pytest.mark.parametrize(("page", "script"), shell_blocks())
def test_commands_for_google_are_shell_and_use_variables_that_the_page_sets(
    page: str, script: str
) -> None:
    bash = shutil.which("bash") or "bash"
    parsed = subprocess.run([bash, "-n"], input=script.encode(), capture_output=True, check=False)
    assert parsed.returncode == 0, parsed.stderr.decode()
    used = set(re.findall(r"\$\{?([A-Z_]{2,})", script))
    named = re.findall(r"(?:^|\s)([A-Z_]{2,})=", script) + re.findall(r"\bfor ([A-Z_]+) in", script)
    assert "PROJECT" in used
    assert used <= set(named)


def test_commands_that_restore_name_the_project() -> None:
    """Without a project, `gcloud` acts on the project that was configured last."""
    [script] = [script for page, script in shell_blocks() if page == "operations.md"]
    lines = [line for line in script.splitlines() if re.search(r"gcloud (?!auth|storage)", line)]
    # The full name of a job has the project.
    named = [line for line in lines if "--project" in line or line.endswith('"$JOB"')]
    assert len(lines) > 8
    assert lines == named


def test_the_query_of_the_first_hour_names_a_metric_as_alerts_do() -> None:
    """PromQL of Cloud Monitoring accepts only the full name of a metric, not a pattern.

    Source: https://cloud.google.com/stackdriver/docs/managed-prometheus/promql-differences
    """
    query = re.compile(r'--data-urlencode "query=(.+)" \\$', re.MULTILINE)
    [queried] = query.findall(PAGES["real-cloud.md"])
    monitoring = (ROOT / "terraform" / "modules" / "cell" / "monitoring.tf").read_text()
    assert "__name__" not in queried
    [(prefix, metric)] = re.findall(r"(logging\w+:user_)chat_\$\{CELL\}_(\w+)_sum\{", queried)
    assert f'"{prefix}${{local.metric_prefix}}_${{name}}_sum${{local.function}}"' in monitoring
    assert re.search(rf"^      {metric} += \{{", monitoring, re.MULTILINE)
    [labels] = re.findall(r"\{([^{}$]+)\}\[", queried)
    assert f'function = "{{{labels}}}"' in monitoring


def test_the_operations_tell_how_long_a_partner_who_left_stays_on_the_list() -> None:
    monitoring = (ROOT / "terraform" / "modules" / "cell" / "monitoring.tf").read_text()
    days = REMEMBERED.days
    assert f"An entry is needed for {days} days after `closed_at`" in PAGES["operations.md"]
    assert f"that were closed more than {days} days ago" in monitoring
    assert f"more than {int(MAX_BYTES * NEARLY_FULL):,} `bytes`" in PAGES["operations.md"]
