"""When an account is taken for inconsistent, and when it is not any more."""

from decimal import Decimal
from typing import Any

import trio
from trio.testing import MockClock

from feedtree.exchanges.private.balances import BalanceChange, Balances
from feedtree.exchanges.private.clock import VenueClock
from feedtree.exchanges.private.messages import Balance
from feedtree.exchanges.private.reconcile import History, reconcile
from feedtree.exchanges.side import Side
from feedtree.exchanges.symbols import Symbol
from tests.clock import EPOCH_NS, wall_ns

BTC = Symbol("BTC", "USDT")


async def compare(store: Any, account: Any) -> Any:
    clock = VenueClock(wall_ns, trio.current_time)
    return await reconcile(store, account, clock, History(account.account_wide, 30), always=True)


def begin(store: Any) -> None:
    store.start(wall_ns())
    store.live(store.begin())


async def test_what_becomes_doubtful_during_a_comparison_outlives_it(
    autojump_clock: MockClock, store: Any, venue_account: Any
) -> None:
    """A push that could not be read came after its subject was asked for: only the next comparison knows."""
    account = venue_account()
    begin(store)

    async def unreadable() -> None:
        await trio.sleep(0.025)  # the fills were asked for
        account.place(BTC, Side.BUY, Decimal(1), Decimal(1))
        account.match("1", Decimal(1))
        store.doubted("a test")

    async with trio.open_nursery() as nursery:
        nursery.start_soon(unreadable)
        await compare(store, account)
    assert not store.consistent
    await compare(store, account)
    assert store.consistent
    assert store.counts.fills == 1


def change(at_ms: int, available: str, locked: str, by: str, lock_by: str) -> BalanceChange:
    return BalanceChange(
        balance=Balance("USDT", Decimal(available), Decimal(locked)),
        reason="",
        venue_ns=EPOCH_NS + at_ms * 1_000_000,
        available=Decimal(by),
        locked=Decimal(lock_by),
    )


async def test_twenty_decimals_of_a_large_balance_are_added_exactly(autojump_clock: MockClock) -> None:
    """Decimal's own context rounds to 28 digits: then every push of such a balance would seem to follow none."""
    balances = Balances()
    balances.push(change(0, "70000000000.12345678901234567891", "0", "0", "0"), 0.0)
    balances.stated()
    next_one = change(1, "69999999999.12345678901234567891", "1", "-1", "1")
    assert balances.push(next_one, 0.0) == (True, False)
    total = Balance("USDT", Decimal("70000000000.12345678901234567891"), Decimal("1E-20")).total
    assert str(total) == "70000000000.12345678901234567892"


async def test_pushes_that_keep_coming_do_not_keep_a_doubt(
    autojump_clock: MockClock, store: Any, venue_account: Any
) -> None:
    """One push was missed; those after it are absolute, and newer than the question: nothing is left to doubt."""
    account = venue_account(lag=0.5)
    begin(store)
    await compare(store, account)
    account.deposit("USDT", Decimal(1))  # nobody is told
    store.apply_balance(account.deposit("USDT", Decimal(1))[0])
    assert store.doubted_balances == ("USDT",)
    await trio.sleep(2.0)

    async def busy() -> None:
        while True:
            store.apply_balance(account.deposit("USDT", Decimal(1))[0])
            await trio.sleep(0.001)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(busy)
        await compare(store, account)
        nursery.cancel_scope.cancel()
    assert store.doubted_balances == ()
    assert store.doubt_at() == float("inf")


def test_two_connections_tell_each_balance_once() -> None:
    """While one slot takes over, all pushes of one moment come twice, the second time behind the last of the first."""
    balances = Balances()
    balances.push(change(0, "10", "0", "0", "0"), 0.0)
    balances.stated()
    moment = [change(5, "8", "2", "-2", "2"), change(5, "9", "0", "1", "-2"), change(5, "6", "3", "-3", "3")]
    assert [balances.push(each, 0.0) for each in moment] == [(True, False)] * 3
    assert [balances.push(each, 0.0) for each in moment] == [(False, False)] * 3
    assert balances.all()["USDT"] == moment[-1].balance


async def test_an_order_that_is_newer_than_what_rest_tells_is_no_doubt(
    autojump_clock: MockClock, store: Any, venue_account: Any, tell: Any
) -> None:
    """REST is a second behind: an account that has just placed an order is as consistent as before."""
    account = venue_account(lag=1.0)
    begin(store)
    await compare(store, account)
    await trio.sleep(5.0)
    for push in account.place(BTC, Side.BUY, Decimal(1), Decimal(1)):
        tell(store, push)
    await trio.sleep(0.3)
    report = await compare(store, account)
    assert not [each for each in report.unexplained if each.startswith("order")]


async def test_many_orders_that_ended_unseen_cost_few_questions(
    autojump_clock: MockClock, store: Any, venue_account: Any, tell: Any
) -> None:
    """Hundreds of orders cancelled, or done, during an outage: a question for each would take a minute."""
    account = venue_account()
    begin(store)
    for _ in range(60):
        for push in account.place(BTC, Side.BUY, Decimal(1), Decimal(1)):
            tell(store, push)
    await trio.sleep(3.0)
    for number in list(account.orders):
        account.cancel(number)
    for _ in range(60):  # and orders that nobody told of at all
        account.place(BTC, Side.SELL, Decimal(1), Decimal(1))
        account.match(str(len(account.orders)), Decimal(1))
    before = len(account.calls)
    report = await compare(store, account)
    assert not report.unexplained
    assert store.consistent
    assert len(account.calls) - before <= 5
    assert store.counts.fills == 60
