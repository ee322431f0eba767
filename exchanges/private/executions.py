"""The orders and fills of one account: each fill once and behind its order's first update. Sans-io.

It also knows what cannot be right for long: a fill whose order nobody told of, an order whose fills are not what it is
filled by. Such doubts ripen: pushes of one moment may come in any order.
"""

from collections.abc import Collection, Iterable
from decimal import Decimal
from typing import Protocol

from msgspec import Struct

from feedtree.exchanges.money import EXACT
from feedtree.exchanges.private.advance import advance
from feedtree.exchanges.private.fills import SeenFills
from feedtree.exchanges.private.orders import Order
from feedtree.exchanges.private.rest import RawFill
from feedtree.exchanges.symbols import Symbol

# Of the orders that ended the newest are known by name; older ones only for as long as a push or REST may still tell of
# them (see `SeenFills.settle`), so many at most. A venue tells how any other order ended.
FINISHED_KEPT = 200
FINISHED_MOST = 10_000
_ZERO = Decimal(0)


class Told(Protocol):
    """Who is told what is new, in order."""

    def order(self, order: Order, *, recovered: bool) -> None:
        """Tell that an order is new, or changed."""
        ...

    def fill(self, fill: RawFill, client_order_id: str | None, *, recovered: bool) -> None:
        """Tell a fill."""
        ...


class _Held(Struct, frozen=True):
    fill: RawFill
    recovered: bool


class _Record(Struct):
    """One order.

    Args:
        order: as it stands; None while only fills of it are known.
        told_at: steady time of the last news of it.
        done: the sum of its fills that are known.
        whole: whether all its fills are to be known: it began after the account was first looked at.
        held: fills that wait for its first update.
    """

    order: Order | None
    told_at: float
    done: Decimal
    whole: bool
    held: list[_Held]


