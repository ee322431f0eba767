"""One account of one venue: what its streams share, and what outlives them."""

from collections.abc import Iterable, Sequence
from functools import partial

import trio

from feedtree.exchanges.access import Access, Reach
from feedtree.exchanges.credentials import Credentials
from feedtree.exchanges.host import Host
from feedtree.exchanges.instruments import Instrument
from feedtree.exchanges.private.clock import VenueClock
from feedtree.exchanges.private.codec import PrivateCodec
from feedtree.exchanges.private.lease import Lease, Leases
from feedtree.exchanges.private.listings import Listings
from feedtree.exchanges.private.slots import Slots
from feedtree.exchanges.private.store import AccountStore
from feedtree.exchanges.private.venue import PrivateVenue
from feedtree.exchanges.symbols import Symbol, SymbolMap

LISTING_HOLDS = 60.0  # seconds: what starts together asks for it once


class Account:
    """The parts of an account.

    Args:
        venue: what is to be known of it.
        name: the account's, ``main``.
        credentials: its key and secret.
        host: what the tree lends.
        options: other addresses, certificates, proxy.
        symbols: those that are compared with the venue also where no order of them is known.
    """

    def __init__(
        self,
        venue: PrivateVenue,
        name: str,
        credentials: Credentials,
        host: Host,
        options: Reach,
        symbols: Iterable[Symbol],
    ) -> None:
        known = list(symbols)
        self.venue = venue
        self.name = name
        self.host = host
        self.access = Access(venue.endpoint, host, options)
        self.symbols = SymbolMap(venue.spell, known)
        self.store = AccountStore(venue.name, name, host.wall_ns, symbols=known)
        self.store.listed = self.symbols.with_base
        self.clock = VenueClock(host.wall_ns, trio.current_time)
        self.rest = venue.rest(self.access.client, credentials, self.clock, self.symbols)
        self.slots = Slots(self.store)
        self.credentials = credentials
        self._listings = Listings(partial(venue.listing, self.access.client))
        self._learned = False
        self._unread: set[str] = set()  # symbols by the venue's names, which pushes named and nobody knew
        self._unlisted: set[str] = set()  # those of them that the venue does not list either
        self.leases = (
            None
            if venue.lease is None
            else Leases(venue.lease(self.access.client, credentials, self.clock), host.rng)
        )

    def codec(self) -> PrivateCodec:
        """Make the codec of one connection."""
        return self.venue.codec(self.credentials, self.symbols)

    def lease(self, slot: str) -> Lease | None:
        """Make a slot's hold of a listen key; None where the venue needs none."""
        if self.leases is None:
            return None
        return Lease(self.leases, self.measure, lambda: self.slots.relieve(slot))

    async def measure(self) -> None:
        """Measure the venue's clock where the last reading is old; errors as `prepare`."""
        if self.clock.stale:
            await self.clock.measure(self.rest.time_ns)

    async def prepare(self) -> None:
        """Measure the venue's clock, and make its symbols known where that is needed.

        Raises:
            RestFailed: the venue does not answer.
            VenueThrottled: it asks for a pause.
        """
        await self.clock.measure(self.rest.time_ns)
        if self._unread:  # a listing from before the push that named it may lack it
            await self.learn()
        elif not (self._learned or self.venue.readable):
            await self.learn(within=LISTING_HOLDS)

    def unknown(self, wire: str) -> bool:
        """Note that a push named a symbol that is not known; return whether learning may help."""
        if wire in self._unlisted:
            return False
        self._unread.add(wire)
        return True

    async def instruments(self) -> Sequence[Instrument]:
        """Return what is traded, in which steps; errors as `prepare`."""
        return await self._listings.instruments(LISTING_HOLDS)

    async def learn(self, *, within: float = 0.0) -> None:
        """Make the venue's symbols known; errors as `prepare`.

        Those that pushes named are compared with the venue from then on.

        Args:
            within: seconds; a listing that was asked for so shortly before will do.
        """
        for symbol in (await self._listings.get(within)).symbols:
            self.symbols.to_wire(symbol)
        self._learned = True
        while self._unread:
            wire = self._unread.pop()
            try:
                self.store.include(self.symbols.from_wire(wire))
            except KeyError:
                self._unlisted.add(wire)
                self.host.log.warning(
                    "symbol_not_listed", venue=self.venue.name, account=self.name, wire=wire
                )
