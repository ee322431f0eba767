"""A recorded Gate.io session, replayed through codec and books."""

import json
import re
from collections import Counter
from pathlib import Path

from feedtree.exchanges.controls import Undecodable
from feedtree.exchanges.gateio.venue import GATEIO_SPOT
from feedtree.exchanges.public.book_sync import BookSync, Outcome
from feedtree.exchanges.public.channels import Book, Topic
from feedtree.exchanges.public.codec import RawBook, WireTopic
from feedtree.exchanges.public.messages import BookDelta
from feedtree.exchanges.symbols import Symbol, SymbolMap

DATA = Path(__file__).parents[2] / "data" / "gateio"
PAIR = re.compile(r"currency_pair=([A-Z0-9]+)_([A-Z0-9]+)&")


def events() -> list[tuple[float, str, object]]:
    """Return (epoch, what, value) of the session in order: ``push`` a frame's text, ``book`` (symbol, body)."""
    found: list[tuple[float, str, object]] = []
    for line in (DATA / "cryptofeed-GATEIO.ws.1.0").read_text().splitlines():
        epoch, colon, text = line.partition(": ")
        if colon and epoch.replace(".", "").isdigit():
            found.append((float(epoch), "push", text))
    for line in (DATA / "cryptofeed-GATEIO.http.0.0").read_text().splitlines():
        head, arrow, rest = line.partition(" -> ")
        pair = PAIR.search(head)
        if arrow and pair:
            epoch, _, body = rest.partition(": ")
            found.append((float(epoch), "book", (Symbol(*pair.groups()), body)))
    return sorted(found, key=lambda event: event[0])


class Replay:
    """Ten books that follow the session, and what became of each push."""

    def __init__(self) -> None:
        self.symbols = SymbolMap(GATEIO_SPOT.spell)
        self.codec = GATEIO_SPOT.codec(self.symbols)
        self.syncs: dict[Symbol, BookSync] = {}
        self.outcomes: Counter[str] = Counter()

    def follow(self, symbols: list[Symbol]) -> None:
        wires: list[WireTopic] = []
        for symbol in symbols:
            topic = Topic(GATEIO_SPOT.name, symbol, Book(depth=100))
            wire = GATEIO_SPOT.resolve(topic, self.symbols)[0]
            assert wire.channel == "spot.order_book_update"
            wires.append(wire)
            self.syncs[symbol] = BookSync(wire.seed, wire.levels, wire.window)
            self.syncs[symbol].restart()
        self.codec.subscribe(wires, 0.0)

    def push(self, text: object) -> None:
        assert isinstance(text, str)
        for item in self.codec.decode([text], 1):
            assert not isinstance(item, Undecodable), item
            if isinstance(item, BookDelta):
                before = self.syncs[item.symbol].book.version
                outcome = self.syncs[item.symbol].delta(item)
                applied = self.syncs[item.symbol].book.version - before - (outcome is Outcome.LIVE)
                self._count(outcome, applied)

    def book(self, value: object) -> None:
        assert isinstance(value, tuple)
        symbol, body = value
        answer = json.loads(body)
        sides = [[(float(price), float(size)) for price, size in answer[side]] for side in ("bids", "asks")]
        sync = self.syncs[symbol]
        before = sync.book.version
        outcome = sync.snapshot(RawBook(answer["id"], None, *sides), 1)
        self._count(outcome, sync.book.version - before - (outcome is Outcome.LIVE))

    def _count(self, outcome: Outcome, applied: int) -> None:
        self.outcomes["applied"] += applied
        self.outcomes["gaps"] += outcome is Outcome.GAP
        self.outcomes["crossed"] += sum(sync.book.crossed for sync in self.syncs.values())


def test_the_recorded_session_gives_the_known_books() -> None:
    """159 updates are applied, 13 are older than their snapshot, and no book gaps or crosses."""
    session = events()
    pushes = [text for _, what, text in session if what == "push"]
    updates = [
        text for text in pushes if '"event":"update"' in str(text) and "order_book_update" in str(text)
    ]
    replay = Replay()
    replay.follow([value[0] for _, what, value in session if what == "book" and isinstance(value, tuple)])
    for _, what, value in session:
        getattr(replay, what)(value)
    assert len(updates) == 172
    assert replay.outcomes["applied"] == 159
    assert len(updates) - replay.outcomes["applied"] == 13
    assert replay.outcomes["gaps"] == 0
    assert replay.outcomes["crossed"] == 0
