"""What an attached client learns of streams that run, and what it may do to them."""

from typing import Any

import msgspec
import pytest
import structlog
import trio
import trio.testing

from feedtree.actors.context import Context
from feedtree.exchanges.gaps import Gap
from feedtree.exchanges.wire.memory import MemoryNetwork
from feedtree.ops.config import Config, Metrics
from feedtree.ops.inspect import history
from feedtree.ops.inspect.client import Client, InspectFailed, ask_dump, running_apps
from feedtree.ops.inspect.protocol import (
    Action,
    Control,
    Crash,
    Crashes,
    Details,
    Done,
    Gaps,
    Happening,
    Look,
    Overview,
    Past,
    Show,
    StackFacts,
    Stacks,
    Trace,
    Traced,
    TraceEnd,
)
from feedtree.ops.inspect.tracing import trace
from feedtree.ops.redaction import redacted_reason
from feedtree.ops.sim.faults import Fault, inflict
from feedtree.supervisors import BackoffPolicy, ChildSpec, Fatal
from tests.ops.inspect.asking import ask, with_client
from tests.ops.inspect.conftest import OpenStreams, OpenTree

SHARD = "public/gateio.spot/shard-1"
ACCOUNT = "private/gateio.spot/main"


async def traced(request: Trace) -> list[Traced | TraceEnd]:
    def act(client: Client) -> list[Any]:
        return list(client.follow(request, Traced, TraceEnd))  # type: ignore[arg-type]

    found: list[Traced | TraceEnd] = await with_client(act)
    return found


async def control(action: Action, path: str) -> str:
    return (await ask(Control(action=action, path=path), Done)).text


async def test_one_look_tells_the_tree_and_its_streams(streams: OpenStreams) -> None:
    """Both sides are there, live, with what they count."""
    async with streams():
        overview = await ask(Look(), Overview)
    found = {stream.path: stream for stream in overview.facts.streams}
    assert set(found) == {SHARD, "public/mexc.spot/shard-1", ACCOUNT}
    assert found[SHARD].state == "live"
    assert found[SHARD].messages > 0
    assert all(overview.tree.find(path) is not None for path in found)


async def test_show_tells_all_that_is_known_of_a_stream(streams: OpenStreams) -> None:
    """Spec, facts, topics, mailboxes; of a slot those of its shard; of a venue all its streams."""
    async with streams() as (tree, _):
        async with tree.public.mailbox(name="strategy"):
            shard = await ask(Show(path=SHARD), Details)
        slot = await ask(Show(path=f"{SHARD}/a"), Details)
        venue = await ask(Show(path="public/gateio.spot"), Details)
        account = await ask(Show(path=ACCOUNT), Details)
        root = await ask(Show(path=""), Details)
    assert shard.spec is not None
    assert shard.spec.strategy == "dynamic"
    assert [stream.path for stream in shard.streams] == [SHARD]
    book = next(topic for topic in shard.topics if "book:" in topic.topic)
    assert (book.state, book.via) == ("live", "spot.obu")
    assert book.sequence is not None
    assert "strategy" in [mailbox.name for mailbox in shard.mailboxes]
    assert slot.spec is not None
    assert (slot.spec.restart, slot.node.report) == ("permanent", "live")
    assert [stream.path for stream in slot.streams] == [SHARD]
    assert [stream.path for stream in venue.streams] == [SHARD]
    assert account.sequence is not None
    assert [stream.path for stream in account.streams] == [ACCOUNT]
    assert root.spec is None
    assert len(root.streams) == 3


async def test_an_outage_is_on_record_everywhere(streams: OpenStreams) -> None:
    """Events, crashes with their number, gaps and outages name the same loss."""
    async with streams() as (tree, sim):
        for _ in range(2):
            inflict([sim.simulation.venues["gateio.spot"]], Fault("reset"))
            await trio.sleep(0.3)
            await tree.websockets["gateio.spot"].wait_live(20)
        events = await ask(Past(path=SHARD, last=1000), list[Happening])
        crashes = await ask(Crashes(path="public/gateio.spot"), list[Crash])
        gaps = await ask(Gaps(path=SHARD), list[Gap])
        others = await ask(Gaps(path="public/mexc.spot"), list[Gap])
        details = await ask(Show(path=SHARD), Details)
    assert {"crashed", "restarting", "starting", "ready", "reported"} <= {event.kind for event in events}
    assert [event.number for event in events] == sorted(event.number for event in events)
    assert {event.path for event in events} <= {SHARD, f"{SHARD}/a"}
    assert sum(crash.count for crash in crashes) == 2
    assert all("ConnectionLost" in crash.text for crash in crashes)
    assert gaps
    assert all(gap.venue == "gateio.spot" for gap in gaps)
    assert others == []
    assert len(details.outages) == 2
    assert details.outages[0].took_s is not None
    assert details.gaps == len(gaps)
    assert sum(topic.gaps for topic in details.topics) == len(gaps)


