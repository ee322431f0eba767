"""Fetching missed trades: page by page, patiently, within the budget, and never claiming what was not done."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
import structlog
import trio

from feedtree.exchanges.errors import RestFailed, VenueThrottled
from feedtree.exchanges.limits import WeightBudget
from feedtree.exchanges.public.channels import Topic, Trades
from feedtree.exchanges.public.messages import Trade
from feedtree.exchanges.public.missed_trades import MissedTrades
from feedtree.exchanges.public.replays import BOOKS_FIRST, MOST_PAGES, PATIENCE, Replays
from feedtree.exchanges.public.shard import Shard
from feedtree.exchanges.side import Side
from feedtree.exchanges.symbols import Symbol


def topic_of(base: str) -> Topic:
    return Topic("v", Symbol(base, "USDT"), Trades())


BTC = topic_of("BTC")


def trade(number: int, later: float = 0.0) -> Trade:
    return Trade(BTC, 10**18 + int(later * 1e9), None, 0, str(number), Side.BUY, 1.0, 1.0)


class PastTrades:
    """A venue that had trades 1 to ``newest``, and tells of ``page_size`` at a time, back to ``oldest``."""

    page_size = 10

    def __init__(self, newest: int, oldest: int = 1) -> None:
        self.newest, self.oldest = newest, oldest
        self.asked: list[tuple[float, int | None]] = []
        self.troubles: list[Exception | float] = []

    async def trades(self, topic: Topic, before: int | None, received_ns: int) -> list[Trade]:
        self.asked.append((trio.current_time(), before))
        if self.troubles:
            trouble = self.troubles.pop(0)
            if isinstance(trouble, Exception):
                raise trouble
            await trio.sleep(trouble)
        top = self.newest if before is None else before - 1
        return [trade(number) for number in range(top, max(self.oldest, top - self.page_size + 1) - 1, -1)]


class Bench:
    def __init__(self, venue: PastTrades, budget: WeightBudget) -> None:
        self.venue = venue
        self.shard = Shard("v", "shard-1", 100, replays=True)
        self.missed = MissedTrades(self.shard, set())
        self.books = trio.Event()
        self.books.set()
        self.told: list[int] = []
        self.log: list[dict[str, Any]] = []
        log = structlog.wrap_logger(None, processors=[self._note])
        self.replays = Replays(
            venue, self.missed, budget, lambda: self.books.wait(), lambda: 0, self.publish, log
        )

    def _note(self, logger: object, method: str, event: dict[str, Any]) -> dict[str, Any]:
        self.log.append(event)
        raise structlog.DropEvent

    async def publish(self, burst: Sequence[object]) -> None:
        self.told += [int(message.id) for message in burst if isinstance(message, Trade)]

    def lose(self, after: int | None, first: int | None = None, topic: Topic = BTC) -> None:
        """Have trades missed after one, and before the first live one."""
        if after is not None:
            self.shard.slots["a"].last_trades[topic] = trade(after)
        self.shard.coverage.lost(topic, 1, "reset")
        self.missed.begin(topic, trio.current_time(), 2)
        if first is not None:
            self.missed.judge(trade(first), trio.current_time())
        self.replays.look()

    def closings(self) -> list[str]:
        return [gap.closed for gap in self.shard.coverage.gaps()]


@asynccontextmanager
async def bench_of(venue: PastTrades, budget: WeightBudget | None = None) -> AsyncIterator[Bench]:
    bench = Bench(venue, budget or WeightBudget(100, 10.0))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(bench.replays.run)
        await trio.sleep(0.01)
        yield bench
        nursery.cancel_scope.cancel()


async def test_pages_are_fetched_back_to_the_last_trade_that_was_told(autojump_clock: Any) -> None:
    """What was missed is told in order, and the gap is replayed."""
    async with bench_of(PastTrades(newest=50)) as bench:
        bench.lose(after=17, first=45)
        await trio.sleep(1)
        assert [before for _, before in bench.venue.asked] == [None, 41, 31, 21]
        assert bench.told == list(range(18, 45))
        assert bench.closings() == ["replayed"]
        assert bench.log == []


async def test_a_quiet_market_is_asked_again_when_rest_must_have_caught_up(autojump_clock: Any) -> None:
    """No live trade says how far REST is: what it tells at once is told at once, and the gap closes 2 s later."""
    async with bench_of(PastTrades(newest=19)) as bench:
        bench.lose(after=17)
        await trio.sleep(0.1)
        assert bench.told == [18, 19]
        assert bench.closings() == [""]
        bench.venue.newest = 20
        await trio.sleep(5)
        assert bench.told == [18, 19, 20]
        assert bench.closings() == ["replayed"]


@pytest.mark.parametrize(("newest", "how"), [(95, "replayed"), (150, "lost")])
async def test_a_topic_that_never_told_a_trade_is_asked_back_to_the_venues_first(
    autojump_clock: Any, newest: int, how: str
) -> None:
    """All that there are, or the newest pages of more: then some are lost."""
    async with bench_of(PastTrades(newest)) as bench:
        bench.lose(after=None, first=newest)
        await trio.sleep(20)
        assert len(bench.venue.asked) == MOST_PAGES
        assert bench.told == list(range(max(1, newest - 99), newest))
        assert bench.closings() == [how]


async def test_more_than_rest_tells_is_lost_and_said(autojump_clock: Any) -> None:
    """What there is is told all the same."""
    async with bench_of(PastTrades(newest=50, oldest=30)) as bench:
        bench.lose(after=17, first=45)
        await trio.sleep(1)
        assert bench.told == list(range(30, 45))
        assert bench.closings() == ["lost"]
        (event,) = bench.log
        assert (event["event"], event["topic"]) == ("trades_lost", str(BTC))
        assert event["reason"] == "REST does not reach back to the last trade that was told"


async def test_a_call_that_fails_or_hangs_is_made_again(autojump_clock: Any) -> None:
    """A refusal pauses the venue's whole budget, for as long as it says."""
    async with bench_of(PastTrades(newest=50)) as bench:
        bench.venue.troubles = [
            RestFailed("trades", "HTTP 503", status=503),
            60.0,
            VenueThrottled("v", 429, "", retry_after=7.0),
        ]
        began = trio.current_time()
        bench.lose(after=45, first=50)
        await trio.sleep(20)
        asked = [round(at - began, 3) for at, _ in bench.venue.asked]
        assert asked == [0.0, 0.2, 0.6 + PATIENCE, 0.6 + PATIENCE + 7.0]
        assert bench.told == [46, 47, 48, 49]
        assert bench.closings() == ["replayed"]


