"""What consumers hear when a topic or a connection is over: nothing where the other connection goes on with it."""

from feedtree.exchanges.public.merging import JointBurst
from feedtree.exchanges.public.messages import StreamLost, StreamUp
from feedtree.exchanges.public.records import Strand
from feedtree.exchanges.public.slots import Slot, covered, heard_until

_CONNECTED = ("live", "rejected", "syncing")  # states of a shard that still has a connection


def fall(strand: Strand, cause: str, now_ns: int, out: list[object], *, lost_ns: int, begin_ns: int) -> bool:
    """Note that a topic that was up on a connection is down there, and tell it where that is to be told.

    Args:
        strand: the topic there.
        cause: why, in a line.
        now_ns: when that was noticed.
        out: the burst that tells it.
        lost_ns: since when it counts as an outage.
        begin_ns: since when it is a gap.

    Returns:
        Whether something was missed although the other connection has the topic: that is told as an outage, which is
        over.
    """
    strand.up = False
    record, slot, other = strand.record, strand.slot, strand.other
    shard = slot.shard
    record.heard_ns = max(record.heard_ns, slot.last_good_ns)
    lost = StreamLost(record.topic, slot.generation, now_ns, cause)
    if other is None or shard.merge is None:
        record.fall(lost_ns)
        shard.coverage.lost(record.topic, begin_ns, cause)
        out.append(lost)
        if shard.merge is not None:
            shard.merge.forget(record.topic)
        return False
    if strand.sync is not None:
        assert isinstance(out, JointBurst)
        out.fell(strand, other)
        return False
    shard.merge.newest(record.topic).ended(slot.generation)
    if covered(other, slot):
        return False
    lost_at_ns, up_at_ns = sorted((heard_until(other, slot), other.up_ns))
    shard.coverage.lost(record.topic, lost_at_ns, cause)
    shard.coverage.up(record.topic, up_at_ns)
    out.append(lost)
    out.append(StreamUp(record.topic, other.slot.generation, now_ns, max(up_at_ns - lost_at_ns, 1), 1))
    return True


def end(slot: Slot, cause: str, now_ns: int, out: list[object]) -> None:
    """End the incarnation of a slot: tell what is lost with it, and open the account of an outage where one begins."""
    shard = slot.shard
    missed = False
    down: list[int] = []  # when the last good datum came of each topic that is down now
    for strand in slot.strands.values():
        if strand.up:
            record = strand.record
            heard_ns = max(record.heard_ns, slot.last_good_ns)
            lost_ns = max(heard_ns, record.up_ns)
            missed |= fall(strand, cause, now_ns, out, lost_ns=lost_ns, begin_ns=lost_ns)
            if not record.up:
                down.append(heard_ns)
    slot.state = "down"
    if down or shard.state not in _CONNECTED:
        shard.lost(cause, min(down, default=slot.last_good_ns), now_ns)
    elif missed:
        shard.lost(cause, slot.last_good_ns, now_ns)
        shard.recovered(now_ns)
    slot.end()
