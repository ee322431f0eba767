"""Symbols that pushes name and nobody knows: the venue's listing says what they are."""

from random import Random
from typing import Any

import structlog
import trio
from msgspec.structs import replace

from feedtree.exchanges.access import Reach
from feedtree.exchanges.credentials import Credentials
from feedtree.exchanges.host import Host
from feedtree.exchanges.instruments import Listing
from feedtree.exchanges.mexc.private_venue import MEXC_SPOT_PRIVATE
from feedtree.exchanges.private.account import Account
from feedtree.exchanges.symbols import Symbol
from feedtree.exchanges.wire.memory import MemoryNetwork

BTC, NEW = Symbol("BTC", "USDT"), Symbol("NEW", "USDT")


class Venue:
    """Lists what it is told to."""

    def __init__(self) -> None:
        self.symbols = (BTC,)
        self.asked = 0

    async def listing(self, *_: object) -> Listing:
        self.asked += 1
        return Listing(self.symbols, ())

    async def time_ns(self) -> int:
        return 0


def account_of(venue: Venue, nursery: trio.Nursery) -> Account:
    host = Host(
        None,  # type: ignore[arg-type]
        MemoryNetwork(),
        nursery,
        wall_ns=lambda: 0,
        rng=Random(1),
        log=structlog.get_logger(),
    )
    known = replace(
        MEXC_SPOT_PRIVATE,
        listing=venue.listing,
        rest=lambda *_: venue,
        lease=None,  # type: ignore[arg-type,return-value]
    )
    return Account(known, "main", Credentials("key", "secret"), host, Reach(), ())


async def test_a_symbol_that_is_listed_after_the_listing_was_fetched_is_learned_at_the_next_connection(
    autojump_clock: Any,
) -> None:
    """The connection that heard of it was lost before it could ask: the listing from before says nothing of it."""
    async with trio.open_nursery() as nursery:
        venue = Venue()
        account = account_of(venue, nursery)
        await account.prepare()
        await account.prepare()
        assert venue.asked == 1
        venue.symbols = (BTC, NEW)
        await trio.sleep(5.0)
        assert account.unknown("NEWUSDT")
        await account.prepare()
        assert account.symbols.from_wire("NEWUSDT") == NEW
        assert account.store.symbols() == {NEW}
        assert venue.asked == 2
        nursery.cancel_scope.cancel()


async def test_a_symbol_that_the_venue_does_not_list_is_asked_for_once(autojump_clock: Any) -> None:
    """Its pushes stay unread; no listing is fetched for each of them."""
    async with trio.open_nursery() as nursery:
        venue = Venue()
        account = account_of(venue, nursery)
        assert account.unknown("NEWUSDT")
        await account.prepare()
        assert not account.unknown("NEWUSDT")
        assert venue.asked == 1
        nursery.cancel_scope.cancel()
