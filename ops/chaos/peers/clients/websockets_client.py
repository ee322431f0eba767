"""A loop as the documents of ``websockets`` show it: ``async for websocket in connect(...)``, all options as they are.

Its book is as short as the loop: a whole book replaces it, changes are written over it.
"""

import asyncio
import json
import time
from importlib.metadata import version
from typing import Any

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from feedtree.ops.chaos.peers.clients.telling import Ladder, Task, Teller, task

LEVELS = 400


class Books:
    """The books of all symbols, by Gate.io's ``spot.obu``."""

    def __init__(self) -> None:
        self._sides: dict[str, dict[str, dict[str, str]]] = {}
        self._ids: dict[str, int] = {}

    def apply(self, result: dict[str, Any]) -> tuple[str, int]:
        """Take a push; return the symbol and the id."""
        symbol = result["s"].split(".")[1].replace("_", "/")
        if result.get("full"):
            self._sides[symbol] = {"b": {}, "a": {}}
        for side, levels in self._sides[symbol].items():
            for price, size in result.get(side, ()):
                levels[price] = size
                if not float(size):
                    del levels[price]
        self._ids[symbol] = number = result["u"]
        return symbol, number

    def ladders(self) -> dict[str, Ladder]:
        """Return all of them, best levels first."""
        return {symbol: (self._ids[symbol], *_sorted(sides)) for symbol, sides in self._sides.items()}


def _sorted(sides: dict[str, dict[str, str]]) -> tuple[list[tuple[float, float]], list[tuple[float, float]]]:
    bids, asks = ([(float(price), float(size)) for price, size in sides[side].items()] for side in ("b", "a"))
    return sorted(bids, reverse=True), sorted(asks)


async def run(given: Task, teller: Teller, books: Books) -> None:
    """Stream until cancelled."""
    async for websocket in connect(given.ws_url):
        try:
            for request in requests(given.symbols):
                await websocket.send(request)
            async for message in websocket:
                take(json.loads(message), teller, books)
        except ConnectionClosed as closed:
            teller.noticed(type(closed).__name__)
            continue


def requests(symbols: list[str]) -> list[str]:
    """Return what subscribes to books and trades."""
    pairs = [symbol.replace("/", "_") for symbol in symbols]
    wanted = {"spot.obu": [f"ob.{pair}.{LEVELS}" for pair in pairs], "spot.trades": pairs}
    return [
        json.dumps({"time": int(time.time()), "channel": channel, "event": "subscribe", "payload": payload})
        for channel, payload in wanted.items()
    ]


def take(push: dict[str, Any], teller: Teller, books: Books) -> None:
    """Take one message."""
    if push["event"] != "update":
        return
    if push["channel"] == "spot.obu":
        teller.book(*books.apply(push["result"]))
    else:
        teller.trade(push["result"]["id"])


async def main() -> None:
    """Be the client."""
    teller, books = Teller(f"websockets {version('websockets')}"), Books()
    teller.serve(asyncio.get_running_loop().call_soon_threadsafe, books.ladders)
    await run(task(), teller, books)


if __name__ == "__main__":
    asyncio.run(main())
