"""What ccxt's mexc does and hears besides: names, batches, market orders, pushes. Used in `.venv-peers`."""

import asyncio
from collections.abc import Callable
from typing import Any

import ccxt  # type: ignore[import-not-found,import-untyped,unused-ignore]

Check = Callable[[str, Any, Any], None]
Truth = Callable[[str], Any]

_HEARD_S = 0.5  # pushes come a tick after what they tell of


class Listener:
    """Hears an account's trades and balances.

    Args:
        exchange: ccxt's.
        symbol: whose trades.

    Attributes:
        trades: ids of those that were pushed.
        balances: the newest, by asset.
    """

    def __init__(self, exchange: Any, symbol: str) -> None:
        self._exchange = exchange
        self._symbol = symbol
        self.trades: set[str] = set()
        self.balances: dict[str, Any] = {}

    async def hear_trades(self) -> None:
        """Collect trades until cancelled."""
        while True:
            self.trades |= {row["id"] for row in await self._exchange.watch_my_trades(self._symbol)}

    async def hear_balances(self) -> None:
        """Collect balances until cancelled."""
        while True:
            self.balances = dict(await self._exchange.watch_balance())


async def trade_on(exchange: Any, symbol: str, truth: Truth, check: Check) -> str:
    """Trade with all that MEXC has, and compare what comes back and what is pushed with the truth.

    Args:
        exchange: ccxt's mexc, its markets loaded.
        symbol: where.
        truth: what a control path tells of the account.
        check: raises where two things are not equal.
    """
    listener = Listener(exchange, symbol)
    before = {row["trade_id"] for row in truth("fills")}
    hearing = [asyncio.create_task(task()) for task in (listener.hear_trades, listener.hear_balances)]
    await asyncio.sleep(1)  # until it has subscribed
    try:
        await name_and_batch(exchange, symbol, check)
        await refuse(exchange, symbol, check)
        await exchange.create_market_buy_order_with_cost(symbol, 500)
        await exchange.create_order(symbol, "market", "sell", 0.004)
        await asyncio.sleep(_HEARD_S)
        for task in hearing:
            if task.done():
                task.result()
    finally:
        for task in hearing:
            task.cancel()
    new = {row["trade_id"] for row in truth("fills")} - before
    check("pushed trades", listener.trades - before, new)  # those of before may still have been under way
    for asset in symbol.split("/"):
        held, heard = truth("accounts")["balances"][asset], listener.balances[asset]
        pair = (float(held["available"]), float(held["locked"]))
        check(f"pushed {asset}", (heard["free"], heard["used"]), pair)
    return f"names, a batch, market orders, {len(new)} pushed trades"


async def name_and_batch(exchange: Any, symbol: str, check: Check) -> None:
    """Find and cancel an order by the client's name, and some orders together."""
    low = exchange.price_to_precision(symbol, (await exchange.fetch_ticker(symbol))["last"] * 0.97)
    order = {"symbol": symbol, "type": "limit", "side": "buy", "amount": 0.01, "price": float(low)}
    name = {"clientOrderId": "peer-1"}
    placed = await exchange.create_order(*order.values(), params=name)
    check("order by name", (await exchange.fetch_order(None, symbol, name))["id"], placed["id"])
    check("cancelled by name", (await exchange.cancel_order(None, symbol, name))["status"], "canceled")
    batch = await exchange.create_orders([order] * 3)
    ended = await exchange.cancel_all_orders(symbol)
    check("batch", {row["id"] for row in ended}, {row["id"] for row in batch})


async def refuse(exchange: Any, symbol: str, check: Check) -> None:
    """See that ccxt knows what refusals mean, and that what would take is not posted."""
    last = (await exchange.fetch_ticker(symbol))["last"]
    near = float(exchange.price_to_precision(symbol, last * 0.99))
    for amount, error in ((15, ccxt.InsufficientFunds), (0.000001, ccxt.InvalidOrder)):
        try:
            await exchange.create_order(symbol, "limit", "buy", amount, near)
        except error:
            continue
        raise AssertionError(f"{amount} was not refused")
    high = float(exchange.price_to_precision(symbol, last * 1.01))
    crossing = await exchange.create_order(symbol, "limit", "buy", 0.01, high, {"postOnly": True})
    check("post-only", (await exchange.fetch_order(crossing["id"], symbol))["status"], "canceled")
