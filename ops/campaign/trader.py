"""A trader who does anything at any time."""

from collections.abc import Sequence
from contextlib import suppress
from decimal import ROUND_DOWN, Decimal
from random import Random

import trio

from feedtree.exchanges.private.desk import OrderDesk
from feedtree.exchanges.private.order_errors import OrderError
from feedtree.exchanges.private.orders import TimeInForce
from feedtree.exchanges.private.store import AccountStore
from feedtree.exchanges.side import Side
from feedtree.exchanges.symbols import Symbol
from feedtree.ops.campaign.calls import PlaceCalls, Touch, Wish

PAUSE = 0.5  # seconds at most between two calls
IMPATIENT = 0.12  # share of the calls whose caller goes away before they end
_FORCES = (TimeInForce.GTC, TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK, TimeInForce.POST_ONLY)


class RandomTrader:
    """Places, cancels and changes orders at random.

    Args:
        desk: of the account.
        store: of the account.
        calls: places its orders.
        touch: best bid and ask of a symbol; None where they are not known.
        symbols: what it trades.
        rng: decides.

    Attributes:
        others: calls of the other verbs.
    """

    def __init__(
        self,
        desk: OrderDesk,
        store: AccountStore,
        calls: PlaceCalls,
        touch: Touch,
        symbols: Sequence[Symbol],
        rng: Random,
    ) -> None:
        self._desk = desk
        self._store = store
        self._calls = calls
        self._touch = touch
        self._symbols = symbols
        self._rng = rng
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
            await self._calls.place(self._wish())
            return
        order = self._rng.choice(orders)
        self.others += 1
        with suppress(OrderError):  # what became of it is in the account, which is what is judged
            await self._change(order.symbol, order.order_id)

    def _wish(self) -> Wish:
        rng = self._rng
        return Wish(
            symbol=rng.choice(self._symbols),
            side=rng.choice((Side.BUY, Side.SELL)),
            force=None if rng.random() < 0.1 else rng.choice(_FORCES),
            crosses=rng.random() < 0.5,
            timeout=rng.choice((0.3, 1.0, 2.0)),
        )

    async def _change(self, symbol: Symbol, order_id: str) -> None:
        dice = self._rng.random()
        if dice < 0.08:
            await self._desk.cancel_all(self._symbols)
        elif dice < 0.2 and self._desk.venue.amends:
            await amend_down(self._desk, self._touch, symbol, order_id)
        else:
            await self._desk.cancel(symbol, order_id=order_id)


async def amend_down(desk: OrderDesk, touch: Touch, symbol: Symbol, order_id: str) -> None:
    """Move an order a little below the best bid; errors as `OrderDesk.amend`."""
    best, instrument = touch(symbol), desk.instrument(symbol)
    if best is not None and instrument is not None:
        price = instrument.price(best[0] * Decimal("0.999"), ROUND_DOWN)
        await desk.amend(symbol, order_id=order_id, price=price)
