"""One comparison of an account with its venue: what it asks, what it finds, what it leaves unexplained."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest
import trio

from feedtree.exchanges.errors import RestFailed
from feedtree.exchanges.private.clock import VenueClock
from feedtree.exchanges.private.messages import Reconciliation
from feedtree.exchanges.private.reconcile import RELEASE_AFTER, History, reconcile
from feedtree.exchanges.private.store import AccountStore
from feedtree.exchanges.side import Side
from feedtree.exchanges.symbols import Symbol

BTC, ETH = Symbol("BTC", "USDT"), Symbol("ETH", "USDT")
D = Decimal


async def compare(store: AccountStore, account: Any, *, days: int = 30) -> Reconciliation:
    clock = VenueClock(store._wall_ns, trio.current_time)
    history = History(account.account_wide, days)
    return await reconcile(store, account, clock, history, always=True)


@pytest.fixture
async def started(store: AccountStore) -> AccountStore:
    """An account that is looked at from now on."""
    await trio.lowlevel.checkpoint()
    store.start(store._wall_ns())
    return store


async def test_what_was_missed_is_found(autojump_clock, started, venue_account) -> None:
    """An order that rests, one that came and went, one that was filled in between, and what that cost."""
    account = venue_account()
    await compare(started, account)
    account.place(BTC, Side.BUY, D(10), D(3))
    account.place(BTC, Side.BUY, D(11), D(3))
    account.match("2", D(3))
    account.place(BTC, Side.SELL, D(12), D(1))
    account.cancel("3")
    await trio.sleep(3.0)
    started._named = frozenset([BTC])
    report = await compare(started, account)
    assert report.consistent
    assert (report.fills, report.orders, report.balances) == (1, 3, 2)
    assert report.queried == ("open_orders", "my_trades", "finished_orders BTC/USDT", "balances")
    assert [order.order_id for order in started.open_orders()] == ["1"]


async def test_a_venue_by_symbol_is_asked_for_those_that_moved(
    autojump_clock, started, venue_account
) -> None:
    """Symbols with an order that is open or changed, named ones, and none without any reason."""
    account = venue_account(account_wide=False)
    await compare(started, account)
    for push in account.place(BTC, Side.BUY, D(10), D(3)):
        started.apply_order(push) if hasattr(push, "order_id") else started.apply_balance(push)
    await trio.sleep(3.0)
    first = await compare(started, account)
    assert "my_trades BTC/USDT" in first.queried
    assert not [each for each in first.queried if "ETH" in each]


async def test_a_balance_that_moved_leads_to_fills_of_other_symbols(
    autojump_clock, started, venue_account
) -> None:
    """Another program traded a symbol that is known here: its fills explain the movement."""
    account = venue_account(account_wide=False)
    started._symbols.add(ETH)
    await compare(started, account)
    account.place(ETH, Side.BUY, D(10), D(3))
    account.match("1", D(3))
    report = await compare(started, account)
    assert report.consistent, report
    assert report.fills == 1
    assert "my_trades ETH/USDT" in report.queried


async def test_a_movement_that_no_fill_explains_stays_open(autojump_clock, started, venue_account) -> None:
    """A deposit during an outage, on a venue that cannot tell all fills: inconsistent until somebody says so."""
    account = venue_account(account_wide=False)
    await compare(started, account)
    account.deposit("USDT", D(50))
    for _ in range(2):
        await trio.sleep(3.0)
        report = await compare(started, account)
        assert report.unexplained == ("balance USDT moved by 50 without a fill that tells why",)
        assert started.view.balances["USDT"].available == 1050  # shown all the same
    started.acknowledge()
    assert (await compare(started, account)).consistent


async def test_a_deposit_is_no_question_where_all_fills_are_told(
    autojump_clock, started, venue_account
) -> None:
    """Then what moved without a fill was none."""
    account = venue_account()
    await compare(started, account)
    account.deposit("USDT", D(50))
    assert (await compare(started, account)).consistent


async def test_an_order_that_the_venue_forgot_is_unexplained(autojump_clock, started, venue_account) -> None:
    """It is open here, and nowhere there."""
    account = venue_account()
    (order, _) = account.place(BTC, Side.BUY, D(10), D(3))
    started.apply_order(order)
    del account.orders["1"]
    account.keep()
    report = await compare(started, account)
    assert report.unexplained == ("order 1 BTC/USDT is open here, and unknown to the venue",)


async def test_an_order_that_the_list_lacks_is_asked_for_by_its_id(
    autojump_clock, started, venue_account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the two disagree that is said."""
    account = venue_account()
    (order, _) = account.place(BTC, Side.BUY, D(10), D(3))
    started.apply_order(order)

    async def none(symbols: Any) -> list[Any]:
        await trio.lowlevel.checkpoint()
        return []

    monkeypatch.setattr(account, "open_orders", none)
    await trio.sleep(3.0)  # not so new that REST may not know of it yet
    report = await compare(started, account)
    assert report.unexplained == ("order 1 BTC/USDT is open, and not among the open orders",)


