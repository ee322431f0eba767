"""What the tree keeps on purpose, up to a bound, and how full that is: it grows until then, and is no leak."""

from sys import getsizeof

from msgspec import Struct

from feedtree.exchanges.gaps import KEPT as GAPS_KEPT
from feedtree.exchanges.gaps import Gap
from feedtree.exchanges.private.executions import FINISHED_MOST
from feedtree.exchanges.private.fills import KEPT as FILLS_KEPT
from feedtree.exchanges.public.shard import RECOVERIES_KEPT, Recovery
from feedtree.ops.chaos.campaign.arena import Arena

_NS, _MS = 1_790_000_000_000_000_000, 0.5
_SLOT = 8  # bytes of a reference
_GRAIN = 16  # bytes: Python's blocks are multiples of it


def bytes_of(*values: object) -> int:
    """Return what so many objects take, and a reference to them."""
    return _SLOT + sum(-(-getsizeof(value) // _GRAIN) * _GRAIN for value in values)


# Texts are shared.
GAP_BYTES = bytes_of(Gap("", "", "", _NS), _NS, _NS)
RECOVERY_BYTES = bytes_of(Recovery("", _NS, _MS), _NS, _MS, _NS, _NS, _MS)


class Holding(Struct, frozen=True):
    """One kind of thing.

    Args:
        what: it is.
        count: how many there are.
        most: how many there can be.
    """

    what: str
    count: int
    most: int


def holdings(arena: Arena) -> list[Holding]:
    """Return what is kept by all streams together."""
    public, private = arena.public(), arena.private()
    shards = [shard for track in public for shard in track.websocket.feed.plan()]
    known = [track.websocket.account.store.executions for track in private]
    return [
        Holding("gaps in the ledgers", gaps(arena), (len(public) + len(private)) * GAPS_KEPT),
        Holding(
            "recoveries of shards",
            sum(len(each.recoveries) for each in shards),
            len(shards) * RECOVERIES_KEPT,
        ),
        Holding("orders that ended", sum(each.finished for each in known), len(known) * FINISHED_MOST),
        Holding("fills", sum(len(each.seen) for each in known), len(known) * FILLS_KEPT),
    ]


def kept_bytes(arena: Arena) -> int:
    """Return what gaps and recoveries take, which fill up for days; the other holdings are full within minutes."""
    shards = (shard for track in arena.public() for shard in track.websocket.feed.plan())
    return gaps(arena) * GAP_BYTES + sum(len(shard.recoveries) for shard in shards) * RECOVERY_BYTES


def gaps(arena: Arena) -> int:
    """Return how many gaps the ledgers of all streams hold."""
    feeds = sum(len(track.websocket.feed.coverage.ledger) for track in arena.public())
    return feeds + sum(len(track.websocket.account.store.coverage.ledger) for track in arena.private())
