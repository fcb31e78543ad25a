"""Facts that both Python and Terraform state are the same: functions, queues, jobs and files."""

import ast
import base64
import dataclasses
import importlib
import inspect
import json
import re
import zipfile
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions import FUNCTIONS
from functions.acceptance.signature import SigningKey
from functions.load.tally import LoadCounts
from functions.observe.tally import Milliseconds
from functions.operate.replay import ReplayReport
from functions.privacy.periods import TIME_TRAVEL
from functions.receive.tally import Received
from functions.retained.quarantine import ON_HOLD, UNREADABLE
from functions.retained.spill import PREFIX as SPILL
from functions.secrets.closed_partners import ClosedList
from functions.warehouse.jobs import CANCEL_SECONDS
from functions.warehouse.rollups import REFRESHES
from local import provision
from local.bigquery_jobs import RUNNING, WAITING
from local.cell import PROJECT, Cell
from tests.terraform.resources import Resource, of_type
from tests.terraform.workspace import ROOT, Workspace

pytestmark = [pytest.mark.terraform, pytest.mark.xdist_group("plan")]

CHANGED = re.compile(
    r"^(?:INSERT INTO|DELETE FROM|UPDATE|MERGE) `\$\{store\}\.(\w+)`", re.MULTILINE
)
"""Matches the beginning of a statement that changes rows, with the table's name."""

MODULE = ROOT / "terraform" / "modules" / "cell"


@pytest.fixture
def functions(full_plan: dict[str, Any]) -> dict[str, Resource]:
    found = of_type(full_plan["planned_values"], "google_cloudfunctions2_function")
    return {
        resource.values["build_config"][0]["entry_point"]: resource
        for resource in found
        if resource.cell == "eu"
    }


def test_the_entry_points_are_those_of_main(functions: dict[str, Resource]) -> None:
    main = importlib.import_module("main")
    names = {name for name, value in vars(main).items() if inspect.iscoroutinefunction(value)}

    assert set(functions) == names == set(FUNCTIONS)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_gets_the_settings_that_it_reads(
    functions: dict[str, Resource], name: str
) -> None:
    settings = importlib.import_module(f"functions.{name}.settings").Settings
    fields = {field.name.upper(): field.required for field in msgspec.structs.fields(settings)}
    given = set(functions[name].values["service_config"][0]["environment_variables"])

    assert {field for field, required in fields.items() if required} - given == set()
    assert given - set(fields) == set()


@pytest.mark.parametrize("name", FUNCTIONS)
def test_secrets_are_mounted_where_the_settings_say(
    functions: dict[str, Resource], name: str
) -> None:
    service = functions[name].values["service_config"][0]
    environment = service["environment_variables"]
    paths = {
        environment[key] for key in environment if key.endswith("_FILE") or key == "PSEUDONYM_KEYS"
    }
    mounted = {
        f"{volume['mount_path']}/{version['path']}"
        for volume in service["secret_volumes"]
        for version in volume["versions"]
    }

    assert {path for path in mounted if path in paths or str(Path(path).parent) in paths} == mounted
    assert len(mounted) == len(paths)


def test_concurrency_has_the_cpu_that_it_needs(functions: dict[str, Resource]) -> None:
    load = functions["load"].values["service_config"][0]

    assert load["max_instance_request_concurrency"] >= 80
    assert float(load["available_cpu"]) >= 1


def test_prefixes_are_those_that_the_functions_write(full_plan: dict[str, Any]) -> None:
    bucket = next(
        resource.values
        for resource in of_type(full_plan["planned_values"], "google_storage_bucket")
        if resource.cell == "eu" and resource.name == "data"
    )
    days = {
        rule["condition"][0]["matches_prefix"][0]: rule["condition"][0]["age"]
        for rule in bucket["lifecycle_rule"]
    }

    assert {SPILL, "quarantine/", "exports/"} <= set(days)
    assert days["exports/"] == 1
    assert {f"quarantine/{reason}/" for reason in UNREADABLE} == {
        prefix for prefix in days if prefix.count("/") == 2
    }
    assert all(age <= 7 for prefix, age in days.items() if prefix.count("/") == 2)
    assert max(days.values()) < 30
    assert not [prefix for prefix in days if ON_HOLD.startswith(prefix)]
    assert bucket["soft_delete_policy"][0]["retention_duration_seconds"] == 0