class Executions:
    """Orders and fills as they are known.

    Args:
        told: hears what is new.
        resume: see `SeenFills`.

    Raises:
        BadCursor: ``resume`` is no cursor.
    """

    def __init__(self, told: Told, resume: str = "") -> None:
        self._told = told
        self._records: dict[str, _Record] = {}
        self._open: dict[str, Order] = {}
        self._named: dict[str, str] = {}  # client order id -> order id, of the records
        self._finished: dict[str, None] = {}  # in the order in which they ended
        self._doubts: dict[str, float] = {}  # order id -> since when, steady time
        self.seen = SeenFills(resume)
        self._since_ns: int | None = None  # from when on nothing is to be missing

    def start(self, venue_ns: int) -> None:
        """Begin to look at the account: orders that are made later are to be known with all their fills."""
        if self._since_ns is None:
            self._since_ns = venue_ns
            self.seen.start(venue_ns)

    # What is told

    def see(self, order: Order, now: float, *, recovered: bool) -> bool:
        """Take note of an order's state; tell it where it is news, and then the fills that waited for it.

        One that ended so long ago that it was forgotten is no news. Return whether it was.
        """
        if order.order_id not in self._records and self._settled(order):
            return False
        record = self._record(order.order_id, now)
        known, record.order = record.order, advance(record.order, order)
        if known is None:
            record.whole = self._is_ours(order)
        record.told_at = now
        if record.order is known:
            return False
        self._file(record.order)
        self._told.order(record.order, recovered=recovered)
        self._release(record)
        self._weigh(order.order_id, record, now)
        return True

    def fill(self, fill: RawFill, now: float, *, recovered: bool) -> bool:
        """Take note of a fill; one that is new is told, once its order is known. Return whether it is new."""
        if not self.seen.add(fill):
            return False
        record = self._record(fill.order_id, now)
        record.done = EXACT.add(record.done, fill.quantity)
        record.held.append(_Held(fill, recovered))
        if record.order is not None:
            self._release(record)
        self._weigh(fill.order_id, record, now)
        return True

    def release(self, order_id: str) -> None:
        """Tell the fills of an order that nobody knows any more."""
        self._release(self._records[order_id])
        self._doubts.pop(order_id, None)
        self._end(order_id)

    def _is_ours(self, order: Order) -> bool:
        since_ns = self._since_ns
        return since_ns is not None and order.created_ns is not None and order.created_ns >= since_ns

    def _record(self, order_id: str, now: float) -> _Record:
        record = self._records.get(order_id)
        if record is None:
            record = self._records[order_id] = _Record(None, now, _ZERO, False, [])
        return record

    def _release(self, record: _Record) -> None:
        held, record.held = record.held, []
        client_order_id = None if record.order is None else record.order.client_order_id
        for each in held:
            self.seen.told(each.fill)
            self._told.fill(each.fill, each.fill.client_order_id or client_order_id, recovered=each.recovered)

    def _file(self, order: Order) -> None:
        if order.client_order_id is not None:
            self._named[order.client_order_id] = order.order_id
        if not order.status.terminal:
            self._open[order.order_id] = order
            return
        self._open.pop(order.order_id, None)
        self._end(order.order_id)

    def _end(self, order_id: str) -> None:
        self._finished[order_id] = None
        self._forget_some()

    def settle(self, since_ns: int) -> None:
        """Forget what will not be told again; the argument as of `SeenFills.settle`."""
        self.seen.settle(since_ns)
        self._forget_some()

    def _forget_some(self) -> None:
        finished = self._finished
        while len(finished) > FINISHED_KEPT:
            oldest = next(iter(finished))
            order = self._records[oldest].order
            if len(finished) <= FINISHED_MOST and order is not None and not self._settled(order):
                return
            del finished[oldest]
            self._forget(oldest)

    def _settled(self, order: Order) -> bool:
        """Whether an order ended so long ago that it was told, and will not be told again."""
        ended_ns = order.updated_ns if order.status.terminal else None
        return ended_ns is not None and ended_ns < self.seen.settled_ns

    def _forget(self, order_id: str) -> None:
        order = self._records.pop(order_id).order
        self._doubts.pop(order_id, None)
        name = None if order is None else order.client_order_id
        if name is not None and self._named.get(name) == order_id:
            del self._named[name]

    # What is known

    @property
    def finished(self) -> int:
        """How many orders that ended are remembered."""
        return len(self._finished)

    def order(self, order_id: str) -> Order | None:
        """Return an order as it stands."""
        record = self._records.get(order_id)
        return None if record is None else record.order

    def named(self, client_order_id: str) -> Order | None:
        """Return an order by what its client calls it; the newest where several have the name."""
        order_id = self._named.get(client_order_id)
        return None if order_id is None else self.order(order_id)

    def open_orders(self) -> list[Order]:
        """Return the orders that are open, oldest first."""
        return sorted(self._open.values(), key=lambda order: order.created_ns or 0)

    def told_at(self, order_id: str) -> float:
        """Return when an order was last told of, in steady time."""
        return self._records[order_id].told_at

    def symbols(self) -> set[Symbol]:
        """Return the symbols of all orders that are known."""
        return {record.order.symbol for record in self._records.values() if record.order is not None}

    def changed_since(self, at: float) -> list[Order]:
        """Return the orders that are open, in doubt, or were told of since then (steady time)."""
        return [
            record.order
            for order_id, record in self._records.items()
            if record.order is not None
            and (record.told_at >= at or order_id in self._open or order_id in self._doubts)
        ]

    # What cannot be right for long

    def _weigh(self, order_id: str, record: _Record, now: float) -> None:
        if self._strange(record):
            self._doubts.setdefault(order_id, now)
        else:
            self._doubts.pop(order_id, None)

    def _strange(self, record: _Record) -> bool:
        if record.order is None:
            return bool(record.held)
        return record.whole and record.done != record.order.filled

    def doubts_since(self) -> Iterable[float]:
        """Return since when each doubt stands, in steady time."""
        return self._doubts.values()

    def doubtful(self, before: float) -> Collection[str]:
        """Return the ids of the orders that are in doubt since then or longer."""
        return [order_id for order_id, since in self._doubts.items() if since <= before]

    def waiting(self) -> list[RawFill]:
        """Return a fill of each order that nobody told of."""
        return [record.held[0].fill for record in self._records.values() if record.held]

    def lacking(self, order_id: str) -> Decimal:
        """Return how much of an order is filled without a fill that is known; negative where fills are ahead."""
        record = self._records[order_id]
        filled = _ZERO if record.order is None else record.order.filled
        return filled - record.done

    def forgive(self, order_id: str) -> None:
        """Take an order's fills for known, whatever their sum."""
        self._doubts.pop(order_id, None)
        self._records[order_id].whole = False
