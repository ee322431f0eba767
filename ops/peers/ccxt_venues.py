"""ccxt's gate and mexc, pointed at the simulators; otherwise as they are. Used in environments that have it.

ccxt's mexc is used with two of its options, for what it does by default is not right, against MEXC itself too: it
skips the push that the REST book falls into, which cannot be at 10ms, where a push is one step of the engine; and it
asks for 100 levels, beyond which its book has holes.
"""

from typing import Any

import ccxt.pro  # type: ignore[import-not-found,import-untyped,unused-ignore]


def gate(urls: dict[str, Any], **options: object) -> Any:
    """Return ccxt's gate, pointed at the simulator; options as ccxt has them, such as keys."""
    exchange = ccxt.pro.gate({"enableRateLimit": False, **options})
    exchange.urls["api"]["spot"] = urls["gateio.spot"]["ws"]
    for visibility in ("public", "private"):
        for key in exchange.urls["api"][visibility]:
            exchange.urls["api"][visibility][key] = urls["gateio.spot"]["rest"]
    exchange.options["fetchMarkets"]["types"] = ["spot"]
    exchange.has["fetchCurrencies"] = False
    return exchange


class _Mexc(ccxt.pro.mexc):  # type: ignore[misc]
    """ccxt's mexc, which keeps the first version of a push where the last one says what the book is."""

    async def fetch_order_book(self, symbol: str, limit: Any = None, params: Any = None) -> Any:
        """Fetch as many levels as MEXC gives."""
        return await super().fetch_order_book(symbol, limit or 5_000, params or {})

    def handle_book_delta(self, orderbook: Any, delta: Any) -> None:
        """Apply a push, and note its last version."""
        super().handle_book_delta(orderbook, delta)
        if orderbook["nonce"] == int(delta["fromVersion"]):
            orderbook["version"] = int(delta["toVersion"])


def mexc(urls: dict[str, Any], **keys: str) -> Any:
    """Return ccxt's mexc, pointed at the simulator."""
    exchange = _Mexc({"enableRateLimit": False, **keys})
    exchange.options["watchOrderBook"] = {**exchange.options.get("watchOrderBook", {}), "frequency": "10ms"}
    exchange.urls["api"]["ws"]["spot"] = urls["mexc.spot"]["ws"]
    for visibility in ("public", "private"):
        exchange.urls["api"]["spot"][visibility] = urls["mexc.spot"]["rest"]
    exchange.fetch_swap_markets = no_markets  # futures are not simulated
    exchange.has["fetchCurrencies"] = False
    return exchange


async def no_markets(_: Any) -> list[Any]:
    """Stand for a product that the simulator has not."""
    return []
