"""Accounts in words: rows, lines and the report's entries, of a store that hears of orders, fills and balances."""

from decimal import Decimal
from typing import Any

import trio

from feedtree.actors.mailbox import Mailbox
from feedtree.exchanges.private.balances import BalanceChange
from feedtree.exchanges.private.hub import routes
from feedtree.exchanges.private.messages import Balance, Fill, Reconciliation, Role
from feedtree.exchanges.private.orders import (
    Accepted,
    Order,
    OrderStatus,
    OrderType,
    Rejected,
    RejectReason,
    TimeInForce,
)
from feedtree.exchanges.private.rest import RawFill
from feedtree.exchanges.private.store import AccountStore
from feedtree.exchanges.side import Side
from feedtree.exchanges.symbols import Symbol
from feedtree.ops.account_watch import account_lines, account_report, account_row, fills_lines
from tests.clock import EPOCH_NS
from tests.fills import raw_fill
from tests.taking import taken

BTC = Symbol("BTC", "USDT")


def store_of() -> AccountStore:
    return AccountStore("gateio.spot", "main", lambda: EPOCH_NS + int(trio.current_time() * 1e9))


def order(filled: str = "0") -> Order:
    return Order(
        order_id="7",
        client_order_id="t-1",
        symbol=BTC,
        side=Side.BUY,
        type=OrderType.LIMIT,
        time_in_force=TimeInForce.GTC,
        price=Decimal(100),
        quantity=Decimal(2),
        quote_quantity=None,
        filled=Decimal(filled),
        filled_quote=None,
        status=OrderStatus.PARTIALLY_FILLED if Decimal(filled) else OrderStatus.OPEN,
        created_ns=EPOCH_NS,
        updated_ns=EPOCH_NS,
    )


def fill(number: int, quantity: str = "0.5") -> RawFill:
    return raw_fill(
        trade_id=str(number),
        order_id="7",
        price=Decimal("96000.10"),
        quantity=Decimal(quantity),
        role=Role.TAKER,
        venue_ns=EPOCH_NS + number,
    )


def report(*unexplained: str) -> Reconciliation:
    return Reconciliation(
        queried=("open_orders",),
        fills=1,
        orders=2,
        balances=3,
        unexplained=unexplained,
        since_ns=0,
        took_ns=250_000_000,
    )


async def test_a_row_and_an_entry_of_the_report_tell_the_same(autojump_clock: Any) -> None:
    """State, open orders, fills and balances, the quote currency first; consistency only where the stream is live."""
    store = store_of()
    generation = store.begin()
    store.start(EPOCH_NS)
    store.apply_order(order())
    store.apply_fill(fill(1))
    for currency, amount in (("BTC", "0.5"), ("USDT", "51999.95"), ("DUST", "0.00000001")):
        balance = Balance(currency, Decimal(amount), Decimal(0))
        store.apply_balance(BalanceChange(balance=balance, reason="order-match", venue_ns=EPOCH_NS))
    row = account_row("gateio.spot/main", store)
    assert (row.path, row.state, row.standing) == ("private/gateio.spot/main", "connecting", "connecting")
    assert (row.open_orders, row.fills, row.recovered) == (1, 1, 0)
    assert row.balances == "USDT 51,999.95, BTC 0.5, DUST 0.00000001"
    store.streams.syncing(generation)
    store.live(generation)
    assert account_row("gateio.spot/main", store).standing == "inconsistent"
    store.reconciled(report(), complete_ns=None, doubts=store.doubts, always=True)
    assert account_row("gateio.spot/main", store).standing == "live"
    entry = account_report("gateio.spot/main", store, at_venue=1, unknown=2)
    assert (entry.fills_seen, entry.fills_at_venue, entry.orders_unknown) == (1, 1, 2)
    assert (entry.reconciliations, entry.consistent) == (1, True)


async def test_each_thing_that_happens_to_an_account_is_a_line(autojump_clock: Any) -> None:
    """Up, lost, reconciled with what stays unexplained, resolved and failed; orders and balances are daily business."""
    store, mailbox = store_of(), Mailbox(routes())
    store.attach(mailbox)
    generation = store.begin()
    store.streams.syncing(generation)
    store.live(generation)
    store.reconciled(report("USDT moved by 5"), complete_ns=None, doubts=store.doubts, always=True)
    store.lost(generation, "closed by the peer")
    await trio.sleep(2.5)
    again = store.begin()
    store.streams.syncing(again)
    store.live(again)
    store.apply_order(order())
    store.resolved("t-1", Rejected(client_order_id="t-1", reason=RejectReason.OTHER), 1_500_000_000)
    store.resolved("t-2", Accepted(client_order_id="t-2", order_id="8"), 100_000_000)
    store.lost(again, "reset")
    store.failed("key refused: enter a new one")
    assert account_lines(taken(mailbox)) == [
        "gateio.spot/main up",
        "gateio.spot/main reconciled in 0.25 s: 1 fills, 2 orders, 3 balances found; unexplained: USDT moved by 5",
        "gateio.spot/main lost: closed by the peer",
        "gateio.spot/main up after 2.5 s",
        "gateio.spot/main order t-1 was rejected, known after 1.5 s",
        "gateio.spot/main order t-2 was accepted, known after 0.1 s",
        "gateio.spot/main lost: reset",
        "gateio.spot/main failed until restarted by hand: key refused: enter a new one",
    ]


async def test_the_fills_of_a_moment_are_one_line(autojump_clock: Any) -> None:
    """The first is spelled out, and marked where it was found by asking."""
    store, mailbox = store_of(), Mailbox(routes())
    store.attach(mailbox)
    store.start(EPOCH_NS)
    store.apply_order(order())
    store.apply_fill(fill(1))
    store.apply_fill(fill(2, "0.00100"), recovered=True)
    fills = [message for message in taken(mailbox) if isinstance(message, Fill)]
    assert fills_lines({"gateio.spot/main": fills}) == [
        "gateio.spot/main filled: buy 0.5 BTC/USDT at 96,000.1 and 1 fills more"
    ]
    assert fills_lines({"gateio.spot/main": fills[1:]}) == [
        "gateio.spot/main filled: buy 0.001 BTC/USDT at 96,000.1 (recovered)"
    ]
    assert fills_lines({}) == []
