"""The engine between accounts and books: whatever is done, nothing is made or lost but fees."""

import random
from collections import Counter
from contextlib import suppress
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedtree.exchanges.symbols import Symbol
from feedtree.ops.sim.accounts.account import Account
from feedtree.ops.sim.accounts.config import AccountConfig
from feedtree.ops.sim.accounts.costs import Fees
from feedtree.ops.sim.accounts.engine import Engine, Refused
from feedtree.ops.sim.accounts.money import of_turnover
from feedtree.ops.sim.accounts.orders import AccountFill, BalanceTold, OrderTold, Ticket, Told
from feedtree.ops.sim.flow import FairPrice
from feedtree.ops.sim.market import Market
from feedtree.ops.sim.markets import GATEIO, listings

WIRE = "BTC_USDT"
FEES = (Fees(2_000, 2_000, in_quote=False), Fees(0, 500, in_quote=True))


class World:
    """One market, two accounts, and all that they were told."""

    def __init__(self, fees: Fees = FEES[0], usdt: str = "100000") -> None:
        (listing,) = listings(GATEIO, [Symbol("BTC", "USDT")])
        fair = FairPrice(listing.start_price, random.Random(1))
        trades = count(1)
        self.market = Market(
            listing,
            fair,
            random.Random(2),
            first_id=0,
            trade_number=lambda: next(trades),
            basis=0.0,
            orders=60,
            now_ns=0,
        )
        self.now_ns = 0
        self.told: dict[str, list[Told]] = {"a": [], "b": []}
        numbers = count(1)
        self.engine = Engine(
            {WIRE: self.market},
            fees,
            number=lambda: next(numbers),
            now_ns=lambda: self.now_ns,
            stamp_ns=lambda: self.now_ns,
            tell=lambda account, told: self.told[account.name].extend(told),
        )
        self.engine.watch(self.market)
        self.accounts = [
            Account(AccountConfig(GATEIO, name, name, "s", {"USDT": usdt, "BTC": "2"})) for name in ("a", "b")
        ]

    @property
    def touch(self) -> tuple[int, int]:
        book = self.market.book
        return book.best_bid or 1, book.best_ask or 2_000_000

    def check(self) -> None:
        """Hold every account's books against what it was told."""
        for account in self.accounts:
            told = self.told[account.name]
            start = AccountConfig(GATEIO, "x", "x", "s", account.config.balances)
            folded = Account(start)
            folded.tell(told)
            assert folded.now.purse == account.now.purse
            assert folded.now.orders == account.now.orders
            assert folded.now.fills == account.now.fills
            locked: Counter[str] = Counter()
            for order in account.now.open.values():
                locked["USDT" if order.ticket.buys else "BTC"] += order.locked
            for currency, holding in account.now.purse.items():
                assert holding.available >= 0
                assert holding.locked == locked[currency]
            done: Counter[int] = Counter()
            for fill in account.now.fills:
                done[fill.order] += fill.lots
            assert all(order.filled == done[order.number] for order in account.now.orders.values())
            assert account.as_of(self.now_ns).purse == account.now.purse
        self._check_conservation()

    def _check_conservation(self) -> None:
        """What both have and paid as fees is what they had, but for trades with the order flow."""
        for currency in ("USDT", "BTC"):
            held = sum(
                account.holding(currency).available + account.holding(currency).locked
                for account in self.accounts
            )
            began = 2 * (2 if currency == "BTC" else 100_000) * 10**18
            assert held - began == sum(self._moved(fill, currency) for fill in self._fills())

    def _fills(self) -> list[AccountFill]:
        return [fill for account in self.accounts for fill in account.now.fills]

    def _moved(self, fill: AccountFill, currency: str) -> int:
        amount = fill.lots * 10**12 if currency == "BTC" else of_turnover(self.market, fill.price * fill.lots)
        gains = fill.buys == (currency == "BTC")
        return (amount if gains else -amount) - (fill.fee if fill.fee_currency == currency else 0)


tickets = st.builds(
    dict,
    buys=st.booleans(),
    kind=st.sampled_from(["limit", "market", "budget"]),
    tif=st.sampled_from(["gtc", "ioc", "fok", "poc"]),
    away=st.integers(-400, 400),
    lots=st.integers(1, 400_000),
)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("place"), st.integers(0, 1), tickets),
        st.tuples(st.just("cancel"), st.integers(0, 1), st.integers(0, 5)),
        st.tuples(st.just("amend"), st.integers(0, 1), st.tuples(st.integers(0, 5), tickets)),
        st.tuples(st.just("flow"), st.just(0), st.integers(1, 40)),
        st.tuples(st.just("eat"), st.just(0), st.integers(1, 4)),
    ),
    max_size=25,
)


@given(steps=steps, fees=st.sampled_from(FEES))
def test_nothing_is_made_or_lost_and_everything_is_told(steps: Any, fees: Fees) -> None:
    world = World(fees)
    for kind, who, what in steps:
        world.now_ns += 1_000_000
        account = world.accounts[who]
        with suppress(Refused):
            _do(world, account, kind, what)
        world.check()


