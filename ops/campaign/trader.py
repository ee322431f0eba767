"""A trader who does anything at any time, and takes down what came of it."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from decimal import ROUND_DOWN, ROUND_UP, Decimal
from random import Random
from typing import Literal, TypeAlias

import trio
from msgspec import Struct

from feedtree.exchanges.instruments import Instrument
from feedtree.exchanges.private.desk import OrderDesk
from feedtree.exchanges.private.order_errors import AccountInconsistent, OrderError, OrderOutcomeUnknown
from feedtree.exchanges.private.orders import Accepted, OrderType, Rejected, TimeInForce
from feedtree.exchanges.private.store import AccountStore
from feedtree.exchanges.side import Side
from feedtree.exchanges.symbols import Symbol

PAUSE = 0.5  # seconds at most between two calls
STAKE = Decimal(30)  # quote units of an order, about
IMPATIENT = 0.12  # share of the calls whose caller goes away before they end

Touch: TypeAlias = Callable[[Symbol], tuple[Decimal, Decimal] | None]
Ending: TypeAlias = Literal[
    "accepted", "rejected", "unknown", "inconsistent", "refused", "cancelled", "under way"
]


class PlaceCall(Struct):
    """One call of `place`.

    Args:
        client_order_id: what it was made with.
        consistent: whether the account was consistent when it was made.
        ending: how it ended for its caller.
        reason: of a rejection.
    """

    client_order_id: str
    consistent: bool
    ending: Ending = "under way"
    reason: str = ""


class RandomTrader:
    """Places, cancels and changes orders at random.

    Args:
        desk: of the account.
        store: of the account.
        touch: best bid and ask of a symbol; None where they are not known.
        symbols: what it trades.
        rng: decides.
        name: makes a client order id of a number.

    Attributes:
        calls: of `place`, in order.
        others: calls of the other verbs.
    """

    def __init__(
        self,
        desk: OrderDesk,
        store: AccountStore,
        touch: Touch,
        symbols: Sequence[Symbol],
        rng: Random,
        name: Callable[[int], str],
    ) -> None:
        self._desk = desk
        self._store = store
        self._touch = touch
        self._symbols = symbols
        self._rng = rng
        self._name = name
        self.calls: list[PlaceCall] = []
        self.others = 0

    async def run(self, seconds: float) -> None:
        """Trade for so long; the last call may take longer."""
        until = trio.current_time() + seconds
        while trio.current_time() < until:
            await trio.sleep(self._rng.uniform(0.0, PAUSE))
            patience = self._rng.uniform(0.0, 0.4) if self._rng.random() < IMPATIENT else 60.0
            with trio.move_on_after(patience):
                await self._act()

    async def _act(self) -> None:
        orders = self._store.open_orders()
        if not orders or self._rng.random() < 0.6:
            await self._place(self._rng.choice(self._symbols))
            return
        order = self._rng.choice(orders)
        self.others += 1
        with suppress(OrderError):  # what became of it is in the account, which is what is judged
            await self._change(order.symbol, order.order_id)

    async def _change(self, symbol: Symbol, order_id: str) -> None:
        dice = self._rng.random()
        if dice < 0.08:
            await self._desk.cancel_all(self._symbols)
        elif dice < 0.2 and self._desk.venue.amends:
            touch, instrument = self._touch(symbol), self._desk.instrument(symbol)
            if touch is not None and instrument is not None:
                price = instrument.price(touch[0] * Decimal("0.999"), ROUND_DOWN)
                await self._desk.amend(symbol, order_id=order_id, price=price)
        else:
            await self._desk.cancel(symbol, order_id=order_id)

    async def _place(self, symbol: Symbol) -> None:
        touch, instrument = self._touch(symbol), self._desk.instrument(symbol)
        if touch is None or instrument is None:
            return
        call = PlaceCall(self._name(len(self.calls)), self._store.consistent)
        self.calls.append(call)
        try:
            result = await self._send(call, symbol, touch, instrument)
        except OrderOutcomeUnknown:
            call.ending = "unknown"
        except AccountInconsistent:
            call.ending = "inconsistent"
        except OrderError:
            call.ending = "refused"
        except trio.Cancelled:
            call.ending = "cancelled"
            raise
        else:
            call.ending = "accepted" if isinstance(result, Accepted) else "rejected"
            call.reason = result.reason if isinstance(result, Rejected) else ""

    async def _send(
        self, call: PlaceCall, symbol: Symbol, touch: tuple[Decimal, Decimal], instrument: Instrument
    ) -> Accepted | Rejected:
        rng = self._rng
        side = rng.choice((Side.BUY, Side.SELL))
        crosses = rng.random() < 0.5
        bid, ask = touch
        near, rounding = (ask, ROUND_UP) if crosses == (side is Side.BUY) else (bid, ROUND_DOWN)
        price = instrument.price(near, rounding)
        quantity = instrument.quantity(STAKE / price, ROUND_UP)
        name, timeout = call.client_order_id, rng.choice((0.3, 1.0, 2.0))
        if rng.random() < 0.1:
            return await self._desk.place(
                symbol,
                side,
                OrderType.MARKET,
                quantity=quantity if side is Side.SELL else None,
                quote_quantity=STAKE if side is Side.BUY else None,
                time_in_force=TimeInForce.IOC,
                client_order_id=name,
                timeout=timeout,
            )
        force = rng.choice(
            (TimeInForce.GTC, TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK, TimeInForce.POST_ONLY)
        )
        return await self._desk.place(
            symbol,
            side,
            price=price,
            quantity=quantity,
            time_in_force=force,
            client_order_id=name,
            timeout=timeout,
        )
