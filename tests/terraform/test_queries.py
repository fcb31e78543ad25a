"""Cloud Monitoring can evaluate the PromQL queries of alerts and charts.

The rules come from Cloud Monitoring's documentation of PromQL.
"""

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, NamedTuple

import promql_parser
import pytest

from tests.terraform.resources import of_type

pytestmark = [pytest.mark.terraform, pytest.mark.xdist_group("plan")]

GOOGLES = {
    "run_googleapis_com:request_count": {"cloud_run_revision"},
    "pubsub_googleapis_com:subscription_num_undelivered_messages": {"pubsub_subscription"},
    "pubsub_googleapis_com:subscription_oldest_unacked_message_age": {"pubsub_subscription"},
}
"""Google's own metrics and their resources: cloud.google.com/monitoring/api/metrics_gcp."""

USER = "logging_googleapis_com:user_"
RESOURCE = re.compile(r'resource\.type="(\w+)"')
SUFFIXES = {"DISTRIBUTION": ("_sum", "_count", "_bucket"), "INT64": ("",)}
LONGEST = timedelta(days=30)
"""The longest time that a query may look back; Google allows two years, but that is expensive."""

COUNTERS = {"increase", "rate"}
"""The functions to use with a metric of the kind DELTA, whose plain values are a growing count."""


class Selector(NamedTuple):
    """A selector of a query.

    Attributes:
        metric: the name of the metric in PromQL.
        resources: the values that the selector compares ``monitored_resource`` with; the tests
            want exactly one.
        function: the function whose argument the selector is; empty if it is not an argument.
    """

    metric: str
    resources: list[str]
    function: str


def selectors(query: str) -> list[Selector]:
    """Parse a query and return its selectors.

    Raises:
        ValueError: the query is not PromQL.
    """
    result: list[Selector] = []
    within: list[str] = []

    def enter(node: promql_parser.Expr) -> None:
        if isinstance(node, promql_parser.Call):
            within.append(node.func.name)
        vector = node.vector_selector if isinstance(node, promql_parser.MatrixSelector) else node
        if isinstance(vector, promql_parser.VectorSelector):
            resources = [
                matcher.value
                for matcher in vector.matchers.matchers
                if matcher.name == "monitored_resource"
                and matcher.op == promql_parser.MatchOp.Equal
            ]
            selector = Selector(vector.name or "", resources, within[-1] if within else "")
            if selector not in result:
                result.append(selector)

    def leave(node: promql_parser.Expr) -> None:
        if isinstance(node, promql_parser.Call):
            within.pop()

    promql_parser.walk(promql_parser.parse(query), enter, leave)
    return result


def queries(plan: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield each PromQL query of a plan, with the address of its resource first."""
    for policy in of_type(plan["planned_values"], "google_monitoring_alert_policy"):
        for condition in policy.values["conditions"]:
            for queried in condition["condition_prometheus_query_language"]:
                yield policy.address, queried["query"]
    for dashboard in of_type(plan["planned_values"], "google_monitoring_dashboard"):
        for text in _prometheus(json.loads(dashboard.values["dashboard_json"])):
            yield dashboard.address, text


def _prometheus(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for name, inner in value.items():
            if name == "prometheusQuery":
                yield inner
            else:
                yield from _prometheus(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _prometheus(inner)


def metrics(plan: dict[str, Any]) -> dict[str, set[str]]:
    """Return the monitored resources of each planned metric and Google's own, by PromQL name."""
    made = {
        f"{USER}{metric.values['name']}{suffix}": set(RESOURCE.findall(metric.values["filter"]))
        for metric in of_type(plan["planned_values"], "google_logging_metric")
        for suffix in SUFFIXES[metric.values["metric_descriptor"][0]["value_type"]]
    }
    return GOOGLES | made


def faults(query: str, known: dict[str, set[str]]) -> list[str]:
    """Return a sentence for each part of a query that Cloud Monitoring could not evaluate."""
    sentences = []
    for selector in selectors(query):
        if selector.metric not in known:
            sentences.append(f"no metric {selector.metric}")
        elif len(selector.resources) != 1 or not set(selector.resources) <= known[selector.metric]:
            sentences.append(f"{selector.metric} of {selector.resources}")
        elif selector.metric.startswith(USER) and selector.function not in COUNTERS:
            sentences.append(f"{selector.metric} within {selector.function or 'nothing'}")
    if re.search(r"\babsent(?:_over_time)?\(", query):
        sentences.append("absent is true for what never was")
    return sentences


def test_every_query_names_existing_metrics_and_their_resource(
    full_plan: dict[str, Any],
) -> None:
    planned = list(queries(full_plan))
    known = metrics(full_plan)

    assert len(planned) >= 2 * (11 + 8)
    assert {
        address: sentences for address, query in planned if (sentences := faults(query, known))
    } == {}


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("sum(rate(logging_googleapis_com:user_x_sum[5m]))", "of []"),
        ('rate(logging_googleapis_com:user_x_sum{monitored_resource=~"cloud.*"}[5m])', "of []"),
        (
            'rate(logging_googleapis_com:user_x_sum{monitored_resource="gce_instance"}[5m])',
            "of ['gce_instance']",
        ),
        (
            'sum(logging_googleapis_com:user_x_sum{monitored_resource="cloud_run_revision"}) > 0',
            "within nothing",
        ),
        ("sum(rate(logging_googleapis_com:user_y_sum[5m]))", "no metric"),
        ("rate(run_googleapis_com:request_count[5m])", "of []"),
        (
            'absent_over_time(run_googleapis_com:request_count{monitored_resource="cloud_run_revision"}[5m])',
            "absent",
        ),
    ],
)
def test_a_query_that_would_never_answer_is_found(query: str, said: str) -> None:
    known = GOOGLES | {f"{USER}x_sum": {"cloud_run_revision"}}

    assert said in " ".join(faults(query, known))


def test_google_accepts_alerts_whose_metric_has_no_data_yet(
    full_plan: dict[str, Any],
) -> None:
    """Google refuses a threshold condition whose metric has no data yet.

    A PromQL condition can switch that check off.
    """
    for policy in of_type(full_plan["planned_values"], "google_monitoring_alert_policy"):
        for condition in policy.values["conditions"]:
            [queried] = condition["condition_prometheus_query_language"]
            assert queried["disable_metric_validation"]
            assert not condition["condition_threshold"], policy.address
            assert not condition["condition_absent"], policy.address


def test_an_absence_alert_needs_data_from_before_the_absence(full_plan: dict[str, Any]) -> None:
    """In `A unless B`, both sides must select the same metrics, and A must look further back."""
    compared = [query.split(" unless ") for _, query in queries(full_plan) if " unless " in query]

    assert len(compared) >= 2 * 5
    for had, has in compared:
        assert {selector.metric for selector in selectors(had)} == {
            selector.metric for selector in selectors(has)
        }
        assert _looks_back(has) < _looks_back(had) <= LONGEST


def _looks_back(query: str) -> timedelta:
    [span] = re.findall(r"\[(\w+)\]", query)
    offsets = re.findall(r"offset (\w+)", query)
    return sum(map(promql_parser.parse_duration, [span, *offsets]), timedelta())


def test_a_distribution_names_its_buckets(full_plan: dict[str, Any]) -> None:
    """Without buckets, the API chooses them, and every later plan shows a difference."""
    distributions = [
        metric
        for metric in of_type(full_plan["planned_values"], "google_logging_metric")
        if metric.values["metric_descriptor"][0]["value_type"] == "DISTRIBUTION"
    ]

    assert len(distributions) > 20
    assert not [found.address for found in distributions if not found.values["bucket_options"]]
