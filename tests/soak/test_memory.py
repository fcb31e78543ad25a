"""The memory of the receiver does not grow during a minute at full load."""

import os
import time
from statistics import median

import pytest

from tests.bench import servers, wrk
from tests.bench.variants import VARIANTS

PORT_BASE = 18720
SECONDS = 60
GROWTH_BYTES = 2_000_000
"""How far the median memory of the last third may be above that of the middle third.

At 2,000 events a second or more, one small object that is kept for each event would exceed this.
"""

RECEIVER = next(variant for variant in VARIANTS if variant.name == "d")


@pytest.mark.soak
def test_memory_stays_flat_at_full_load() -> None:
    try:
        wrk.require()
    except wrk.WrkMissing as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(error))
    with servers.bench(PORT_BASE) as at, servers.function(at, RECEIVER) as (child, _):
        load = wrk.start(
            at.url(RECEIVER),
            at.bodies(RECEIVER),
            connections=256,
            seconds=SECONDS,
            core=servers.LOAD_CORE,
        )
        samples = []
        while load.poll() is None:
            samples.append(servers.resident_bytes(child))
            time.sleep(0.5)
        seen = wrk.outcome(load)
    assert seen.refused == seen.broken == 0
    assert seen.requests > 1_000 * SECONDS, "the load was too small for this test"
    third = len(samples) // 3
    grown = median(samples[-third:]) - median(samples[third : 2 * third])
    assert grown <= GROWTH_BYTES, [sample // 1_000 for sample in samples]
