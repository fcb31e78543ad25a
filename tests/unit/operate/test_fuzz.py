"""`operate` answers any request, or says what is wrong with it without quoting it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.operate.dead_letters import DeadLetterReplay
from functions.operate.refresh import Refresh
from functions.operate.replay import Replay
from functions.operate.routes import Operations, routes
from functions.operate.settle import Settle
from functions.web.routes import application
from tests.fakes.bucket import Bucket
from tests.fakes.letters import Letters
from tests.fakes.statements import Statements
from tests.unit.fuzz import HEADERS, QUERIES, Fuzzed, bodies, explore, few_and_many, text
from tests.unit.operate.stand_ins import message, spilled

pytestmark = pytest.mark.slow

MOMENTS = st.sampled_from(['"2026-11-20T00:00:00Z"', '"2026-11-24T00:00:00+02:00"'])
DAYS = st.sampled_from(['"2026-11-20"', '"2026-11-22"', '"2026-12-01"'])
REPLAY = bodies(
    {
        "prefix": st.sampled_from(['"spill/"', '"quarantine/"']),
        "from": MOMENTS,
        "to": MOMENTS,
        "dry_run": st.just("true"),
    },
    {"source": st.sampled_from([text("bucket"), text("dead_letters")])},
)
SETTLE = bodies({"days": st.lists(DAYS, max_size=3).map(lambda days: f"[{','.join(days)}]")})
REFRESH = bodies({"from": DAYS, "to": DAYS}, {"from": DAYS}, {"to": DAYS})
REQUESTS = st.one_of(
    st.tuples(st.just("/replay"), REPLAY),
    st.tuples(st.just("/settle"), SETTLE),
    st.tuples(st.just("/refresh"), REFRESH),
)


@few_and_many
def test_any_request_is_answered(
    replay: Replay,
    dead_letters: DeadLetterReplay,
    settle: Settle,
    refresh: Refresh,
    bucket: Bucket,
    letters: Letters,
    statements: Statements,
    examples: int,
) -> None:
    operations = Operations(replay, dead_letters, settle, refresh)
    with Fuzzed(lambda: application(routes(operations))) as fuzzed:

        @explore(examples)
        @given(REQUESTS, QUERIES, HEADERS, st.sampled_from([False, False, True]))
        def check(
            request: tuple[str, bytes],
            query: str,
            headers: list[tuple[str, str]],
            failing: bool,  # noqa: FBT001 - hypothesis names it
        ) -> None:
            path, body = request
            bucket.put("spill/a", spilled(message(1)))
            letters.put(message(2))
            bucket.failing = {"find"} if failing else set()
            letters.failing = {"pull"} if failing else set()
            statements.failing = {"find_news"} if failing else set()
            fuzzed.check("POST", f"{path}?{query}", body, headers, failing=failing)
            statements.runs.clear()
            statements.queries.clear()
            statements.changes.clear()

        check()
    fuzzed.saw({200, 400, 503}, examples)
