"""Makes an account's messages, numbers them without gaps, and hands them out in bursts."""

from collections import deque
from collections.abc import Callable
from typing import Any

from feedtree.actors.fanout import FanOut
from feedtree.exchanges.private.messages import (
    AccountMessage,
    AccountReconciled,
    AccountStreamFailed,
    AccountStreamLost,
    AccountStreamUp,
    Balance,
    BalanceUpdate,
    Fill,
    OrderResolved,
    OrderUpdate,
    Reconciliation,
)
from feedtree.exchanges.private.orders import Accepted, Order, Rejected
from feedtree.exchanges.private.positions import Position
from feedtree.exchanges.private.rest import RawFill

RECENT = 100  # fills that a view shows


class Counts:
    """How many messages of each kind were told, and how many of them were recovered."""

    def __init__(self) -> None:
        self.fills = self.orders = self.balances = self.reconciliations = 0
        self.recovered_fills = self.recovered_orders = self.recovered_balances = 0


class Teller:
    """What an account tells its consumers.

    Messages wait until `flush`, so that what one step told reaches every mailbox as one burst.

    Args:
        venue: ``gateio.spot``.
        account: its name.
        wall_ns: UTC nanoseconds.
        position: tells where to go on behind the last fill.
    """

    def __init__(
        self, venue: str, account: str, wall_ns: Callable[[], int], position: Callable[[], Position]
    ) -> None:
        self._venue = venue
        self._account = account
        self._wall_ns = wall_ns
        self._position = position
        self._burst: list[AccountMessage] = []
        self.fanout = FanOut()
        self.sequence = 0
        self.recent: deque[Fill] = deque(maxlen=RECENT)
        self.counts = Counts()

    def common(self) -> dict[str, Any]:
        """Return what every message has, for one that stands behind the last that was told."""
        return {
            "venue": self._venue,
            "account": self._account,
            "sequence": self.sequence,
            "received_ns": self._wall_ns(),
        }

    def flush(self) -> None:
        """Give every mailbox what was told since the last time; no policy of the private side ever waits."""
        if self._burst:
            burst, self._burst = self._burst, []
            self.fanout.publish(burst)

    def _next(self) -> dict[str, Any]:
        self.sequence += 1
        return self.common()

    def order(self, order: Order, *, recovered: bool) -> None:
        """Tell that an order is new, or changed."""
        self.counts.orders += 1
        self.counts.recovered_orders += recovered
        self._burst.append(
            OrderUpdate(**self._next(), order=order, recovered=recovered, venue_ns=order.updated_ns)
        )

    def fill(self, fill: RawFill, client_order_id: str | None, *, recovered: bool) -> None:
        """Tell a fill."""
        self.counts.fills += 1
        self.counts.recovered_fills += recovered
        told = Fill(
            **self._next(),
            trade_id=fill.trade_id,
            order_id=fill.order_id,
            client_order_id=client_order_id,
            symbol=fill.symbol,
            side=fill.side,
            price=fill.price,
            quantity=fill.quantity,
            fee=fill.fee,
            fee_currency=fill.fee_currency,
            role=fill.role,
            venue_ns=fill.venue_ns,
            recovered=recovered,
            position=self._position(),
        )
        self.recent.append(told)
        self._burst.append(told)

    def balance(self, balance: Balance, reason: str, venue_ns: int | None, *, recovered: bool) -> None:
        """Tell that a balance moved."""
        self.counts.balances += 1
        self.counts.recovered_balances += recovered
        self._burst.append(
            BalanceUpdate(
                **self._next(), balance=balance, reason=reason, recovered=recovered, venue_ns=venue_ns
            )
        )

    def reconciled(self, report: Reconciliation) -> None:
        """Tell what came of a comparison with the venue."""
        self.counts.reconciliations += 1
        self._burst.append(AccountReconciled(**self._next(), report=report))

    def resolved(self, client_order_id: str, outcome: Accepted | Rejected, after_ns: int) -> None:
        """Tell how an order ended whose outcome was unknown."""
        self._burst.append(
            OrderResolved(**self._next(), client_order_id=client_order_id, outcome=outcome, after_ns=after_ns)
        )

    def lost(self, generation: int, cause: str) -> None:
        """Tell that nothing is pushed any more."""
        self._burst.append(AccountStreamLost(**self._next(), generation=generation, cause=cause))

    def up(self, generation: int, outage_ns: int) -> None:
        """Tell that the stream is live."""
        self._burst.append(AccountStreamUp(**self._next(), generation=generation, outage_ns=outage_ns))

    def failed(self, generation: int, reason: str) -> None:
        """Tell that the stream was parked."""
        self._burst.append(AccountStreamFailed(**self._next(), generation=generation, reason=reason))
