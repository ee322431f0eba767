"""A process that ends at any moment, and goes on with the cursor of the last fill that it was told: each fill once."""

from collections import Counter
from decimal import Decimal
from typing import Any

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from trio.testing import MockClock

from feedtree.actors.mailbox import Mailbox
from feedtree.exchanges.private.clock import VenueClock
from feedtree.exchanges.private.fills import NAMED
from feedtree.exchanges.private.hub import routes
from feedtree.exchanges.private.messages import Fill
from feedtree.exchanges.private.reconcile import History, reconcile
from feedtree.exchanges.private.store import AccountStore
from feedtree.exchanges.side import Side
from feedtree.exchanges.symbols import Symbol
from tests.clock import wall_ns
from tests.examples import examples

BTC = Symbol("BTC", "USDT")
ETH = Symbol("ETH", "USDT")


class Processes:
    """One after the other over the same account; the stream of each is cut and comes back."""

    def __init__(self, account: Any, tell: Any) -> None:
        self.account = account
        self.tell = tell
        self.fills: list[Fill] = []
        self.cursor = ""
        self.start()

    def start(self) -> None:
        self.store = AccountStore("gateio.spot", "main", wall_ns, symbols=[BTC, ETH])
        if self.cursor:
            self.store.resume(self.cursor)
        self.clock = VenueClock(wall_ns, trio.current_time)
        self.mailbox = Mailbox(routes([Fill]), capacity=10_000)
        self.store.attach(self.mailbox)
        self.connect()

    def connect(self) -> None:
        self.store.start(wall_ns())
        self.generation = self.store.begin()
        self.store.syncing(self.generation)
        self.connected = True

    def listen(self) -> None:
        """Handle all that was told so far."""
        try:
            while True:
                self.fills += self.mailbox.take_nowait()
        except trio.WouldBlock:
            if self.fills:
                self.cursor = self.fills[-1].cursor

    async def act(self, action: str, which: int, seconds: int) -> None:
        if action == "wait":
            await trio.sleep(seconds * 4.0)
        elif action == "cut" and self.connected:
            self.store.lost(self.generation, "cut")
            self.connected = False
        elif action == "connect" and not self.connected:
            self.connect()
        elif action == "compare" and self.connected:
            await self.compare()
        elif action == "restart":
            self.start()
        elif action == "match":
            open_ones = [order for order in self.account.orders.values() if not order.status.terminal]
            symbol = BTC if which % 2 else ETH
            if not open_ones:
                self.push(self.account.place(symbol, Side.BUY, Decimal(which + 1), Decimal(9)))
            else:
                self.push(self.account.match(open_ones[which % len(open_ones)].order_id, Decimal(1)))
        self.listen()

    def push(self, pushes: list[Any]) -> None:
        for each in pushes if self.connected else ():
            self.tell(self.store, each)

    async def compare(self) -> None:
        history = History(self.account.account_wide, 30)
        await reconcile(self.store, self.account, self.clock, history, always=True)
        self.store.live(self.generation)


actions = st.lists(
    st.tuples(
        st.sampled_from(["match", "match", "match", "wait", "cut", "connect", "compare", "restart"]),
        st.integers(0, 7),  # which order
        st.integers(1, 5),  # how long
    ),
    min_size=1,
    max_size=40,
)


async def run(account: Any, tell: Any, actions: list[tuple[str, int, int]]) -> None:
    """Do all that, then connect and compare until nothing more can be found; check what was told."""
    processes = Processes(account, tell)
    await processes.act("match", 0, 1)  # an order
    await processes.act("match", 0, 1)  # its first fill: from here on there is a cursor
    for action in actions:
        await trio.sleep(0.001)
        await processes.act(*action)
    await processes.act("connect", 0, 0)
    for _ in range(3):
        await trio.sleep(3.0)
        await processes.act("compare", 0, 0)
    told = Counter((fill.order_id, fill.price, fill.venue_ns // 10**9) for fill in processes.fills)
    truth = Counter((each.order_id, each.price, each.venue_ns // 10**9) for each in account.trades)
    assert told == truth


@pytest.mark.parametrize("odd_rows", [False, True])
@examples(150)
@given(actions=actions)
def test_no_fill_is_lost_or_told_twice_over_restarts(
    venue_account: Any, tell: Any, odd_rows: bool, actions: list[tuple[str, int, int]]
) -> None:
    """Whatever happens, in whatever order."""

    async def history() -> None:
        await run(venue_account(True, odd_rows, odd_rows), tell, actions)

    trio.run(history, clock=MockClock(autojump_threshold=0))


async def test_a_process_may_end_before_what_an_outage_hid_was_found(
    autojump_clock: MockClock, venue_account: Any, tell: Any
) -> None:
    """A push came between an outage and the comparison: its cursor must not skip what the outage hid."""
    compared, cut, connect, restart = ((word, 0, 0) for word in ("compare", "cut", "connect", "restart"))
    match, wait = ("match", 0, 0), ("wait", 0, 5)
    outage = [compared, wait, cut, match, wait, connect, match, restart]
    await run(venue_account(), tell, outage)


async def test_a_process_may_end_before_its_first_comparison(
    autojump_clock: MockClock, venue_account: Any, tell: Any
) -> None:
    """What happened while no process ran is found by the third process where the second one ends too soon."""
    restart, match, wait = ("restart", 0, 0), ("match", 0, 0), ("wait", 0, 5)
    cut, compare = (("cut", 0, 0), ("compare", 0, 0))
    await run(
        venue_account(), tell, [compare, cut, match, wait, restart, match, restart, match, wait, restart]
    )


async def test_a_cursor_does_not_pass_a_fill_that_waits_for_its_order(
    autojump_clock: MockClock, venue_account: Any, tell: Any
) -> None:
    """It was not told, so the next process has to find it, however late that is."""
    account = venue_account()
    processes = Processes(account, tell)
    processes.push(account.place(BTC, Side.BUY, Decimal(1), Decimal(9)))
    await processes.compare()
    account.place(ETH, Side.BUY, Decimal(2), Decimal(9))  # nobody is told
    tell(processes.store, account.match("2", Decimal(1))[0])
    await trio.sleep(15.0)
    await processes.act("match", 0, 0)
    assert [fill.order_id for fill in processes.fills] == ["1"]
    processes.start()
    await processes.compare()
    processes.listen()
    assert [fill.order_id for fill in processes.fills] == ["1", "2"]


async def test_a_cursor_stays_short(store: Any, venue_account: Any, tell: Any) -> None:
    """It names no more fills than `NAMED`, and gives up the oldest: they are not told again."""
    account = venue_account()
    store.start(wall_ns())
    tell(store, account.place(BTC, Side.BUY, Decimal(1), Decimal(9000))[0])
    for _ in range(NAMED + 100):
        await trio.sleep(0.0001)
        tell(store, account.match("1", Decimal(1))[0])
    cursor = store.snapshot().cursor
    assert cursor.count("/") == 3 * NAMED
    later = AccountStore("gateio.spot", "main", wall_ns)
    later.resume(cursor)
    assert not any(later.apply_fill(trade) for trade in account.trades)
