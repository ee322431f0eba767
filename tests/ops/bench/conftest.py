"""Runs and records as the tests of the benchmark need them."""

from collections.abc import Callable
from typing import Any

import pytest

from feedtree.ops.bench.latencies import Latency
from feedtree.ops.bench.measure import Sample
from feedtree.ops.bench.parts import Figure, Part
from feedtree.ops.bench.record import SCHEMA, Record
from feedtree.ops.bench.runs import Case, Run


def make_run(
    case: Case,
    us: float = 1.0,
    *,
    number: int = 0,
    p50: float | None = None,
    fault: str = "",
    **changes: Any,
) -> Run:
    """Return a run of 1,000 messages that cost so many µs each."""
    values: dict[str, Any] = {
        "messages": 1_000,
        "cpu_s": us / 1e3,
        "wall_s": us / 1e3,
        "peak_rss_mib": 40.0,
        "stolen": 0.0,
        "foreign": 0.0,
        "switches": 0,
        "received": 1_000,
        "books": {},
    }
    sample = Sample(**(values | changes))
    took = None if p50 is None else Latency(1_000, p50, p50, 2 * p50, 3 * p50, 4 * p50)
    return Run(case, sample, [fault] if fault else [], round=number, sent=1_000, latency=took)


def make_record(*figures: Figure, **changes: Any) -> Record:
    """Return a record of one part with these figures."""
    values: dict[str, Any] = {"schema": SCHEMA, "at": "2026-01-01T00:00:00Z", "full": False, "machine": {}}
    parts = [Part("messages", [], list(figures))]
    return Record(**(values | {"parts": parts} | changes))


@pytest.fixture
def made() -> Callable[..., Run]:
    """Make runs: see `make_run`."""
    return make_run


@pytest.fixture
def record() -> Callable[..., Record]:
    """Make records: see `make_record`."""
    return make_record
