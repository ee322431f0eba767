"""The holes in the trades of one incarnation of a connection: which topics have one, and what comes of it."""

from collections.abc import Collection

from feedtree.exchanges.public.channels import Topic, Trades
from feedtree.exchanges.public.holes import Hole
from feedtree.exchanges.public.messages import Trade
from feedtree.exchanges.public.shard import Shard


class MissedTrades:
    """Closes the gap of a topic that is up again, or keeps it open until what was missed has been fetched.

    Meanwhile the topic is not among those that are ``up``: so only its live trades are compared with what was fetched.

    Args:
        shard: whose topics.
        up: the topics whose data need no second look.

    Attributes:
        fresh: whether there are holes since that was last set to False.
    """

    def __init__(self, shard: Shard, up: set[Topic]) -> None:
        self._shard = shard
        self._up = up
        self._holes: dict[Topic, Hole] = {}
        self.fresh = False

    def __contains__(self, topic: Topic) -> bool:
        return topic in self._holes

    @property
    def holes(self) -> Collection[tuple[Topic, Hole]]:
        """The topics that have one."""
        return self._holes.items()

    def begin(self, topic: Topic, now: float, now_ns: int) -> None:
        """Note that a topic is up."""
        replay = self._shard.replays and isinstance(topic.channel, Trades)
        gap = self._shard.coverage.up(topic, now_ns, replay=replay)
        if gap is not None:
            after = self._shard.last_trade(topic)
            self._holes[topic] = Hole(after, gap.begin_ns, now_ns, now)
            self._up.discard(topic)
            self.fresh = True

    def judge(self, trade: Trade, now: float) -> bool:
        """Return whether a live trade is to be told: it was not fetched before."""
        topic = trade.topic
        hole = self._holes.get(topic)
        if hole is None:
            return True
        new = hole.live(trade)
        if hole.over(now):
            del self._holes[topic]
            self._up.add(topic)
            return True
        return new

    def asks(self, topic: Topic, hole: Hole) -> bool:
        """Return whether anybody still asks for what a topic missed."""
        return self._holes.get(topic) is hole

    def told(self, topic: Topic, trade: Trade) -> None:
        """Note the newest trade that was fetched: the next outage begins behind it, also where no live one follows."""
        self._shard.fetched[topic] = trade

    def replayed(self, topic: Topic, hole: Hole, *, whole: bool, now: float) -> None:
        """Take note that fetching is over."""
        hole.ended(now)
        self._shard.coverage.filled(topic, hole.up_ns, whole=whole)

    def give_up(self, topic: Topic) -> None:
        """Ask for what a topic missed no more: the topic, or the connection, is over."""
        hole = self._holes.pop(topic, None)
        if hole is not None:
            self._shard.coverage.filled(topic, hole.up_ns, whole=False)

    def end(self) -> None:
        """Give all of them up."""
        for topic in list(self._holes):
            self.give_up(topic)
