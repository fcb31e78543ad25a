"""IAM conditions compile. Google compiles them at apply; these tests do it before, with its CEL
compiler.
"""

import re
from typing import Any

import pytest
from cel_expr_python import cel

from tests.terraform.resources import Resource, managed

pytestmark = [pytest.mark.terraform, pytest.mark.xdist_group("plan")]

KNOWN = """
name: iam
stdlib:
  include_functions:
    - name: startsWith
    - name: endsWith
    - name: _==_
    - name: _&&_
    - name: _||_
    - name: "!_"
variables:
  - name: resource.name
    type_name: string
"""
"""The attributes and functions that IAM conditions may use on `resource`.
Source: cloud.google.com/iam/docs/conditions-attribute-reference."""

MOST_OPERATORS = 12
MOST_CONDITIONS = 20
"""How many logical operators a condition may have, and how many conditions one role and member may
have on one resource. Source: cloud.google.com/iam/quotas."""

Condition = tuple[Resource, str]


def environment() -> cel.Env:
    extract = cel.Overload(
        "extract_string", cel.Type.STRING, [cel.Type.STRING, cel.Type.STRING], is_member=True
    )
    return cel.NewEnv(
        config=cel.NewEnvConfigFromYaml(KNOWN), functions=[cel.FunctionDecl("extract", [extract])]
    )


def conditions(plan: dict[str, Any]) -> list[Condition]:
    return [
        (resource, condition["expression"])
        for resource in managed(plan["planned_values"])
        for condition in resource.values.get("condition") or []
    ]


def test_google_can_compile_every_condition(full_plan: dict[str, Any]) -> None:
    known = environment()
    conditional = conditions(full_plan)

    assert {resource.name for resource, _ in conditional} >= {"build_staging", "exports"}
    for _, expression in conditional:
        assert known.compile(expression).return_type() == cel.Type.BOOL
        assert len(re.findall(r"&&|\|\||!", expression)) <= MOST_OPERATORS


@pytest.mark.parametrize(
    "expression",
    [
        'resource.name.contains("-europe-west1")',
        'resource.name.startsWith("a") && resource.name.matches("b")',
        "size(resource.name) > 3",
        'resource.id == "a"',
    ],
)
def test_an_expression_that_google_refuses_is_refused(expression: str) -> None:
    with pytest.raises(RuntimeError, match="undeclared reference"):
        environment().compile(expression)


@pytest.mark.parametrize(
    ("name", "allowed"),
    [
        ("gcf-v2-sources-{number}-europe-west1", True),  # lists its objects
        ("gcf-v2-sources-{number}-europe-west1/objects/chat-eu-receive/source.zip", True),
        ("gcf-v2-sources-{number}-europe-west1-0a1b2c/objects/source.zip", True),  # with `cmek`
        ("gcf-v2-sources-{number}-europe-west10/objects/source.zip", False),
        ("gcf-v2-sources-{number}-us-central1/objects/source.zip", False),
        ("gcf-v2-sources-999-europe-west1/objects/source.zip", False),
        ("acme-chat-prod-chat-eu/objects/gcf-v2-sources-{number}-europe-west1/x", False),
    ],
)
def test_a_build_reads_the_copies_of_its_region_only(
    full_plan: dict[str, Any], name: str, *, allowed: bool
) -> None:
    [expression] = [
        expression
        for resource, expression in conditions(full_plan)
        if (resource.cell, resource.name) == ("eu", "build_staging")
    ]
    number = re.search(r"gcf-v2-sources-(\d+)-", expression)
    assert number
    resource_name = f"projects/_/buckets/{name.format(number=number[1])}"

    decided = environment().compile(expression).eval(data={"resource.name": resource_name})

    assert decided.value() is allowed