def _do(world: World, account: Account, kind: str, what: Any) -> None:
    if kind == "place":
        world.engine.place(account, _ticket(world, what), lenient=what["away"] % 2 == 0)
    elif kind == "flow":
        for _ in range(what):
            world.market.flow.act(world.now_ns)
    elif kind == "eat":
        world.engine.eat("", what)
    else:
        number = what if kind == "cancel" else what[0]
        orders = list(account.now.orders.values())
        if number < len(orders) and kind == "cancel":
            world.engine.cancel(account, orders[number])
        elif number < len(orders) and not orders[number].ticket.market:
            ticket = _ticket(world, {**what[1], "kind": "limit"})
            world.engine.amend(account, orders[number], price=ticket.price, lots=ticket.lots)


def _ticket(world: World, what: Any) -> Ticket:
    bid, _ = world.touch
    if what["kind"] == "limit":
        price = max(1, bid + what["away"])
        return Ticket(wire=WIRE, buys=what["buys"], tif=what["tif"], price=price, lots=what["lots"])
    if what["kind"] == "budget" and what["buys"]:
        return Ticket(wire=WIRE, buys=True, market=True, tif="ioc", budget=bid * what["lots"])
    return Ticket(wire=WIRE, buys=what["buys"], market=True, tif="ioc", lots=what["lots"])


def test_account_orders_are_never_cancelled_by_the_order_flow() -> None:
    world = World()
    bid, _ = world.touch
    order = world.engine.place(
        world.accounts[0], Ticket(wire=WIRE, buys=True, price=bid - 50_000, lots=1_000)
    )
    for _ in range(3_000):
        world.market.flow.act(0)
    assert order.open
    assert all(not placed.owned for placed in world.market.book.live)


def test_large_order_is_filled_in_parts_also_when_it_has_gone_stale() -> None:
    world = World()
    bid, _ = world.touch
    order = world.engine.place(world.accounts[0], Ticket(wire=WIRE, buys=True, price=bid + 1, lots=300_000))
    world.market.flow.fill_book(0)
    for _ in range(3_000):
        world.market.flow.act(0)
    assert len([fill for fill in world.accounts[0].now.fills if fill.order == order.number]) > 3


def test_fewer_lots_keep_the_place_and_another_price_does_not() -> None:
    world = World()
    bid, ask = world.touch
    first, second = (
        world.engine.place(account, Ticket(wire=WIRE, buys=True, price=bid + 1, lots=1_000))
        for account in world.accounts
    )
    assert ask > bid + 1
    world.engine.amend(world.accounts[0], first, price=bid + 1, lots=500)
    world.market.book.place(-(bid + 1), 500, 0, rest=False)
    assert (first.ended, second.filled) == ("filled", 0)
    third = world.engine.place(world.accounts[0], Ticket(wire=WIRE, buys=True, price=bid + 1, lots=400))
    world.engine.amend(world.accounts[1], second, price=bid + 1, lots=1_500)
    world.market.book.place(-(bid + 1), 400, 0, rest=False)
    assert (third.ended, second.filled) == ("filled", 0)


@pytest.mark.parametrize(
    ("change", "why"),
    [({"lots": 0}, "quantity"), ({}, "unchanged"), ({"lots": 10**9}, "balance")],
)
def test_amendments_that_cannot_be_are_refused(change: dict[str, int], why: str) -> None:
    world = World()
    bid, _ = world.touch
    order = world.engine.place(world.accounts[0], Ticket(wire=WIRE, buys=True, price=bid, lots=1_000))
    with pytest.raises(Refused, match=why):
        world.engine.amend(world.accounts[0], order, **{"price": bid, "lots": 1_000, **change})
    world.engine.cancel(world.accounts[0], order)
    for late in (
        lambda: world.engine.cancel(world.accounts[0], order),
        lambda: world.engine.amend(world.accounts[0], order, price=1, lots=1),
    ):
        with pytest.raises(Refused, match="closed"):
            late()


def test_post_only_cannot_be_amended_into_taking() -> None:
    world = World()
    bid, ask = world.touch
    order = world.engine.place(
        world.accounts[0], Ticket(wire=WIRE, buys=True, price=bid, lots=1_000, tif="poc")
    )
    with pytest.raises(Refused, match="poc"):
        world.engine.amend(world.accounts[0], order, price=ask, lots=1_000)
    assert order.open


def test_what_is_told_is_in_order() -> None:
    world = World()
    _, ask = world.touch
    world.engine.place(world.accounts[0], Ticket(wire=WIRE, buys=True, price=ask, lots=10_000_0))
    kinds = [type(item) for item in world.told["a"]]
    assert kinds[:2] == [BalanceTold, OrderTold]
    assert kinds[2] is AccountFill
    events = [item.event for item in world.told["a"] if isinstance(item, OrderTold)]
    assert events[0] == "put"
    assert len(events) == 2