async def test_gaps_are_told_from_a_time_on(streams: OpenStreams) -> None:
    """What had ended by then is left out; the newest are told where there are too many."""
    async with streams() as (tree, sim):
        inflict([sim.simulation.venues["gateio.spot"]], Fault("reset"))
        await trio.sleep(0.3)
        await tree.websockets["gateio.spot"].wait_live(20)
        every = await ask(Gaps(), list[Gap])
        later = await ask(Gaps(since_ns=tree.host.wall_ns()), list[Gap])
        newest = await ask(Gaps(last=1), list[Gap])
        none = await ask(Gaps(last=0), list[Gap])
    assert later == [gap for gap in every if gap.end_ns is None]
    assert newest == every[-1:]
    assert none == []


async def test_events_are_followed_as_they_happen(streams: OpenStreams) -> None:
    """What has happened comes first, then what happens, each once."""
    told: list[Happening] = []

    def follow(client: Client) -> None:
        for event in client.follow(Past(path=SHARD, last=1, follow=True), Happening):
            told.append(event)
            if event.kind == "crashed":
                return

    async with streams() as (_, sim), trio.open_nursery() as nursery:
        nursery.start_soon(with_client, follow)
        while not told:  # noqa: ASYNC110 - told by a thread
            await trio.sleep(0.01)
        inflict([sim.simulation.venues["gateio.spot"]], Fault("reset"))
    assert told[-1].verdict == "retryable"
    assert len({event.number for event in told}) == len(told)


async def test_what_happens_while_nobody_serves_is_remembered(streams: OpenStreams) -> None:
    """From the first start on: the history is not the server's."""
    async with streams() as (tree, sim):
        await tree.supervisor.terminate_child("ops/inspect")
        inflict([sim.simulation.venues["gateio.spot"]], Fault("reset"))
        await trio.sleep(0.3)
        await tree.websockets["gateio.spot"].wait_live(20)
        await tree.restart("ops/inspect")
        events = await ask(Past(path=f"{SHARD}/a", last=1000), list[Happening])
        server = await ask(Past(path="ops/inspect", last=1000), list[Happening])
        crashes = await ask(Crashes(path=SHARD), list[Crash])
    told = [(event.kind, event.generation) for event in events]
    assert told[0] == ("starting", 1)
    assert told.index(("ready", 1)) < told.index(("crashed", 1)) < told.index(("ready", 2))
    assert [event.kind for event in server] == [
        *("starting", "reported", "ready"),
        *("stopping", "stopped"),
        *("starting", "reported", "ready"),
    ]
    assert [crash.count for crash in crashes] == [1]


async def test_an_operation_that_never_started_is_on_record(empty_tree: OpenTree) -> None:
    """The metrics' port is taken when the tree opens: whoever attaches later learns why."""
    network = MemoryNetwork()
    await network.listen("127.0.0.1", 9464)
    async with empty_tree(config=Config({}, metrics=Metrics(port=9464)), network=network):
        (crash,) = await ask(Crashes(path="ops/metrics"), list[Crash])
        events = await ask(Past(path="ops/metrics"), list[Happening])
    assert "is taken" in crash.text
    assert "another port" in events[-1].reason
    assert [event.kind for event in events] == ["starting", "crashed", "failed"]


