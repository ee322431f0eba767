"""The parts of the desk that need no clock: ids, usage, rules, limits, outcomes, the search's evidence."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedtree.exchanges.instruments import InstrumentStatus
from feedtree.exchanges.private.order_doors import AmendRequest, PlaceRequest
from feedtree.exchanges.private.order_errors import NotSupported
from feedtree.exchanges.private.order_ids import ClientOrderIds, IdForm
from feedtree.exchanges.private.order_limits import HardLimits
from feedtree.exchanges.private.order_options import DoorChoice, OpenOrders, OrderOptions
from feedtree.exchanges.private.order_outcomes import outcome_of
from feedtree.exchanges.private.order_rules import broken_by_amend, broken_by_place
from feedtree.exchanges.private.order_search import CONFIRMED_AFTER, FIRST_AFTER, Round, Search
from feedtree.exchanges.private.order_usage import (
    check_amend,
    check_name,
    check_place,
    check_timeout,
    read_symbol,
)
from feedtree.exchanges.private.orders import (
    Accepted,
    Order,
    OrderStatus,
    OrderType,
    Rejected,
    RejectReason,
    TimeInForce,
)
from feedtree.exchanges.private.rest import RawFill
from feedtree.exchanges.side import Side
from feedtree.exchanges.symbols import Symbol
from tests.fills import raw_fill

BTC = Symbol("BTC", "USDT")
GATE = IdForm("t-", 28, "0-9A-Za-z_.-")
MEXC = IdForm("", 32, "0-9A-Za-z_-")
S = 1_000_000_000


def placing(**changes: Any) -> PlaceRequest:
    return PlaceRequest(
        **{
            "client_order_id": "t-1",
            "symbol": BTC,
            "side": Side.BUY,
            "type": OrderType.LIMIT,
            "time_in_force": TimeInForce.GTC,
            "price": Decimal(100),
            "quantity": Decimal(1),
            "quote_quantity": None,
            **changes,
        }
    )


def market(**changes: Any) -> PlaceRequest:
    amounts = {"type": OrderType.MARKET, "price": None, "quantity": None, "quote_quantity": Decimal(100)}
    return placing(**{**amounts, **changes})


def amending(**changes: Any) -> AmendRequest:
    return AmendRequest(
        **{
            "symbol": BTC,
            "order_id": "1",
            "client_order_id": None,
            "price": None,
            "quantity": None,
            **changes,
        }
    )


def order(**changes: Any) -> Order:
    return Order(
        **{
            "order_id": "1",
            "client_order_id": "t-1",
            "symbol": BTC,
            "side": Side.BUY,
            "type": OrderType.LIMIT,
            "time_in_force": TimeInForce.GTC,
            "price": Decimal(100),
            "quantity": Decimal(1),
            "quote_quantity": None,
            "filled": Decimal(0),
            "filled_quote": Decimal(0),
            "status": OrderStatus.OPEN,
            "created_ns": 1000 * S,
            **changes,
        }
    )


def fill(**changes: Any) -> RawFill:
    return raw_fill(**{"trade_id": "9", "client_order_id": "t-1", "venue_ns": 1000 * S, **changes})


# Ids


@pytest.mark.parametrize("form", [GATE, MEXC])
@given(now_ms=st.integers(0, 62**8 - 1), entropy=st.binary(min_size=8, max_size=8), count=st.integers(1, 300))
def test_ids_fit_the_venue_and_never_repeat(form: IdForm, now_ms: int, entropy: bytes, count: int) -> None:
    """Within one run."""
    ids = ClientOrderIds(form, now_ms * 1_000_000, lambda size: entropy[:size])
    made = [ids.next() for _ in range(count)]
    assert len(set(made)) == count
    assert all(form.fits(each) for each in made)


def test_ids_differ_between_runs() -> None:
    """By the time of the run's begin, and by chance where two begin together."""
    first = ClientOrderIds(GATE, 10**18, lambda size: b"\1" * size).next()
    later = ClientOrderIds(GATE, 10**18 + 10**6, lambda size: b"\1" * size).next()
    beside = ClientOrderIds(GATE, 10**18, lambda size: b"\2" * size).next()
    assert len({first, later, beside}) == 3
    assert first < later


