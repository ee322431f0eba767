"""How many book changes an outage cost, by the exchange's own ids."""

from feedtree.exchanges.public.channels import Book, Topic
from feedtree.exchanges.symbols import Symbol
from feedtree.ops.missed import Missed

BTC, ETH = (Topic("gateio.spot", Symbol(base, "USDT"), Book()) for base in ("BTC", "ETH"))


def test_an_outage_sums_the_books_of_its_stream() -> None:
    """What passed between the last id before and the first after is missed, over all books of the shard."""
    missed = Missed()
    assert missed.count("gateio.spot", "shard-1") is None
    missed.lost(BTC, "shard-1", 1, 100, 1)
    missed.lost(ETH, "shard-1", 1, 50, 1)
    missed.resynced(BTC, "shard-1", 130, 1)
    missed.resynced(ETH, "shard-1", 55, 1)
    assert missed.count("gateio.spot", "shard-1") == 35
    assert missed.count("gateio.spot", "shard-2") is None


def test_a_new_outage_begins_a_new_count() -> None:
    """The number is that of the last outage."""
    missed = Missed()
    missed.lost(BTC, "shard-1", 1, 100, 1)
    missed.resynced(BTC, "shard-1", 130, 1)
    missed.lost(BTC, "shard-1", 2, 140, 1)
    missed.resynced(BTC, "shard-1", 141, 1)
    assert missed.count("gateio.spot", "shard-1") == 1


def test_ids_of_another_life_do_not_compare() -> None:
    """A killed exchange counts anew: what was missed is not known."""
    missed = Missed()
    missed.lost(BTC, "shard-1", 1, 100, 1)
    missed.resynced(BTC, "shard-1", 1_000_000, 2)
    assert missed.count("gateio.spot", "shard-1") is None


def test_a_book_that_never_was_misses_nothing() -> None:
    """A first resync closes no outage."""
    missed = Missed()
    missed.lost(BTC, "shard-1", 1, 0, 1)
    missed.resynced(BTC, "shard-1", 100, 1)
    missed.resynced(ETH, "shard-1", 100, 1)
    assert missed.count("gateio.spot", "shard-1") == 0
