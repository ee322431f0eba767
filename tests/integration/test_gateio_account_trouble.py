"""An account at the simulated Gate.io in trouble: clocks, refusals, frames that do not read, and how much is asked."""

from functools import partial
from typing import Any

import pytest
import trio

from feedtree.actors.routes import Policy
from feedtree.exchanges.access import Reach
from feedtree.exchanges.credentials import Credentials
from feedtree.exchanges.gateio.endpoints import SPOT
from feedtree.exchanges.gateio.private_websocket import GateioPrivateSpotWebsocket
from feedtree.exchanges.private.hub import PrivateHub
from feedtree.ops import Config, run_tree
from feedtree.ops.sim import frames
from feedtree.ops.sim.accounts.config import DEMO_KEY, DEMO_SECRET
from feedtree.ops.sim.accounts.lines import PrivatePush

KEY = "gateio.spot/main"
UNREADABLE = b'{"channel":"spot.orders","event":"update","result":[{"id":"1"}]}'


def config_of(lab: Any, **options: Any) -> Config:
    return Config({}, accounts={"gateio.spot": {"main": lab.account_config(**options)}})


def asked(lab: Any) -> int:
    """Return how many REST calls arrived."""
    count: int = lab.sim.simulation.venues["gateio.spot"].journal.counts["rest"]
    return count


def push(lab: Any, payload: bytes) -> None:
    """Send a frame to who subscribed the account's orders."""
    lines = lab.sim.simulation.venues["gateio.spot"].private.lines
    lines.push(lab.account(), [PrivatePush("spot.orders", "", frames.text(payload))])


async def test_a_pause_that_the_venue_asks_for_is_kept(autojump_clock, lab, tree) -> None:
    """Whatever becomes doubtful meanwhile: the next comparison is made when the venue allows it."""
    async with lab(rate=5.0) as exchanges, tree(exchanges, config_of(exchanges)) as running:
        await running.accounts[KEY].wait_live(5.0)
        await trio.sleep(5.0)
        exchanges.turn("gateio.spot", rest_status=429, retry_after_s=30.0)
        before = asked(exchanges)
        for _ in range(16):
            push(exchanges, UNREADABLE)
            await trio.sleep(1.5)
        assert asked(exchanges) == before + 1
        exchanges.turn("gateio.spot", rest_status=0)
        await trio.sleep(10.0)
        account = running.accounts[KEY]
        assert account.consistent
        assert account.account.store.streams.generation == 1


async def test_what_does_not_read_costs_few_comparisons(autojump_clock, lab, tree) -> None:
    """REST shows the same unreadable row as the pushes do: comparing at each of them would hammer the venue."""
    async with lab(rate=5.0) as exchanges, tree(exchanges, config_of(exchanges)) as running:
        account = running.accounts[KEY]
        await account.wait_live(5.0)
        await trio.sleep(5.0)
        exchanges.turn("gateio.spot", private_rest_status=503)
        before = asked(exchanges)
        for _ in range(9):
            push(exchanges, UNREADABLE)
            await trio.sleep(0.1)
        assert asked(exchanges) <= before + 4
        assert not account.consistent


async def test_a_venue_that_throttles_the_clock_call_pauses_all_connections(
    autojump_clock, lab, tree
) -> None:
    """The connection ends by it, in a group of exceptions: the venue's budget has to see it all the same."""
    async with lab(
        rate=5.0, switches={"gateio.spot": {"rest_status": 429, "retry_after_s": 30.0}}
    ) as exchanges:
        async with tree(exchanges, config_of(exchanges)) as running:
            await trio.sleep(2.0)
            assert running.host.connection_budget(SPOT).wait(trio.current_time()) > 20.0


async def test_a_clock_that_was_measured_badly_costs_no_fill(autojump_clock, lab, tree, trader) -> None:
    """The time came late, so that the venue seems to be ahead by half of that: fills are not older for it."""
    async with lab(rate=50.0, switches={"gateio.spot": {"rest_delay_s": 4.0}}) as exchanges:
        async with tree(exchanges, config_of(exchanges)) as running:
            account = running.accounts[KEY]
            await account.account.store.wait(lambda: account.view.state == "syncing")
            exchanges.turn("gateio.spot", rest_delay_s=0.0)
            orders = trader(exchanges)
            await orders.place("buy", orders.touch("buy"))
            await account.wait_live(20.0)
            await trio.sleep(10.0)
            assert account.consistent
            assert exchanges.account().now.fills
            assert len(account.view.recent_fills) == len(exchanges.account().now.fills)


async def test_a_clock_that_stepped_is_measured_again(autojump_clock, lab, tree) -> None:
    """This machine slept, or the venue's clock was set: a refused time is no reason to park before it is asked for."""
    async with lab(rate=5.0) as exchanges, tree(exchanges, config_of(exchanges)) as running:
        account = running.accounts[KEY]
        await account.wait_live(5.0)
        await trio.sleep(5.0)
        exchanges.turn("gateio.spot", clock_skew_s=3600.0)
        await trio.sleep(70.0)
        assert account.view.state == "live"
        assert account.consistent
        assert account.account.clock.reading.offset_ns > 3_599 * 10**9


