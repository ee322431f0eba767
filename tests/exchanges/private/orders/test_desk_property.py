"""Whatever happens on the way: an order goes out once, every call ends, and what is told is the truth."""

from decimal import Decimal
from math import inf
from typing import Any

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from trio.testing import MockClock

from feedtree.exchanges.errors import RestFailed, VenueThrottled
from feedtree.exchanges.private.order_doors import Refused
from feedtree.exchanges.private.order_errors import (
    AccountInconsistent,
    OrderError,
    OrderOutcomeUnknown,
)
from feedtree.exchanges.private.orders import Accepted, OrderStatus, Rejected, RejectReason
from tests.examples import examples

BTC = "BTC/USDT"
SECONDS = st.sampled_from([0.0, 0.01, 0.1, 0.5, 1.0, 1.9, 2.0, 2.1, 3.0])
REFUSAL = Refused(reason=RejectReason.INSUFFICIENT_BALANCE, code="BALANCE_NOT_ENOUGH", text="Not enough")
FAULTS = {
    "unanswered": lambda: RestFailed("GET /orders", "no answer"),
    "throttled": lambda: VenueThrottled("venue", 429, "slow down", retry_after=1.0),
}

WAYS = st.fixed_dictionaries(
    {},
    optional={
        "opening": SECONDS,
        "cut_before": st.booleans(),
        "going": SECONDS,
        "lost": st.booleans(),
        "held": SECONDS,
        "coming": SECONDS,
        "unanswered": st.booleans(),
        "cut": SECONDS,
        "refusal": st.just(REFUSAL),
    },
)
DEEDS = st.one_of(
    st.tuples(st.just("place"), WAYS, st.sampled_from([None, 0.0, 0.05, 1.0])),
    st.tuples(st.just("cancel"), WAYS, st.integers(0, 20)),
    st.tuples(st.just("cut"), st.none(), st.none()),
    st.tuples(st.just("restart"), st.none(), st.none()),
    st.tuples(st.just("doubt"), st.none(), st.none()),
    st.tuples(st.just("agree"), st.none(), st.none()),
    st.tuples(st.just("fail"), st.sampled_from(sorted(FAULTS)), st.none()),
    st.tuples(st.just("quiet"), st.booleans(), st.none()),
    st.tuples(st.just("lag"), st.sampled_from([0.0, 0.5, 4.0]), st.none()),
    st.tuples(st.just("socket"), st.booleans(), st.none()),
    st.tuples(st.just("wait"), SECONDS, st.none()),
)


