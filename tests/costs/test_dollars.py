"""The dollars of a month follow from quantities that can be computed by hand."""

import re
from pathlib import Path

import pytest

from costs.deployment import Cell
from costs.dollars import (
    MONTH_SECONDS,
    Function,
    Price,
    background,
    bill,
    instance_seconds,
    prices,
    runs_a_month,
    total,
    usage,
)
from costs.jobs import JOBS
from costs.volume import DAYS_A_MONTH, Volume, assumptions
from functions.privacy.periods import GATHERING, GRACE, LOGGED, TOMBSTONE
from functions.warehouse.days import DAY

TERRAFORM = Path(__file__).parents[2] / "terraform"
HUNDRED_MILLION = Volume(1e8)


def lines(volume: Volume = HUNDRED_MILLION, cell: Cell | None = None) -> dict[str, float]:
    found = bill(volume, cell or Cell(), lambda _job: 0)
    return {line.name: line.quantity for line in found}


def test_free_units_cost_nothing() -> None:
    price = Price(usd=2, unit="GiB", source="", free=10)
    assert [price.of(quantity) for quantity in (0, 10, 11)] == [0, 0, 2]


def test_an_event_is_published_pushed_and_dropped_by_a_filter() -> None:
    assert lines()["Pub/Sub"] == pytest.approx(1e8 * (1_000 + 1_000 + 600) / 2**30)
    pushed = lines(cell=Cell(subscriptions=2))["Pub/Sub"]
    assert pushed == pytest.approx(1e8 * (1_000 + 3 * 1_000 + 600) / 2**30)


def test_rows_are_written_and_stored() -> None:
    assert lines()["BigQuery Storage Write"] == pytest.approx(1e8 * 251 / 2**30)
    events = 1e8 / 30 * 216 * 251 / 2**30
    assert events < lines()["BigQuery storage"] < 1.1 * events


def test_queries_bill_what_jobs_read_as_often_as_they_run() -> None:
    found = bill(HUNDRED_MILLION, Cell(), {job.name: 2.0**40 for job in JOBS}.__getitem__)
    [queries] = [line for line in found if line.name == "BigQuery queries"]
    assert queries.quantity == pytest.approx(sum(runs_a_month(HUNDRED_MILLION).values()))
    assert queries.usd == pytest.approx((queries.quantity - 1) * 6.25)
    assert background(found) == queries.usd < total(found)


def test_every_job_that_runs_is_one_of_the_model() -> None:
    assert runs_a_month(HUNDRED_MILLION).keys() <= {job.name for job in JOBS}


@pytest.mark.parametrize(("events", "executions"), [(0, 0), (3e5, 1), (1e12, 60)])
def test_erasures_of_half_a_day_are_executed_together(events: float, executions: float) -> None:
    runs = runs_a_month(Volume(events))
    assert runs["execution, all days"] == pytest.approx(executions, rel=0.02)
    assert runs["execution, all days"] + runs["sweep, nothing late"] == pytest.approx(720)


def test_as_many_erasures_are_stored_as_are_executed_meanwhile() -> None:
    kept = (GRACE + GATHERING + TOMBSTONE) / DAY / DAYS_A_MONTH
    rows = assumptions().tables["erasures_v1"].rows_per_event
    assert rows == pytest.approx(kept / usage().events_for_an_erasure, rel=0.2)


FUNCTION = Function(seconds=0.05, cpu_seconds=0.0001, gib=1)


def test_few_requests_bill_a_step_each() -> None:
    assert instance_seconds(1_000, FUNCTION) == pytest.approx(100, rel=0.01)


def test_steady_requests_bill_one_instance_all_month() -> None:
    assert instance_seconds(1e9, FUNCTION) == pytest.approx(MONTH_SECONDS, rel=0.01)


def test_many_requests_bill_the_instances_that_they_need() -> None:
    """At 20,000 requests a second, either concurrency or processor time needs several instances."""
    waiting = Function(seconds=0.05, cpu_seconds=0.0001, gib=1)
    working = Function(seconds=0.005, cpu_seconds=0.0006, gib=1)
    requests = 20_000 * MONTH_SECONDS
    assert instance_seconds(requests, waiting) == pytest.approx(MONTH_SECONDS * 1_000 / 250)
    assert instance_seconds(requests, working) == pytest.approx(MONTH_SECONDS * 12 / 0.6)


def test_waiting_instances_bill_the_rest_of_the_month() -> None:
    cell = Cell(min_instances={"receive": 1, "operate": 1})
    found = lines(Volume(1_000), cell)
    receive = instance_seconds(1_000, usage().functions["receive"])
    assert found["Cloud Run idle CPU"] == pytest.approx(2 * MONTH_SECONDS - receive)
    assert lines()["Cloud Run idle CPU"] == 0


def test_a_key_and_longer_logs_cost_more() -> None:
    assert lines()["Keys"] == lines()["Logs after 30 days"] == 0
    found = lines(cell=Cell(cmek=True, log_retention_days=LOGGED.days + 60))
    assert found["Keys"] == 1
    assert found["Logs after 30 days"] == pytest.approx(2 * found["Logs"])


def test_longer_retention_stores_more() -> None:
    assert lines(Volume(1e8, 430))["BigQuery storage"] > 1.9 * lines()["BigQuery storage"]


def test_every_price_has_a_source_at_google() -> None:
    for name, price in prices().items():
        assert price.source.startswith("https://cloud.google.com/"), name
        assert re.fullmatch(r"|\d{4}-\d{2}", price.seen), name


def test_resources_that_do_not_depend_on_traffic_are_those_of_terraform() -> None:
    module = TERRAFORM / "modules" / "cell"
    scheduler = (module / "scheduler.tf").read_text()
    jobs = len(re.findall(r"^      schedule +=", scheduler, re.MULTILINE))
    monitoring = (module / "monitoring.tf").read_text()
    alerts = monitoring.split("\n  alerts = merge(\n")[1].split("\n}\n")[0]
    queries = len(re.findall(r"^        query +=", alerts, re.MULTILINE))
    secrets = (module / "secrets.tf").read_text()
    mounted = set(re.findall(r'"/secrets/(\w+)"', (module / "functions.tf").read_text()))
    assert usage().scheduler_jobs == jobs
    assert usage().alert_conditions == queries - 1 + jobs  # one query stands for all jobs
    assert usage().secret_versions == len(mounted)
    assert all(name in secrets for name in mounted)


def test_functions_have_the_memory_that_terraform_gives_them() -> None:
    text = (TERRAFORM / "modules" / "cell" / "functions.tf").read_text()
    for name, function in usage().functions.items():
        block = text.split(f"    {name} = {{\n")[1]
        found = re.search(r'memory += "(\d+)Gi"', block)
        assert found
        assert function.gib == int(found[1])


def test_defaults_are_those_of_the_variables() -> None:
    text = (TERRAFORM / "variables.tf").read_text()
    assert f"log_retention_days    = optional(number, {Cell().log_retention_days})" in text
    assert re.search(rf'"retention_days".*?default += {Cell().retention_days}\n', text, re.DOTALL)
