"""What a tree's accounts look like from outside: rows of the live view, and entries of the report."""

from collections.abc import Iterable, Mapping
from decimal import Decimal

from feedtree.exchanges.phases import figures
from feedtree.exchanges.private.hub import PARENT
from feedtree.exchanges.private.messages import (
    AccountReconciled,
    AccountStreamFailed,
    AccountStreamLost,
    AccountStreamUp,
    Fill,
    OrderResolved,
)
from feedtree.exchanges.private.store import AccountStore
from feedtree.exchanges.private.view import AccountView
from feedtree.ops.report import AccountReport
from feedtree.ops.view import AccountRow

TOLD = (AccountReconciled, AccountStreamFailed, AccountStreamLost, AccountStreamUp, OrderResolved)


def account_row(key: str, store: AccountStore) -> AccountRow:
    """Return an account's row.

    Args:
        key: ``gateio.spot/main``.
        store: what is known of it.
    """
    view, counts = store.view, store.counts
    return AccountRow(
        path=f"{PARENT}/{key}",
        state=view.state,
        consistent=view.consistent,
        balances=_balances(view, {symbol.quote for symbol in store.symbols()}),
        open_orders=len(view.open_orders),
        fills=counts.fills,
        recovered=counts.recovered_fills,
        reconciliations=counts.reconciliations,
    )


def account_report(key: str, store: AccountStore, *, at_venue: int | None, unknown: int) -> AccountReport:
    """Return an account's entry of the report.

    Args:
        key: ``gateio.spot/main``.
        store: what is known of it.
        at_venue: fills that the venue says it had; None where it was not asked.
        unknown: orders whose outcome is not known.
    """
    return AccountReport(
        path=f"{PARENT}/{key}",
        venue=store.venue,
        fills_seen=store.counts.fills,
        fills_at_venue=at_venue,
        orders_unknown=unknown,
        reconciliations=store.counts.reconciliations,
        consistent=store.consistent,
        phases=figures(store.meters),
        address=store.address,
    )


def account_lines(messages: Iterable[object]) -> list[str]:
    """Return a line for each thing that happened to an account, in order; what is daily business is passed over."""
    return [
        f"{message.venue}/{message.account} {_words(message)}"
        for message in messages
        if isinstance(message, TOLD)
    ]


def _words(
    message: AccountReconciled | AccountStreamFailed | AccountStreamLost | AccountStreamUp | OrderResolved,
) -> str:
    match message:
        case AccountReconciled(report=report):
            found = f"{report.fills} fills, {report.orders} orders, {report.balances} balances found"
            left = "".join(f"; unexplained: {each}" for each in report.unexplained[:3])
            return f"reconciled in {report.took_ns / 1e9:.2f} s: {found}{left}"
        case AccountStreamFailed(reason=reason):
            return f"failed until restarted by hand: {reason}"
        case AccountStreamLost(cause=cause):
            return f"lost: {cause}"
        case AccountStreamUp(outage_ns=0):
            return "up"
        case AccountStreamUp(outage_ns=outage_ns):
            return f"up after {outage_ns / 1e9:.1f} s"
        case OrderResolved():
            outcome = type(message.outcome).__name__.lower()
            return (
                f"order {message.client_order_id} was {outcome}, known after {message.after_ns / 1e9:.1f} s"
            )


def fills_lines(fills: Mapping[str, list[Fill]]) -> list[str]:
    """Return a line for each account that had fills, by ``gateio.spot/main``; the first one is spelled out."""
    lines: list[str] = []
    for key, told in fills.items():
        first = told[0]
        more = f" and {len(told) - 1} fills more" if len(told) > 1 else ""
        again = " (recovered)" if first.recovered else ""
        what = f"{first.side} {_short(first.quantity)} {first.symbol} at {_short(first.price)}"
        lines.append(f"{key} filled: {what}{again}{more}")
    return lines


def _balances(view: AccountView, quotes: set[str]) -> str:
    ordered = sorted(view.balances.items(), key=lambda pair: (pair[0] not in quotes, pair[0]))
    return ", ".join(f"{currency} {_short(balance.total)}" for currency, balance in ordered)


def _short(value: Decimal) -> str:
    """Return a number in up to eight digits, without trailing zeros."""
    digits = max(0, 8 - max(0, value.adjusted() + 1))
    text = f"{value:,.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
