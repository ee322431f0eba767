"""One connection takes over from another one of its shard: nothing is missed, nothing doubled, nothing told."""

from collections import Counter
from contextlib import AsyncExitStack
from functools import partial

import pytest
import trio

from tests.integration.recording import SPELT, VENUES, OpenStage, open_stage

pytestmark = pytest.mark.campaign


@pytest.fixture
def stage(lab, tree, venue_tls, monkeypatch) -> OpenStage:
    """A tree whose connections go through proxies, with a consumer of everything that is checked at the end."""
    return partial(open_stage, lab, tree, venue_tls, monkeypatch)


@pytest.mark.parametrize("windows", [True, False], ids=["own-windows", "shared-windows"])
async def test_a_connection_is_replaced_before_its_venue_ends_it(
    autojump_clock, stage, windows: bool
) -> None:
    """Three times: 0 missed, 0 doubled, nothing told, no restart; one connection a shard when it is over."""
    switches = {venue: {"own_windows": windows} for venue in VENUES}
    async with stage(life_s=20.0, switches=switches) as on:
        await trio.sleep(65)  # within which each life ends three times
        for venue, recorder in on.recorders.items():
            recorder.seen(500)
            assert on.events() == []
            (slot,) = on.slots(venue).values()
            assert (slot.id, slot.restarts, slot.report) == ("b", 0, "live")
        for report in on.reports():
            assert (report.state, report.generation, report.restarts, report.recoveries) == ("live", 4, 0, [])


async def test_a_topic_that_is_refused_is_not_refused_again_with_each_takeover(autojump_clock, stage) -> None:
    """The new connection asks for it, too; consumers know."""
    switches = {venue: {"refuse_topic": SPELT[venue].format("ETH", "USDT")} for venue in VENUES}
    async with stage(life_s=20.0, switches=switches) as on:
        await trio.sleep(40)
        assert on.events() == []
        for report in on.reports():
            assert (report.generation, report.restarts) == (3, 0)


@pytest.mark.parametrize("venue", VENUES)
async def test_a_connection_that_is_late_ends_no_sooner_than_it_has_told_what_the_new_one_did_not_hear(
    autojump_clock, stage, venue: str
) -> None:
    """What it brings is seconds old, since its path has become too narrow; that is older than the new connection."""
    async with stage(venues=[venue]) as on:
        (old,) = sorted(on.proxies[venue].connections, key=lambda each: -each.down.delivered)[:1]
        before = old.down.delivered
        await trio.sleep(5)
        async with on.proxies[venue].fault(
            "bandwidth", only=[old], rate=(old.down.delivered - before) / 5 * 0.5
        ):
            await trio.sleep(6)
            on.shard(venue).slots["a"].leaving.set()
            await trio.sleep(4)
            assert list(on.slots(venue)) == ["a", "b"]
        await trio.sleep(10)
        assert list(on.slots(venue)) == ["b"]
        assert on.events() == []
        on.recorders[venue].seen()


async def test_one_connection_costs_what_it_always_did(autojump_clock, stage) -> None:
    """Soon after it has taken over, nothing is joined any more."""
    async with stage(life_s=40.0) as on:
        await trio.sleep(39)
        assert [on.shard(venue).merge is None for venue in VENUES] == [False, False]
        await trio.sleep(11)
        assert [on.shard(venue).merge for venue in VENUES] == [None, None]


async def test_trades_without_ids_are_told_once(autojump_clock, stage) -> None:
    """MEXC gave none before 2026, and its quotes no id."""
    async with stage(life_s=15.0, venues=["mexc.spot"], switches={"mexc.spot": {"fields_2026": False}}) as on:
        await trio.sleep(45)
        assert on.reports()[0].generation == 4
        assert on.events() == []
        trades = [trade for each in on.recorders["mexc.spot"].trades.values() for trade in each]
        assert all(trade.id.startswith("~") for trade in trades)


