"""cryptofeed's Gateio with a callback for books and one for trades; all else as it is.

It takes ``spot.order_book_update`` and joins it to a REST book. Its user is told nothing of lost connections.
"""

import asyncio
from importlib.metadata import version
from typing import Any

from cryptofeed import FeedHandler  # type: ignore[import-not-found,import-untyped,unused-ignore]
from cryptofeed.defines import (  # type: ignore[import-not-found,import-untyped,unused-ignore]
    L2_BOOK,
    TRADES,
)

from feedtree.ops.chaos.peers.clients.telling import Ladder, Teller, task
from feedtree.ops.peers.cryptofeed_gate import gateio, levels

_CONFIG = {"log": {"disabled": True}}


def main() -> None:
    """Be the client."""
    given, teller, last = task(), Teller(f"cryptofeed {version('cryptofeed')}"), dict[str, tuple[int, Any]]()

    async def on_book(book: Any, _: float) -> None:
        if book.delta is not None:  # a snapshot has none
            symbol, number = book.symbol.replace("-", "/"), book.raw["result"]["u"]
            last[symbol] = (number, book.book)
            teller.book(symbol, number)

    async def on_trade(trade: Any, _: float) -> None:
        teller.trade(int(trade.id))

    def ladders() -> dict[str, Ladder]:
        return {symbol: (number, *levels(book)) for symbol, (number, book) in last.items()}

    feed, handler = gateio(given.ws_url, given.rest_url), FeedHandler(config=_CONFIG)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)  # uvloop's, whose policy the handler has set, makes none itself
    symbols = [symbol.replace("/", "-") for symbol in given.symbols]
    callbacks = {L2_BOOK: on_book, TRADES: on_trade}
    handler.add_feed(feed(symbols=symbols, channels=list(callbacks), callbacks=callbacks))
    teller.serve(loop.call_soon_threadsafe, ladders)
    handler.run(install_signal_handlers=False)


if __name__ == "__main__":
    main()
