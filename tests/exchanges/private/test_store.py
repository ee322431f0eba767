"""The account store: what it tells, in which order, and whether it is consistent."""

from decimal import Decimal
from math import inf
from typing import Any

import msgspec
import pytest
import trio

from feedtree.actors.mailbox import Mailbox, MailboxOverflow
from feedtree.actors.publisher import Superseded
from feedtree.exchanges.private import executions
from feedtree.exchanges.private.fills import BadCursor
from feedtree.exchanges.private.hub import routes
from feedtree.exchanges.private.messages import (
    AccountReconciled,
    AccountSnapshot,
    AccountStreamFailed,
    AccountStreamLost,
    AccountStreamUp,
    BalanceUpdate,
    Fill,
    OrderResolved,
    OrderUpdate,
    Reconciliation,
)
from feedtree.exchanges.private.orders import Accepted, OrderStatus, Rejected, RejectReason
from feedtree.exchanges.private.store import PATIENCE, AccountStore
from feedtree.exchanges.side import Side
from feedtree.exchanges.symbols import Symbol
from tests.taking import taken

BTC = Symbol("BTC", "USDT")
D = Decimal


def report(*unexplained: str, **changes: Any) -> Reconciliation:
    given: dict[str, Any] = {
        "queried": (),
        "fills": 0,
        "orders": 0,
        "balances": 0,
        "unexplained": unexplained,
        "since_ns": 0,
        "took_ns": 0,
    }
    return Reconciliation(**{**given, **changes})


def listen(store: AccountStore, **options: Any) -> Mailbox:
    mailbox = Mailbox(routes(), **options)
    store.attach(mailbox)
    return mailbox


def up(store: AccountStore, *unexplained: str) -> int:
    generation = store.begin()
    store.syncing(generation)
    store.reconciled(report(*unexplained), complete_ns=None, doubts=store.doubts, always=True)
    store.live(generation)
    return generation


async def test_a_fill_waits_for_its_order(autojump_clock, store, venue_account, tell) -> None:
    """And comes right behind its first update, with its client's id."""
    account = venue_account()
    mailbox = listen(store)
    placed, _ = account.place(BTC, Side.BUY, D(10), D(3))
    fill, partly, *_ = account.match("1", D(1))
    tell(store, fill)
    assert [type(message) for message in taken(mailbox)] == [AccountSnapshot]
    tell(store, partly)
    tell(store, placed)
    tell(store, fill)
    update, told = taken(mailbox)
    assert isinstance(update, OrderUpdate)
    assert isinstance(told, Fill)
    assert (told.client_order_id, told.recovered, told.sequence) == ("t-1", False, 2)
    assert told.cursor


async def test_a_new_mailbox_begins_with_the_account_as_it_is(
    autojump_clock, store, venue_account, tell
) -> None:
    """And its sequence goes on from there, without a gap."""
    account = venue_account()
    for push in account.place(BTC, Side.BUY, D(10), D(3)):
        tell(store, push)
    mailbox = listen(store)
    for push in account.match("1", D(3)):
        tell(store, push)
    snapshot, *others = taken(mailbox)
    assert isinstance(snapshot, AccountSnapshot)
    assert [order.order_id for order in snapshot.open_orders] == ["1"]
    assert snapshot.balances == (
        msgspec.structs.replace(account.held["USDT"], available=D(970), locked=D(30)),
    )
    assert (snapshot.consistent, snapshot.cursor) == (False, "")
    sequences = [snapshot.sequence, *(message.sequence for message in others)]
    assert sequences == list(range(2, 2 + len(sequences)))
    assert {type(message) for message in others} == {OrderUpdate, Fill, BalanceUpdate}