@pytest.mark.parametrize(
    ("form", "name", "fits"),
    [
        (GATE, "t-" + "x" * 28, True),
        (GATE, "t-" + "x" * 29, False),
        (GATE, "t-", False),
        (GATE, "x-1", False),
        (GATE, "t-a.b_c-D9", True),
        (GATE, "t-a b", False),
        (GATE, "t-é", False),
        (MEXC, "x" * 32, True),
        (MEXC, "x" * 33, False),
        (MEXC, "a.b", False),
        (MEXC, "x\n", False),
    ],
)
def test_a_venue_takes_ids_of_its_form_only(form: IdForm, name: str, fits: bool) -> None:
    """Length, begin and characters."""
    assert form.fits(name) == fits


def test_a_form_says_what_it_is() -> None:
    """For who has to write one."""
    assert str(GATE) == "'t-' and 1 to 28 of [0-9A-Za-z_.-]"
    assert str(MEXC) == "1 to 32 of [0-9A-Za-z_-]"


# Usage


@pytest.mark.parametrize(
    ("request_", "error", "words"),
    [
        (placing(client_order_id=7), TypeError, "client_order_id: a text"),
        (placing(price=100.5), TypeError, "price: a Decimal, not float 100.5"),
        (placing(quantity="1"), TypeError, "quantity: a Decimal, not str"),
        (placing(price=Decimal("NaN")), ValueError, "price: a finite amount over 0"),
        (placing(quantity=Decimal(0)), ValueError, "quantity: a finite amount over 0"),
        (placing(price=None), ValueError, "a limit order has a price"),
        (placing(quantity=None), ValueError, "a limit order has a price"),
        (placing(quote_quantity=Decimal(1)), ValueError, "no quote_quantity"),
        (market(price=Decimal(1)), ValueError, "a market order has no price"),
        (market(quote_quantity=None), ValueError, "a quantity or a quote_quantity"),
        (market(quantity=Decimal(1)), ValueError, "a quantity or a quote_quantity"),
        (market(time_in_force=TimeInForce.POST_ONLY), ValueError, "cannot be post-only"),
        (market(quantity=Decimal(1), quote_quantity=None), NotSupported, "over a quote_quantity, not"),
        (market(side=Side.SELL), NotSupported, "over a quantity, not over a quote_quantity"),
    ],
)
def test_what_makes_no_sense_is_an_error(
    request_: PlaceRequest, error: type[Exception], words: str, order_venue: Any
) -> None:
    """A float is no money; nothing of it reaches the venue."""
    with pytest.raises(error, match=words):
        check_place(request_, order_venue)


def test_what_makes_sense_passes(order_venue: Any) -> None:
    """Limit and market orders."""
    check_place(placing(), order_venue)
    check_place(market(), order_venue)
    check_place(market(time_in_force=TimeInForce.FOK), order_venue)
    with pytest.raises(NotSupported, match="cannot be fok"):
        check_place(
            market(time_in_force=TimeInForce.FOK),
            msgspec.structs.replace(order_venue, market_times=frozenset({TimeInForce.IOC})),
        )


def test_an_amendment_changes_something(order_venue: Any) -> None:
    """With money that is money, at a venue that changes orders."""
    check_amend(amending(price=Decimal(1)), order_venue)
    with pytest.raises(ValueError, match="price, quantity, or both"):
        check_amend(amending(), order_venue)
    with pytest.raises(TypeError, match="price: a Decimal"):
        check_amend(amending(price=1.5), order_venue)
    with pytest.raises(TypeError, match="quantity: a Decimal"):
        check_amend(amending(quantity=1), order_venue)
    with pytest.raises(NotSupported, match="changes no order"):
        check_amend(amending(price=Decimal(1)), msgspec.structs.replace(order_venue, amends=False))


def test_a_symbol_may_be_written() -> None:
    """Or given as what it is."""
    assert read_symbol("btc/usdt") == BTC == read_symbol(BTC)
    with pytest.raises(TypeError, match="a Symbol or a text"):
        read_symbol(7)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="write BASE/QUOTE"):
        read_symbol("BTCUSDT")


