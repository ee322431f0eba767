"""What was told held against what is true: once each."""

from collections.abc import Iterable
from decimal import Decimal

import pytest
import trio

from feedtree.exchanges.private.messages import Fill
from feedtree.exchanges.public.channels import Book, Topic, Trades
from feedtree.exchanges.public.messages import BookDelta, BookSnapshot, StreamLost, Trade
from feedtree.exchanges.side import Side
from feedtree.exchanges.symbols import Symbol
from feedtree.ops.chaos.testing import SimulatedExchange, open_simulated_exchange
from feedtree.ops.chaos.testing.tally import AccountTally, MarketTally
from tests.fills import told_fill

BTC = Symbol("BTC", "USDT")
BOOK = Topic("gateio.spot", BTC, Book())
TRADES = Topic("gateio.spot", BTC, Trades())


def fill(quantity: str) -> Fill:
    return told_fill(order_id="7", price=Decimal(95000), quantity=Decimal(quantity))


def account(exchange: SimulatedExchange, before: Iterable[Fill] = ()) -> AccountTally:
    side = exchange.accounts.side("gateio.spot")
    return AccountTally("private/x", side, exchange.accounts.open("gateio.spot", "main"), before)


async def test_a_fill_that_never_happened_is_one_too_many(autojump_clock) -> None:
    """Whether it was told before or now."""
    async with open_simulated_exchange() as exchange:
        tally = account(exchange, before=[fill("1")])
        assert tally.doubled() == tally.lost() == []
        tally.told(fill("2"))
        (extra,) = tally.doubled()
        assert extra.what == "fill of order 7: buy 2 BTC/USDT at 95000"
        assert tally.lost() == []


@pytest.mark.parametrize(
    ("before", "now", "doubled", "lost"), [(0, 1, 0, 0), (0, 2, 1, 0), (1, 1, 1, 0), (0, 0, 0, 1)]
)
async def test_a_fill_is_told_once(
    autojump_clock, bench, before: int, now: int, doubled: int, lost: int
) -> None:
    """Told before and told now is twice; told by nobody is lost, but only when it counts."""
    async with bench() as on:
        await on.tree.accounts["gateio.spot/main"].wait_live(5)
        mailbox = on.tree.private.mailbox(Fill)
        early = account(on.exchange)
        await on.rest_an_order("gateio.spot")
        on.exchange.fill("gateio.spot", "BTC/USDT")
        true = await mailbox.receive()
        tally = early if not before else account(on.exchange, [true] * before)
        for _ in range(now):
            tally.told(true)
        assert tally.lost() == []
        tally.cut()
        assert len(tally.lost()) == lost
        assert len(tally.doubled()) == doubled


def delta(first: int, last: int) -> BookDelta:
    return BookDelta(BOOK, None, None, 0, first, last, [], [])


@pytest.mark.parametrize(
    ("told", "lost", "doubled"),
    [
        ([delta(5, 6), delta(7, 7)], [], []),
        ([BookSnapshot(BOOK, None, None, 0, 10, [], []), delta(9, 12), delta(13, 13)], [], []),
        ([delta(5, 6), delta(9, 9), delta(10, 10)], ["changes 7 to 8"], []),
        ([delta(5, 6), delta(5, 6)], [], ["changes 5 to 6"]),
        ([delta(5, 6), StreamLost(BOOK, 1, 0, "gap"), delta(2, 30)], [], []),
    ],
)
def test_a_book_goes_on_without_a_gap_that_nobody_announced(
    told, lost: list[str], doubled: list[str]
) -> None:
    """Changes may straddle the snapshot; a loss that is told begins a new count."""
    tally = MarketTally("public/x", lambda topic: None, str, [])  # type: ignore[arg-type, return-value]
    for message in told:
        tally.told(message)
    tally.cut()
    assert [each.what.partition(" of ")[0] for each in tally.lost()] == lost
    assert [each.what.partition(" of ")[0] for each in tally.doubled()] == doubled


async def test_trades_are_known_by_their_ids(autojump_clock) -> None:
    """Those since its making, until the cut."""
    async with open_simulated_exchange() as exchange:
        market = exchange.venue("gateio.spot").market_of(BTC)
        assert market is not None
        tally = MarketTally("public/x", lambda topic: market, lambda trade: str(trade.number), [TRADES])
        await trio.sleep(2)
        numbers = [str(trade.number) for trade in market.tape.prints]
        assert len(numbers) > 2
        for number in (*numbers[1:], numbers[1]):
            tally.told(Trade(TRADES, None, None, 0, number, Side.BUY, 1.0, 1.0))
        assert tally.lost() == []
        tally.cut()
        assert [each.what for each in tally.lost()] == [f"trade {numbers[0]} of BTC/USDT"]
        assert [each.what for each in tally.doubled()] == [f"trade {numbers[1]} of BTC/USDT, 2 times"]
