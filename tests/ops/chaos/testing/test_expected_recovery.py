"""Recovery that is expected: seen as it is, measured as it was, and a failure that says where it hung."""

import re
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, nullcontext

import pytest
import trio

from feedtree.exchanges import StreamLost, StreamUp, Symbol, Trade
from feedtree.exchanges.private.websocket import BasePrivateWebsocket
from feedtree.ops import open_tree
from feedtree.ops.chaos.spelling import WrongFault
from feedtree.ops.chaos.testing import Chaos, Overdue, Recovery, open_simulated_exchange
from feedtree.ops.chaos.testing.exchange import WrongTransport
from feedtree.ops.chaos.testing.streams import ShardStream
from feedtree.ops.chaos.testing.tally import MarketTally
from feedtree.ops.sim.mexc.streams import trade_id

VENUES = ("gateio.spot", "mexc.spot")


def waiting(seconds: float) -> Callable[[Recovery], Awaitable[object]]:
    """Return what lets time pass."""

    async def wait(recovery: Recovery) -> None:
        await trio.sleep(seconds)

    return wait


async def failure(
    expected: AbstractAsyncContextManager[Recovery],
    fault: AbstractAsyncContextManager[object],
    then: Callable[[Recovery], Awaitable[object]],
) -> list[str]:
    """Expect a recovery of a fault that does not come about; return the message, line by line."""

    async def expect() -> None:
        async with expected as recovery, fault:
            await then(recovery)

    with pytest.raises(Overdue) as caught:
        await expect()
    return str(caught.value).split("\n  ")


@pytest.mark.parametrize("venue", VENUES)
async def test_an_account_in_a_black_hole_is_found_and_back_in_time(
    autojump_clock, bench, venue: str
) -> None:
    """Its fills of that time are told once, and nothing is missing."""
    async with bench(venue) as on:
        path = f"private/{venue}/main"
        async with on.chaos.expect_recovery(on.tree, path, detect=2, recover=3) as recovery:
            await on.rest_an_order(venue)
            began_ns = on.exchange.now_ns()
            async with on.chaos.black_hole(venue, side="private"):
                await trio.sleep(0.5)
                assert on.exchange.fill(venue, "BTC/USDT", pieces=3) == 3
                await recovery.detected()
            ended = trio.current_time()
        assert recovery.outage[0] == began_ns
        assert recovery.outage[0] < recovery.blind[0] <= recovery.blind[1] == recovery.outage[1]
        assert 1.5 < recovery.detected_after <= 1.75
        assert recovery.detected_after <= recovery.recovered_after < 3
        assert recovery.recovered_after == pytest.approx((recovery.outage[1] - began_ns) / 1e9)
        assert (recovery.blind[0] - began_ns) / 1e9 == pytest.approx(recovery.detected_after)
        assert trio.current_time() - ended < 1, "it waits no longer than it must"
        assert recovery.lost == []
        assert recovery.doubled == []
        assert len(on.tree.accounts[f"{venue}/main"].view.recent_fills) == 3
        assert repr(recovery).startswith(f"Recovery({path}, detected after 1.")


async def test_a_fill_that_is_never_told_is_lost(autojump_clock, bench) -> None:
    """Its pushes are swallowed where nothing follows them, long before the next comparison: it is named."""
    async with bench() as on:
        async with on.chaos.expect_recovery(on.tree, "private/gateio.spot/main") as recovery:
            await on.rest_an_order("gateio.spot")
            async with on.chaos.reset("gateio.spot", side="private"):
                await recovery.recovered()
            await trio.sleep(10)
            on.chaos.simulated("private_gap", "gateio.spot", count=100)
            assert on.exchange.fill("gateio.spot", "BTC/USDT") == 1
        (lost,) = recovery.lost
        assert lost.path == "private/gateio.spot/main"
        assert "buy 0.01 BTC/USDT at 95000" in lost.what
        assert recovery.doubled == []