@pytest.mark.parametrize("timeout", [0, -1.0, 51.0, float("nan")])
def test_a_timeout_has_bounds(timeout: float) -> None:
    """An order expires with it, and venues take no expiry that is far away."""
    with pytest.raises(ValueError, match="over 0 and up to 50 s"):
        check_timeout(timeout, 50.0)
    check_timeout(50, 50.0)
    with pytest.raises(TypeError, match="timeout: seconds"):
        check_timeout(True, 50.0)
    with pytest.raises(TypeError, match="timeout: seconds"):
        check_timeout("2", 50.0)  # type: ignore[arg-type]


def test_an_order_is_named_once() -> None:
    """By either id, and not by both."""
    check_name("1", None)
    check_name(None, "t-1")
    for names in ((None, None), ("1", "t-1"), ("", None)):
        with pytest.raises(ValueError, match=r"order"):
            check_name(*names)
    with pytest.raises(TypeError, match="id is a text"):
        check_name(1, None)  # type: ignore[arg-type]


def test_options_and_limits_are_checked_when_they_are_made() -> None:
    """A limit that is no amount limits nothing."""
    texts: Any = {"door": "rest", "on_stop": "cancel_all", "on_inconsistent": "keep"}
    options = OrderOptions(**texts)
    assert options.door is DoorChoice.REST
    assert (options.on_stop, options.on_inconsistent) == (OpenOrders.CANCEL_ALL, OpenOrders.KEEP)
    assert type(options.on_stop) is OpenOrders
    for wrong in ("door", "on_stop", "on_inconsistent"):
        with pytest.raises(ValueError, match="'cancel' is not a valid"):
            OrderOptions(**{wrong: "cancel"})
    with pytest.raises(ValueError, match="at least 5 s"):
        OrderOptions(dead_mans_switch=4)
    with pytest.raises(ValueError, match="most_wait"):
        OrderOptions(most_wait=-1.0)
    with pytest.raises(TypeError, match=r"limits.notional\[USDT\] is of type Decimal, not float"):
        HardLimits(notional={"USDT": 1.5})  # type: ignore[dict-item]
    with pytest.raises(TypeError, match=r"limits.open_orders is of type int, not bool"):
        HardLimits(open_orders=True)
    with pytest.raises(ValueError, match=r"limits.order_size\[BTC/USDT\] is over 0"):
        HardLimits(order_size={BTC: Decimal(0)})


# Rules


@pytest.mark.parametrize(
    ("changes", "limits", "status", "reason", "words"),
    [
        ({"client_order_id": "mine"}, {}, None, RejectReason.INVALID, "client_order_id is 't-' and 1 to 28"),
        ({}, {}, InstrumentStatus.HALTED, RejectReason.NOT_TRADING, "BTC/USDT is halted"),
        ({}, {}, InstrumentStatus.SELL_ONLY, RejectReason.NOT_TRADING, "BTC/USDT is sell_only"),
        ({}, {"open_orders": 3}, None, RejectReason.TOO_MANY_ORDERS, "limits.open_orders is 3"),
        (
            {"price": Decimal("100.001")},
            {},
            None,
            RejectReason.PRECISION,
            "price of BTC/USDT goes in steps of 0.01, 100.001 does not",
        ),
        ({"quantity": Decimal("0.00015")}, {}, None, RejectReason.PRECISION, "quantity of BTC/USDT goes"),
        (
            {"quantity": Decimal("0.0001")},
            {},
            None,
            RejectReason.TOO_SMALL,
            "quantity of BTC/USDT is at least 0.001",
        ),
        (
            {"quantity": Decimal("0.01")},
            {},
            None,
            RejectReason.TOO_SMALL,
            "notional of BTC/USDT is at least 3, not 1",
        ),
        (
            {},
            {"order_size": {BTC: Decimal("0.5")}},
            None,
            RejectReason.TOO_LARGE,
            "limits.order_size[BTC/USDT] is 0.5, this is 1",
        ),
        (
            {},
            {"notional": {"USDT": Decimal(99)}},
            None,
            RejectReason.TOO_LARGE,
            "limits.notional[USDT] is 99, this is 100",
        ),
    ],
)
def test_each_rule_is_named(
    changes: Any, limits: Any, status: Any, reason: RejectReason, words: str, instrument_of: Any
) -> None:
    """The first that is broken, in words that say what would be right."""
    instrument = instrument_of() if status is None else instrument_of(status=status)
    broken = broken_by_place(placing(**changes), instrument, GATE, HardLimits(**limits), 3)
    assert broken is not None
    assert broken.reason is reason
    assert words in broken.rule


