"""What was told so far against what was true so far, again and again: nothing has to be kept for the end."""

from collections import Counter
from collections.abc import Mapping

import trio

from feedtree.exchanges.gaps import Gap
from feedtree.exchanges.private.messages import Fill
from feedtree.exchanges.public.channels import Topic, Trades
from feedtree.exchanges.symbols import Symbol
from feedtree.ops.campaign.truth import Truth
from feedtree.ops.chaos.campaign.arena import Arena
from feedtree.ops.chaos.campaign.checks import fill_key, gaps_by_key
from feedtree.ops.chaos.campaign.coverage import Interval, delivered
from feedtree.ops.chaos.campaign.tracks import PrivateTrack, PublicTrack

UNDERWAY_NS = 30 * 10**9  # what is younger may still be told
NOTED = 20  # sentences
PATIENCE = (
    3  # reckonings that a fill may be missing at: it is found by comparing, after an outage of some seconds
)


class Reckoning:
    """The running account of one arena.

    Args:
        arena: whose.
        begun: how many trades there were of each symbol when it began.

    Attributes:
        trades: that were told.
        passed: trades that passed in intervals of the gap ledger.
        fills: that were told.
        lost: trades and fills that nobody was told of.
        doubled: those that came twice.
        found: the first of those, in words.
    """

    def __init__(self, arena: Arena, begun: Mapping[tuple[str, Symbol], int]) -> None:
        self.trades = self.passed = self.fills = self.lost = self.doubled = 0
        self.found: list[str] = []
        self._arena = arena
        self._totals = dict(begun)
        self._fills_seen: Counter[str] = Counter()  # fills at the venue that were looked at, by account
        self._open: dict[
            str, Counter[tuple[object, ...]]
        ] = {}  # at the venue and not told yet; negative: the reverse
        self._since: Counter[tuple[str, tuple[object, ...]]] = Counter()

    async def look(self, within: float = 0.0) -> None:
        """Compare, and forget what agrees.

        Args:
            within: seconds, over which the streams are spread: what is kept of all of them grows and shrinks by little.
        """
        public, private = self._arena.public(), self._arena.private()
        pause = within / (len(public) + len(private))
        for track in public:
            await trio.sleep(pause)
            gaps = gaps_by_key(self._arena.tree.gaps())  # those of the last seconds are among them
            for symbol in track.line.symbols:
                await self._trades(track, symbol, gaps)
        for account in private:
            await trio.sleep(pause)
            await self._account(account)

    def _note(self, sentence: str) -> None:
        if len(self.found) < NOTED:
            self.found.append(sentence)

    async def _trades(self, track: PublicTrack, symbol: Symbol, gaps: Mapping[str, list[Gap]]) -> None:
        key = track.line.venue, symbol
        young = self._arena.ground.wall_ns() - UNDERWAY_NS
        true = await self._arena.exchanges.trades(*key, self._totals[key])
        ripe = [(name, at_ns) for name, at_ns in true.trades if at_ns < young]
        self._totals[key] += len(ripe)
        intervals = [Interval(gap.begin_ns, gap.end_ns) for gap in gaps.get(str(Topic(*key, Trades())), ())]
        done = {name for name, _ in ripe}
        told = track.trades[symbol]
        found = delivered(ripe, [name for name in told if name in done], intervals)
        self.trades += found.told
        self.passed += found.passed
        self.lost += len(found.lost)
        self.doubled += found.doubled
        if found.lost or found.doubled:
            twice = [name for name, count in Counter(told).items() if count > 1]
            self._note(f"{track.line}: of {symbol} {len(found.lost)} trades lost, told twice: {twice[:3]}")
        track.trades[symbol] = [name for name in told if name not in done]

    async def _account(self, track: PrivateTrack) -> None:
        name = str(track.line)
        truth: Truth = self._arena.exchanges.account(track.line.venue, track.line.name)
        try:
            fills = await truth.fills(self._fills_seen[name])
        finally:
            await truth.aclose()
        self._fills_seen[name] += len(fills)
        told = [message for message in track.messages if isinstance(message, Fill)]
        track.messages.clear()
        self.fills += len(told)
        pending = self._open.setdefault(name, Counter())
        pending.update(fill_key(fill) for fill in fills)
        pending.subtract(fill_key(fill) for fill in told)
        for key, count in list(pending.items()):
            if not count:
                del pending[key]
                self._since.pop((name, key), None)
                continue
            self._since[name, key] += 1
            if self._since[name, key] > PATIENCE:
                self.lost += max(count, 0)
                self.doubled += max(-count, 0)
                self._note(f"{name}: fill {key} is {count:+d} at the exchange more than told")
                del pending[key], self._since[name, key]