@pytest.mark.parametrize("path", ["public/{}", "public/{}/shard-1", "public/{}/shard-1/a", "public"])
@pytest.mark.parametrize("venue", VENUES)
async def test_a_public_stream_is_named_by_venue_shard_or_connection(
    autojump_clock, bench, venue: str, path: str
) -> None:
    """What is lost are trades of the outage, all that no consumer was told; books go on without a gap."""
    async with bench(venue, channels=["book", "trades"]) as on, trio.open_nursery() as nursery:
        told: set[str] = set()

        async def listen() -> None:
            async for trade in on.tree.public.mailbox(Trade):
                told.update([trade.id] if isinstance(trade, Trade) else [])

        nursery.start_soon(listen)
        async with on.chaos.expect_recovery(on.tree, path.format(venue)) as recovery:
            await trio.sleep(1)
            async with on.chaos.black_hole(venue, side="public"):
                await recovery.detected()
        assert 1.6 < recovery.detected_after < 2
        assert recovery.recovered_after < 3
        assert recovery.doubled == []
        begin, end = recovery.outage
        market = on.exchange.venue(venue).market_of(Symbol("BTC", "USDT"))
        passed = [trade for trade in market.tape.prints if begin < trade.fill.at_ns < end]
        ids = [str(trade.number) if venue == "gateio.spot" else trade_id(trade) for trade in passed]
        lost = {each.what for each in recovery.lost}
        assert len(passed) > 10
        assert {f"trade {number} of BTC/USDT" for number in ids if number not in told} <= lost
        assert all(re.fullmatch("trade (.*) of BTC/USDT", what)[1] not in told for what in lost)
        nursery.cancel_scope.cancel()


async def test_an_order_path_is_no_stream(autojump_clock, bench) -> None:
    """What stands beside an account's stream is not it; a wrong path says which there are."""
    async with bench() as on:
        await on.tree.accounts["gateio.spot/main"].wait_live(5)
        for path in ("private/gateio.spot/main/orders", "private/gateio.spot/mian", "public/kraken", "ops"):
            with pytest.raises(WrongFault) as caught:
                async with on.chaos.expect_recovery(on.tree, path):
                    raise AssertionError("never")
            assert f"there is no stream at path {path!r}; allowed: " in str(caught.value)
            assert "public/gateio.spot/shard-1, private/gateio.spot/main" in str(caught.value)


async def test_the_parts_of_an_account_mean_the_account(autojump_clock, bench) -> None:
    """Its session is its stream."""
    async with bench() as on:
        await on.tree.accounts["gateio.spot/main"].wait_live(5)
        async with on.chaos.expect_recovery(on.tree, "private/gateio.spot/main/stream/a") as recovery:
            async with on.chaos.reset("gateio.spot", side="private"):
                await recovery.recovered()
        assert recovery.detected_after < 0.1


async def test_a_loss_that_nobody_notices_in_time_fails(autojump_clock, bench) -> None:
    """The message names stream, fault, the last message, and the seed."""
    async with bench() as on:
        first, *story = await failure(
            on.chaos.expect_recovery(on.tree, "private/gateio.spot/main", detect=1),
            on.chaos.black_hole("gateio.spot"),
            Recovery.detected,
        )
        assert first == (
            "private/gateio.spot/main did not notice within 1 s that nothing comes; "
            "the last message came 1.000 s ago"
        )
        assert story[0] == "black_hole from 0.000 s on"
        assert story[1] == "private/gateio.spot/main: live, consistent"
        assert story[-1] == "seed 7: pytest --chaos-seed=7 repeats it"


async def test_what_is_noticed_later_than_allowed_fails_though_nobody_waited(autojump_clock, bench) -> None:
    """The time counts, not the call."""
    async with bench() as on:
        first, *_ = await failure(
            on.chaos.expect_recovery(on.tree, "private/gateio.spot/main", detect=1),
            on.chaos.black_hole("gateio.spot"),
            waiting(4),
        )
        assert re.search(r"was noticed after 1\.\d+ s, and 1 s were allowed$", first)


@pytest.mark.parametrize(
    ("path", "side"), [("public/gateio.spot", "public"), ("private/gateio.spot/main", "private")]
)
async def test_a_loss_that_only_the_end_of_the_fault_made_known_fails(
    autojump_clock, bench, path: str, side: str
) -> None:
    """Nobody noticed that nothing came: the black hole was over, and reset what it had swallowed."""
    async with bench() as on:
        first, *_ = await failure(
            on.chaos.expect_recovery(on.tree, path, detect=0.5),
            on.chaos.black_hole("gateio.spot", side=side),
            waiting(0.45),
        )
        assert first.endswith(
            "was noticed only because black_hole ended after 0.450 s, which resets what it swallowed: "
            "hold it until `await recovery.detected()`"
        )
        await trio.sleep(5)

        async def deaf(recovery: Recovery) -> None:
            on.chaos.simulated("blackhole", "gateio.spot", seconds=0.45)
            await recovery.detected()

        first, *_ = await failure(on.chaos.expect_recovery(on.tree, path), nullcontext(), deaf)
        assert first.endswith(
            "only because blackhole ended after 0.450 s, which resets what it swallowed: give it more seconds"
        )


