"""An outage in the log: its first failure, what is new, a line now and then, and its end."""

import pytest
import structlog

from feedtree.ops.log_outages import PERIOD, REASONS_AT_ONCE, Outages

PATH = "public/gateio.spot/shard-1/a"


class Log:
    """What passes, with a clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = 0.0
        self.passed: list[dict[str, object]] = []
        self._outages = Outages(lambda: self.now)

    def tell(self, event: str, reason: str = "", verdict: str = "", path: str = PATH) -> None:
        facts = {"event": event, "reason": reason, "verdict": verdict, "path": path}
        try:
            self.passed.append(dict(self._outages(None, "", facts)))
        except structlog.DropEvent:
            return

    def attempt(self, reason: str = "refused", verdict: str = "retryable") -> None:
        self.tell("restarting", reason)
        self.tell("starting")
        self.tell("reported", "connecting")
        self.tell("ready")
        self.tell("reported", "down")
        self.tell("crashed", reason, verdict)

    @property
    def lines(self) -> list[tuple[object, object]]:
        return [(event["event"], event["reason"]) for event in self.passed]


@pytest.fixture
def log() -> Log:
    told = Log()
    told.tell("reported", "live")
    told.passed.clear()
    return told


def test_an_outage_of_minutes_is_a_few_lines(log: Log) -> None:
    """First failure, first new reason, one line per period, and the end with what it cost."""
    log.tell("crashed", "lost", "retryable")
    for _ in range(60):
        log.now += 1
        log.attempt()
    log.now += 1
    log.tell("starting")
    log.tell("ready")
    log.tell("reported", "syncing")
    log.tell("reported", "live")
    assert log.lines == [("crashed", "lost"), *[("crashed", "refused")] * 6, ("reported", "live")]
    assert (log.passed[1]["attempts"], log.passed[1]["down_s"]) == (1, 1.0)
    assert (log.passed[-1]["attempts"], log.passed[-1]["down_s"]) == (61, 61.0)


def test_reasons_that_differ_each_time_are_bounded(log: Log) -> None:
    """A venue that says something else at each attempt does not flood the log."""
    log.tell("crashed", "lost", "retryable")
    for number in range(50):
        log.attempt(f"reason {number}")
    assert len(log.lines) == REASONS_AT_ONCE
    log.now += PERIOD
    log.attempt("reason 51")
    assert log.lines[-1] == ("crashed", "reason 51")


def test_each_stream_and_each_outage_is_told(log: Log) -> None:
    """A stream that is down hides nothing of another one, and nothing of its own next loss."""
    log.tell("crashed", "lost", "retryable")
    log.tell("crashed", "lost", "retryable", path="other")
    log.tell("reported", "live")
    log.tell("crashed", "lost", "retryable")
    assert len(log.passed) == 4
    assert "attempts" not in log.passed[-1]


def test_what_ends_by_itself_or_needs_a_person_is_always_told(log: Log) -> None:
    """Bugs are counted against an intensity; parked, stuck and flapping are states."""
    log.tell("crashed", "lost", "retryable")
    log.tell("crashed", "KeyError", "bug")
    log.tell("crashed", "KeyError", "bug")
    log.tell("flapping")
    log.tell("failed", "KeyError")
    log.tell("starting")
    kinds = ["crashed"] * 3 + ["flapping", "failed", "starting"]
    assert [line[0] for line in log.lines] == kinds


def test_an_actor_without_states_is_back_when_it_is_ready() -> None:
    """Nothing else will tell."""
    log = Log()
    log.tell("crashed", "lost", "retryable")
    log.tell("starting")
    log.tell("ready")
    log.tell("reported", "serving")
    assert [line[0] for line in log.lines] == ["crashed", "ready", "reported"]


def test_other_lines_pass() -> None:
    """Only lifecycle events are summed up."""
    log = Log()
    log.tell("crashed", "lost", "retryable")
    log.tell("plan_waits", "no budget")
    assert log.lines[-1] == ("plan_waits", "no budget")
