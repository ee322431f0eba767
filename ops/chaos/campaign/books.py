"""The books of a line against the truth at the very id that each has."""

from feedtree.exchanges.errors import RestFailed, VenueThrottled
from feedtree.exchanges.public.channels import Book
from feedtree.ops.chaos.campaign.exchanges import Exchanges
from feedtree.ops.chaos.campaign.tracks import PublicTrack
from feedtree.ops.truth import DEPTH, difference


async def divergences(track: PublicTrack, exchanges: Exchanges) -> list[str]:
    """Return how the books of a line differ from the truth, a sentence each; what cannot be compared is passed over."""
    feed, found = track.websocket.feed, []
    for topic in list(feed.topics()):
        book = feed.book(topic) if isinstance(topic.channel, Book) else None
        if book is None or not book.live:
            continue
        view = book.view(DEPTH, 0)
        try:
            truth = await exchanges.book(topic.venue, topic.symbol, view.sequence)
        except (RestFailed, VenueThrottled):
            continue
        if truth is not None and (differs := difference(view, truth)):
            found.append(f"{topic} diverged from the exchange's book: {differs}")
    return found