@pytest.mark.parametrize("path", ["public/gateio.spot", "private/gateio.spot/main"])
async def test_whoever_ends_the_fault_as_soon_as_it_is_known_has_seen_it(
    autojump_clock, bench, path: str
) -> None:
    """In the same instant of the clock, by whatever it was waited for, while another connection is still deaf."""
    async with bench() as on:
        store, feed = on.tree.private.stores["gateio.spot/main"], on.tree.public.feeds["gateio.spot"]

        async def lost() -> None:
            if path.startswith("private"):
                await store.wait(lambda: not store.consistent)
            else:
                async for message in on.tree.public.mailbox(Trade, only=feed):
                    if isinstance(message, StreamLost):
                        return

        for wait in (Recovery.detected, lambda _: lost()):
            async with on.chaos.expect_recovery(on.tree, path) as recovery:
                async with store.when_consistent():
                    await on.rest_an_order("gateio.spot")
                async with on.chaos.black_hole("gateio.spot"):
                    await wait(recovery)
            assert recovery.detected_after > 1.4
            await trio.sleep(10)


@pytest.mark.parametrize("hole", [{"on": "open"}, {"direction": "down"}, {}])
async def test_a_loss_that_was_noticed_before_the_end_of_the_fault_is_one(
    autojump_clock, bench, hole: dict[str, str]
) -> None:
    """It went on for as long as it took, or a little longer; another fault that meets nobody ended with the loss."""
    async with bench() as on:
        for seconds in (0.0, 0.05, 3.0):
            async with on.chaos.expect_recovery(on.tree, "public/gateio.spot") as recovery:
                async with on.chaos.black_hole("gateio.spot", side="public", **hole):
                    await recovery.detected()
                    await trio.sleep(seconds)
            assert recovery.detected_after > 1.4
            await trio.sleep(15)
        async with on.chaos.expect_recovery(on.tree, "public/gateio.spot") as recovery:
            async with on.chaos.black_hole("gateio.spot", on="new"):
                await trio.sleep(1)
            async with on.chaos.reset("gateio.spot", side="public"):
                await recovery.detected()
        assert recovery.detected_after < 0.1


async def test_a_stream_that_hangs_tells_in_which_phase(autojump_clock, bench) -> None:
    """The error of its last attempt is in the message."""
    async with bench() as on:
        first, *story = await failure(
            on.chaos.expect_recovery(on.tree, "public/gateio.spot", recover=3),
            on.chaos.stall("gateio.spot", side="public"),
            Recovery.recovered,
        )
        assert first == "public/gateio.spot/shard-1 was not live again within 3 s"
        (connection,) = (line for line in story if line.startswith("public/gateio.spot/shard-1/a: "))
        assert re.search("connecting, generation \\d; its last error: ConnectTimeout: .*upgrade", connection)


async def test_a_recovery_that_took_too_long_fails_though_it_is_over(autojump_clock, bench) -> None:
    """The measured time is held against the deadline at the end of the block."""
    async with bench() as on:
        first, *_ = await failure(
            on.chaos.expect_recovery(on.tree, "public/gateio.spot", recover=0.05),
            on.chaos.black_hole("gateio.spot", on="open"),
            waiting(10),
        )
        assert re.search(r"was live again after \d\.\d+ s, and 0.05 s were allowed$", first)


async def test_while_the_venue_is_away_the_clock_of_recovery_stands(autojump_clock, bench) -> None:
    """Twenty seconds away, and back within three of its return."""
    async with bench() as on:
        async with on.chaos.expect_recovery(on.tree, "public/gateio.spot", recover=3) as recovery:
            async with on.chaos.away("gateio.spot"):
                await trio.sleep(20)
        assert recovery.detected_after < 0.2
        assert recovery.recovered_after < 3
        assert (recovery.outage[1] - recovery.outage[0]) / 1e9 > 20


async def test_a_fault_that_loses_nothing_fails(autojump_clock, bench) -> None:
    """A test whose fault does nothing proves nothing."""
    async with bench() as on:
        for fault, problem in (
            (on.chaos.latency("gateio.spot", delay=0.05), "was not lost within 4 s: good messages go on"),
            (on.chaos.black_hole("mexc.spot"), "was not lost, and nothing was broken that it depends on"),
        ):
            expected = on.chaos.expect_recovery(on.tree, "public/gateio.spot", patience=4)
            first, *_ = await failure(expected, fault, waiting(1))
            assert problem in first


