"""docs/metrics.md is written from the code."""

import re

from feedtree.ops.metrics.catalogue import METRICS
from feedtree.ops.metrics.metric import PREFIX
from feedtree.ops.metrics.page import PAGE, written


def test_the_page_is_what_the_code_says() -> None:
    """Otherwise: make metrics-page."""
    page = PAGE.read_text()
    assert written(page) == page


def test_every_metric_is_on_the_page_once() -> None:
    """By the name that is exported."""
    rows = re.findall(r"^\| `(feedtree_\w+)` \|", PAGE.read_text(), flags=re.MULTILINE)
    assert sorted(rows) == sorted(PREFIX + metric.name for metric in METRICS)


def test_names_and_units_follow_prometheus_conventions() -> None:
    """Base units and _total; sentences as help; no symbol as a label."""
    for metric in METRICS:
        assert re.fullmatch(r"[a-z][a-z_]*[a-z]", metric.name)
        assert not re.search(r"(_ms|_ns|_us|_kib|_mb|_percent)\b", metric.name)
        assert metric.name.endswith("_total") == (metric.kind == "counter")
        assert metric.name.endswith("_seconds") or metric.kind != "histogram"
        assert metric.help.endswith(".")
        assert "symbol" not in metric.labels
        assert len({*metric.labels}) == len(metric.labels)
