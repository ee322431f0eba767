"""ccxt.pro's gate: books and trades in loops as its manual shows them; an error is told, and the loop goes on."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from typing import Any

import ccxt  # type: ignore[import-not-found,import-untyped,unused-ignore]

from feedtree.ops.chaos.peers.clients.telling import Ladder, Task, Teller, task
from feedtree.ops.peers.ccxt_venues import gate

LEVELS = 400


async def main() -> None:
    """Be the client."""
    given, teller = task(), Teller(f"ccxt {ccxt.__version__}")
    exchange = _gate(given)

    async def watch_book(symbol: str) -> None:
        book = await exchange.watch_order_book(symbol, LEVELS)
        teller.book(symbol, book["nonce"])

    async def watch_trades() -> None:
        for trade in await exchange.watch_trades_for_symbols(given.symbols):
            teller.trade(int(trade["id"]))

    await exchange.load_markets()
    teller.serve(asyncio.get_running_loop().call_soon_threadsafe, lambda: _ladders(exchange))
    loops = [_for_ever(teller, watch_book, symbol) for symbol in given.symbols]
    await asyncio.gather(*loops, _for_ever(teller, watch_trades))


async def _for_ever(teller: Teller, watch: Callable[..., Awaitable[None]], *arguments: str) -> None:
    while True:
        try:
            await watch(*arguments)
        except ccxt.BaseError as error:
            teller.noticed(type(error).__name__)
            await asyncio.sleep(0)  # a call that fails at once would let nobody else have a turn


def _ladders(exchange: Any) -> dict[str, Ladder]:
    return {
        symbol: (book["nonce"], [*map(_pair, book["bids"])], [*map(_pair, book["asks"])])
        for symbol, book in exchange.orderbooks.items()
    }


def _pair(level: list[float]) -> tuple[float, float]:
    return level[0], level[1]


def _gate(given: Task) -> Any:
    rest = f"{given.rest_url}/api/v4"
    exchange = gate({"gateio.spot": {"ws": given.ws_url, "rest": rest}}, enableRateLimit=True)
    exchange.ssl_context = ssl.create_default_context(cafile=given.ca_file)
    exchange.cafile = given.ca_file
    return exchange


if __name__ == "__main__":
    asyncio.run(main())
