"""How many data of each kind were told: alone exactly as many as there are, and with two connections once."""

from typing import Any

import pytest
import trio

from feedtree.exchanges.public.channels import (
    Book,
    Trades,
)
from feedtree.exchanges.public.channels import (
    BookTicker as Quotes,
)
from feedtree.exchanges.public.channels import (
    Kline as Candles,
)
from feedtree.exchanges.public.channels import (
    Ticker as Day,
)
from feedtree.exchanges.public.messages import (
    BookDelta,
    BookSnapshot,
    BookTicker,
    Kline,
    MarketData,
    Ticker,
    Trade,
)

CHANNELS = (Book(), Trades(), Quotes(), Day(), Candles("1m"))
NAMES = {
    BookDelta: "books",
    BookSnapshot: "books",
    Trade: "trades",
    BookTicker: "quotes",
    Ticker: "tickers",
    Kline: "klines",
}


@pytest.mark.parametrize("redundancy", [1, 2])
async def test_what_is_counted_is_what_taps_get(
    autojump_clock: Any, lab: Any, tree: Any, redundancy: int
) -> None:
    """Over a lost connection, resynced books and fetched trades: each datum counts once, events never."""
    got: dict[str, dict[str, int]] = {}

    def listen(feed: Any) -> None:
        (shard,) = feed.plan()
        counts = got[feed.name] = shard.told.to_dict()

        def count(burst: list[object]) -> None:
            for message in burst:
                if isinstance(message, MarketData):
                    counts[NAMES[type(message)]] += 1

        feed.tap(count)

    async with lab() as exchanges:
        config = exchanges.config("BTC/USDT", channels=CHANNELS, redundancy=redundancy)
        async with tree(exchanges, config) as running:
            for feed in running.public.feeds.values():
                listen(feed)
            await trio.sleep(5)
            for venue in got:
                exchanges.inflict(venue, "reset")
            await trio.sleep(5)
            for feed in running.public.feeds.values():
                (shard,) = feed.plan()
                assert shard.told.to_dict() == got[feed.name]
                assert all(number > 0 for number in got[feed.name].values()), got
