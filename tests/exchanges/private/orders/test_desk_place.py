"""Placing an order: one outcome, known once, whatever happens on the way."""

from decimal import Decimal
from typing import Any

import pytest
import trio

from feedtree.exchanges.errors import RestFailed, VenueThrottled
from feedtree.exchanges.private.order_doors import Answered, PlaceRequest, Refused
from feedtree.exchanges.private.order_errors import AccountInconsistent, DeskClosed, OrderOutcomeUnknown
from feedtree.exchanges.private.orders import Accepted, OrderStatus, Rejected, RejectReason, TimeInForce
from feedtree.exchanges.private.rest import RawFill
from tests.fills import raw_fill


def fill_of(client_order_id: str, order_id: str) -> RawFill:
    return raw_fill(trade_id="9", order_id=order_id, client_order_id=client_order_id, quantity=Decimal("0.5"))


async def test_an_order_is_accepted(desk_bench: Any, autojump_clock: Any) -> None:
    """The venue's order comes back, the account knows it, and nothing is told as resolved."""
    async with desk_bench() as bench:
        accepted = await bench.place(price=Decimal("100.5"))
        assert isinstance(accepted, Accepted)
        assert accepted.order is not None
        assert accepted.order.price == Decimal("100.5")
        assert bench.store.named(accepted.client_order_id) == accepted.order
        assert bench.placed() == [accepted.client_order_id]
        await trio.sleep(60)
        assert bench.resolved() == []
        assert bench.desk.dispatch.meters.counters["place_done"] == 1


async def test_an_order_is_refused_by_the_venue(desk_bench: Any, way: Any, autojump_clock: Any) -> None:
    """Reason, code and text are the venue's."""
    async with desk_bench() as bench:
        said = Refused(
            reason=RejectReason.INSUFFICIENT_BALANCE, code="BALANCE_NOT_ENOUGH", text="Not enough balance"
        )
        bench.socket.ways = [way(refusal=said)]
        rejected = await bench.place(client_order_id="t-mine")
        assert rejected == Rejected(
            client_order_id="t-mine",
            reason=RejectReason.INSUFFICIENT_BALANCE,
            code="BALANCE_NOT_ENOUGH",
            text="Not enough balance",
        )
        assert bench.desk.unresolved == ()


async def test_a_post_only_order_that_is_accepted_and_ended_is_rejected(
    desk_bench: Any, autojump_clock: Any
) -> None:
    """What would cross is refused, however the venue says it; the account takes note of the order all the same."""
    async with desk_bench() as bench:
        bench.venue.post_only_ends = True
        rejected = await bench.place(time_in_force="post_only")
        assert isinstance(rejected, Rejected)
        assert (rejected.reason, rejected.code) == (RejectReason.WOULD_CROSS, "poc")
        known = bench.store.named(rejected.client_order_id)
        assert known is not None
        assert known.status is OrderStatus.REFUSED


async def test_an_unanswered_order_is_unknown_at_the_deadline_and_found_later(
    desk_bench: Any, way: Any, autojump_clock: Any
) -> None:
    """Nothing is sent again; what became of the order is told once it is known."""
    async with desk_bench() as bench:
        bench.venue.pushes = False
        bench.socket.ways = [way(unanswered=True)]
        began = trio.current_time()
        with pytest.raises(OrderOutcomeUnknown) as unknown:
            await bench.place()
        assert trio.current_time() - began == pytest.approx(2.0)
        name = unknown.value.client_order_id
        assert bench.desk.unresolved == (name,)
        assert bench.resolved() == []
        await trio.sleep(1)
        (told,) = bench.resolved()
        assert told.client_order_id == name
        assert isinstance(told.outcome, Accepted)
        assert told.outcome.order_id == "1"
        assert 2e9 < told.after_ns < 3e9
        assert bench.placed() == [name]
        assert bench.desk.unresolved == ()
        assert bench.store.named(name) is not None


async def test_a_push_tells_what_became_of_an_order(desk_bench: Any, way: Any, autojump_clock: Any) -> None:
    """REST need not answer for it."""
    async with desk_bench() as bench:
        bench.venue.rest_takes = 30.0
        bench.socket.ways = [way(held=1.0, unanswered=True, cut=0.5)]
        with pytest.raises(OrderOutcomeUnknown):
            await bench.place()
        await trio.sleep(1)
        (told,) = bench.resolved()
        assert isinstance(told.outcome, Accepted)


