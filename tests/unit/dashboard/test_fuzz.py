"""The dashboard answers any request, or explains what is wrong without quoting the request."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.dashboard.app import Dashboard
from functions.secrets.permissions import Permissions, PermissionsUnavailable
from functions.web.caller import invoker
from tests.unit.dashboard.stand_ins import NOW, ROUTES, Operate, Rollups
from tests.unit.fuzz import HEADERS, HOSTILE, QUERIES, Fuzzed, explore, few_and_many
from tests.unit.identity_tokens import bearer

pytestmark = pytest.mark.slow

ANN = bearer("ann@acme.example")["authorization"]
TOKENS = st.sampled_from([ANN, ANN, ANN, "", "Bearer"]) | HOSTILE.map(
    lambda claims: (
        f"Bearer e30.{base64.urlsafe_b64encode(claims.encode(errors='surrogatepass')).decode()}.s"
    )
)
REQUESTS = st.sampled_from(
    [*((method, path) for path, method in ROUTES.items()), ("GET", "/x"), ("PUT", "/refresh")]
)


@few_and_many
def test_any_request_is_answered(examples: int) -> None:
    rollups, operate = Rollups(), Operate()
    is_secret_there = True

    def viewers() -> Permissions:
        if not is_secret_there:
            raise PermissionsUnavailable("OSError")
        return Permissions(["dev"], [], {"ann@acme.example": ["dev"]})

    dashboard = Dashboard(
        identify=invoker,
        viewers=viewers,
        rollups=rollups,  # type: ignore[arg-type]  # a stand-in
        operate=operate,  # type: ignore[arg-type]  # a stand-in
        now=lambda: NOW,
    )
    with Fuzzed(dashboard.application) as fuzzed:

        @explore(examples)
        @given(REQUESTS, QUERIES, HEADERS, TOKENS, st.sampled_from(["", "", "secret", "services"]))
        def check(
            request: tuple[str, str],
            query: str,
            headers: list[tuple[str, str]],
            token: str,
            failing: str,
        ) -> None:
            nonlocal is_secret_there
            is_secret_there = failing != "secret"
            rollups.failing = operate.failing = failing == "services"
            method, path = request
            sent = [("authorization", token), *headers]
            fuzzed.check(method, f"{path}?{query}", b"", sent, failing=bool(failing))

        check()
        # Random requests are rarely faultless, and only a faultless one has this answer.
        good = [("authorization", ANN), ("sec-fetch-site", "same-origin"), ("accept", "text/html")]
        rollups.failing = operate.failing = False
        is_secret_there = True
        fuzzed.check("POST", "/refresh", b"", good, failing=False)
    fuzzed.saw({200, 403, 303, 400, 404, 405, 503}, examples)
