"""What the commands log: one line each, to read or to search."""

import json

import pytest
import structlog

from feedtree.ops.logs import configure_logs, log_lifecycle
from feedtree.supervisors import EventStream, Judgement, Verdict
from feedtree.supervisors.events import EventBus, EventKind


@pytest.fixture
def lines() -> list[str]:
    return []


BUG = Judgement(Verdict.BUG, KeyError("x"))


def told() -> EventStream:
    """Return events that have come already."""
    bus = EventBus(lambda: 0)
    stream = bus.listen("", 100)
    bus.tell(EventKind.READY, "public/a", 1)
    bus.tell(EventKind.RESTARTING, "public/a", 1, "ConnectionLost: reset\nby peer", wait=0.25)
    bus.tell(EventKind.CRASHED, "public/a", 2, "refused", judgement=Judgement(Verdict.RETRYABLE))
    bus.tell(EventKind.CRASHED, "public/a", 3, "KeyError: 'x'", judgement=BUG)
    bus.tell(EventKind.AUDITED, "public/a", 3, "restart by uid 1000")
    bus.end()
    return stream


async def test_a_lifecycle_event_is_one_line_of_json_for_machines(lines: list[str]) -> None:
    """Path, generation, reason, wait are fields; the supervisor logs crashes and audits, we the traceback of a bug."""
    configure_logs(lines.append, human=False)
    await log_lifecycle(told())
    first, second, third = (json.loads(line) for line in lines)
    assert (first["event"], first["level"], first["path"], first["generation"]) == (
        "ready",
        "info",
        "public/a",
        1,
    )
    assert (second["event"], second["wait_s"]) == ("restarting", 0.25)
    assert (third["event"], third["level"], third["generation"]) == ("bug", "error", 3)
    assert "KeyError: 'x'" in third["exception"]


async def test_a_lifecycle_event_is_one_line_of_text_for_people(lines: list[str]) -> None:
    """Also a reason of several lines is one line."""
    configure_logs(lines.append, human=True)
    await log_lifecycle(told())
    assert len(lines) == 3
    assert lines[1].endswith(
        " info public/a restarting generation=1 reason=ConnectionLost: reset by peer wait_s=0.25"
    )


async def test_the_same_state_with_other_facts_is_no_news(lines: list[str]) -> None:
    """Of an actor that reports the same state again and again."""
    configure_logs(lines.append, human=False)
    bus = EventBus(lambda: 0)
    stream = bus.listen("", 100)
    for generation, state in ((1, "idle"), (1, "idle"), (1, "asking"), (1, "idle"), (2, "idle")):
        bus.tell(EventKind.REPORTED, "private/a", generation, state)
    bus.tell(EventKind.REMOVED, "private/a", 2)
    bus.tell(EventKind.REPORTED, "private/a", 2, "idle")
    bus.end()
    await log_lifecycle(stream)
    shown = [json.loads(line) for line in lines]
    assert [(each["generation"], each.get("reason", each["event"])) for each in shown] == [
        (1, "idle"),
        (1, "asking"),
        (1, "idle"),
        (2, "idle"),
        (2, "removed"),
        (2, "idle"),
    ]


async def test_less_than_the_level_is_left_out(lines: list[str]) -> None:
    """The live view shows what matters."""
    configure_logs(lines.append, human=True, level=40)
    await log_lifecycle(told())
    assert len(lines) == 1


@pytest.mark.parametrize("human", [True, False])
def test_an_exception_stays_within_its_line(lines: list[str], human: bool) -> None:
    """A traceback is a field for machines; people get the exception's words."""
    configure_logs(lines.append, human=human)
    try:
        raise ValueError("bad\nframe")
    except ValueError as error:
        structlog.get_logger().error("bug", exc_info=error)
        structlog.get_logger().error("bug", exc_info=True)
    assert len(lines) == 2
    for line in lines:
        assert "\n" not in line
        assert "bad" in line
        assert ("Traceback" in line) is not human


def test_a_long_value_is_cut_for_people(lines: list[str]) -> None:
    """No fact floods the terminal."""
    configure_logs(lines.append, human=True)
    structlog.get_logger().info("x", path="a/b", fact="y" * 10_000, number=1.23456789)
    assert len(lines[0]) < 300
    assert "number=1.23" in lines[0]
