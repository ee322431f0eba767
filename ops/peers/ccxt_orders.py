"""Trade with ccxt.pro at the simulators, and compare what it sees with their truth. Runs in `.venv-peers`.

Usage: ``python ccxt_orders.py URLS_JSON KEY SECRET``. Prints a line for each venue; a step that went wrong raises.
Uses nothing of feedtree.
"""

import asyncio
import json
import sys
import urllib.request
from decimal import Decimal
from functools import partial
from typing import Any

from ccxt_mexc_account import trade_on  # type: ignore[import-not-found]
from ccxt_venues import gate, mexc  # type: ignore[import-not-found]

_SYMBOL = "BTC/USDT"
_PATIENCE_S = 20


def truth(control: str, path: str, venue: str) -> Any:
    """Return what a control path tells of the venue's only account."""
    with urllib.request.urlopen(f"{control}/{path}?venue={venue}", timeout=10) as answer:
        (found,) = json.load(answer)[venue].values()
    return found


def check(what: str, seen: Any, true: Any) -> None:
    """Raise where two things are not equal."""
    if seen != true:
        raise AssertionError(f"{what}: ccxt sees {seen!r}, true is {true!r}")


async def see(exchange: Any, statuses: list[str], wanted: int) -> None:
    """Collect the statuses that orders are pushed with."""
    while len(statuses) < wanted:
        for order in await exchange.watch_orders(_SYMBOL):
            statuses.append(order["status"])


async def trade(exchange: Any, venue: str, control: str) -> str:
    """Read balances, place, find and cancel an order, take another, and read what was traded."""
    await exchange.load_markets()
    await check_balances(exchange, venue, control)
    statuses: list[str] = []
    watching = asyncio.create_task(see(exchange, statuses, 2))
    await asyncio.sleep(1)  # until it has subscribed
    book = await exchange.fetch_order_book(_SYMBOL)
    low = float(exchange.price_to_precision(_SYMBOL, book["bids"][0][0] * 0.97))
    order = await exchange.create_order(_SYMBOL, "limit", "buy", 0.01, low)
    check("open orders", [row["id"] for row in await exchange.fetch_open_orders(_SYMBOL)], [order["id"]])
    check("true open orders", truth(control, "accounts", venue)["open_orders"][0]["order_id"], order["id"])
    found = await exchange.fetch_order(order["id"], _SYMBOL)
    check("status", (found["status"], found["price"], found["amount"]), ("open", low, 0.01))
    await exchange.cancel_order(order["id"], _SYMBOL)
    check("open orders", await exchange.fetch_open_orders(_SYMBOL), [])
    await asyncio.wait_for(watching, _PATIENCE_S)
    check("pushed statuses", statuses, ["open", "canceled"])
    taken = await exchange.create_order(_SYMBOL, "limit", "buy", 0.01, book["asks"][0][0] * 1.01)
    trades = await exchange.fetch_my_trades(_SYMBOL)
    amount = sum(Decimal(str(row["amount"])) for row in trades if row["order"] == taken["id"])
    check("traded amount", amount, Decimal("0.01"))
    true = truth(control, "fills", venue)
    check("trades", sorted(row["id"] for row in trades), sorted(row["trade_id"] for row in true))
    await check_balances(exchange, venue, control)
    return f"{venue}: balances, 2 orders, 1 cancel, {len(trades)} trades as they are"


async def check_balances(exchange: Any, venue: str, control: str) -> None:
    """Compare every balance with the truth."""
    seen = await exchange.fetch_balance()
    for asset, held in truth(control, "accounts", venue)["balances"].items():
        pair = (seen[asset]["free"], seen[asset]["used"])
        check(asset, pair, (float(held["available"]), float(held["locked"])))


async def main(urls: dict[str, Any], key: str, secret: str) -> None:
    """Trade at one venue after the other."""
    for venue, make in (("gateio.spot", gate), ("mexc.spot", mexc)):
        exchange = make(urls, apiKey=key, secret=secret)
        try:
            told = await trade(exchange, venue, urls["control"])
            if venue == "mexc.spot":
                reader = partial(truth, urls["control"], venue=venue)
                told += "; " + await trade_on(exchange, _SYMBOL, reader, check)
            print(told, flush=True)
        finally:
            await exchange.close()


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1]), sys.argv[2], sys.argv[3]))