async def test_a_slow_consumer_is_told_what_it_lost_and_begins_anew(
    autojump_clock, store, venue_account, tell
) -> None:
    """Policy fail: nothing is left out silently, also no event of the stream."""
    account = venue_account()
    mailbox = listen(store, capacity=3)
    for _ in range(3):
        for push in account.place(BTC, Side.BUY, D(10), D(3)):
            tell(store, push)
    with pytest.raises(MailboxOverflow) as lost:
        mailbox.take_nowait()
    assert isinstance(lost.value.first_lost, AccountSnapshot)
    assert lost.value.last_lost.sequence == 3
    again = taken(listen(store))
    assert len(again[0].open_orders) == 3
    assert again[0].sequence == 6


async def test_the_stream_is_lost_with_its_last_incarnation(autojump_clock, store) -> None:
    """While one takes over from another nothing is lost; an outage is measured."""
    mailbox = listen(store)
    first = up(store)
    second = up(store)
    store.lost(first, "relieved")
    assert store.consistent
    await trio.sleep(1.0)
    store.lost(second, "reset")
    assert (store.consistent, store.view.state) == (False, "down")
    await trio.sleep(2.0)
    third = store.begin()
    assert store.view.state == "connecting"
    store.lost(third, "refused")
    fourth = up(store)
    assert store.view.state == "live"
    events = [m for m in taken(mailbox) if isinstance(m, AccountStreamLost | AccountStreamUp)]
    assert [type(event) for event in events] == [AccountStreamUp, AccountStreamLost, AccountStreamUp]
    assert [events[0].outage_ns, events[2].outage_ns] == [0, 2_000_000_000]
    assert (events[1].cause, events[2].generation) == ("reset", fourth)


async def test_a_late_task_of_an_ended_incarnation_tells_nothing(autojump_clock, store) -> None:
    """It is superseded."""
    generation = up(store)
    store.lost(generation, "reset")
    for late in (store.streams.check, store.live, store.syncing):
        with pytest.raises(Superseded):
            late(generation)


async def test_a_parked_stream_is_told_once(autojump_clock, store) -> None:
    """And forgotten when somebody starts it again; one that runs is not parked."""
    mailbox = listen(store)
    generation = up(store)
    store.failed("not while it runs")
    store.lost(generation, "refused")
    store.failed("a bad key")
    store.failed("a bad key")
    assert store.view.state == "failed"
    failed = [m for m in taken(mailbox) if isinstance(m, AccountStreamFailed)]
    assert [(each.reason, each.generation) for each in failed] == [("a bad key", generation)]
    store.begin()
    assert store.view.state == "connecting"


async def test_when_consistent_waits_and_does_not_cancel(autojump_clock, store) -> None:
    """The body goes on when the account is not consistent any more."""
    entered: list[float] = []

    async def trade() -> None:
        async with store.when_consistent():
            entered.append(trio.current_time())
            await trio.sleep(5.0)
            entered.append(trio.current_time())

    async with trio.open_nursery() as nursery:
        nursery.start_soon(trade)
        await trio.sleep(1.0)
        generation = up(store, "something")
        await trio.sleep(1.0)
        assert not entered
        store.reconciled(report(), complete_ns=7, doubts=store.doubts, always=False)
        await trio.sleep(1.0)
        store.lost(generation, "reset")
    assert entered == [pytest.approx(2.0), pytest.approx(7.0)]


async def test_the_end_of_an_account_ends_the_wait(autojump_clock, store) -> None:
    """And its mailboxes, once they are read."""
    mailbox = listen(store)
    async with trio.open_nursery() as nursery:

        async def wait() -> None:
            with pytest.raises(trio.ClosedResourceError):
                async with store.when_consistent():
                    pass

        nursery.start_soon(wait)
        await trio.sleep(1.0)
        store.close()
    assert [type(message) async for message in mailbox] == [AccountSnapshot]


async def test_a_comparison_is_told_where_it_has_news(autojump_clock, store) -> None:
    """The first always; others when they found something, or changed what is unexplained."""
    mailbox = listen(store)
    up(store)
    for each in (
        report(),
        report(fills=1),
        report("odd"),
        report("odd"),
        report(orders=1),
        report(balances=1),
    ):
        store.reconciled(each, complete_ns=None, doubts=store.doubts, always=False)
    reports = [m.report for m in taken(mailbox) if isinstance(m, AccountReconciled)]
    assert [bool(each.unexplained) for each in reports] == [False, False, True, False, False]
    assert store.counts.reconciliations == 5


