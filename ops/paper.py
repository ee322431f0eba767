"""A small paper trader, so that an account has something to show: it places orders near the touch, and cancels them.

It is an example of how to trade with an account that may be in doubt, not of how to make money.
"""

from collections.abc import Callable, Sequence
from decimal import ROUND_DOWN, ROUND_UP, Decimal
from random import Random
from typing import NoReturn

import trio

from feedtree.actors.context import Context
from feedtree.exchanges.private.desk import OrderDesk
from feedtree.exchanges.private.order_errors import OrderError
from feedtree.exchanges.private.orders import Order, Rejected, TimeInForce
from feedtree.exchanges.private.store import AccountStore
from feedtree.exchanges.public.messages import BookView
from feedtree.exchanges.side import Side
from feedtree.exchanges.symbols import Symbol

PERIOD = 0.4  # seconds between two turns
STAYS = 3.0  # seconds that an order is left in the book
TAKES = 0.5  # share of the orders that cross the spread
STAKE = Decimal(25)  # quote units of an order, about

Quote = Callable[[Symbol], BookView | None]


class PaperTrader:
    """Trades one account of a venue.

    Args:
        desk: where it places and cancels.
        store: what is known of the account.
        quote: the best prices of a symbol; None where its book is not wanted.
        symbols: what it trades.
        rng: decides what it does.

    Attributes:
        resting: whether it leaves off.
    """

    def __init__(
        self, desk: OrderDesk, store: AccountStore, quote: Quote, symbols: Sequence[Symbol], rng: Random
    ) -> None:
        self._desk = desk
        self._store = store
        self._quote = quote
        self._symbols = symbols
        self._rng = rng
        self._since: dict[str, float] = {}  # order id -> when it was seen first
        self.resting = False

    async def run(self, context: Context) -> NoReturn:
        """Trade, until cancelled: the start function of its child spec."""
        context.started()
        placed = rejected = 0
        while True:
            await trio.sleep(PERIOD)
            if self.resting or not self._store.consistent:
                continue  # what is not known to be true is no ground to trade on
            try:
                await self._tidy(self._store.open_orders())
                taken = await self._place(self._rng.choice(self._symbols))
            except OrderError as error:  # an outcome that is unknown comes as `OrderResolved`
                context.report("trading", placed=placed, rejected=rejected, last=str(error))
                continue
            placed += taken is True
            rejected += taken is False
            context.report("trading", placed=placed, rejected=rejected)

    async def _tidy(self, orders: Sequence[Order]) -> None:
        now = trio.current_time()
        self._since = {order.order_id: self._since.get(order.order_id, now) for order in orders}
        for order in orders:
            if now - self._since[order.order_id] >= STAYS:
                await self._desk.cancel(order.symbol, order_id=order.order_id)

    async def _place(self, symbol: Symbol) -> bool | None:
        """Place one order; return whether the venue took it, None where there is no price to place it at."""
        book, instrument = self._quote(symbol), self._desk.instrument(symbol)
        if book is None or not book.live or book.best_bid is None or book.best_ask is None:
            return None
        if instrument is None:
            return None
        side = self._rng.choice((Side.BUY, Side.SELL))
        takes = self._rng.random() < TAKES
        at_ask = takes == (side is Side.BUY)
        near, rounding = (book.best_ask, ROUND_UP) if at_ask else (book.best_bid, ROUND_DOWN)
        price = instrument.price(Decimal(repr(near)), rounding)
        result = await self._desk.place(
            symbol,
            side,
            price=price,
            quantity=instrument.quantity(STAKE / price, ROUND_UP),
            time_in_force=TimeInForce.IOC if takes else TimeInForce.GTC,
        )
        return not isinstance(result, Rejected)
