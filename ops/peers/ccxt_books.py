"""Watch order books with ccxt.pro and compare each with the simulator's truth. Runs in `.venv-peers`.

Usage: ``python ccxt_books.py URLS_JSON SECONDS SYMBOL...``. The last line that it prints is JSON: by venue, how many
books were compared and how many differed. Uses nothing of feedtree.
"""

import asyncio
import json
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

from ccxt_venues import gate, mexc  # type: ignore[import-not-found]

_PAUSE_S = 0.2  # between two comparisons of one book
_SHOWN = 3  # differences that are printed in full


async def check(exchange: Any, venue: str, control: str, symbol: str, until: float) -> dict[str, int]:
    """Compare one book again and again until a time; return how often, and how often it differed."""
    found = {"compared": 0, "differed": 0}
    next_check = 0.0
    while time.monotonic() < until:
        book = await asyncio.wait_for(exchange.watch_order_book(symbol), timeout=20)
        if time.monotonic() < next_check or not book["bids"] or book["nonce"] is None:
            continue
        next_check = time.monotonic() + _PAUSE_S
        held = {side: [tuple(level[:2]) for level in book[side]] for side in ("bids", "asks")}
        nonce = book.get("version") or book["nonce"]
        truth = await asyncio.to_thread(ask_truth, control, venue, symbol, nonce)
        found["compared"] += 1
        if truth is None or any(held[side] != truth[side][: len(held[side])] for side in held):
            found["differed"] += 1
            if found["differed"] <= _SHOWN:
                print(f"{venue} {symbol} differs at id {nonce}: {difference(held, truth)}", flush=True)
    return found


def ask_truth(
    control: str, venue: str, symbol: str, number: int
) -> dict[str, list[tuple[float, float]]] | None:
    """Return the simulator's book at an id; None where it knows none."""
    query = urllib.parse.urlencode({"venue": venue, "symbol": symbol, "id": number})
    try:
        with urllib.request.urlopen(f"{control}/book?{query}", timeout=10) as answer:
            book = json.load(answer)
    except urllib.error.HTTPError:
        return None
    return {side: [(float(price), float(size)) for price, size in book[side]] for side in ("bids", "asks")}


def difference(held: dict[str, Any], truth: dict[str, Any] | None) -> str:
    """Return the first levels that differ, in words."""
    if truth is None:
        return "the simulator knows no such id"
    parts = []
    for side, levels in held.items():
        wrong = [pair for pair in zip(levels, truth[side], strict=False) if pair[0] != pair[1]]
        parts.append(f"{side}: {len(wrong)} of {len(levels)}, first (held, true) {wrong[:1]}")
    return "; ".join(parts)


async def main(urls: dict[str, Any], seconds: float, symbols: list[str]) -> dict[str, dict[str, int]]:
    """Check all symbols of both venues at once."""
    exchanges = {"gateio.spot": gate(urls), "mexc.spot": mexc(urls)}
    totals = {venue: {"compared": 0, "differed": 0} for venue in exchanges}
    try:
        for exchange in exchanges.values():
            await exchange.load_markets()
        until = time.monotonic() + seconds
        jobs = [
            (venue, check(exchange, venue, urls["control"], symbol, until))
            for venue, exchange in exchanges.items()
            for symbol in symbols
        ]
        for (venue, _), found in zip(jobs, await asyncio.gather(*(job for _, job in jobs)), strict=True):
            for name, count in found.items():
                totals[venue][name] += count
    finally:
        for exchange in exchanges.values():
            await exchange.close()
    return totals


if __name__ == "__main__":
    print(json.dumps(asyncio.run(main(json.loads(sys.argv[1]), float(sys.argv[2]), sys.argv[3:]))))