async def test_an_announced_close_costs_nothing(autojump_clock, stage) -> None:
    """The venue closes five seconds after its notice; by then another connection has taken over."""
    async with stage(venues=["gateio.spot"]) as on:
        await trio.sleep(3)
        on.exchanges.inflict("gateio.spot", "notice", seconds=5.0)
        await trio.sleep(10)
        assert on.events() == []
        (report,) = on.reports()
        assert (report.state, report.generation, report.restarts, report.recoveries) == ("live", 2, 0, [])
        assert list(on.slots("gateio.spot")) == ["b"]


async def test_a_connection_goes_on_while_no_other_one_can_take_over(
    autojump_clock, stage, monkeypatch
) -> None:
    """It is tried again later, and costs nothing; the connections that failed are counted by their own slot alone."""
    monkeypatch.setattr("feedtree.exchanges.public.rollover.TAKES_OVER_WITHIN", 5.0)
    monkeypatch.setattr("feedtree.exchanges.public.rollover.AGAIN_AFTER", (10.0, 15.0))
    async with stage(life_s=200.0, venues=["gateio.spot"]) as on:
        async with on.proxies["gateio.spot"].fault("refuse"):
            await trio.sleep(200)
            assert on.slots("gateio.spot")["a"].generation == 1
            assert on.shard("gateio.spot").generation > 10
        await trio.sleep(40)
        assert on.events() == []
        assert [(slot.id, slot.report) for slot in on.slots("gateio.spot").values()] == [("b", "live")]
        assert on.reports()[0].recoveries == []


@pytest.mark.parametrize("venue", VENUES)
async def test_a_connection_that_dies_before_it_is_relieved_is_an_outage(
    autojump_clock, stage, venue: str
) -> None:
    """Told, counted and healed as ever, by whichever is in step first; one connection is left in the end."""
    switches = {
        "mexc.spot": {"rest_delay_s": 1.5, "answer_delay_s": 1.0},
        "gateio.spot": {"answer_delay_s": 1.5},
    }
    async with stage(life_s=50.0, venues=[venue]) as on:
        for name, value in switches[venue].items():
            on.exchanges.turn(venue, **{name: value})
        old = await on.second_slot(venue)
        await trio.sleep(1.0)
        async with on.proxies[venue].fault("reset", only=[old]):
            await trio.sleep(12)
        (report,) = on.reports()
        assert (report.state, len(report.recoveries), report.restarts) == ("live", 1, 1)
        assert report.recoveries[0].live_ns is not None
        told = Counter(event.split()[0] for event in on.events())
        assert told == {"StreamLost": 10, "StreamUp": 8, "BookResynced": 2}
        assert len(on.slots(venue)) == 1
        on.recorders[venue].trades.clear()  # what passed meanwhile is missing, as told


async def test_a_book_does_not_wait_long_for_a_connection_that_stalls(autojump_clock, stage) -> None:
    """The new connection is ahead of the old one, which says nothing for a second: what differs is told after 0.2 s."""
    async with stage(life_s=50.0) as on, AsyncExitStack() as stack:
        for venue in VENUES:
            old = await on.second_slot(venue)
            await stack.enter_async_context(on.proxies[venue].fault("stall", only=[old]))
            for recorder in on.recorders.values():
                recorder.pauses = recorder.websocket.feed.name == venue
            await trio.sleep(1.0)
            await stack.aclose()
            await trio.sleep(10)
            assert on.recorders[venue].longest < 0.9, (
                "seconds; a book of MEXC is joined by REST within half of one"
            )
            assert len(on.slots(venue)) == 1
        assert on.events() == []


@pytest.mark.parametrize("amid", [0.5, 1.5], ids=["before-the-second", "with-both"])
async def test_a_branch_that_ends_amid_a_takeover_ends_whole(autojump_clock, stage, amid: float) -> None:
    """Each topic is told as lost once; nothing is started any more."""
    async with stage(venues=["gateio.spot"]) as on:
        on.exchanges.turn("gateio.spot", answer_delay_s=1.0)
        on.exchanges.inflict("gateio.spot", "notice", seconds=60.0)
        await trio.sleep(amid)
        await on.running.supervisor.terminate_child("public/gateio.spot")
        await trio.sleep(80)
        assert Counter(on.events()) == Counter(
            f"StreamLost {topic}" for topic in on.running.websockets["gateio.spot"].topics()
        )
        assert on.reports()[0].state == "down"
