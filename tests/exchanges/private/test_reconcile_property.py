"""Any order, duplication and loss of pushes, and a comparison: each fill once, and the venue's own state."""

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
from feedtree.exchanges.private.hub import routes
from feedtree.exchanges.private.messages import AccountMessage, AccountSnapshot, Fill, OrderUpdate
from feedtree.exchanges.private.reconcile import History, reconcile
from feedtree.exchanges.private.store import AccountStore
from feedtree.exchanges.side import Side
from feedtree.exchanges.symbols import Symbol
from tests.clock import wall_ns
from tests.examples import examples
from tests.taking import taken

BTC = Symbol("BTC", "USDT")
ETH = Symbol("ETH", "USDT")


actions = st.lists(
    st.tuples(
        st.sampled_from(["place", "match", "match", "cancel", "wait", "compare", "lose"]),
        st.integers(0, 7),  # which order
        st.integers(1, 3),  # how much, how long
    ),
    min_size=1,
    max_size=25,
)
fates = st.lists(
    st.tuples(st.sampled_from(["now", "now", "now", "lost", "twice", "late"]), st.integers(0, 9)),
    min_size=1,
    max_size=40,
)


class Run:
    """One history of an account, its pushes meeting their fates on the way."""

    def __init__(self, account: Any, fates: list[tuple[str, int]], tell: Any) -> None:
        self.account = account
        self.tell = tell
        self.fates = fates
        self.count = 0
        self.late: list[Any] = []
        self.store = AccountStore("gateio.spot", "main", wall_ns, symbols=[BTC, ETH])
        self.store.start(wall_ns())
        self.clock = VenueClock(wall_ns, trio.current_time)
        self.mailbox = Mailbox(routes(), capacity=10_000)
        self.store.attach(self.mailbox)
        self.store.live(self.store.begin())

    def deliver(self, pushes: list[Any]) -> None:
        for push in pushes:
            fate, where = self.fates[self.count % len(self.fates)]
            self.count += 1
            if fate == "late":
                self.late.insert(where % (len(self.late) + 1), push)
                continue
            for _ in range({"lost": 0, "twice": 2}.get(fate, 1)):
                self.tell(self.store, push)

    def flush(self) -> None:
        late, self.late = self.late, []
        for push in late:
            self.tell(self.store, push)

    async def act(self, action: str, which: int, much: int) -> None:
        account = self.account
        open_ones = [order for order in account.orders.values() if not order.status.terminal]
        if action == "place":
            symbol = BTC if which % 2 else ETH
            side = Side.BUY if which % 4 < 2 else Side.SELL
            self.deliver(account.place(symbol, side, Decimal(which + 1), Decimal(3)))
        elif action == "wait":
            await trio.sleep(much * 0.4)
        elif action == "compare":
            await self.compare()
        elif action == "lose":
            self.flush()
        elif open_ones:
            order = open_ones[which % len(open_ones)]
            if action == "match":
                amount = min(Decimal(1), order.quantity - order.filled)
                self.deliver(account.match(order.order_id, amount))
            else:
                self.deliver(account.cancel(order.order_id))

    async def compare(self) -> Any:
        return await reconcile(
            self.store, self.account, self.clock, History(self.account.account_wide, 30), always=True
        )

    async def check(self) -> None:
        store, account = self.store, self.account
        for _ in range(8):
            await trio.sleep(3.0)
            report = await self.compare()
            if report.consistent:
                break
        assert report.consistent, report
        assert store.consistent
        self.flush()  # what comes late, after all was found, changes nothing
        told = taken(self.mailbox)
        assert isinstance(told[0], AccountSnapshot)
        assert [message.sequence for message in told] == list(range(len(told)))
        fills = Counter((each.order_id, each.price, each.quantity) for each in told if isinstance(each, Fill))
        assert fills == Counter((each.order_id, each.price, each.quantity) for each in account.trades)
        self.check_order(told)
        view = store.view
        assert {name: each for name, each in account.held.items() if each.total} == view.balances
        assert [o for o in account.orders.values() if not o.status.terminal] == list(view.open_orders)
        for order in account.orders.values():
            known = store.executions.order(order.order_id)
            assert known is not None
            assert (known.status, known.filled) == (order.status, order.filled)

    def check_order(self, told: list[AccountMessage]) -> None:
        """No fill comes before its order's first update."""
        known = set()
        for message in told:
            if isinstance(message, OrderUpdate):
                known.add(message.order.order_id)
            elif isinstance(message, Fill):
                assert message.order_id in known


@pytest.mark.parametrize("account_wide", [True, False])
@pytest.mark.parametrize("odd_rows", [False, True])
@examples(150)
@given(actions=actions, fates=fates, lag=st.sampled_from([0.0, 0.0, 0.5, 1.5]))
def test_whatever_becomes_of_pushes_the_truth_is_found(
    venue_account: Any,
    tell: Any,
    account_wide: bool,
    odd_rows: bool,
    actions: list[tuple[str, int, int]],
    fates: list[tuple[str, int]],
    lag: float,
) -> None:
    """Rows of REST may have other ids and rounded times, and may be behind by what the domain allows for."""

    async def run() -> None:
        account = venue_account(account_wide, odd_rows, odd_rows, lag)
        history = Run(account, fates, tell)
        for action in actions:
            await trio.sleep(0.001)
            await history.act(*action)
        await history.check()

    trio.run(run, clock=MockClock(autojump_threshold=0))
