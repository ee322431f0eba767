import pytest
import structlog
import trio

from feedtree.actors.context import Context, Ignored
from feedtree.actors.meters import Meters


def test_a_fresh_context_claims_nothing() -> None:
    """Before the actor spoke, its supervisor sees no state, no connection and no use."""
    context = Context("public/gateio.spot/shard-1/a", 3)
    assert (context.state, context.facts, context.info) == (None, {}, None)
    assert (context.connected, context.useful_since, context.ignored) == (False, None, False)
    assert not context.ready_event.is_set()
    assert "generation 3 silent" in repr(context)


def test_started_makes_ready_with_its_information() -> None:
    """Whoever waits for the start is woken, and finds what the actor gave."""
    context = Context("a", 1)
    context.started({"port": 1})
    assert context.ready_event.is_set()
    assert context.info == {"port": 1}


def test_starting_twice_is_a_bug() -> None:
    """An incarnation starts once."""
    context = Context("a", 1)
    context.started()
    with pytest.raises(RuntimeError, match="twice"):
        context.started()


def test_ignore_ends_the_actor_and_leaves_a_mark() -> None:
    """Nothing to run is told both by the exception and by the attribute."""
    context = Context("a", 1)
    with pytest.raises(Ignored):
        context.ignore()
    assert context.ignored


def test_a_report_replaces_the_last_and_calls_the_hook() -> None:
    """The facts shown belong to the state shown."""
    seen = []
    context = Context("a", 1, on_report=lambda told: seen.append((told.state, told.facts)))
    context.report("connecting", host="gate")
    context.report("live")
    assert seen == [("connecting", {"host": "gate"}), ("live", {})]
    assert "live" in repr(context)


def test_a_report_after_the_end_is_not_told() -> None:
    """Whoever kept the context of an actor that is gone does not speak for it."""
    seen: list[str | None] = []
    context = Context("a", 1, on_report=lambda told: seen.append(told.state))
    context.report("live")
    context.end("stopped")
    context.report("late")
    assert seen == ["live"]


def test_a_report_without_a_hook_is_kept() -> None:
    """A context outside a tree works too."""
    context = Context("a", 1)
    context.report("syncing", left=2)
    assert (context.state, context.facts) == ("syncing", {"left": 2})


async def test_useful_data_counts_from_its_first_mark(autojump_clock: object) -> None:
    """The healthy spell begins once an incarnation."""
    context = Context("a", 1)
    context.mark_connected()
    assert context.connected
    first = trio.current_time()
    context.mark_useful()
    await trio.sleep(1)
    context.mark_useful()
    assert context.useful_since == first


def test_the_log_carries_path_and_generation() -> None:
    """Every line of an actor says who it is."""
    context = Context("a/b", 2)
    with structlog.testing.capture_logs() as lines:
        Context("a/b", 2, log=structlog.get_logger()).log.info("hello", n=1)
    assert lines == [{"path": "a/b", "generation": 2, "n": 1, "event": "hello", "log_level": "info"}]
    assert context.log is not None


def test_meters_may_outlive_an_incarnation() -> None:
    """A supervisor hands the same figures to the next incarnation."""
    meters = Meters()
    assert Context("a", 1, meters=meters).meters is meters
    assert Context("a", 1).meters is not meters


def test_calls_at_the_end_are_made_once_in_order() -> None:
    """And none can be asked for later."""
    context = Context("a", 1)
    calls: list[str] = []
    context.at_end(lambda: calls.append("first"))
    context.at_end(lambda: calls.append("second"))
    context.end("returned")
    context.end("returned")
    assert calls == ["first", "second"]
    with pytest.raises(RuntimeError, match="has ended"):
        context.at_end(calls.clear)
