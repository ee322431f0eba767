"""A listing is fetched once for all who ask at about the same time."""

from decimal import Decimal
from typing import Any

import pytest
import trio

from feedtree.exchanges.errors import RestFailed
from feedtree.exchanges.instruments import Instrument, InstrumentStatus, Listing
from feedtree.exchanges.private.listings import Listings
from feedtree.exchanges.symbols import Symbol


class Venue:
    """Takes a second for an answer; each has one symbol more."""

    def __init__(self) -> None:
        self.asked = 0
        self.fails = False
        self.listings = Listings(self.fetch)

    async def fetch(self) -> Listing:
        self.asked += 1
        fails, count = self.fails, self.asked
        await trio.sleep(1.0)
        if fails:
            raise RestFailed("the listing", "no answer")
        return Listing(tuple(Symbol(f"A{number}", "USDT") for number in range(count)), ())

    async def get(self, within: float, found: list[int]) -> None:
        found.append(len((await self.listings.get(within)).symbols))


async def test_who_asks_meanwhile_waits_for_the_same_answer(autojump_clock: Any) -> None:
    """And who asks shortly after gets it at once."""
    venue, found = Venue(), list[int]()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(venue.get, 60.0, found)
        nursery.start_soon(venue.get, 60.0, found)
    await trio.sleep(50.0)
    await venue.get(60.0, found)
    assert (found, venue.asked) == ([1, 1, 1], 1)
    await trio.sleep(10.0)
    await venue.get(60.0, found)
    assert (found, venue.asked) == ([1, 1, 1, 2], 2)


async def test_an_answer_may_be_too_old_although_it_has_just_come(autojump_clock: Any) -> None:
    """It was asked for before: what is new since may lack in it."""
    venue, found = Venue(), list[int]()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(venue.get, 0.0, found)
        await trio.sleep(0.5)
        nursery.start_soon(venue.get, 0.0, found)
    assert found == [1, 2]


async def test_who_waits_asks_anew_where_the_first_one_failed(autojump_clock: Any) -> None:
    """Each failure is told to the one who asked."""
    venue, found = Venue(), list[int]()
    venue.fails = True
    async with trio.open_nursery() as nursery:

        async def first() -> None:
            with pytest.raises(RestFailed):
                await venue.listings.get(60.0)

        nursery.start_soon(first)
        await trio.sleep(0.5)
        venue.fails = False
        nursery.start_soon(venue.get, 60.0, found)
    assert (found, venue.asked) == ([2], 2)


async def test_a_listing_without_instruments_is_none_for_who_trades(autojump_clock: Any) -> None:
    """Its symbols may be known all the same."""
    btc = Symbol("BTC", "USDT")
    step = Decimal("0.01")
    traded = Instrument(
        symbol=btc,
        wire_name="BTCUSDT",
        status=InstrumentStatus.TRADING,
        price_step=step,
        size_step=step,
        min_size=None,
        min_notional=None,
    )
    answers = [Listing((btc,), ()), Listing((btc,), (traded,))]

    async def fetch() -> Listing:
        return answers.pop(0)

    listings = Listings(fetch)
    with pytest.raises(RestFailed, match="no instrument"):
        await listings.instruments(60.0)
    await trio.sleep(61.0)
    assert await listings.instruments(60.0) == (traded,)