def test_an_order_that_breaks_no_rule(instrument_of: Any) -> None:
    """Limits that are not reached, sides that are taken, a symbol without minimums."""
    limits = HardLimits(
        order_size={BTC: Decimal(1)}, notional={"USDT": Decimal(100)}, open_orders=4, orders_per_s=1
    )
    assert broken_by_place(placing(), instrument_of(), GATE, limits, 3) is None
    free = instrument_of(min_size=None, min_notional=None, status=InstrumentStatus.BUY_ONLY)
    assert broken_by_place(placing(quantity=Decimal("0.0001")), free, GATE, HardLimits(), 0) is None


def test_a_symbol_that_is_not_listed() -> None:
    """Neither for orders nor for amendments."""
    broken = broken_by_place(placing(), None, GATE, HardLimits(), 0)
    assert broken == (RejectReason.UNKNOWN_SYMBOL, "BTC/USDT is not listed")
    assert broken_by_amend(amending(price=Decimal(1)), None, None, HardLimits()) == broken


def test_a_limit_that_cannot_be_checked_is_not_passed(instrument_of: Any) -> None:
    """A market order has no price: one kind of limit cannot say anything about it, the other may."""
    by_quote = HardLimits(notional={"USDT": Decimal(1000)})
    by_base = HardLimits(order_size={BTC: Decimal(1)})
    both = HardLimits(notional={"USDT": Decimal(1000)}, order_size={BTC: Decimal(1)})
    sell = market(side=Side.SELL, quantity=Decimal("0.5"), quote_quantity=None)
    for request_, unchecked in ((sell, by_quote), (market(), by_base)):
        broken = broken_by_place(request_, instrument_of(), GATE, unchecked, 0)
        assert broken is not None
        assert "cannot be checked without a price: set limits." in broken.rule
        assert broken_by_place(request_, instrument_of(), GATE, both, 0) is None
    assert broken_by_place(sell, instrument_of(), GATE, by_base, 0) is None
    assert broken_by_place(market(), instrument_of(), GATE, by_quote, 0) is None


def test_an_amendment_is_checked_with_what_it_leaves(instrument_of: Any) -> None:
    """As far as the order is known."""
    limits = HardLimits(notional={"USDT": Decimal(150)})
    change = amending(quantity=Decimal(2))
    broken = broken_by_amend(change, order(), instrument_of(), limits)
    assert broken == (RejectReason.TOO_LARGE, "limits.notional[USDT] is 150, this is 200")
    assert broken_by_amend(change, None, instrument_of(), limits) is None
    assert broken_by_amend(amending(price=Decimal(90)), order(), instrument_of(), limits) is None


def test_what_is_left_of_an_order() -> None:
    """In base; an order over a quote amount does not say."""
    assert order(filled=Decimal("0.25")).remaining == Decimal("0.75")
    assert order(quantity=None).remaining is None


# Outcomes


def test_an_order_that_was_ended_at_once_is_no_accepted_order() -> None:
    """Unless something of it was done; what a caller asked to be given up is no refusal."""
    refused = outcome_of(placing(), order(status=OrderStatus.REFUSED, reason="poc"))
    assert isinstance(refused, Rejected)
    assert (refused.reason, refused.code) == (RejectReason.WOULD_CROSS, "poc")
    killed = outcome_of(placing(time_in_force=TimeInForce.FOK), order(status=OrderStatus.EXPIRED))
    assert isinstance(killed, Rejected)
    assert killed.reason is RejectReason.NOT_FILLABLE
    for accepted in (
        order(status=OrderStatus.EXPIRED),
        order(status=OrderStatus.REFUSED, filled=Decimal(1)),
        order(status=OrderStatus.CANCELLED),
    ):
        assert outcome_of(placing(), accepted) == Accepted(
            client_order_id="t-1", order_id="1", order=accepted
        )
    hidden = outcome_of(placing(), order(), shown=False)
    assert hidden == Accepted(client_order_id="t-1", order_id="1")