async def test_answers_about_orders_are_told(autojump_clock, store, venue_account) -> None:
    """What the venue says of an order whose outcome was unknown is knowledge of the order, too."""
    account = venue_account()
    mailbox = listen(store)
    order, _ = account.place(BTC, Side.BUY, D(10), D(3))
    accepted = Accepted(client_order_id="t-1", order_id="1", order=order)
    store.resolved("t-1", accepted, 5)
    store.resolved("t-2", Accepted(client_order_id="t-2", order_id="2"), 6)
    store.resolved("t-3", Rejected(client_order_id="t-3", reason=RejectReason.OTHER), 7)
    _, update, *resolved = taken(mailbox)
    assert isinstance(update, OrderUpdate)
    assert update.recovered
    assert [(each.client_order_id, each.after_ns) for each in resolved] == [
        ("t-1", 5),
        ("t-2", 6),
        ("t-3", 7),
    ]
    assert all(isinstance(each, OrderResolved) for each in resolved)


async def test_doubts_ripen(autojump_clock, store, venue_account, tell) -> None:
    """A fill without its order, an order beyond its fills, a push that was missed: for two seconds they may be."""
    account = venue_account()
    store.start(0)
    assert store.doubt_at() == inf
    placed, balance = account.place(BTC, Side.BUY, D(10), D(3))
    fill, partly, *_ = account.match("1", D(1))
    tell(store, fill)
    assert store.doubt_at() == trio.current_time() + PATIENCE
    tell(store, placed)
    assert store.doubt_at() == trio.current_time() + PATIENCE  # the order does not know of its fill yet
    tell(store, partly)
    assert store.doubt_at() == inf
    tell(store, balance)
    store.balances.stated()
    await trio.sleep(0.5)
    account.deposit("USDT", D(6))  # its push is lost
    tell(store, *account.deposit("USDT", D(7)))
    assert store.doubt_at() == trio.current_time() + PATIENCE
    assert store.doubted_balances == ("USDT",)
    up(store)
    store.doubted("a test")
    assert not store.consistent
    store.acknowledge()
    assert store.doubt_at() == inf
    assert store.comparison_wanted


async def test_a_balance_that_no_push_tells_of_is_a_doubt(autojump_clock, store, venue_account, tell) -> None:
    """The last push before a rest is lost: none follows that would not fit."""
    account = venue_account()
    store.start(0)
    store.balances.stated()
    placed, locked = account.place(BTC, Side.BUY, D(10), D(3))
    tell(store, placed)
    assert store.doubt_at() == trio.current_time() + PATIENCE
    tell(store, locked)
    assert store.doubt_at() == inf
    fill, partly, *balances = account.match("1", D(1))
    await trio.sleep(1.0)
    tell(store, fill)
    tell(store, partly)
    assert store.doubt_at() == trio.current_time() + PATIENCE
    for balance in balances:
        tell(store, balance)
    assert store.doubt_at() == inf
    cancelled, unlocked = account.cancel("1")
    tell(store, cancelled)
    assert store.doubt_at() == trio.current_time() + PATIENCE
    store.correct_balance(unlocked.balance, unlocked.venue_ns)
    assert store.doubt_at() == inf


async def test_no_push_is_awaited_of_a_fill_that_was_found_or_an_order_that_never_began(
    autojump_clock, store, venue_account
) -> None:
    """A comparison brings balances, too; an order that is refused as it comes moves nothing."""
    account = venue_account()
    store.start(0)
    store.balances.stated()
    placed, _ = account.place(BTC, Side.BUY, D(10), D(3))
    fill, *_ = account.match("1", D(1))
    store.apply_fill(fill, recovered=True)
    refused = msgspec.structs.replace(placed, order_id="2", status=OrderStatus.CANCELLED)
    store.apply_order(refused)
    assert list(store._awaited.since()) == []