async def test_an_outage_before_the_fault_is_not_the_one_that_is_expected(autojump_clock, bench) -> None:
    """A reset by other means, healed; then the fault, which is found in its own time."""
    async with bench() as on:
        async with on.chaos.expect_recovery(on.tree, "public/gateio.spot") as recovery:
            on.exchange.sim.simulation.venues["gateio.spot"].farewell()
            await trio.sleep(5)
            async with on.chaos.black_hole("gateio.spot", side="public"):
                began = on.exchange.now_ns()
                await recovery.detected()
        assert recovery.outage[0] >= began
        assert recovery.detected_after > 1


async def test_a_book_that_stands_still_is_not_noticed_at_once(autojump_clock, bench) -> None:
    """Its last change was long before; a time that is too short for that fails."""
    async with bench() as on:

        async def stand_still(recovery: Recovery) -> None:
            assert on.chaos.simulated("standstill", "gateio.spot", symbol="BTC/USDT", seconds=100) == 1
            await trio.sleep(5)

        await trio.sleep(20)
        async with on.chaos.expect_recovery(on.tree, "public/gateio.spot") as recovery:
            await stand_still(recovery)
        assert 1.2 < recovery.detected_after < 2.0
        assert recovery.recovered_after >= recovery.detected_after
        await trio.sleep(20)
        late = on.chaos.expect_recovery(on.tree, "public/gateio.spot", detect=1)
        first, *_ = await failure(late, nullcontext(), stand_still)
        assert re.search(r"was noticed after 1\.\d+ s, and 1 s were allowed$", first)


async def test_a_gap_of_one_book_is_an_outage_too(autojump_clock, bench) -> None:
    """Found with the next change, resynced on the same connection."""
    async with bench() as on:
        async with on.chaos.expect_recovery(on.tree, "public/gateio.spot", detect=1, recover=2) as recovery:
            await trio.sleep(1)
            assert on.chaos.simulated("gap", "gateio.spot", symbol="BTC/USDT") >= 1
        assert on.tree.public.feeds["gateio.spot"].streams()[0].recoveries == []
        assert recovery.recovered_after < 1
        assert recovery.lost == []
        assert recovery.doubled == []


@pytest.mark.parametrize("refused", ["BTC_USDT", "ETH_USDT"])
async def test_a_topic_that_is_refused_after_the_outage_holds_nothing_up(
    autojump_clock, bench, refused: str
) -> None:
    """The others are live again; which answer comes last does not matter."""
    async with bench(symbols=["BTC/USDT", "ETH/USDT"], channels=["trades"]) as on:
        async with on.chaos.expect_recovery(on.tree, "public/gateio.spot") as recovery:
            async with on.chaos.switched("gateio.spot", refuse_topic=refused):
                async with on.chaos.reset("gateio.spot"):
                    await recovery.recovered()
        assert recovery.recovered_after < 1


async def test_a_venue_that_refuses_everything_is_not_back(autojump_clock, bench) -> None:
    """Settled is not live."""
    async with bench(channels=["trades"]) as on:
        first, *story = await failure(
            on.chaos.expect_recovery(on.tree, "public/gateio.spot"),
            on.chaos.switched("gateio.spot", refuse_topic="BTC_USDT"),
            on.reset_and_recover,
        )
        assert first == "public/gateio.spot/shard-1 was not live again within 3 s"
        assert "public/gateio.spot/shard-1: rejected" in story


async def test_an_outage_that_is_over_before_it_is_read_counts(autojump_clock, bench) -> None:
    """A loss and a return that nobody has read come as one event."""
    async with bench(channels=["trades"]) as on:
        feed = on.tree.public.feeds["gateio.spot"]
        await feed.wait_live(5)
        (shard,), (topic,) = feed.plan(), feed.topics()
        tally = MarketTally("public/x", lambda topic: None, str, [])
        stream = ShardStream(on.tree, feed, shard, ("gateio.spot", "public"), tally, lambda: None)
        await trio.sleep(5)
        stream.take(StreamUp(topic, 2, on.tree.host.wall_ns() - 10**9, 2 * 10**9, 1))
        (outage,) = stream.outages
        assert outage.good_at == pytest.approx(trio.current_time() - 3)
        assert outage.lost_at == outage.back_at == pytest.approx(trio.current_time() - 1)


