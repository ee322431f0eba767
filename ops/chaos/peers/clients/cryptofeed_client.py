"""cryptofeed's Gateio with a callback for books and one for trades; all else as it is.

It takes ``spot.order_book_update`` and joins it to a REST book. Its user is told nothing of lost connections.
"""

import asyncio
from importlib.metadata import version
from typing import Any

from cryptofeed import FeedHandler  # type: ignore[import-not-found,import-untyped,unused-ignore]
from cryptofeed.connection import (  # type: ignore[import-not-found,import-untyped,unused-ignore]
    RestEndpoint,
    Routes,
    WebsocketEndpoint,
)
from cryptofeed.defines import (  # type: ignore[import-not-found,import-untyped,unused-ignore]
    L2_BOOK,
    TRADES,
)
from cryptofeed.exchanges import Gateio  # type: ignore[import-not-found,import-untyped,unused-ignore]

from feedtree.ops.chaos.peers.clients.telling import Ladder, Teller, task

_CONFIG = {"log": {"disabled": True}}
_LISTED = "/api/v4/spot/currency_pairs"
_BOOK = "/api/v4/spot/order_book?currency_pair={}&limit=100&with_id=true"


def main() -> None:
    """Be the client."""
    given, teller, last = task(), Teller(f"cryptofeed {version('cryptofeed')}"), dict[str, tuple[int, Any]]()
    Gateio.websocket_endpoints = [WebsocketEndpoint(given.ws_url, options={"compression": None})]
    Gateio.rest_endpoints = [RestEndpoint(given.rest_url, routes=Routes(_LISTED, l2book=_BOOK))]

    async def on_book(book: Any, _: float) -> None:
        if book.delta is not None:  # a snapshot has none
            symbol, number = book.symbol.replace("-", "/"), book.raw["result"]["u"]
            last[symbol] = (number, book.book)
            teller.book(symbol, number)

    async def on_trade(trade: Any, _: float) -> None:
        teller.trade(int(trade.id))

    def ladders() -> dict[str, Ladder]:
        return {symbol: (number, *_levels(book)) for symbol, (number, book) in last.items()}

    handler = FeedHandler(config=_CONFIG)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)  # uvloop's, whose policy the handler has set, makes none itself
    symbols = [symbol.replace("/", "-") for symbol in given.symbols]
    callbacks = {L2_BOOK: on_book, TRADES: on_trade}
    handler.add_feed(Gateio(symbols=symbols, channels=list(callbacks), callbacks=callbacks))
    teller.serve(loop.call_soon_threadsafe, ladders)
    handler.run(install_signal_handlers=False)


def _levels(book: Any) -> tuple[list[tuple[float, float]], list[tuple[float, float]]]:
    bids, asks = (
        [(float(price), float(size)) for price, size in side.to_dict().items()]
        for side in (book.bids, book.asks)
    )
    return bids, asks


if __name__ == "__main__":
    main()
