"""What of a feed's topics was not covered by live data: fills the gap ledger. Pure: times are arguments."""

from feedtree.exchanges.endings import STOPPED
from feedtree.exchanges.gaps import Closing, Gap, GapLedger
from feedtree.exchanges.public.channels import Kline, Topic, Trades

_SECONDS = {"s": 1, "m": 60, "h": 3_600}
_LONGEST_STEP = 3_600  # seconds: venues begin days and weeks at hours of their own choice, but at full hours
_TOLD_LATE_NS = 3_000_000_000  # a candle is pushed every two seconds or so, and told as closed that late


class Coverage:
    """The gaps of one feed's topics.

    How a gap closes depends on what the topic tells:

    - a book is taken whole afterwards: ``snapshot``.
    - tickers are whole in each message, so the newest one makes up for all that were missed, and the venue pushes
      it with the next change: ``snapshot``. What the values in between were is not known.
    - a candle is whole, too; but one that ended within the gap may never be told as it ended: ``lost``. Where none
      did, ``snapshot``.
    - trades come one by one: ``lost``, unless they are fetched afterwards: ``replayed``.

    A topic that is given up while it is down closes its gap as ``lost``: nothing made up for it. One that is given
    up while it is up has no gap, nor has one that never was up.

    Args:
        venue: ``gateio.spot``.
    """

    def __init__(self, venue: str) -> None:
        self.ledger = GapLedger(venue)

    def lost(self, topic: Topic, begin_ns: int, cause: str) -> None:
        """Note that a topic which was up is down.

        Args:
            topic: which.
            begin_ns: when the last good datum came.
            cause: why, in a line.
        """
        self.ledger.open(str(topic), begin_ns, cause)

    def up(self, topic: Topic, now_ns: int, *, replay: bool = False) -> Gap | None:
        """Note that live data of a topic go on; the first start closes nothing.

        Args:
            topic: which.
            now_ns: the time.
            replay: whether what was missed can be fetched.

        Returns:
            The gap, where it stays open until `filled` tells what came of fetching.
        """
        gap = self.ledger.pending(str(topic))
        if gap is None or replay:
            return gap
        self.ledger.close(gap.key, now_ns, _closing(topic, gap.begin_ns, now_ns))
        return None

    def filled(self, topic: Topic, up_ns: int, *, whole: bool) -> None:
        """Note what came of fetching what was missed; nothing happens where the gap was closed before.

        Args:
            topic: which.
            up_ns: when live data went on: there the gap ends.
            whole: whether nothing is missing.
        """
        self.ledger.close(str(topic), up_ns, "replayed" if whole else "lost")

    def unread(self, shard: str, begin_ns: int, now_ns: int) -> None:
        """Note a frame that does not decode: whatever topic of its connection it was of, what it told is lost.

        Args:
            shard: the connection.
            begin_ns: when the last good datum before it came.
            now_ns: when it came.
        """
        key = f"{self.ledger.venue} {shard}"
        self.ledger.open(key, begin_ns or now_ns, "a frame that does not decode")
        self.ledger.close(key, now_ns, "lost")

    def given_up(self, topic: Topic, now_ns: int) -> None:
        """Note that a topic is not wanted any more."""
        self.ledger.close(str(topic), now_ns, "lost")

    def stopping(self) -> None:
        """Note that the feed is about to be stopped for good: that is no gap, as any other stop is."""
        self.ledger.waive(STOPPED)

    def end(self, now_ns: int) -> None:
        """Note the end of the feed: what was down then is lost."""
        self.ledger.end(now_ns)

    def gaps(self) -> list[Gap]:
        """Return all gaps, oldest first."""
        return self.ledger.gaps()


def _closing(topic: Topic, begin_ns: int, end_ns: int) -> Closing:
    channel = topic.channel
    if isinstance(channel, Trades):
        return "lost"
    if isinstance(channel, Kline) and _candle_ended(channel.interval, begin_ns - _TOLD_LATE_NS, end_ns):
        return "lost"
    return "snapshot"


def _candle_ended(interval: str, begin_ns: int, end_ns: int) -> bool:
    """Return whether a candle of this interval may have ended within a stretch of time."""
    seconds = int(interval[:-1]) * _SECONDS.get(interval[-1], _LONGEST_STEP)
    step_ns = min(seconds, _LONGEST_STEP) * 1_000_000_000
    return begin_ns // step_ns != end_ns // step_ns
