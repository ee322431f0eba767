"""Two connections of one shard for good: the loss of one costs nothing, and is told to nobody."""

from collections import Counter
from functools import partial
from itertools import pairwise
from typing import Any

import pytest
import trio

from feedtree.exchanges.public.messages import (
    BookDelta,
)
from feedtree.exchanges.public.records import TopicState
from tests.clock import EPOCH_NS
from tests.integration.recording import SPELT, VENUES, OpenStage, open_stage


@pytest.fixture
def stage(lab, tree, venue_tls, monkeypatch) -> OpenStage:
    """A tree whose connections go through proxies, with a consumer of everything that is checked at the end."""
    return partial(open_stage, lab, tree, venue_tls, monkeypatch)


FAULTS: list[tuple[str, dict[str, Any]]] = [
    ("reset", {}),
    ("close", {}),
    ("close", {"after": 5_000}),
    ("half_close", {"direction": "down"}),
    ("half_close", {"direction": "up"}),
    ("black_hole", {"direction": "both"}),
    ("black_hole", {"direction": "down"}),
    ("stall", {"direction": "both"}),
    ("bandwidth", {"rate": 20.0}),
    ("latency", {"delay": 5.0}),
    ("corrupt", {"after": 2_000}),
    ("truncate", {"after": 2_000}),
    ("duplicate", {"after": 2_000, "length": 7}),
    ("drop", {"after": 2_000}),
]


@pytest.mark.campaign
@pytest.mark.parametrize("which", [0, 1], ids=["first", "second"])
@pytest.mark.parametrize(
    ("name", "parameters"), FAULTS, ids=["-".join([name, *map(str, told.values())]) for name, told in FAULTS]
)
async def test_the_loss_of_one_of_two_costs_nothing(
    autojump_clock, stage, name: str, parameters: dict[str, Any], which: int
) -> None:
    """0 missed, 0 doubled, no pause, nothing told; the lost one comes back."""
    async with stage(redundancy=2, spell=5.0) as on:
        for recorder in on.recorders.values():
            recorder.pauses = True
        async with on.fault(name, which=which, venues=VENUES, **parameters):
            await trio.sleep(6)
        assert on.events() == []
        for venue, recorder in on.recorders.items():
            recorder.seen()
            assert recorder.longest < 0.35, "seconds between changes of a book that is pushed every 0.1 s"
            slots = on.slots(venue)
            assert [slot.report for slot in slots.values()] == ["live", "live"]
            assert sorted(slot.restarts for slot in slots.values()) == [0, 1]
        for report in on.reports():
            assert (report.state, report.restarts, report.recoveries) == ("live", 1, [])


async def test_two_connections_of_a_shard_count_twice(autojump_clock, stage) -> None:
    """Against the venue's budget of sockets; the tree shows both, and the stream is one."""
    async with stage(redundancy=2, venues=["gateio.spot"]) as on:
        await trio.sleep(2)
        budget = on.running.host.connection_budget(on.running.websockets["gateio.spot"].VENUE.endpoint)
        assert budget.in_use(trio.current_time()) == 2
        assert len(on.reports()) == 1
        assert [slot.report for slot in on.slots("gateio.spot").values()] == ["live", "live"]


async def test_a_gap_on_one_connection_is_resynced_there_and_told_to_nobody(autojump_clock, stage) -> None:
    """The other one has the push: no StreamLost; the gap is counted, and its connection stays."""
    async with stage(redundancy=2, spell=2.0) as on:
        for venue in VENUES:
            streams = on.exchanges.sim.simulation.venues[venue].streams
            first, *_ = streams.matching("")
            first.swallow = 3
        await trio.sleep(5)
        assert on.events() == []
        for report in on.reports():
            assert (report.gaps, report.state, report.restarts, report.recoveries) == (1, "live", 0, [])
        for venue in VENUES:
            for slot in on.shard(venue).slots.values():
                assert {strand.state for strand in slot.strands.values()} == {TopicState.LIVE}


async def test_the_loss_of_both_is_one_outage(autojump_clock, stage) -> None:
    """Told once for each topic, by whichever ends last; up once, by whichever is back first."""
    async with stage(redundancy=2, spell=2.0) as on:
        for venue in VENUES:
            on.exchanges.inflict(venue, "reset")
        await trio.sleep(8)
        told = Counter(on.events())
        assert set(told.values()) == {1}
        assert Counter(event.split()[0] for event in told) == {
            "StreamLost": 20,
            "StreamUp": 16,
            "BookResynced": 4,
        }
        for report in on.reports():
            assert (report.state, len(report.recoveries), report.restarts) == ("live", 1, 2)
            assert report.recoveries[0].live_ns is not None
        on.recorders[
            "mexc.spot"
        ].trades.clear()  # what passed meanwhile is missing, as told; Gate.io's is fetched


