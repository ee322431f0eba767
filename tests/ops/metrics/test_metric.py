"""One metric as text."""

from typing import Any, cast

from msgspec.structs import replace
from prometheus_client.parser import text_string_to_metric_families

from feedtree.actors.meters import Histogram
from feedtree.ops.facts import Facts
from feedtree.ops.metrics.ends import Ends
from feedtree.ops.metrics.metric import SAMPLES_A_PART, HistogramMetric, Metric, texts_of
from feedtree.ops.metrics.of_process import PROCESS
from feedtree.ops.metrics.sight import Sight
from feedtree.supervisors import ChildState, EventKind, Judgement, LifecycleEvent, Node, Verdict

NOTHING = cast(Sight, None)


def test_a_long_metric_comes_in_parts_that_make_one() -> None:
    """No part takes long, and together they are what one would be."""
    many = 3 * SAMPLES_A_PART + 1
    metric = Metric("x_total", "A # thing.", ("n",), lambda _: (((f"#{n}",), n) for n in range(many)))
    parts = list(texts_of(metric, NOTHING))
    assert len(parts) == 4
    (family,) = text_string_to_metric_families(b"".join(parts).decode())
    assert (family.name, family.type, family.documentation) == ("feedtree_x", "counter", "A # thing.")
    assert [(sample.labels["n"], sample.value) for sample in family.samples] == [
        (f"#{n}", n) for n in range(many)
    ]


def test_a_metric_without_values_is_told_all_the_same() -> None:
    """Its help and type are there."""
    (text,) = texts_of(Metric("x", "A thing.", (), lambda _: ()), NOTHING)
    assert text == b"# HELP feedtree_x A thing.\n# TYPE feedtree_x gauge\n"


def test_a_histogram_is_told_in_seconds() -> None:
    """Buckets are cumulative, the last one has all values."""
    histogram = Histogram()
    for value in (1_000, 1_500_000, 3_000_000, 9_000_000_000):
        histogram.record(value)
    metric = HistogramMetric(
        "x_seconds", "A time.", ("a",), (1_000_000, 2_000_000, 5_000_000_000), lambda _: [(("b",), histogram)]
    )
    (text,) = texts_of(metric, NOTHING)
    assert text.decode().splitlines()[2:] == [
        'feedtree_x_seconds_bucket{a="b",le="0.001"} 1.0',
        'feedtree_x_seconds_bucket{a="b",le="0.002"} 2.0',
        'feedtree_x_seconds_bucket{a="b",le="5.0"} 3.0',
        'feedtree_x_seconds_bucket{a="b",le="+Inf"} 4.0',
        'feedtree_x_seconds_count{a="b"} 4.0',
        'feedtree_x_seconds_sum{a="b"} 9.004501',
    ]


def event(kind: EventKind, path: str, **more: Any) -> LifecycleEvent:
    return LifecycleEvent(kind, path, 1, 0.0, 0, **more)


def test_ends_are_counted_once_by_side_and_venue() -> None:
    """A crash that parks is told twice, and is one end; what only restarts is none."""
    ends = Ends()
    bug = Judgement(Verdict.BUG)
    ends.take(event(EventKind.CRASHED, "public/gateio.spot/shard-1/a", judgement=bug))
    ends.take(event(EventKind.FAILED, "public/gateio.spot/shard-1/a", judgement=bug))
    ends.take(event(EventKind.RESTARTING, "public/gateio.spot/shard-1/a"))
    ends.take(event(EventKind.STOPPED, "ops/inspect", judgement=Judgement(Verdict.STOPPED)))
    ends.take(event(EventKind.STOPPED, "ops/metrics"))
    copy = ends.copy()
    ends.take(event(EventKind.EXITED, "public", judgement=Judgement(Verdict.RETURNED)))
    assert copy.verdicts == {("public", "gateio.spot", "bug"): 1, ("ops", "", "stopped"): 1}
    assert ends.verdicts["public", "", "returned"] == 1


def test_stalls_are_counted_with_the_longest() -> None:
    """Whoever blocked the loop."""
    ends = Ends()
    for blocked in (0.1, 0.7, 0.2):
        ends.take(event(EventKind.STALLED, "public/gateio.spot/shard-1/a", blocked=blocked))
    copy = ends.copy()
    assert (copy.stalls, copy.longest_stall_s) == (3, 0.7)


def test_every_actor_that_flaps_is_named() -> None:
    """Also deep in the tree."""
    leaf = Node("a", "v/s/a", "worker", None, ChildState.RUNNING, "flapping", {}, 1, 1.0, 0, 0, None, None,
                None, None, 0.5)  # fmt: skip
    fine = replace(leaf, id="b", path="v/s/b", report="live")
    shard = replace(leaf, id="s", path="v/s", kind="supervisor", report=None, children=(fine, leaf))
    root = replace(shard, id="root", path="", children=(replace(shard, id="v", path="v", children=(shard,)),))
    (metric,) = (each for each in PROCESS if each.name == "branch_flapping")
    sight = Sight(
        facts=cast(Facts, None), tree=root, streams=[], venues={}, desks={}, mailboxes={}, ends=Ends()
    )
    assert list(metric.read(sight)) == [(("v/s/a",), 1)]