async def test_an_end_that_is_pushed_meanwhile_is_not_asked_for(
    autojump_clock, started, venue_account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reader runs during a comparison."""
    account = venue_account()
    (order, _) = account.place(BTC, Side.BUY, D(10), D(3))
    started.apply_order(order)
    listed = account.open_orders

    async def and_push(symbols: Any) -> Any:
        (end, _) = account.cancel("1")
        rows = await listed(symbols)
        started.apply_order(end)
        return rows

    monkeypatch.setattr(account, "open_orders", and_push)
    report = await compare(started, account)
    assert report.consistent
    assert "order 1" not in account.calls


async def test_a_fill_without_an_order_is_told_after_a_while(autojump_clock, started, venue_account) -> None:
    """The venue may be behind with its orders; a fill is a fact all the same."""
    account = venue_account()
    account.place(BTC, Side.BUY, D(10), D(3))
    (fill, *_) = account.match("1", D(3))
    await trio.sleep(3.0)
    del account.orders["1"]
    account.keep()
    started.apply_fill(fill)
    report = await compare(started, account)
    assert report.unexplained == ("order 1 has fills, and is unknown to the venue",)
    assert not started.view.recent_fills
    await trio.sleep(RELEASE_AFTER)
    assert (await compare(started, account)).consistent
    assert len(started.view.recent_fills) == 1


@pytest.mark.parametrize(("lost", "words"), [("fill", "1 more than"), ("order", "1 less than")])
async def test_an_order_must_agree_with_its_fills(
    autojump_clock, started, venue_account, lost: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where REST is behind with one of them."""
    account = venue_account()
    (order, _) = account.place(BTC, Side.BUY, D(10), D(3))
    started.apply_order(order)
    await trio.sleep(3.0)
    fill, partly, *_ = account.match("1", D(1))
    account.history.pop()
    if lost == "fill":
        started.apply_order(partly)
    else:
        started.apply_fill(fill)
    report = await compare(started, account)
    assert [each for each in report.unexplained if words in each]
    account.keep()
    await trio.sleep(3.0)
    assert (await compare(started, account)).consistent


async def test_a_row_beside_a_fresh_push_is_undecided(autojump_clock, started, venue_account) -> None:
    """Either may be the newer one: for a moment nothing is claimed, and the push stays."""
    account = venue_account(lag=1.0)
    await compare(started, account)
    await trio.sleep(2.0)
    (change,) = account.deposit("USDT", D(5))
    started.apply_balance(change)
    report = await compare(started, account)
    assert [each for each in report.unexplained if each.startswith("balance USDT is 1000 by REST")]
    assert started.view.balances["USDT"].available == 1005
    await trio.sleep(3.0)
    assert (await compare(started, account)).consistent


async def test_a_push_on_its_way_settles_it(autojump_clock, started, venue_account) -> None:
    """What comes while the comparison waits is newer than the row."""
    account = venue_account()
    await compare(started, account)
    (first,) = account.deposit("USDT", D(5))
    started.apply_balance(first)
    (second,) = account.deposit("USDT", D(5))
    async with trio.open_nursery() as nursery:

        async def late() -> None:
            await trio.sleep(0.2)
            started.apply_balance(second)

        nursery.start_soon(late)
        report = await compare(started, account)
    assert report.consistent
    assert started.view.balances["USDT"].available == 1010


async def test_fills_that_are_too_old_to_be_told_are_said_to_be_missing(
    autojump_clock, store, venue_account
) -> None:
    """A cursor of last month, a venue that tells of a day."""
    account = venue_account()
    account.place(BTC, Side.BUY, D(10), D(3))
    (fill, order, *_) = account.match("1", D(1))
    store.apply_order(order)
    store.apply_fill(fill)
    cursor = store.view.recent_fills[-1].cursor
    again = AccountStore("gateio.spot", "main", store._wall_ns)
    again.resume(cursor)
    await trio.sleep(2 * 86_400.0)
    again.start(store._wall_ns())
    first = await compare(again, account, days=1)
    assert first.unexplained == ("fills that are older than the venue tells of may be missing",)
    assert (await compare(again, account, days=1)).consistent  # it was said


async def test_what_was_found_before_a_failure_is_known(autojump_clock, started, venue_account) -> None:
    """A question that is not answered passes through; the next comparison goes on."""
    account = venue_account()
    account.place(BTC, Side.BUY, D(10), D(3))
    rows = account.fills

    async def fail(*args: Any) -> Any:
        raise RestFailed("GET /my_trades", "HTTP 503", status=503)

    account.fills = fail
    with pytest.raises(RestFailed):
        await compare(started, account)
    assert [order.order_id for order in started.open_orders()] == ["1"]
    account.fills = rows
    assert (await compare(started, account)).consistent


async def test_what_a_comparison_settled_is_forgotten_in_time(
    autojump_clock, started, venue_account, tell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fills and ended orders take memory for minutes, not for ever; repeated, they are no news and no doubt."""
    monkeypatch.setattr("feedtree.exchanges.private.executions.FINISHED_KEPT", 1)
    account = venue_account()
    pushes = []
    for number in range(1, 7):
        pushes += account.place(BTC, Side.BUY, D(10), D(3)) + account.match(str(number), D(3))
        for push in pushes[-6:]:
            tell(started, push)
        await trio.sleep(40.0)
        assert (await compare(started, account)).consistent
    assert len(started.executions.seen) < 5
    assert started.executions.finished < 5
    told = (started.counts.fills, started.counts.orders)
    assert told == (6, 12)
    for push in pushes[2:4]:
        tell(started, push)
    assert (started.counts.fills, started.counts.orders) == told
    assert (await compare(started, account)).consistent


async def test_fills_are_remembered_while_a_movement_asks_for_them(
    autojump_clock, started, venue_account, tell
) -> None:
    """The search for what explains it goes back to when it was seen first."""
    account = venue_account(account_wide=False)
    await compare(started, account)
    account.held["USDT"] = msgspec.structs.replace(account.held["USDT"], available=D(7))
    account.keep()
    await trio.sleep(5.0)
    assert not (await compare(started, account)).consistent
    for number in range(1, 7):
        for push in account.place(BTC, Side.BUY, D(1), D(1)) + account.match(str(number), D(1)):
            tell(started, push)
        await trio.sleep(40.0)
        await compare(started, account)
    assert len(started.executions.seen) == 6
