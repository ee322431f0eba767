"""cryptofeed's Gateio: books, trades and tickers with a callback each. Runs in ``.venv-extras``.

It takes ``spot.order_book_update`` and joins it to a REST book; its feed handler brings uvloop.
"""

import asyncio
from typing import Any

from cryptofeed import FeedHandler  # type: ignore[import-not-found,import-untyped,unused-ignore]
from cryptofeed.defines import (  # type: ignore[import-not-found,import-untyped,unused-ignore]
    L2_BOOK,
    TICKER,
    TRADES,
)

from feedtree.ops.bench.extras.task import Counter, Task, perform
from feedtree.ops.bench.measure import Sample
from feedtree.ops.bench.truth import Books, Ladder
from feedtree.ops.peers.cryptofeed_gate import gateio, levels

_CONFIG = {"uvloop": True, "log": {"disabled": True}}


def run(task: Task) -> Sample:
    """Run its feed handler until all messages came."""
    counter, handler, last = Counter(task), FeedHandler(config=_CONFIG), dict[str, tuple[int, Any]]()
    asyncio.set_event_loop(
        asyncio.new_event_loop()
    )  # uvloop's, whose policy the handler has set, makes none itself

    def counted() -> None:
        if counter.count():
            asyncio.get_running_loop().stop()

    async def on_book(book: Any, _: float) -> None:
        if book.delta is not None:  # a snapshot has none
            last[book.symbol] = (book.raw["result"]["u"], book.book)
            counted()

    async def on_other(_: Any, __: float) -> None:
        counted()

    class Timed(gateio(task.ws_url, task.rest_url)):  # type: ignore[misc]
        """Starts the clock when the first push is handled: it goes on buffering while that one fetches a REST book."""

        async def message_handler(self, msg: str, conn: Any, timestamp: float) -> None:
            if not counter.received and '"update"' in msg:
                counter.begin()
            await super().message_handler(msg, conn, timestamp)

    symbols = [pair.replace("/", "-") for pair in task.pairs]
    callbacks = {L2_BOOK: on_book, TRADES: on_other, TICKER: on_other}
    handler.add_feed(Timed(symbols=symbols, channels=list(callbacks), callbacks=callbacks))
    handler.run(install_signal_handlers=False)
    return counter.sample(_books(last))


def _books(last: dict[str, tuple[int, Any]]) -> Books:
    return {
        symbol.replace("-", "/"): Ladder(number, *levels(book)) for symbol, (number, book) in last.items()
    }


if __name__ == "__main__":
    perform(run)
