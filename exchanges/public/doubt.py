"""When gaps put a stream as a whole in doubt. Pure: times are arguments."""

from feedtree.exchanges.errors import Desynchronised
from feedtree.exchanges.public.records import Strand

GAP_WINDOW = 60.0  # seconds
GAPS_OF_ONE = 3  # gaps of one symbol within the window that put the whole stream in doubt
GAPPED_SHARE = (
    0.2  # share of a connection's books with a gap within the window; counts from GAPS_OF_ONE books on
)


def note_gap(strand: Strand, books: int, now: float) -> Desynchronised | None:
    """Note a gap in a book; return what to raise where the stream is in doubt.

    Args:
        strand: the book on the connection that has the gap.
        books: how many books that connection has asked for.
        now: trio time.
    """
    since = now - GAP_WINDOW
    times = strand.gap_times = (*strand.gap_times, now)[-GAPS_OF_ONE:]
    if len(times) >= GAPS_OF_ONE and times[0] >= since:
        topic = strand.record.topic
        return Desynchronised(f"{topic}: {len(times)} gaps within {GAP_WINDOW:.0f} s")
    gapped = sum(1 for book in strand.slot.strands.values() if book.gap_times and book.gap_times[-1] >= since)
    if gapped >= GAPS_OF_ONE and gapped > GAPPED_SHARE * books:
        return Desynchronised(f"gaps in {gapped} of {books} books within {GAP_WINDOW:.0f} s")
    return None