# The search


def answers(asked_s: float, **rows: Any) -> Round:
    return Round(
        asked_ns=int(asked_s * S),
        open_orders=rows.get("open_orders", []),
        finished=rows.get("finished", []),
        fills=rows.get("fills", []),
    )


@pytest.fixture
def search() -> Search:
    """Sent at 1000 s, expires at 1002 s, settled at 1003 s."""
    return Search(placing(), 1000 * S, 1002 * S)


def test_questions_come_soon_then_seldom(search: Search) -> None:
    """For the order itself until it can be proven absent, then for everything, with a pause between the rounds."""
    assert search.symbol == BTC
    assert search.pause(1000 * S) == FIRST_AFTER
    search.asked()
    assert search.pause(1001 * S) == 1.0
    assert search.pause(int(1002.5 * S)) == pytest.approx(0.5)
    assert search.pause(1003 * S) == 0.0
    assert not search.conclusive(1002 * S)
    assert search.conclusive(1003 * S)
    assert search.judge(answers(1003)) is None
    assert search.pause(1004 * S) == CONFIRMED_AFTER


def test_failed_questions_come_ever_later(search: Search) -> None:
    """Up to a bound, until one is answered."""
    pauses = []
    for _ in range(7):
        search.failed()
        pauses.append(search.pause(1000 * S))
    assert pauses == [0.5, 1.0, 2.0, 4.0, 8.0, 10.0, 10.0]
    search.asked()
    assert search.pause(1001 * S) == 1.0


def test_only_two_rounds_after_the_expiry_prove_absence(search: Search) -> None:
    """What was asked before proves nothing."""
    search.judge(answers(1002))
    search.judge(answers(1003))
    assert not search.absent
    search.judge(answers(1008))
    assert search.absent


@pytest.mark.parametrize("where", ["open_orders", "finished"])
def test_an_order_is_there_where_it_shows(search: Search, where: str) -> None:
    """At any time."""
    shown = order()
    assert search.judge(answers(1000, **{where: [order(client_order_id="t-2"), shown]})) is shown
    assert search.judge(answers(1000, fills=[fill(client_order_id="t-2"), fill(order_id="5")])) == "5"


@pytest.mark.parametrize(
    ("rows", "maybe"),
    [
        ({"open_orders": [order(client_order_id=None)]}, True),
        ({"finished": [order(client_order_id=None, created_ns=None, price=None, quantity=None)]}, True),
        ({"open_orders": [order(client_order_id=None, created_ns=900 * S)]}, False),
        ({"open_orders": [order(client_order_id=None, price=Decimal(99))]}, False),
        ({"open_orders": [order(client_order_id=None, quantity=Decimal(2))]}, False),
        ({"open_orders": [order(client_order_id=None, side=Side.SELL)]}, False),
        ({"fills": [fill(client_order_id=None)]}, True),
        ({"fills": [fill(client_order_id=None, quantity=Decimal(2))]}, False),
        ({"fills": [fill(client_order_id=None, side=Side.SELL)]}, False),
        ({"fills": [fill(client_order_id="t-2")]}, False),
        (
            {"fills": [fill(client_order_id=None)], "finished": [order(client_order_id="t-2")]},
            False,
        ),
    ],
)
def test_a_row_that_may_be_the_order_keeps_it_open(search: Search, rows: Any, maybe: bool) -> None:
    """A row without a name proves nothing, where it looks like the order."""
    for asked_s in (1003, 1008, 1013):
        assert search.judge(answers(asked_s, **rows)) is None
    assert search.absent != maybe


def test_a_fill_may_be_of_an_order_over_a_quote_amount() -> None:
    """Of which nobody knows how much base it is."""
    search = Search(market(), 1000 * S, 1002 * S)
    for asked_s in (1003, 1008):
        search.judge(answers(asked_s, fills=[fill(client_order_id=None, quantity=Decimal(5))]))
    assert not search.absent