async def test_a_late_answer_tells_what_became_of_an_order(
    desk_bench: Any, way: Any, autojump_clock: Any
) -> None:
    """An order that the venue held beyond its expiry is refused by it, and that is how it ends."""
    async with desk_bench() as bench:
        bench.venue.rest_takes = 30.0
        bench.socket.ways = [way(held=4.0)]
        with pytest.raises(OrderOutcomeUnknown):
            await bench.place()
        await trio.sleep(3)
        (told,) = bench.resolved()
        assert told.outcome.reason is RejectReason.EXPIRED
        assert told.outcome.code == "REQUEST_EXPIRED"


async def test_an_order_that_never_arrived_is_rejected_after_its_expiry(
    desk_bench: Any, way: Any, autojump_clock: Any
) -> None:
    """Open orders, finished orders and fills are asked for, after the expiry only, and twice, since REST may lag."""
    async with desk_bench() as bench:
        bench.socket.ways = [way(lost=True, cut=0.1)]
        began = trio.current_time()
        with pytest.raises(OrderOutcomeUnknown, match="the line was cut"):
            await bench.place(client_order_id="t-lost")
        assert trio.current_time() - began == pytest.approx(0.1)
        await trio.sleep(2.8)
        assert set(bench.venue.asked) == {"time", "order"}
        await trio.sleep(4)
        assert bench.resolved() == []
        await trio.sleep(3)
        (told,) = bench.resolved()
        assert told.outcome.reason is RejectReason.EXPIRED
        rounds = [what for what in bench.venue.asked if what not in ("time", "order")]
        assert rounds == ["open", "finished", "fills"] * 2
        assert bench.placed() == ["t-lost"]


async def test_absence_in_a_rest_that_lags_is_no_proof(
    desk_bench: Any, way: Any, autojump_clock: Any
) -> None:
    """An order that REST shows late is found, not taken for lost."""
    async with desk_bench() as bench:
        bench.venue.pushes = False
        bench.venue.lag = 6.0
        bench.socket.ways = [way(unanswered=True, cut=0.1)]
        with pytest.raises(OrderOutcomeUnknown):
            await bench.place()
        await trio.sleep(20)
        (told,) = bench.resolved()
        assert isinstance(told.outcome, Accepted)


async def test_an_order_that_shows_after_it_was_given_up_is_told_again(
    desk_bench: Any, way: Any, autojump_clock: Any
) -> None:
    """Should a venue break its own rule, the account's word is the last one."""
    async with desk_bench() as bench:
        bench.venue.hides_orders = True
        bench.venue.pushes = False
        bench.socket.ways = [way(unanswered=True, cut=0.1)]
        with pytest.raises(OrderOutcomeUnknown):
            await bench.place(client_order_id="t-odd")
        await trio.sleep(20)
        bench.store.apply_order(bench.venue.orders["1"])
        await trio.sleep(1)
        assert [type(told.outcome) for told in bench.resolved()] == [Rejected, Accepted]
        assert bench.desk.docket.contradicted == 1


async def test_rows_without_names_prove_nothing(desk_bench: Any, way: Any, autojump_clock: Any) -> None:
    """A row that may be the order keeps it unresolved: never `Rejected` for an order that exists."""
    async with desk_bench() as bench:
        bench.venue.pushes = False
        bench.venue.hides_names = True
        bench.socket.ways = [way(unanswered=True, cut=0.1)]
        with pytest.raises(OrderOutcomeUnknown):
            await bench.place()
        await trio.sleep(120)
        assert bench.resolved() == []
        assert len(bench.desk.unresolved) == 1
        bench.venue.hides_names = False
        await trio.sleep(10)
        (told,) = bench.resolved()
        assert isinstance(told.outcome, Accepted)


async def test_the_search_goes_on_when_questions_fail(desk_bench: Any, way: Any, autojump_clock: Any) -> None:
    """A read may be made again; a pause that the venue asks for is kept."""
    async with desk_bench() as bench:
        bench.venue.pushes = False
        bench.venue.failures = [
            RestFailed("GET /order", "no answer"),
            VenueThrottled("venue", 429, "slow down", retry_after=5.0),
        ]
        bench.socket.ways = [way(unanswered=True, cut=0.1)]
        with pytest.raises(OrderOutcomeUnknown):
            await bench.place()
        await trio.sleep(5)
        assert bench.venue.asked.count("order") == 2
        await trio.sleep(2)
        assert isinstance(bench.resolved()[0].outcome, Accepted)


async def test_a_cancelled_caller_sends_nothing_before_the_first_byte(
    desk_bench: Any, way: Any, autojump_clock: Any
) -> None:
    """Not later, either."""
    async with desk_bench() as bench:
        bench.socket.ways = [way(opening=1.0)]
        with trio.move_on_after(0.5):
            await bench.place()
        await trio.sleep(60)
        assert bench.placed() == []
        assert bench.resolved() == []


