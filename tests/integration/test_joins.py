"""Books that join their pushes in the middle of things, many times, and are equal to the venue's each time."""

import pytest
import trio

pytestmark = pytest.mark.campaign


@pytest.mark.parametrize("seed", range(6))
async def test_a_book_that_joins_at_any_moment_is_right(autojump_clock, lab, tree, seed: int) -> None:
    """REST snapshots that a push straddles, resyncs at odd moments: whatever is live equals the truth."""
    channels = ["book:100ms:100", "book:20ms:20"]
    switches = {venue: {"snapshot_lag_s": 0.137} for venue in ("gateio.spot", "mexc.spot")}
    async with lab(seed=seed, rate=2000.0, switches=switches) as exchanges:
        config = exchanges.config("BTC/USDT", "ETH/USDT", venues=("gateio.spot",), channels=channels)
        mexc = exchanges.config(
            "BTC/USDT", "ETH/USDT", venues=("mexc.spot",), channels=["book:10ms", "book:100ms"]
        )
        config.venues.update(mexc.venues)
        async with tree(exchanges, config) as running:
            checked = 0
            for step in range(60):
                await trio.sleep(0.233)
                if step % 5 == 4:
                    for venue in running.public.feeds:
                        exchanges.inflict(venue, "gap" if step % 2 else "reset")
                for feed in running.public.feeds.values():
                    checked += exchanges.check_books(feed)
            assert checked > 200