async def test_what_never_answers_is_given_up_and_said(autojump_clock: Any) -> None:
    """Some ten seconds of trying."""
    async with bench_of(PastTrades(newest=50)) as bench:
        bench.venue.troubles = [RestFailed("trades", "HTTP 503", status=503)] * 100
        bench.lose(after=45, first=50)
        await trio.sleep(15)
        assert len(bench.venue.asked) == 8
        assert bench.told == []
        assert bench.closings() == ["lost"]
        assert [event["reason"] for event in bench.log] == ["trades: HTTP 503"]


async def test_rest_that_stays_behind_loses_what_it_does_not_tell(autojump_clock: Any) -> None:
    """The first live trade never shows."""
    async with bench_of(PastTrades(newest=47)) as bench:
        bench.lose(after=45, first=50)
        await trio.sleep(15)
        assert bench.told == [46, 47]
        assert bench.closings() == ["lost"]
        assert [event["reason"] for event in bench.log] == [
            "REST does not tell of the first trade that was pushed"
        ]


async def test_ids_that_begin_anew_lose_what_passed_and_no_live_trade(autojump_clock: Any) -> None:
    """A venue whose ids went back: nothing is claimed, and live trades are told at once."""
    async with bench_of(PastTrades(newest=50)) as bench:
        bench.lose(after=1000)
        assert bench.missed.judge(trade(51, later=60.0), trio.current_time())
        assert bench.missed.judge(trade(52, later=60.0), trio.current_time())
        await trio.sleep(1)
        assert bench.told == []
        assert bench.closings() == ["lost"]
        assert [event["reason"] for event in bench.log] == ["the venue's ids have begun anew"]


async def test_books_go_first(autojump_clock: Any) -> None:
    """Snapshots of the same connection are waited for, but not for ever; whoever reserved the budget goes first."""
    budget = WeightBudget(1, 10.0)
    async with bench_of(PastTrades(newest=50), budget) as bench:
        bench.books = trio.Event()
        began = trio.current_time()
        bench.lose(after=45, first=50)
        await trio.sleep(1)
        assert bench.venue.asked == []
        budget.take(trio.current_time())
        bench.books.set()
        await trio.sleep(20)
        assert [at - began for at, _ in bench.venue.asked] == [11.0]
        bench.books = trio.Event()
        bench.missed.end()
        bench.lose(after=45, first=50)
        began = trio.current_time()
        await trio.sleep(20)
        assert bench.venue.asked[-1][0] - began == BOOKS_FIRST


async def test_a_replay_whose_topic_is_given_up_says_nothing(autojump_clock: Any) -> None:
    """Nobody asks any more: the gap was closed by whoever gave it up."""
    async with bench_of(PastTrades(newest=50, oldest=30)) as bench:
        bench.venue.troubles = [1.0]
        bench.lose(after=17, first=45)
        await trio.sleep(0.5)
        bench.missed.give_up(BTC)
        await trio.sleep(5)
        assert len(bench.venue.asked) == 3
        assert bench.told == []
        assert bench.closings() == ["lost"]
        assert bench.log == []


async def test_books_that_wait_for_the_budget_go_first(autojump_clock: Any) -> None:
    """Also those of other connections: while they take all that comes free, no trades are asked for."""
    venue, budget = PastTrades(newest=12), WeightBudget(10, 10.0)

    async def books() -> None:
        for _ in range(30):
            while (wait := budget.wait(trio.current_time())) > 0.0:  # noqa: ASYNC110 - as snapshots do
                await trio.sleep(wait)
            budget.take(trio.current_time())
            await trio.sleep(1.0)

    async with trio.open_nursery() as nursery, bench_of(venue, budget) as bench:
        began = trio.current_time()
        nursery.start_soon(books)
        await trio.sleep(9.5)
        bench.lose(after=9)
        await trio.sleep(20.0)
        assert venue.asked == []
        await trio.sleep(20.0)
        assert venue.asked[0][0] - began > 30.0
        assert bench.told == [10, 11, 12]