async def test_a_cancelled_caller_leaves_an_order_that_is_told_of(
    desk_bench: Any, way: Any, autojump_clock: Any
) -> None:
    """After the first byte the order is as it is, and everybody hears how."""
    async with desk_bench() as bench:
        bench.socket.ways = [way(going=1.0)]
        with trio.move_on_after(0.5):
            await bench.place(client_order_id="t-left")
        await trio.sleep(5)
        (told,) = bench.resolved()
        assert told.client_order_id == "t-left"
        assert isinstance(told.outcome, Accepted)


async def test_an_outcome_that_its_cancelled_caller_missed_is_told(
    desk_bench: Any, way: Any, autojump_clock: Any
) -> None:
    """The answer comes in the very step in which the caller is cancelled."""
    async with desk_bench() as bench:
        with trio.CancelScope() as scope:
            bench.socket.on_place = lambda: _cancelled_and_known(scope, bench)
            await bench.place(client_order_id="t-left")
        await trio.sleep(5)
        assert scope.cancelled_caught
        (told,) = bench.resolved()
        assert isinstance(told.outcome, Accepted)


def _cancelled_and_known(scope: trio.CancelScope, bench: Any) -> None:
    scope.cancel()
    outcome = Accepted(client_order_id="t-left", order_id="1")
    bench.desk.docket.conclude(bench.desk.docket.get("t-left"), outcome)


async def test_a_request_that_found_no_way_out_is_not_sent(
    desk_bench: Any, way: Any, autojump_clock: Any
) -> None:
    """The door is chosen anew until the first byte; in the end it is certain that nothing went out."""
    async with desk_bench() as bench:
        bench.socket.open = bench.rest.open = False
        rejected = await bench.place(timeout=1.0)
        assert (rejected.reason, rejected.text) == (RejectReason.NOT_SENT, "no way out within 1 s")
        bench.rest.open = True
        bench.rest.usual = way(cut_before=True)
        rejected = await bench.place(timeout=1.0)
        assert (rejected.reason, rejected.text) == (RejectReason.NOT_SENT, "cut before the first byte")
        assert bench.placed() == []
        bench.rest.usual = way()
        assert isinstance(await bench.place(), Accepted)
        assert [type(each) for each in bench.rest.log] == [PlaceRequest]


async def test_no_order_goes_out_while_the_account_is_inconsistent(
    desk_bench: Any, way: Any, autojump_clock: Any
) -> None:
    """Neither when it is asked for nor when its turn comes, unless the caller says so."""
    async with desk_bench(consistent=False) as bench:
        with pytest.raises(AccountInconsistent, match="not known to equal"):
            await bench.place()
        assert isinstance(await bench.place(allow_inconsistent=True), Accepted)
        bench.agree()
        bench.socket.ways = [way(opening=0.5)]
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_doubt_in, 0.3, bench)
            with pytest.raises(AccountInconsistent):
                await bench.place()
        assert len(bench.placed()) == 1


async def _doubt_in(seconds: float, bench: Any) -> None:
    await trio.sleep(seconds)
    bench.store.doubted("a test")


async def test_an_order_waits_for_the_venues_instruments(desk_bench: Any, autojump_clock: Any) -> None:
    """As long as the caller does."""
    async with desk_bench(ready=False) as bench:
        assert bench.desk.state == bench.state == "preparing"
        assert bench.desk.instrument("BTC/USDT") is None
        rejected = await bench.place(timeout=0.5)
        assert rejected.reason is RejectReason.NOT_SENT
        assert bench.placed() == []
        assert isinstance(await bench.place(timeout=10.0), Accepted)
        assert bench.desk.state == bench.state == "ready"
        assert bench.desk.instrument("BTC/USDT") is not None


async def test_an_answer_without_an_order_proves_nothing(
    desk_bench: Any, way: Any, autojump_clock: Any
) -> None:
    """An empty answer is none: the order is searched for."""
    async with desk_bench() as bench:
        bench.socket.ways = [way(reply=Answered())]
        with pytest.raises(OrderOutcomeUnknown):
            await bench.place()
        await trio.sleep(2)
        assert isinstance(bench.resolved()[0].outcome, Accepted)


