"""Where a feed's connections and snapshots come from."""

from feedtree.exchanges.access import Access, Reach
from feedtree.exchanges.host import Host
from feedtree.exchanges.limits import WeightBudget
from feedtree.exchanges.public.feed import Delivery
from feedtree.exchanges.public.venue import PublicRest, PublicVenue, TradeRest
from feedtree.exchanges.symbols import SymbolMap
from feedtree.exchanges.wire.connection import WAIT, ReadMode


class StreamOptions(Reach, frozen=True, kw_only=True):
    """What a user may set for the streams of one venue, beside how it is reached.

    Args:
        read: how sockets are read.
        delivery: who gets data, see `Feed`.
        topics_per_connection: another size of shards than the venue's endpoint names.
        redundancy: how many connections carry each shard: 1, or 2.
    """

    read: ReadMode = WAIT
    delivery: Delivery = "mailbox"
    topics_per_connection: int | None = None
    redundancy: int = 1


class Source(Access):
    """One venue as one feed reaches it."""

    def __init__(self, venue: PublicVenue, host: Host, options: StreamOptions, symbols: SymbolMap) -> None:
        super().__init__(venue.endpoint, host, options, read=options.read)
        self.life_s = venue.endpoint.life_s
        self.rng = host.rng
        self.rest: PublicRest = venue.rest(self.client, symbols)
        self.trades: TradeRest | None = None if venue.trades is None else venue.trades(self.client, symbols)
        self.rest_budget: WeightBudget = host.rest_budget(venue.endpoint)
