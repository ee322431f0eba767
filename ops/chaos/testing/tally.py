"""What was told, held against what is true: what is missing, and what was told twice."""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterable
from decimal import Decimal

from msgspec import Struct

from feedtree.exchanges.private.messages import Fill
from feedtree.exchanges.public.channels import Topic
from feedtree.exchanges.public.messages import BookDelta, BookSnapshot, PublicMessage, StreamLost, Trade
from feedtree.ops.sim.accounts import truth
from feedtree.ops.sim.accounts.account import Account
from feedtree.ops.sim.accounts.side import PrivateSide
from feedtree.ops.sim.market import Market
from feedtree.ops.sim.tape import Print


class Told(Struct, frozen=True):
    """Something that was to be told once.

    Args:
        path: of the stream.
        what: a fill, a trade or a part of a book, in words, with its id.
    """

    path: str
    what: str


class Tally(ABC):
    """Counts what a stream tells, from its making on."""

    @abstractmethod
    def cut(self) -> None:
        """Let all count that has happened until now, and nothing that happens later."""

    @abstractmethod
    def lost(self) -> list[Told]:
        """Return what has happened until the cut and was not told."""

    @abstractmethod
    def doubled(self) -> list[Told]:
        """Return what was told twice, or told and never happened."""


class AccountTally(Tally):
    """The fills of an account, each once.

    Args:
        path: of the account in the tree.
        side: of the venue.
        account: at the venue.
        before: fills that were told before.
    """

    def __init__(self, path: str, side: PrivateSide, account: Account, before: Iterable[Fill]) -> None:
        self._path = path
        self._side = side
        self._account = account
        self._before = Counter(_words(fill) for fill in before)
        self._first = self._last = len(account.now.fills)
        self._told: Counter[str] = Counter()

    def told(self, message: object) -> None:
        """Count what was told."""
        if isinstance(message, Fill):
            self._told[_words(message)] += 1

    def cut(self) -> None:
        """See `Tally.cut`."""
        self._last = len(self._account.now.fills)

    def lost(self) -> list[Told]:
        """See `Tally.lost`."""
        return self._as_told(self._true(self._first, self._last) - self._told)

    def doubled(self) -> list[Told]:
        """See `Tally.doubled`."""
        # Told before as well as now is twice; the truth is that of all times, since a fill may have been under way.
        every = self._true(0, len(self._account.now.fills))
        return self._as_told((self._told + (self._before & every)) - every)

    def _true(self, first: int, last: int) -> Counter[str]:
        fills = (
            truth.fill(self._side, self._side.market(fill), fill)
            for fill in self._account.now.fills[first:last]
        )
        return Counter(
            _phrase(
                str(fill["order_id"]),
                str(fill["symbol"]),
                str(fill["side"]),
                Decimal(str(fill["price"])),
                Decimal(str(fill["quantity"])),
            )
            for fill in fills
        )

    def _as_told(self, found: Counter[str]) -> list[Told]:
        return [Told(self._path, what) for what in found.elements()]


def _words(fill: Fill) -> str:
    return _phrase(fill.order_id, str(fill.symbol), str(fill.side), fill.price, fill.quantity)


def _phrase(order_id: str, symbol: str, side: str, price: Decimal, quantity: Decimal) -> str:
    """Spell a fill by what both the pushes and REST tell of it: MEXC's trade ids are of two kinds."""
    return f"fill of order {order_id}: {side} {quantity.normalize():f} {symbol} at {price.normalize():f}"


class MarketTally(Tally):
    """The trades of a shard by their ids, and the changes of its books by their sequence.

    Args:
        path: of the shard in the tree.
        market: finds the market of a topic.
        number: spells the id of a trade as the venue does.
        trades: the topics whose trades are to be told.
    """

    def __init__(
        self,
        path: str,
        market: Callable[[Topic], Market],
        number: Callable[[Print], str],
        trades: Iterable[Topic],
    ) -> None:
        self._path = path
        self._number = number
        self._markets = {topic: market(topic) for topic in trades}
        self._first = {topic: found.tape.total for topic, found in self._markets.items()}
        self._expected: dict[Topic, list[str]] = {topic: [] for topic in self._markets}
        self._told: Counter[tuple[Topic, str]] = Counter()
        self._sequences: dict[Topic, int] = {}
        self._lost: list[Told] = []
        self._doubled: list[Told] = []

    def told(self, message: PublicMessage) -> None:
        """Count what was told."""
        match message:
            case Trade(topic=topic, id=number):
                self._told[topic, number] += 1
            case StreamLost(topic=topic):
                self._sequences.pop(topic, None)
            case BookSnapshot(topic=topic, sequence=sequence):
                self._sequences[topic] = sequence
            case BookDelta():
                self._change(message)

    def cut(self) -> None:
        """See `Tally.cut`."""
        self._expected = {
            topic: [self._number(trade) for trade in market.tape.since(self._first[topic])]
            for topic, market in self._markets.items()
        }

    def lost(self) -> list[Told]:
        """See `Tally.lost`: trades of the outage that nobody told, and gaps in books that nobody announced."""
        missing = [
            Told(self._path, f"trade {number} of {topic.symbol}")
            for topic, numbers in self._expected.items()
            for number in numbers
            if not self._told[topic, number]
        ]
        return [*missing, *self._lost]

    def doubled(self) -> list[Told]:
        """See `Tally.doubled`."""
        twice = [
            Told(self._path, f"trade {number} of {topic.symbol}, {times} times")
            for (topic, number), times in self._told.items()
            if times > 1
        ]
        return [*twice, *self._doubled]

    def _change(self, change: BookDelta) -> None:
        last = self._sequences.get(change.topic)
        if last is not None and change.first > last + 1:
            self._lost.append(Told(self._path, f"changes {last + 1} to {change.first - 1} of {change.topic}"))
        if last is not None and change.last <= last:
            self._doubled.append(
                Told(self._path, f"changes {change.first} to {change.last} of {change.topic}")
            )
        self._sequences[change.topic] = max(change.last, last or 0)
