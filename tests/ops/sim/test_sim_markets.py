import random

from feedtree.exchanges.symbols import Symbol
from feedtree.ops.sim.flow import FairPrice
from feedtree.ops.sim.market import Market
from feedtree.ops.sim.markets import GATEIO, MEXC, listings
from feedtree.ops.sim.tape import Tape
from feedtree.ops.sim.window import Window

BTC = Symbol("BTC", "USDT")


def market(venue: str, fair: FairPrice, orders: int = 200) -> Market:
    listing = listings(venue, [BTC])[0]
    return Market(
        listing,
        fair,
        random.Random(venue),
        first_id=1_000,
        trade_number=iter(range(10**9)).__next__,
        basis=0.0,
        orders=orders,
        now_ns=0,
    )


def test_both_venues_quote_around_one_fair_price() -> None:
    """The venues' prices are related, and each follows the hidden price."""
    fair = FairPrice(96_000.0, random.Random(1))
    markets = [market(GATEIO, fair), market(MEXC, fair)]
    for step in range(20_000):
        fair.step(0.05)
        markets[step % 2].flow.act(step * 10_000_000)
    for each in markets:
        bid, ask = each.book.best_bid, each.book.best_ask
        assert bid is not None
        assert ask is not None
        middle = (bid + ask) / 2 / 10**each.listing.price_decimals
        assert abs(middle / fair.price - 1) < 0.002
    assert markets[0].book.quantities != markets[1].book.quantities


def test_equal_seeds_give_equal_order_flow() -> None:
    """One seeded engine."""
    books = []
    for _ in range(2):
        fair = FairPrice(96_000.0, random.Random(5))
        traded = market(GATEIO, fair)
        for step in range(3_000):
            fair.step(0.01)
            traded.flow.act(step)
        books.append((traded.book.quantities, traded.tape.total))
    assert books[0] == books[1]
    assert books[0][1] > 0


def test_a_window_tells_what_changed_and_what_was_touched_in_it() -> None:
    """Levels that leave are deleted, those that enter are told; one that came and went is told as gone."""
    fair = FairPrice(96_000.0, random.Random(2))
    traded = market(GATEIO, fair, orders=120)
    window = Window(traded, 20)
    window.reset()
    followed = dict(window.held)
    rng = random.Random(3)
    for step in range(3_000):
        fair.step(0.5)
        for _ in range(rng.randrange(4)):
            traded.flow.act(step)
        moved = window.advance()
        if moved is None:
            continue
        book = traded.book
        touched = book.history.changed(moved.first - 1, moved.last)
        inside = {key: book.quantities[key] for key in (*book.bids(20), *book.asks(20))}
        changed = {key for key, _ in inside.items() ^ followed.items()}
        told = [*moved.bids, *moved.asks]
        assert len(set(told)) == len(told)
        assert changed <= set(told) <= changed | touched.keys()
        assert touched.keys() & (inside.keys() | followed.keys()) <= set(told)
        assert window.held == inside
        followed = inside


def test_a_window_on_a_thin_book_holds_all_of_it() -> None:
    """Fewer levels than the window has are all inside."""
    traded = market(GATEIO, FairPrice(96_000.0, random.Random(2)), orders=4)
    window = Window(traded, 50)
    window.reset()
    assert window.held == traded.book.quantities
    order = traded.book.place(1, 5, 1)
    assert window.advance() is not None
    assert window.held[1] == 5
    traded.book.cancel(order, 2)
    moved = window.advance()
    assert moved is not None
    assert moved.bids == [1]
    assert window.levels(moved.bids) == [["0.1", "0"]]


def test_symbols_nobody_knows_get_steps_too() -> None:
    """Any symbol can be listed, the same way at every start."""
    symbol = Symbol("NOVEL", "USDT")
    one, two = listings(MEXC, [symbol])[0], listings(MEXC, [symbol])[0]
    assert one == two
    assert one.wire == "NOVELUSDT"
    assert one.start_price * 10**one.price_decimals > 10_000


def test_candles_roll_up_and_stay_flat_without_trades() -> None:
    """A window without trades stands at the last price."""
    fair = FairPrice(96_000.0, random.Random(1))
    traded = market(GATEIO, fair)
    for step in range(5_000):
        fair.step(0.05)
        traded.flow.act(step * 20_000_000)  # 100 s
    tape: Tape = traded.tape
    minutes = tape.candles(60, 10, 300)
    assert [candle.start_s for candle in minutes] == [0, 60, 120, 180, 240, 300]
    assert sum(candle.volume for candle in minutes) == sum(print_.fill.lots for print_ in tape.prints)
    assert minutes[-1].open == minutes[-1].close == tape.last
    assert minutes[-1].volume == 0
    day = tape.day(300)
    assert day.high == max(print_.fill.price for print_ in tape.prints)
    assert len(tape.candles(60, 2, 300)) == 2


def test_prints_are_given_out_once() -> None:
    """A stream asks for what came since its last push."""
    fair = FairPrice(96_000.0, random.Random(1))
    traded = market(GATEIO, fair)
    told, total = [], 0
    for step in range(2_000):
        fair.step(0.05)
        traded.flow.act(step)
        if step % 13 == 0:
            told += traded.tape.since(total)
            total = traded.tape.total
    told += traded.tape.since(total)
    assert told == list(traded.tape.prints)