async def test_what_neither_connection_heard_is_told_as_an_outage(autojump_clock, stage) -> None:
    """One is deaf and does not know it when the other one is made anew: trades of that moment are missing."""
    async with stage(redundancy=2, spell=5.0) as on:
        for venue in VENUES:
            on.exchanges.turn(venue, answer_delay_s=0.4)
        async with on.fault("black_hole", which=0, venues=VENUES), on.fault("reset", which=1, venues=VENUES):
            await trio.sleep(6)
        kinds = Counter(event.split()[0] for event in on.events())
        assert kinds == {"StreamLost": 16, "StreamUp": 16}, (
            "books go on: they differ by a change that can be told"
        )
        assert not any("book:" in event for event in on.events())
        for report in on.reports():
            (recovery,) = report.recoveries
            assert recovery.live_ns - recovery.lost_ns < 2.5e9
            assert report.state == "live"
        gaps = {gap.key: gap for gap in on.running.gaps()}
        assert len(gaps) == 16
        found = 0
        for recorder in on.recorders.values():
            for topic in recorder.trades:
                gap, missing = gaps[str(topic)], recorder.missing(topic)
                found += len(missing)
                assert all(gap.begin_ns - 0.2e9 <= at_ns <= gap.end_ns for at_ns in missing)
                assert gap.seconds < 1
            recorder.trades.clear()
        assert found > 0


async def test_a_connection_that_answers_pings_alone_is_trusted_with_nothing(
    autojump_clock, stage, monkeypatch
) -> None:
    """The other one is made anew meanwhile: what passed before that is told as an outage, and is in the ledger."""
    monkeypatch.setattr("feedtree.exchanges.public.silence.LEAST", 4.0)  # as of streams that are less busy
    async with stage(redundancy=2, spell=5.0) as on:
        for venue in VENUES:
            on.exchanges.turn(venue, answer_delay_s=0.45)
            mute, made_anew = on.exchanges.sim.simulation.venues[venue].streams.listeners("")
            mute.muted = True
            made_anew.reset()
        await trio.sleep(12)
        assert Counter(event.split()[0] for event in on.events()) == {"StreamLost": 16, "StreamUp": 16}
        gaps = {gap.key: gap for gap in on.running.gaps()}
        missing = 0
        for recorder in on.recorders.values():
            for topic in recorder.trades:
                gap, times = gaps[str(topic)], recorder.missing(topic)
                missing += len(times)
                assert all(gap.begin_ns - 0.2e9 <= at_ns <= gap.end_ns for at_ns in times)
            recorder.trades.clear()
        assert missing > 0


async def test_a_gap_begins_where_the_connection_that_had_the_topic_heard_last(autojump_clock, stage) -> None:
    """Not where the other one, which is made anew and has no book yet, heard of other topics."""
    async with stage(redundancy=2, spell=5.0, venues=["mexc.spot"]) as on:
        on.exchanges.turn("mexc.spot", rest_delay_s=1.8)
        deaf_at = trio.current_time()
        async with (
            on.fault("black_hole", which=0, venues=["mexc.spot"]),
            on.fault("reset", which=1, venues=["mexc.spot"]),
        ):
            await trio.sleep(8)
        deaf_ns = EPOCH_NS + int(deaf_at * 1e9)
        gaps = [gap for gap in on.running.gaps() if "book:" in gap.key]
        assert len(gaps) == 2
        assert all(deaf_ns - 0.2e9 <= gap.begin_ns <= deaf_ns for gap in gaps)
        (recovery,) = on.reports()[0].recoveries
        assert deaf_ns - 0.2e9 <= recovery.lost_ns <= deaf_ns
        on.recorders["mexc.spot"].trades.clear()  # what passed meanwhile is missing, as told


async def test_what_a_connection_leaves_untold_goes_to_taps_where_data_do(autojump_clock, stage) -> None:
    """It stalls while the other one is made anew and has a newer book; at its end the difference is told."""
    async with stage(redundancy=2, delivery="tap", venues=["mexc.spot"]) as on:
        heard: list[Any] = []
        on.running.websockets["mexc.spot"].tap(heard.extend)
        await trio.sleep(2)
        proxy = on.proxies["mexc.spot"]
        stalls, made_anew = sorted(
            sorted(proxy.connections, key=lambda each: -each.down.delivered)[:2], key=lambda each: each.number
        )
        async with (
            proxy.fault("stall", only=[stalls], direction="both"),
            proxy.fault("reset", only=[made_anew]),
        ):
            merge = on.shard("mexc.spot").merge
            with trio.fail_after(5):
                while not merge.held:  # noqa: ASYNC110 - that a book waits is told by no event
                    await trio.sleep(0.01)
            before = len(heard)
            async with proxy.fault("reset", only=[stalls]):
                await trio.sleep(0.01)
            changes = [message for message in heard if isinstance(message, BookDelta)]
            for topic in {change.topic for change in changes}:
                own = [change for change in changes if change.topic == topic]
                assert all(one.last + 1 == next_.first for one, next_ in pairwise(own))
            assert any(isinstance(message, BookDelta) for message in heard[before:])
        recorder = on.recorders["mexc.spot"]
        assert (recorder.changes, recorder.books, recorder.trades) == (0, {}, {})