async def test_what_is_forgiven_is_no_doubt_any_more(autojump_clock, store, venue_account, tell) -> None:
    """An order whose fills nobody can tell any more."""
    account = venue_account()
    store.start(0)
    placed, _ = account.place(BTC, Side.BUY, D(10), D(3))
    _, partly, *_ = account.match("1", D(1))
    tell(store, placed)
    tell(store, partly)
    assert store.executions.lacking("1") == 1
    store.acknowledge()
    _, partly, *_ = account.match("1", D(1))
    tell(store, partly)
    assert store.doubt_at() == inf


async def test_orders_from_before_the_start_may_lack_fills(
    autojump_clock, store, venue_account, tell
) -> None:
    """They were filled while nobody looked."""
    account = venue_account()
    placed, _ = account.place(BTC, Side.BUY, D(10), D(3))
    _, partly, *_ = account.match("1", D(1))
    await trio.sleep(1.0)
    store.start(account.trades[0].venue_ns + 1_000_000_000)
    tell(store, partly)
    assert store.doubt_at() == inf
    tell(store, msgspec.structs.replace(placed, order_id="2", created_ns=None, filled=D(2)))
    assert store.doubt_at() == inf


async def test_finished_orders_are_forgotten_in_the_end(
    autojump_clock, store, venue_account, tell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The newest are kept: a process may run for months."""
    monkeypatch.setattr(executions, "FINISHED_KEPT", 2)
    monkeypatch.setattr(executions, "FINISHED_MOST", 2)
    account = venue_account()
    for number in range(1, 5):
        for push in account.place(BTC, Side.BUY, D(10), D(3)):
            tell(store, push)
        for push in account.cancel(str(number)):
            tell(store, push)
    assert [store.executions.order(str(number)) is None for number in range(1, 5)] == [
        True,
        True,
        False,
        False,
    ]


async def test_fills_of_an_order_that_nobody_knows_are_told_in_the_end(
    autojump_clock, store, venue_account, tell
) -> None:
    """They are facts."""
    account = venue_account()
    mailbox = listen(store)
    account.place(BTC, Side.BUY, D(10), D(3))
    fill, *_ = account.match("1", D(1))
    tell(store, fill)
    store.release("1")
    _, told = taken(mailbox)
    assert isinstance(told, Fill)
    assert told.client_order_id is None
    assert store.doubt_at() == inf


async def test_a_view_shows_age_and_consistency(autojump_clock, store) -> None:
    """Age counts from when the venue was last heard."""
    assert store.view.age_s is None
    store.heard()
    await trio.sleep(1.5)
    generation = up(store, "something odd")
    view = store.view
    assert (view.age_s, view.consistent, view.unexplained) == (pytest.approx(1.5), False, ("something odd",))
    assert (view.venue, view.account, view.state) == ("gateio.spot", "main", "live")
    assert store.streams.is_live(generation)


async def test_a_resumed_account_asks_from_the_cursor_on(autojump_clock, store, venue_account, tell) -> None:
    """With its overlap; a text that is no cursor is refused."""
    account = venue_account()
    store.start(store._wall_ns())
    for push in (*account.place(BTC, Side.BUY, D(10), D(3)), *account.match("1", D(1))):
        tell(store, push)
    again = AccountStore("gateio.spot", "main", store._wall_ns)
    again.resume(store.view.recent_fills[-1].cursor)
    again.start(account.trades[0].venue_ns + 60_000_000_000)
    assert again.fills_since_ns <= account.trades[0].venue_ns
    assert not again.apply_fill(account.trades[0])
    with pytest.raises(BadCursor):
        again.resume("yesterday")


async def test_a_symbol_can_be_named_later(autojump_clock, store) -> None:
    """It is compared with the venue from then on."""
    eth = Symbol("ETH", "USDT")
    assert eth not in store.symbols()
    store.include(eth)
    assert eth in store.symbols()
    assert eth in store.busy_symbols()