async def test_a_parked_account_is_started_again_by_hand(autojump_clock, lab, tree) -> None:
    """By the path of the slot that was parked."""
    async with lab(rate=5.0, switches={"gateio.spot": {"deny_ip": True}}) as exchanges:
        async with tree(exchanges, config_of(exchanges)) as running:
            account = running.accounts[KEY]
            await running.failed(f"private/{KEY}/stream/a")
            await trio.sleep(1.0)
            assert account.view.state == "failed"
            exchanges.turn("gateio.spot", deny_ip=False)
            await running.restart(f"private/{KEY}/stream/a")
            await account.wait_live(5.0)
            assert account.consistent


async def test_an_account_that_failed_by_bugs_is_started_again_by_hand(autojump_clock, lab, tree) -> None:
    """Frames that do not read, until the account is parked: then by the account's own path."""
    async with lab(rate=5.0) as exchanges, tree(exchanges, config_of(exchanges)) as running:
        account = running.accounts[KEY]
        await account.wait_live(5.0)
        with trio.move_on_after(60.0):
            while True:
                push(exchanges, UNREADABLE)
                await trio.sleep(0.02)
                if account.view.state == "failed":
                    break
        assert account.view.state == "failed"
        await trio.sleep(5.0)
        await running.restart(f"private/{KEY}")
        await account.wait_live(5.0)
        assert account.consistent


async def test_an_account_that_is_closed_leaves_nothing_behind(autojump_clock, lab, tree) -> None:
    """Also where the caller of aclose is cancelled, or calls it while it connects, or it is parked."""
    async with lab(rate=5.0) as exchanges, tree(exchanges, Config({})) as running:
        for round_ in range(6):
            exchanges.turn("gateio.spot", deny_ip=round_ == 5)
            websocket = GateioPrivateSpotWebsocket(
                running,
                Credentials(DEMO_KEY, DEMO_SECRET),
                options=Reach(
                    ws_url=exchanges.sim.urls["gateio.spot"]["ws"],
                    rest_url=exchanges.sim.urls["gateio.spot"]["rest"],
                ),
            )
            await websocket.initialize()
            await trio.sleep([0.0, 0.001, 0.01, 3.0, 3.0, 3.0][round_])
            with trio.CancelScope() as scope:
                if round_ in (0, 3):
                    scope.cancel()
                await websocket.aclose()
            await trio.sleep(1.0)
            assert running.snapshot().find("private/gateio.spot") is None
            assert not running.private.stores
            assert running.host.connection_budget(SPOT).in_use(trio.current_time()) == 0
            assert not exchanges.network.connections("127.0.0.1", 9000)


async def test_a_cursor_without_its_account_is_refused(autojump_clock, lab, tree) -> None:
    """A misspelt name would begin anew, and lose what the cursor stands before."""
    async with lab(rate=5.0) as exchanges:
        with pytest.raises(ValueError, match=r"'gateio.spot/mian'.*gateio.spot/main"):
            async with tree(exchanges, config_of(exchanges), resume={"gateio.spot/mian": "1,0"}):
                pass


async def test_run_tree_takes_a_cursor(autojump_clock, lab) -> None:
    """As the documentation says."""
    async with lab(rate=5.0) as exchanges, trio.open_nursery() as nursery:
        start = partial(run_tree, network=exchanges.network, resume={KEY: "1,7"})
        running = await nursery.start(start, config_of(exchanges))
        assert running.accounts[KEY].account.store.executions.seen.floor_ns == 7
        nursery.cancel_scope.cancel()


def test_a_mailbox_of_accounts_never_waits() -> None:
    """Nobody would wait for it: it would take in everything."""
    with pytest.raises(ValueError, match="without end"):
        PrivateHub().mailbox(policy=Policy.BLOCK)


async def test_an_order_that_ends_between_two_pages_hides_no_other(autojump_clock, lab, tree, trader) -> None:
    """The rows behind it move up by one, and the first of the second page would be on neither."""
    async with lab(rate=5.0) as exchanges, tree(exchanges, config_of(exchanges)) as running:
        account = running.accounts[KEY]
        await account.wait_live(5.0)
        orders, side, truth = (
            trader(exchanges),
            exchanges.sim.simulation.venues["gateio.spot"].private,
            exchanges.account(),
        )
        price = orders.touch("buy", 0.3)
        fields = {"currency_pair": "BTC_USDT", "side": "buy", "price": price, "amount": "0.001"}
        placed = [side.desk.place(truth, fields) for _ in range(150)]
        exchanges.turn("gateio.spot", rest_delay_s=0.5)
        async with trio.open_nursery() as nursery:

            @nursery.start_soon
            async def cancel() -> None:
                await trio.sleep(0.75)
                side.engine.cancel(truth, placed[-1])

            told = await account.account.rest.open_orders([])
        assert {order.order_id for order in told} >= {str(order.number) for order in placed[:-1]}