async def test_topics_come_and_go_on_both_connections(autojump_clock, stage) -> None:
    """Each is driven towards what is wanted, and the venue serves just that."""
    async with stage(redundancy=2, spell=1.0) as on:
        for venue, websocket in on.running.websockets.items():
            await websocket.subscribe(["SOL/USDT"], ["book", "trades"])
            await websocket.wait_live(5)
            await trio.sleep(2)
            for slot in on.shard(venue).slots.values():
                assert len(slot.strands) == 12
                assert {strand.state for strand in slot.strands.values()} == {TopicState.LIVE}
            await websocket.unsubscribe(["SOL/USDT"], ["book", "trades"])
            on.recorders[venue].forget("SOL")
            await trio.sleep(1)
            assert len(on.exchanges.sim.simulation.venues[venue].streams) == 2 * 10
            assert on.reports()[0].state == "live"


async def test_two_connections_are_replaced_one_after_the_other(autojump_clock, stage) -> None:
    """A notice concerns both: while one is made anew the other one carries the shard."""
    async with stage(redundancy=2, spell=2.0, venues=["gateio.spot"]) as on:
        on.exchanges.inflict("gateio.spot", "notice", seconds=10.0)
        await trio.sleep(15)
        assert on.events() == []
        (report,) = on.reports()
        assert (report.state, report.generation, report.restarts, report.recoveries) == ("live", 4, 0, [])
        assert [slot.restarts for slot in on.slots("gateio.spot").values()] == [0, 0]


async def test_a_topic_that_only_one_connection_is_refused_stays_live(autojump_clock, stage) -> None:
    """Nobody is told; when the other one ends it is missed, asked for again, and then refused to all."""
    async with stage(redundancy=2, spell=2.0) as on:
        for venue in VENUES:
            on.exchanges.turn(venue, refuse_topic=SPELT[venue].format("ETH", "USDT"))
        async with on.fault("reset", which=0, venues=VENUES):
            await trio.sleep(5)
        assert on.events() == []
        for websocket in on.running.websockets.values():
            assert {status.state for status in websocket.topics().values()} == {TopicState.LIVE}
        async with on.fault("reset", which=0, venues=VENUES):  # by now the one that was second
            await trio.sleep(5)
        told = Counter(event.split()[0] for event in on.events())
        assert told == {"StreamLost": 10, "SubscriptionRejected": 10}
        assert {event.split()[2] for event in on.events()} == {"ETH/USDT"}
        for recorder in on.recorders.values():
            recorder.forget("ETH")


async def test_a_topic_that_both_are_refused_is_not_refused_again_when_one_is_lost(
    autojump_clock, stage
) -> None:
    """Also where it has a second way, and is asked for again in its first; when both are lost it is told once more."""
    switches = {venue: {"refuse_topic": SPELT[venue].format("ETH", "USDT")} for venue in VENUES}
    async with stage(redundancy=2, spell=2.0, switches=switches) as on:
        async with on.fault("reset", which=0, venues=VENUES):
            await trio.sleep(5)
        assert on.events() == []
        for venue in VENUES:
            on.exchanges.inflict(venue, "reset")
        await trio.sleep(8)
        told = Counter(event for event in on.events() if "ETH" in event)
        assert set(told.values()) == {1}
        assert {event.split()[0] for event in told} == {"SubscriptionRejected"}
        on.recorders["mexc.spot"].trades.clear()  # what passed while both were away


async def test_one_of_two_goes_on_while_the_other_one_is_away(autojump_clock, stage, monkeypatch) -> None:
    """To be replaced it needs another one beside it; it is replaced when that one is back."""
    monkeypatch.setattr("feedtree.exchanges.public.rollover.TAKES_OVER_WITHIN", 2.0)
    monkeypatch.setattr("feedtree.exchanges.public.rollover.AGAIN_AFTER", (3.0, 3.0))
    async with stage(redundancy=2, spell=2.0, venues=["gateio.spot"]) as on:
        slots = on.shard("gateio.spot").slots.values()
        async with on.proxies["gateio.spot"].fault("refuse"):
            async with on.fault("reset", which=1, venues=["gateio.spot"]):
                await trio.sleep(0.01)
                (left,) = (slot for slot in slots if slot.state == "live")
                before = left.generation
                left.leaving.set()
                await trio.sleep(4)
            assert left.generation == before
        await trio.sleep(10)
        assert left.generation > before
        assert on.events() == []
        assert [slot.report for slot in on.slots("gateio.spot").values()] == ["live", "live"]