async def test_an_order_of_which_only_a_fill_shows_is_there(
    desk_bench: Any, way: Any, autojump_clock: Any
) -> None:
    """The fill names it, and nothing else does."""
    async with desk_bench() as bench:
        bench.venue.fills = [fill_of("t-part", "77")]
        bench.socket.ways = [way(lost=True, cut=0.1)]
        with pytest.raises(OrderOutcomeUnknown):
            await bench.place(client_order_id="t-part")
        await trio.sleep(10)
        (told,) = bench.resolved()
        assert told.outcome == Accepted(client_order_id="t-part", order_id="77")


async def test_an_order_that_only_a_list_shows_is_there(
    desk_bench: Any, way: Any, autojump_clock: Any
) -> None:
    """The venue forgets a client's own id sooner than the order: the round finds it by its row, or by a fill."""
    for by_fill in (False, True):
        async with desk_bench() as bench:
            bench.venue.pushes = False
            bench.venue.forgets_names = True
            bench.venue.unlisted = by_fill
            bench.socket.ways = [way(unanswered=True, cut=0.1)]
            with pytest.raises(OrderOutcomeUnknown):
                await bench.place(client_order_id="t-listed")
            bench.venue.fills = [fill_of("t-listed", "1")] if by_fill else []
            await trio.sleep(10)
            (told,) = bench.resolved()
            assert isinstance(told.outcome, Accepted)
            assert told.outcome.order is not None


async def test_an_order_that_is_concluded_meanwhile_is_not_given_up(
    desk_bench: Any, way: Any, autojump_clock: Any
) -> None:
    """A push comes while the last question is under way."""
    async with desk_bench() as bench:
        bench.venue.pushes = False
        bench.venue.hides_orders = True
        bench.socket.ways = [way(unanswered=True, cut=0.1)]
        with pytest.raises(OrderOutcomeUnknown):
            await bench.place(client_order_id="t-late")
        bench.venue.rest_takes = 2.0
        while bench.venue.asked.count("fills") < 2:  # noqa: ASYNC110 - nobody tells
            await trio.sleep(0.5)
        bench.store.apply_order(bench.venue.orders["1"])
        await trio.sleep(10)
        (told,) = bench.resolved()
        assert isinstance(told.outcome, Accepted)
        assert bench.desk.docket.contradicted == 0


async def test_only_so_many_orders_that_were_given_up_are_watched(
    desk_bench: Any, way: Any, autojump_clock: Any, monkeypatch: Any
) -> None:
    """The newest."""
    monkeypatch.setattr("feedtree.exchanges.private.order_docket.GIVEN_UP_KEPT", 1)
    async with desk_bench() as bench:
        bench.venue.pushes = False
        bench.venue.hides_orders = True
        for name in ("t-1", "t-2"):
            bench.socket.ways = [way(unanswered=True, cut=0.1)]
            with pytest.raises(OrderOutcomeUnknown):
                await bench.place(client_order_id=name)
            await trio.sleep(10)
        for order in bench.venue.orders.values():
            bench.store.apply_order(order)
        await trio.sleep(1)
        assert [told.client_order_id for told in bench.resolved()] == ["t-1", "t-2", "t-2"]


async def test_a_stopped_actor_leaves_what_it_sent_to_the_next(
    desk_bench: Any, way: Any, autojump_clock: Any
) -> None:
    """A call ends with its connection; the search goes on when the actor is back."""
    async with desk_bench() as bench:
        bench.socket.ways = [way(held=0.5)]
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_stop_in, 0.2, bench)
            with pytest.raises(OrderOutcomeUnknown, match="actor ended"):
                await bench.place(client_order_id="t-orphan")
        assert bench.desk.unresolved == ("t-orphan",)
        assert bench.state == "down"
        with pytest.raises(DeskClosed, match="stopping"):
            await bench.place()
        await trio.sleep(5)
        await bench.start()
        await trio.sleep(2)
        (told,) = bench.resolved()
        assert isinstance(told.outcome, Accepted)


async def _stop_in(seconds: float, bench: Any) -> None:
    await trio.sleep(seconds)
    await bench.stop()


@pytest.mark.parametrize("time_in_force", list(TimeInForce))
async def test_every_order_is_told_when_it_expires(
    time_in_force: TimeInForce, desk_bench: Any, way: Any, autojump_clock: Any
) -> None:
    """An order that reaches the venue after its caller's deadline is refused there."""
    async with desk_bench() as bench:
        bench.socket.ways = [way(going=1.5, cut=0.2)]
        with pytest.raises(OrderOutcomeUnknown):
            await bench.place(timeout=1.0, time_in_force=time_in_force)
        await trio.sleep(20)
        assert bench.venue.orders == {}
        assert bench.resolved()[0].outcome.reason is RejectReason.EXPIRED
