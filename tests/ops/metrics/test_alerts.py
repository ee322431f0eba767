"""The alerts and the board ask for what there is; promtool, where it is installed, runs the alerts' own tests."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from feedtree.ops.metrics.catalogue import METRICS, series_names
from feedtree.ops.metrics.metric import PREFIX
from feedtree.ops.metrics.page import PAGE

ALERTS = Path(__file__).resolve().parents[3] / "ops" / "alerts"
RULES = ALERTS / "feedtree.rules.yml"
TESTS = ALERTS / "feedtree_test.yml"
BOARD = ALERTS / "grafana.json"
_SELECTOR = re.compile(r"\b(feedtree_\w+|feedtree(?::\w+)+)(?:\{([^}]*)\})?")
_LABEL = re.compile(r"(\w+)\s*(?:=~|!~|!=|=)")
OF_PROMETHEUS = {"job", "instance", "le"}
needs_promtool = pytest.mark.skipif(
    shutil.which("promtool") is None, reason="promtool is not installed (Debian's package prometheus)"
)


def rules() -> Iterator[tuple[str, str]]:
    """Yield each rule with its name, ``record: x`` or ``alert: X``."""
    for part in re.split(r"^      - (?=record:|alert:)", RULES.read_text(), flags=re.MULTILINE)[1:]:
        name, _, rest = part.partition("\n")
        yield name, rest


def expressions() -> Iterator[str]:
    """Yield what every rule and every panel asks for."""
    for _, rest in rules():
        expression, _, _ = rest.partition("\n        for:")
        yield expression
    for panel in json.loads(BOARD.read_text())["panels"]:
        yield from (target["expr"] for target in panel.get("targets", ()))


def recorded() -> set[str]:
    return {name.removeprefix("record: ") for name, _ in rules() if name.startswith("record: ")}


def alerts() -> dict[str, str]:
    return {name.removeprefix("alert: "): rest for name, rest in rules() if name.startswith("alert: ")}


def test_rules_and_panels_ask_for_what_there_is() -> None:
    """Each name is a metric's or a recorded one, each label one that it has."""
    labels = {PREFIX + metric.name: {*metric.labels, *OF_PROMETHEUS} for metric in METRICS}
    asked = 0
    for expression in expressions():
        for name, selector in _SELECTOR.findall(expression):
            asked += 1
            if ":" in name:
                assert name in recorded(), f"{name} is recorded by no rule"
                continue
            assert name in series_names(), f"there is no metric {name}"
            base = re.sub(r"_(bucket|sum|count)$", "", name) if name not in labels else name
            assert {*_LABEL.findall(re.sub(r'"[^"]*"', '""', selector))} <= labels[base]
    assert asked > 60


def test_what_is_measured_is_looked_at() -> None:
    """All but a few metrics, for those who search, are asked for by a rule or a panel."""
    asked = {name for expression in expressions() for name, _ in _SELECTOR.findall(expression)}
    unasked = {
        metric.name
        for metric in METRICS
        if not any(f"{PREFIX}{metric.name}{ending}" in asked for ending in ("", "_bucket", "_sum", "_count"))
    }
    assert unasked == {
        "account_unexplained",
        "connection_age_seconds",
        "connections",
        "events_missed_total",
        "loop_passes_total",
        "mailbox_skipped_total",
        "open_descriptors",
        "order_pauses_total",
        "order_requests_held_back_total",
        "tree_uptime_seconds",
    }


def test_every_alert_says_for_how_long_how_grave_what_and_what_to_do() -> None:
    """The runbook is a heading that is there."""
    headings = re.findall(r"^### (\w+)$", PAGE.read_text(), flags=re.MULTILINE)
    for name, rest in alerts().items():
        assert re.search(r"^        for: \d+[sm]$", rest, re.MULTILINE), name
        assert re.search(r"severity: (critical|warning)$", rest, re.MULTILINE), name
        assert "summary: " in rest, name
        assert f"runbook: docs/metrics.md#{name.lower()}\n" in rest, name
        assert name in headings
    assert set(alerts()) == {heading for heading in headings if heading.startswith("Feedtree")}


def test_every_alert_and_every_record_is_tested() -> None:
    """By promtool's tests: an alert that never fires is none."""
    text = TESTS.read_text()
    for name in alerts():
        assert re.search(rf"alertname: {name}\n        exp_alerts:\n", text), name
    untested = {name for name in recorded() if name not in text}
    assert untested == {
        "feedtree:message_latency_seconds:p95_5m",
        "feedtree:message_latency_seconds:p99_5m",
        "feedtree:message_processing_seconds:p99_5m",
        "feedtree:ping_rtt_seconds:p50_5m",
        "feedtree:uptime:ratio_1h",
        "feedtree:errors:ratio_5m",
    }, "by name; latency's p99, uptime and errors by the alerts on them"


def test_the_board_has_a_panel_for_each_place() -> None:
    """Panels lie beside each other, and each has a data source that can be chosen."""
    panels: list[dict[str, Any]] = json.loads(BOARD.read_text())["panels"]
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        at = panel["gridPos"]
        assert at["x"] + at["w"] <= 24
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not cells & taken, panel["title"]
        taken |= cells
        for target in panel.get("targets", ()):
            assert target["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
    assert len({panel["id"] for panel in panels}) == len(panels)


@needs_promtool
@pytest.mark.parametrize(
    "arguments", [("check", "rules", RULES.name), ("test", "rules", TESTS.name)], ids=" ".join
)
def test_promtool_accepts_the_rules_and_their_tests(arguments: tuple[str, ...]) -> None:
    """It parses them as Prometheus does, and evaluates them over time."""
    found = subprocess.run(
        ["promtool", *arguments], cwd=ALERTS, capture_output=True, text=True, timeout=120, check=False
    )
    assert found.returncode == 0, found.stdout + found.stderr


@needs_promtool
def test_promtool_accepts_every_query_of_the_board(tmp_path: Path) -> None:
    """Written as rules; what Grafana puts in for a variable is no part of the grammar."""
    lines = ["groups:", "  - name: board", "    rules:"]
    for panel in json.loads(BOARD.read_text())["panels"]:
        for target in panel.get("targets", ()):
            query = target["expr"].replace("$__rate_interval", "1m")
            lines += [f"      - record: query_{len(lines)}", f"        expr: {json.dumps(query)}"]
    file = tmp_path / "board.yml"
    file.write_text("\n".join(lines))
    found = subprocess.run(
        ["promtool", "check", "rules", str(file)], capture_output=True, text=True, timeout=60, check=False
    )
    assert found.returncode == 0, found.stdout + found.stderr