def test_the_closed_list_of_terraform_has_the_times_that_show_if_it_was_made_again() -> None:
    """The value is write-only, so a plan does not have it, and the test reads the configuration."""
    block = re.search(
        r'_version" "closed" \{.*?jsonencode\(\{\n(.*?)\n  \}\)',
        (MODULE / "secrets.tf").read_text(),
        re.DOTALL,
    )
    assert block
    members = dict(re.findall(r"(\w+)\s+= (.+)", block[1]))

    assert members == {
        "partners": "{}",
        "made_at": "plantimestamp()",
        "secret_made_at": 'google_secret_manager_secret.this["closed"].create_time',
    }
    assert members.keys() <= {field.name for field in msgspec.structs.fields(ClosedList)}


def test_deleted_rows_are_gone_when_receipts_say(full_plan: dict[str, Any]) -> None:
    hours = {
        found.values["max_time_travel_hours"]
        for found in of_type(full_plan["planned_values"], "google_bigquery_dataset")
    }

    assert hours == {str(int(TIME_TRAVEL.total_seconds() // 3600))}


def test_subscriptions_and_jobs_are_those_of_the_embedded_cell(full_plan: dict[str, Any]) -> None:
    planned = {
        f"projects/{PROJECT}/subscriptions/{resource.values['name']}": resource.values
        for resource in of_type(full_plan["planned_values"], "google_pubsub_subscription")
        if resource.cell == "eu"
    }
    cell = Cell(1, "", Path(), "")
    pushed = {cell.subscription: None, cell.privacy_subscription: provision.DELETIONS}
    dead = planned[cell.dead_letter_subscription]
    paths = {url.rsplit("/", 1)[-1] for _, url in cell.jobs()}
    jobs = {
        resource.values["name"]: resource.values["schedule"]
        for resource in of_type(full_plan["planned_values"], "google_cloud_scheduler_job")
        if resource.cell == "eu"
    }

    for name, sent in pushed.items():
        subscription = planned[name]
        assert subscription["filter"] == sent
        assert subscription["ack_deadline_seconds"] == provision.ACK_DEADLINE_SECONDS
        assert subscription["retry_policy"][0] == {
            "minimum_backoff": f"{provision.MINIMUM_BACKOFF_SECONDS}s",
            "maximum_backoff": f"{provision.MAXIMUM_BACKOFF_SECONDS}s",
        }
        attempts = subscription["dead_letter_policy"][0]["max_delivery_attempts"]
        assert attempts == provision.DELIVERY_ATTEMPTS
    partners = f"projects/{PROJECT}/subscriptions/chat-eu-partner-acme.rewards"
    assert set(planned) == {*pushed, cell.dead_letter_subscription, partners}
    assert dead["ack_deadline_seconds"] == provision.DEAD_LETTER_ACK_DEADLINE_SECONDS
    assert dead["message_retention_duration"] == "2678400s"
    assert {entry["ttl"] for found in planned.values() for entry in found["expiration_policy"]} == {
        ""
    }
    assert set(jobs) == {f"chat-eu-{path}" for path in paths}
    assert jobs["chat-eu-replay"] == "*/5 * * * *"
    assert jobs["chat-eu-settle"] == jobs["chat-eu-refresh"] == "0 0 * * *"
    assert re.fullmatch(r"\d+ \* \* \* \*", jobs["chat-eu-sweep"])
    assert re.fullmatch(r"\d+ \d+ \* \* \*", jobs["chat-eu-unfiled"])
    assert provision.DELETIONS == (
        'attributes.event = "delete_profile_confirmed" OR attributes.event = "account_restored"'
    ), "a different filter would replace the subscription, and delete its waiting messages"


def test_the_residency_report_checks_all_resources_that_store_data(
    functions: dict[str, Resource], full_plan: dict[str, Any]
) -> None:
    environment = functions["privacy"].values["service_config"][0]["environment_variables"]
    parts = json.loads(environment["PARTS"])
    there = {
        kind: {
            found.values[name]
            for found in of_type(full_plan["planned_values"], f"google_{kind}")
            if found.cell == "eu"
        }
        for kind, name in (
            ("pubsub_topic", "name"),
            ("secret_manager_secret", "secret_id"),
            ("storage_bucket", "name"),
            ("bigquery_dataset", "dataset_id"),
        )
    }
    datasets = parts["datasets"]

    assert {name.rsplit("/", 1)[-1] for name in parts["topics"]} == there["pubsub_topic"]
    assert {name.rsplit("/", 1)[-1] for name in parts["secrets"]} == there["secret_manager_secret"]
    assert set(parts["buckets"]) == there["storage_bucket"]
    names = {datasets["store"], datasets["bi"], *datasets["partners"].values()}
    assert names == there["bigquery_dataset"]
    embedded = Cell(1, "", Path(), "").parts()
    names_of = {name.rsplit("/", 1)[-1] for name in embedded["topics"] + embedded["secrets"]}
    assert names_of == there["pubsub_topic"] | there["secret_manager_secret"]
    assert environment["GDPR"] == "true"


def test_pushes_and_jobs_call_as_the_accounts_that_privacy_expects(
    functions: dict[str, Resource], full_plan: dict[str, Any]
) -> None:
    environment = functions["privacy"].values["service_config"][0]["environment_variables"]
    accounts = {
        f"{resource.values['account_id']}@acme-chat-prod.iam.gserviceaccount.com"
        for resource in of_type(full_plan["planned_values"], "google_service_account")
        if resource.address.endswith(('["push"]', '["scheduler"]')) and resource.cell == "eu"
    }

    assert {environment["PUSH_ACCOUNT"], environment["SCHEDULER_ACCOUNT"]} == accounts
    assert "push" in environment["PUSH_ACCOUNT"]


def test_callers_wait_longer_than_a_function_may_take(
    functions: dict[str, Resource], full_plan: dict[str, Any]
) -> None:
    operate, privacy = (
        functions[name].values["service_config"][0]["timeout_seconds"]
        for name in ("operate", "privacy")
    )
    defaults = defaults_of("operate")
    deadlines = {
        found.values["name"]: int(found.values["attempt_deadline"].removesuffix("s"))
        for found in of_type(full_plan["planned_values"], "google_cloud_scheduler_job")
    }

    assert defaults["replay_seconds"] < min(operate, provision.DEAD_LETTER_ACK_DEADLINE_SECONDS)
    for job in ("settle", "refresh"):
        assert defaults[f"{job}_seconds"] + defaults["statement_seconds"] + CANCEL_SECONDS < operate
        assert operate < deadlines[f"chat-eu-{job}"]
    defaults = defaults_of("privacy")
    assert defaults["work_seconds"] + defaults["statement_seconds"] + CANCEL_SECONDS < privacy
    assert privacy < deadlines["chat-eu-sweep"]
    assert privacy < deadlines["chat-eu-unfiled"]


def test_all_instances_together_stay_within_bigquerys_limit_of_changes(
    functions: dict[str, Resource],
) -> None:
    changes = {
        name: defaults_of(name)["changes_at_a_time"]
        * functions[name].values["service_config"][0]["max_instance_count"]
        for name in ("operate", "privacy")
    }

    assert sum(changes.values()) <= RUNNING + WAITING


def defaults_of(function: str) -> dict[str, Any]:
    settings = importlib.import_module(f"functions.{function}.settings").Settings
    return {field.name: field.default for field in msgspec.structs.fields(settings)}


@pytest.mark.parametrize("name", ["operate", "privacy"])
def test_a_function_has_grants_on_the_tables_of_its_statements(
    full_plan: dict[str, Any], name: str
) -> None:
    files = {*(ROOT / "sql" / name).glob("*.sql")}
    if name == "privacy":  # before it erases, it also refreshes open days, and uses the ledger
        shared = [*REFRESHES, "find_news", "note_days", "record_run"]
        files |= {ROOT / "sql" / "operate" / f"{statement}.sql" for statement in shared}
    texts = [file.read_text() for file in files]
    reads_views = any(re.search(r"\$\{bi\}\.\w+", text) for text in texts)
    tables = {table for text in texts for table in re.findall(r"\$\{store\}\.(\w+)", text)}
    changed = {table for text in texts for table in CHANGED.findall(text)}
    granted: dict[str, set[str]] = {"function": set(), "reader": set()}
    for found in of_type(full_plan["planned_values"], "google_bigquery_table_iam_member"):
        if found.cell == "eu" and f'["{name}/' in found.address:
            granted[found.name].add(found.values["table_id"])

    assert granted["function"] == changed
    assert granted["reader"] == tables - changed
    [bi] = [
        found
        for found in of_type(full_plan["planned_values"], "google_bigquery_dataset")
        if found.values["dataset_id"] == "chat_eu"
    ]
    readers = {each["user_by_email"] for each in bi.values["access"] if each["role"] == "READER"}
    assert reads_views
    assert f"chat-eu-{name}@acme-chat-prod.iam.gserviceaccount.com" in readers


def fields_of_line(message: str, module: Path) -> list[str | None]:
    """Return the fields of the log line that the call of ``log`` with this message writes."""
    [call] = (
        node
        for node in ast.walk(ast.parse(module.read_text()))
        if isinstance(node, ast.Call)
        and any(isinstance(each, ast.Constant) and each.value == message for each in node.args)
    )
    return [keyword.arg for keyword in call.keywords]


def test_metrics_are_made_of_fields_that_are_logged(full_plan: dict[str, Any]) -> None:
    metrics = {
        found.values["name"].removeprefix("chat_eu_"): found.values
        for found in of_type(full_plan["planned_values"], "google_logging_metric")
        if found.cell == "eu" and found.values["value_extractor"]
    }
    logged = {
        "receive": Received.__struct_fields__,
        "load": LoadCounts.__struct_fields__,
        "operate": [field.name for field in dataclasses.fields(ReplayReport)],
        "privacy": [
            *fields_of_line("retention checked", ROOT / "functions/privacy/reports/retention.py"),
            *fields_of_line("late rows missed", ROOT / "functions/privacy/sweep/job.py"),
            *fields_of_line("erasures overdue", ROOT / "functions/privacy/sweep/work.py"),
            *fields_of_line("deletions not filed", ROOT / "functions/privacy/erasures/unfiled.py"),
            *fields_of_line(
                "deletion contradicts restoration", ROOT / "functions/privacy/erasures/deletions.py"
            ),
            *fields_of_line(
                "closed list full", ROOT / "functions/privacy/offboarding/closed_list.py"
            ),
            *fields_of_line(
                "closed list nearly full", ROOT / "functions/privacy/offboarding/closed_list.py"
            ),
            *fields_of_line(
                "statement billed too much", ROOT / "functions/warehouse/statements.py"
            ),
        ],
    }
    parts = Milliseconds.__struct_fields__

    assert {"accepted", "spilled", "quarantined", "publish_p99_ms", "freshness_p50_ms"} <= set(
        metrics
    )
    assert "retention_late" in metrics
    del metrics["faulty"]  # several functions log it; the next test checks it
    for name, values in metrics.items():
        [extracted] = re.findall(
            r"^EXTRACT\(jsonPayload\.([a-z_0-9.]+)\)$", values["value_extractor"]
        )
        service = re.search(r'service_name="chat-eu-(\w+)"', values["filter"])
        field, _, part = extracted.partition(".")
        assert service
        assert field in logged[service[1]], name
        assert part in parts or (field == "refused") == bool(part), name
        assert values["metric_descriptor"][0]["value_type"] == "DISTRIBUTION"


@pytest.mark.parametrize(
    ("message", "module"),
    [
        ("partner record faulty", "functions/acceptance/partners.py"),
        ("partner record faulty", "functions/secrets/closed_partners.py"),
        ("permission record faulty", "functions/secrets/permissions.py"),
    ],
)
def test_an_alert_names_the_record_that_has_an_error(
    full_plan: dict[str, Any], message: str, module: str
) -> None:
    [metric] = (
        found.values
        for found in of_type(full_plan["planned_values"], "google_logging_metric")
        if found.values["name"] == "chat_eu_faulty"
    )
    logged = fields_of_line(message, ROOT / module)
    labels = {label["key"] for label in metric["metric_descriptor"][0]["labels"]}

    assert f'jsonPayload.message="{message}"' in metric["filter"]
    assert metric["label_extractors"] == {
        label: f"EXTRACT(jsonPayload.{label})" for label in labels
    }
    assert {"faults", "field"} <= set(logged)
    assert labels == {"partner", "field"}
    assert "partner" in logged or message.startswith("permission")


CHARACTERS = st.text("Az09+/=-_ \n", max_size=6)


@given(
    st.binary(min_size=22, max_size=66),
    st.sampled_from(["whsec_", "whsec", ""]),
    st.sampled_from(["", "="]),
    st.just("") | CHARACTERS,
)
def test_terraform_accepts_the_signing_secrets_that_the_functions_accept(
    key: bytes, prefix: str, stripped: str, more: str
) -> None:
    text = (ROOT / "terraform/variables-partners.tf").read_text()
    [pattern] = re.findall(r'regex\("(\^whsec_.*)\$", secret\)', text)
    secret = prefix + base64.b64encode(key).decode().rstrip(stripped) + more
    try:
        SigningKey(secret)
    except ValueError:
        taken = False
    else:
        taken = True
    # Terraform takes a secret with all of its padding or none; the functions take any padding.
    assert bool(re.fullmatch(pattern, secret)) == taken or more.strip("=") != more


OPERATIONS = ROOT / "docs" / "operations.md"


def rows(section: str) -> list[list[str]]:
    """Return the rows of a section's tables that begin with code, as lists of cells."""
    lines = OPERATIONS.read_text().split(f"\n### {section}\n")[1].split("\n#")[0].splitlines()
    return [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in lines
        if line.startswith("| `")
    ]


def alerts(plan: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        found.values["display_name"].removeprefix("chat-eu: "): found.values
        for found in of_type(plan["planned_values"], "google_monitoring_alert_policy")
        if found.cell == "eu"
    }


def as_documented(alert: dict[str, Any]) -> tuple[str, str, str]:
    """Return an alert's limit and two times, written as in the tables of docs/operations.md."""
    [condition] = alert["conditions"]
    [queried] = condition["condition_prometheus_query_language"]
    query, holds = queried["query"], f"{queried['duration'].removesuffix('s')} s"
    _, absent, missing = query.partition(" unless ")
    [within] = set(re.findall(r"\[(\w+)\]", missing or query)) or {""}
    if absent:
        hours = within.endswith("h")
        return "none", f"{within}, or the cell's `quiet_hours`" if hours else within, holds
    limits = set(re.findall(r"(>=? \d+)", query))
    return f"`{limits.pop()}`" if len(limits) == 1 else "below", within, holds


def test_the_operations_state_the_limit_and_times_of_every_alert(full_plan: dict[str, Any]) -> None:
    told = {
        name.strip("`"): (severity.strip("`"), limit, within, holds)
        for name, severity, _, limit, within, holds, first_day in (
            row for row in rows("Alerts") if len(row) == 7
        )
        if first_day
    }
    made = {
        name: (alert["severity"], *as_documented(alert))
        for name, alert in alerts(full_plan).items()
    }

    assert {"dead_letters", "refusals", "quiet", "job_sweep"} <= set(made)
    assert told == made


def test_the_operations_tell_how_many_refusals_are_too_many(full_plan: dict[str, Any]) -> None:
    [queried] = alerts(full_plan)["refusals"]["conditions"][0][
        "condition_prometheus_query_language"
    ]
    made = dict(
        re.findall(r'_refused_(\w+)_sum\{[^}]*\}\[15m\]\)\) >= (\d+), "reason"', queried["query"])
    )
    told = {
        reason: limit
        for reasons, limit in (row for row in rows("Alerts") if len(row) == 2)
        for reason in re.findall(r"`(\w+)`", reasons)
    }

    assert "token_unknown" in made
    assert told == made


@pytest.mark.parametrize("line", ["received", "loaded"])
def test_the_operations_name_the_alert_of_every_field(full_plan: dict[str, Any], line: str) -> None:
    fields = {
        found.values["name"]: re.findall(r"jsonPayload\.(\w+)", found.values["value_extractor"])[0]
        for found in of_type(full_plan["planned_values"], "google_logging_metric")
        if found.cell == "eu" and f'message="{line}"' in found.values["filter"]
    }
    made = {
        (field, f"`{alert}`")
        for alert, values in alerts(full_plan).items()
        for metric, field in fields.items()
        if re.search(rf"[_/]{metric}(_sum|\")", json.dumps(values["conditions"]).replace("\\", ""))
    }
    told = {
        (name.strip("`"), alert)
        for name, meaning, alert, _ in (row for row in rows(f"`{line}`") if len(row) == 4)
        if alert and not meaning.startswith("`")  # such a row is about a single log line
    }

    assert fields
    assert told == made


def test_every_reason_of_the_receiver_is_watched() -> None:
    watched = set(json.loads((MODULE / "refusals.json").read_text()))
    contract = (ROOT / "docs" / "webhook-contract.md").read_text()
    documented = set(re.findall(r"^\| \d{3} \| `(\w+)` \|", contract, re.MULTILINE))

    assert watched == documented


def test_the_zip_has_what_is_deployed_and_nothing_else(
    workspace: Workspace, functions_zip: Path
) -> None:
    with zipfile.ZipFile(functions_zip) as archive:
        names = set(archive.namelist())
    expected = {"main.py", "requirements.txt"} | {
        str(file.relative_to(workspace.folder))
        for folder in ("functions", "sql")
        for file in (workspace.folder / folder).rglob("*")
        if file.is_file()
    }

    assert names == expected
    assert not [name for name in names if name.endswith(".pyc")]