async def test_a_stream_that_is_never_live_fails_before_the_block(autojump_clock) -> None:
    """With what keeps it from that."""
    async with open_simulated_exchange() as exchange:
        chaos = Chaos(exchange)
        async with chaos.refuse("gateio.spot"):
            async with open_tree(exchange.config(accounts=["main"]), **exchange.tree_options) as tree:
                for path in ("public/gateio.spot", "private/gateio.spot/main"):
                    first, *story = await failure(
                        chaos.expect_recovery(tree, path, ready=2), chaos.reset(), Recovery.recovered
                    )
                    assert first == f"{path} was not live within 2 s, before anything was expected"
                    assert "its last error: DialFailed" in story[0]


async def test_the_error_of_the_block_leaves_as_it_is(autojump_clock, bench) -> None:
    """No group around it, and no waiting for a recovery."""
    async with bench() as on:
        with pytest.raises(KeyError, match="mine"):
            async with on.chaos.expect_recovery(on.tree, "public/gateio.spot"):
                raise KeyError("mine")
        assert trio.current_time() < 1


async def test_what_came_of_it_is_known_at_the_end(autojump_clock, bench) -> None:
    """Before it, an empty list would prove nothing."""
    async with bench() as on:
        async with on.chaos.expect_recovery(on.tree, "public/gateio.spot") as recovery:
            for name in ("lost", "doubled", "outage", "blind", "detected_after", "recovered_after"):
                with pytest.raises(RuntimeError, match="at the end of the block"):
                    getattr(recovery, name)
            assert repr(recovery) == "Recovery(public/gateio.spot, under way)"
            async with on.chaos.reset("gateio.spot"):
                await recovery.recovered()


async def test_orders_of_an_outage_are_found(autojump_clock, bench) -> None:
    """A strategy that trades although it was told that it is blind; what it did before and after does not count."""
    async with bench("mexc.spot") as on:
        account: BasePrivateWebsocket = on.tree.accounts["mexc.spot/main"]
        await account.wait_live(5)
        await on.rest_an_order("mexc.spot")
        async with on.chaos.expect_recovery(on.tree, "public/mexc.spot") as recovery:
            async with on.chaos.away("mexc.spot", side="public"):
                await recovery.detected()
                await trio.sleep(1)
                await on.rest_an_order("mexc.spot")
        await on.rest_an_order("mexc.spot")
        assert len(on.exchange.orders_received()) == 3
        (blind,) = on.exchange.orders_received(during=recovery.outage)
        assert blind.account == "main"
        assert on.exchange.orders_received(during=recovery.blind) == [blind]


async def test_a_tree_on_sockets_is_told_that_the_exchanges_are_in_memory(autojump_clock) -> None:
    """What is to be given to `open_tree` is in the error."""
    async with open_simulated_exchange() as exchange:
        async with open_tree(exchange.config(accounts=())) as tree:
            with pytest.raises(
                WrongTransport, match=r"open_tree\(config, \*\*simulated_exchange.tree_options\)"
            ):
                async with Chaos(exchange).expect_recovery(tree, "public/gateio.spot"):
                    raise AssertionError("never")


async def test_a_tree_without_the_virtual_wall_clock_is_refused(autojump_clock) -> None:
    """By the machine's clock every outage would take next to no time, and `detect` would hold for nothing."""
    async with open_simulated_exchange() as exchange:
        async with open_tree(exchange.config(accounts=()), network=exchange.network) as tree:
            with pytest.raises(
                WrongTransport, match=r"wall clock.*open_tree\(config, \*\*simulated_exchange.tree_options\)"
            ):
                async with Chaos(exchange).expect_recovery(tree, "public/gateio.spot"):
                    raise AssertionError("never")


async def test_a_parked_stream_is_overdue_with_its_reason(autojump_clock, bench) -> None:
    """A key that loses its permission: nobody tries again, and the message says so."""
    async with bench() as on:
        await on.tree.accounts["gateio.spot/main"].wait_live(5)
        account = on.chaos.expect_recovery(on.tree, "private/gateio.spot/main")
        _, *story = await failure(
            account, on.chaos.switched("gateio.spot", deny_permission="all"), on.reset_and_recover
        )
        assert any(line.startswith("private/gateio.spot/main: failed") for line in story)