class Story:
    """One run: what was done, how each call ended, and what the venue and the account say in the end."""

    def __init__(self, bench: Any, way: Any) -> None:
        self.bench = bench
        self.way = way
        self.begun: list[str] = []
        self.ended: dict[str, Any] = {}
        self.sent_in_doubt: list[str] = []
        for door in (bench.socket, bench.rest):
            door.on_place = self._sent

    def _sent(self) -> None:
        if not self.bench.store.consistent:
            self.sent_in_doubt.append("now")

    async def place(self, way: Any, patience: float | None) -> None:
        name = f"t-{len(self.begun) + 1}"
        self.begun.append(name)
        self.bench.socket.ways.append(self.way(**way))
        with trio.move_on_after(inf if patience is None else patience) as scope:
            try:
                self.ended[name] = await self.bench.place(client_order_id=name, quantity=Decimal(1))
            except OrderError as error:
                self.ended[name] = error
        if scope.cancelled_caught:
            self.ended[name] = "left"

    async def cancel(self, way: Any, number: int) -> None:
        name = f"cancel {len(self.begun)}"
        self.begun.append(name)
        self.bench.socket.ways.append(self.way(**way))
        try:
            self.ended[name] = await self.bench.desk.cancel(BTC, client_order_id=f"t-{number}")
        except OrderError as error:
            self.ended[name] = error

    async def do(self, deed: tuple[str, Any, Any], nursery: trio.Nursery) -> None:
        match deed:
            case ("place", way, patience):
                nursery.start_soon(self.place, way, patience)
            case ("cancel", way, number):
                nursery.start_soon(self.cancel, way, number)
            case ("restart", _, _):
                await self.bench.stop()
                await self.bench.start()
            case ("wait", seconds, _):
                await trio.sleep(seconds)
            case (word, value, _):
                self._turn(word, value)
        await trio.sleep(0.01)

    def _turn(self, word: str, value: Any) -> None:
        bench = self.bench
        deeds: dict[str, Any] = {
            "cut": lambda: bench.socket.cut(),
            "doubt": lambda: bench.store.doubted("a test"),
            "agree": lambda: bench.agree(),
            "fail": lambda: bench.venue.failures.append(FAULTS[value]()),
            "quiet": lambda: setattr(bench.venue, "pushes", not value),
            "lag": lambda: setattr(bench.venue, "lag", value),
            "socket": lambda: setattr(bench.socket, "open", value),
        }
        deeds[word]()

    def check(self) -> None:
        """Compare what was told with what is."""
        bench = self.bench
        placed = bench.placed()
        assert len(placed) == len(set(placed)), "an order went out twice"
        assert not self.sent_in_doubt, "an order went out while the account was inconsistent"
        assert set(self.ended) == set(self.begun), "a call did not end"
        assert bench.desk.unresolved == (), "an outcome stayed unknown"
        assert bench.desk.docket.contradicted == 0
        there = {order.client_order_id: order for order in bench.venue.orders.values()}
        resolved = {told.client_order_id: told.outcome for told in bench.resolved()}
        assert len(resolved) == len(bench.resolved()), "an outcome was told twice"
        for name in (name for name in self.begun if name.startswith("t-")):
            self._check_order(name, placed, there, resolved)

    def _check_order(self, name: str, placed: list[str], there: Any, resolved: Any) -> None:
        outcome = self.ended[name]
        told = outcome in ("left",) or isinstance(outcome, OrderOutcomeUnknown)
        if told:
            assert (name in placed) == (name in resolved), "an unknown outcome is told, and no other"
            outcome = resolved.get(name)
        else:
            assert name not in resolved, "an outcome that its caller got is not told again"
        if isinstance(outcome, Accepted):
            assert name in there
            assert self.bench.store.named(name) is not None
        elif isinstance(outcome, Rejected):
            assert name not in there, "Rejected for an order that exists"
        elif outcome is None or isinstance(outcome, AccountInconsistent):
            assert name not in placed, "it was said that nothing was sent"


@examples(60)
@given(st.lists(DEEDS, min_size=1, max_size=14))
def test_every_order_goes_out_once_and_its_outcome_is_the_truth(
    desk_bench: Any, way: Any, deeds: list[tuple[str, Any, Any]]
) -> None:
    """Cuts before and after the first byte and the answer, delays, callers that leave, a REST that lags or fails."""

    async def run() -> None:
        async with desk_bench() as bench:
            story = Story(bench, way)
            async with trio.open_nursery() as nursery:
                for deed in deeds:
                    await story.do(deed, nursery)
            bench.venue.failures.clear()
            await trio.sleep(120)
            story.check()

    trio.run(run, clock=MockClock(autojump_threshold=0))


async def test_a_story_with_an_open_order_ends_as_it_should(
    desk_bench: Any, way: Any, autojump_clock: Any
) -> None:
    """The property's own check sees what it is to see."""
    async with desk_bench() as bench:
        story = Story(bench, way)
        await story.place({}, None)
        assert isinstance(story.ended["t-1"], Accepted)
        story.check()
        bench.socket.log.append(bench.socket.log[0])
        with pytest.raises(AssertionError, match="went out twice"):
            story.check()
        assert bench.venue.orders["1"].status is OrderStatus.OPEN