async def test_a_defect_in_what_remembers_ends_nothing(
    empty_tree: OpenTree, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is logged with the event that was not taken, and the next one is taken."""

    def defect(_: str) -> str:
        raise ZeroDivisionError

    with structlog.testing.capture_logs() as logs:
        async with empty_tree(log=structlog.get_logger()) as tree:
            before = await ask(Past(path="ops/inspect"), list[Happening])
            with monkeypatch.context() as broken:
                broken.setattr(history, "redacted", defect)
                tree.supervisor.audit("ops/inspect", "a test was here")
                await trio.testing.wait_all_tasks_blocked(0.01)
            events = await ask(Past(path="ops/inspect"), list[Happening])
    assert events == before
    assert [event.kind for event in events] == ["starting", "reported", "ready"]
    (line,) = (each for each in logs if each["event"] == "an event was not taken")
    assert (line["path"], line["kind"], line["by"]) == ("ops/inspect", "audited", "inspect")


async def test_a_secret_in_a_reason_reaches_nobody(empty_tree: OpenTree) -> None:
    """Whatever an actor of the app says in its last words: not the tree, not its crash, not the dump."""

    async def careless(context: Context) -> None:
        context.started()
        raise Fatal(
            "GET /api/v3/order?signature=c0ffee00c0ffee00 was refused", remedy="look at listenKey=p1q2r3s4t5"
        )

    async with empty_tree() as tree:
        await tree.supervisor.start_child("ops", ChildSpec("careless", careless))
        await tree.failed("ops/careless")
        told = [
            await ask(Look(), Overview),
            await ask(Show(path="ops/careless"), Details),
            await ask(Show(path="ops"), Details),
            await ask(Past(), list[Happening]),
            await ask(Crashes(), list[Crash]),
            await trio.to_thread.run_sync(lambda: ask_dump(running_apps()[0])),
        ]
        kept = tree.supervisor.node("ops/careless").last_reason
        ways = [
            tree.snapshot(),
            tree.supervisor.look_from_outside(trio.current_time()).reworded(redacted_reason),
        ]
    assert "c0ffee00" in str(kept)
    assert "p1q2r3s4t5" in str(kept)
    for each in (*told, *ways):
        text = str(msgspec.to_builtins(each))
        assert "was refused" in text
        assert "c0ffee00" not in text
        assert "p1q2r3s4t5" not in text


async def test_stacks_tell_where_each_task_waits(streams: OpenStreams) -> None:
    """Of one actor, and of all below a supervisor."""
    async with streams():
        one = await ask(Stacks(path=f"{SHARD}/a"), StackFacts)
        every = await ask(Stacks(), StackFacts)
        with pytest.raises(InspectFailed, match=f"is it {SHARD}"):
            await ask(Stacks(path="shard-1"), StackFacts)
    assert list(one.stacks) == [f"{SHARD}/a"]
    assert "receive" in one.stacks[f"{SHARD}/a"]
    assert {f"{SHARD}/a", "ops/inspect"} < set(every.stacks)


async def test_messages_are_traced_as_they_pass(streams: OpenStreams) -> None:
    """So many, not faster than asked; books are cut to their best levels."""
    async with streams() as (tree, _):
        *shown, end = await traced(Trace(path=SHARD, count=8, rate=50.0))
        assert (
            tree.public.feeds["gateio.spot"].taps == []
            or not tree.public.feeds["gateio.spot"].taps[0].enabled
        )
    assert isinstance(end, TraceEnd)
    assert end.shown == len(shown) == 8
    for each in shown:
        assert isinstance(each, Traced)
        assert each.topic.startswith("gateio.spot BTC/USDT")
        assert len(each.message.get("bids") or ()) <= 5


async def test_a_trace_of_a_symbol_sees_no_other_and_one_of_nothing_is_refused(streams: OpenStreams) -> None:
    """A symbol that is none, and a path at which nothing passes, are said to be so."""
    async with streams():
        *shown, _ = await traced(Trace(path="public/mexc.spot", count=2, rate=50.0, symbol="BTC/USDT"))
        assert all("BTC/USDT" in each.topic for each in shown if isinstance(each, Traced))
        for path, symbol, says in (
            ("ops", "", "no messages pass at ops"),
            ("public", "nonsense", "nonsense"),
            ("nowhere", "", "nothing runs at nowhere"),
        ):
            with pytest.raises(InspectFailed, match=says):
                await traced(Trace(path=path, symbol=symbol))


async def test_an_account_is_traced_from_its_snapshot_on(streams: OpenStreams) -> None:
    """Private messages show no key."""
    async with streams():
        first, end = await traced(Trace(path=ACCOUNT, count=1))
    assert isinstance(first, Traced)
    assert (first.type, first.topic) == ("AccountSnapshot", "gateio.spot/main")
    assert isinstance(end, TraceEnd)


async def test_nothing_is_done_unless_the_app_allows_it(streams: OpenStreams) -> None:
    """Looking is free; acting is refused with a word on how to allow it."""
    async with streams() as (tree, _):
        before = tree.supervisor.node(f"{SHARD}/a").generation
        with pytest.raises(InspectFailed, match="--control"):
            await control("restart", f"{SHARD}/a")
        assert tree.supervisor.node(f"{SHARD}/a").generation == before


async def test_a_stream_is_restarted_stopped_and_started_by_hand(streams: OpenStreams) -> None:
    """Each leaves an event that says who wanted it, and the others are not touched."""
    slot = f"{SHARD}/a"
    async with streams(control=True) as (tree, _):
        mexc = tree.supervisor.node("public/mexc.spot/shard-1/a").generation
        assert "started anew" in await control("restart", slot)
        assert tree.supervisor.node(slot).generation == 2
        await tree.websockets["gateio.spot"].wait_live(20)
        assert "is stopped" in await control("stop", SHARD)
        assert str(tree.supervisor.node(SHARD).state) == "stopped"
        assert "is started" in await control("start", SHARD)
        await tree.websockets["gateio.spot"].wait_live(20)
        assert "nothing waited" in await control("reset-backoff", SHARD)
        with pytest.raises(InspectFailed, match="restart starts it anew"):
            await control("start", SHARD)
        with pytest.raises(InspectFailed, match="nothing runs at public/gateio"):
            await control("stop", "public/gateio")
        with pytest.raises(InspectFailed, match="name a path"):
            await control("stop", "")
        assert tree.supervisor.node("public/mexc.spot/shard-1/a").generation == mexc
        events = await ask(Past(last=1000), list[Happening])
    audited = [(event.path, event.reason) for event in events if event.kind == "audited"]
    assert [path for path, _ in audited] == [slot, SHARD, SHARD, SHARD, SHARD]
    assert audited[0][1].startswith("restart by user ")


async def test_a_whole_side_comes_back_with_what_is_open_in_it(streams: OpenStreams) -> None:
    """Venues and accounts are opened while it runs; started anew, it has them all the same, stopped before or not."""
    async with streams(control=True) as (tree, _):

        async def all_are_live() -> None:
            for websocket in (*tree.websockets.values(), *tree.accounts.values()):
                await websocket.wait_live(20)

        for side in ("public", "private"):
            paths = [child.path for child in tree.supervisor.node(side).children]
            await control("restart", side)
            assert [child.path for child in tree.supervisor.node(side).children] == paths
            await all_are_live()
            await control("stop", side)
            await control("start", side)
            assert [child.path for child in tree.supervisor.node(side).children] == paths
            await all_are_live()
        await tree.websockets.pop("mexc.spot").aclose()
        await control("restart", "public")
        assert [child.id for child in tree.supervisor.node("public").children] == ["gateio.spot"]


async def test_who_answers_does_not_stop_itself(streams: OpenStreams) -> None:
    """There would be nobody left to start it, and no answer."""
    async with streams(control=True) as (tree, _):
        for action, path in (("stop", "ops/inspect"), ("restart", "ops/inspect"), ("stop", "ops")):
            with pytest.raises(InspectFailed, match="is stopped with its app"):
                await control(action, path)  # type: ignore[arg-type]
        assert tree.supervisor.node("ops/inspect").generation == 1


async def test_a_client_that_vanishes_from_a_trace_leaves_nothing(streams: OpenStreams) -> None:
    """No tap, no mailbox; and it is no defect, as a group of errors would be."""

    async def gone(_: Traced) -> None:
        raise trio.BrokenResourceError("the client went away")

    async with streams() as (tree, _):
        feed, store = tree.public.feeds["gateio.spot"], tree.private.stores["gateio.spot/main"]
        before = len(store.mailboxes)
        for path in (ACCOUNT, SHARD):
            with pytest.raises(trio.BrokenResourceError):
                await trace(tree, Trace(path=path), gone)
        assert len(store.mailboxes) == before
        assert not any(tap.enabled for tap in feed.taps)


async def test_traces_of_a_stream_that_is_down_do_not_pile_up(streams: OpenStreams) -> None:
    """Nothing passes there that would take their taps away."""
    async with streams(control=True) as (tree, _):
        await control("stop", SHARD)
        for _ in range(5):
            with trio.move_on_after(0.01):
                await trace(tree, Trace(path=SHARD), never)
        assert len(tree.public.feeds["gateio.spot"].taps) <= 1


async def never(_: Traced) -> None:
    raise AssertionError("nothing passes")


async def test_what_waits_for_its_start_is_not_started_twice(empty_tree: OpenTree) -> None:
    """It is said what ends the wait."""

    async def ill(context: Context) -> None:
        context.started()
        raise ConnectionError("again")

    async with empty_tree(control=True) as tree:
        backoff = BackoffPolicy(initial=60.0, cap=60.0)
        await tree.supervisor.start_child("public", ChildSpec("ill", ill, backoff=backoff))
        while (wait := tree.supervisor.node("public/ill").wait) is None or wait < 1:  # noqa: ASYNC110
            await trio.sleep(0.01)
        with pytest.raises(InspectFailed, match="reset-backoff ends that"):
            await control("start", "public/ill")
        assert "1 that waited are started now" in await control("reset-backoff", "public")
