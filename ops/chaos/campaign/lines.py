"""The lines of a campaign: each is one stream of the tree, with a proxy of its own between it and its venue."""

from collections.abc import Iterable, Sequence
from itertools import count
from typing import Literal, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from feedtree.exchanges.symbols import Symbol
from feedtree.ops.sim.accounts.config import AccountConfig

Side: TypeAlias = Literal["public", "private"]

DOMAIN = "venue.test"  # what the certificate of the simulated venues is for, with all names below it
PLENTY = "1000000"
BOOKS_BY_SOCKET = ("gateio.spot",)  # elsewhere books need REST, which has one address
MOST_SYMBOLS = 15  # of a stream: MEXC serves 30 topics on a connection, and each has a book and trades
_LATER = -1  # a number that is known when all lines are


class Scale(Struct, frozen=True, kw_only=True):
    """How large the tree of a campaign is.

    Args:
        venues: which.
        streams: public streams at each venue.
        symbols: of each public stream, no two of them the same.
        accounts: at each venue.
        twofold: further public streams at each venue that two connections carry at the same time.
        elsewhere: further public streams that have a second websocket address, where books need no other.
        rate: orders of others per second, over all venues and symbols.
        orders: resting orders of a book, about.
    """

    venues: tuple[str, ...] = ("gateio.spot", "mexc.spot")
    streams: int = 20
    symbols: int = 5
    accounts: int = 3
    twofold: int = 0
    elsewhere: int = 0
    rate: float = 1_000.0
    orders: int = 300

    @property
    def large(self) -> bool:
        """Whether the venues' budgets decide how soon lines return."""
        return self.streams > Scale().streams


def scale_of(symbols: int, venues: tuple[str, ...]) -> Scale:
    """Return a tree of which each venue carries so many symbols on usual streams, a few more on others.

    Up to 300 there are 20 streams, then as many as it takes; no book of the many is deep, and the market is busier, so
    that none of their streams is silent by chance for as long as makes silence a fault.
    """
    each = min(-(-symbols // Scale().streams), MOST_SYMBOLS)
    scale = Scale(venues=venues, symbols=each, twofold=2, elsewhere=2)
    if symbols <= scale.streams * each:
        return scale
    return replace(scale, streams=-(-symbols // each), rate=3 * scale.rate, orders=60)


class Line(Struct, frozen=True):
    """One stream.

    Args:
        number: counts all lines from 0.
        venue: where it goes.
        side: whether it carries market data or an account.
        symbols: that it carries, or that its account trades.
        name: of the stream at its venue: a number, or the account's.
        twofold: whether two connections carry it at the same time.
        second: the number of the proxy at its second address; 0 where it has none.
    """

    number: int
    venue: str
    side: Side
    symbols: tuple[Symbol, ...]
    name: str
    twofold: bool = False
    second: int = 0

    @property
    def host(self) -> str:
        """The name under which the tree dials it."""
        return host_of(self.number)

    def __str__(self) -> str:
        return f"{self.venue}/{self.name}"


def host_of(proxy: int) -> str:
    """Return the name under which the tree dials a proxy."""
    return f"line-{proxy}.{DOMAIN}"


def proxies_of(lines: Sequence[Line]) -> list[int]:
    """Return the numbers of the proxies that lines need: one for each line, then those at second addresses."""
    return [*range(len(lines)), *sorted(line.second for line in lines if line.second)]


def symbols_of(scale: Scale) -> tuple[Symbol, ...]:
    """Return what each venue lists."""
    streams = scale.streams + scale.twofold + scale.elsewhere
    return tuple(Symbol(f"C{number:03d}", "USDT") for number in range(streams * scale.symbols))


def lines_of(scale: Scale) -> list[Line]:
    """Return all lines: of each venue the public ones, then its accounts."""
    lines: list[Line] = []
    symbols = symbols_of(scale)
    for venue in scale.venues:
        for stream in range(scale.streams + scale.twofold):
            carried = symbols[stream * scale.symbols : (stream + 1) * scale.symbols]
            twofold = stream >= scale.streams
            lines.append(Line(len(lines), venue, "public", carried, str(stream + 1), twofold))
        if venue in BOOKS_BY_SOCKET:
            for stream in range(scale.streams + scale.twofold, len(symbols) // scale.symbols):
                carried = symbols[stream * scale.symbols : (stream + 1) * scale.symbols]
                lines.append(Line(len(lines), venue, "public", carried, str(stream + 1), second=_LATER))
        for account in range(scale.accounts):
            traded = symbols[account * scale.symbols :][:2]
            lines.append(Line(len(lines), venue, "private", traded, f"trader-{account + 1}"))
    seconds = count(len(lines))
    return [replace(line, second=next(seconds)) if line.second else line for line in lines]


def accounts_of(lines: Iterable[Line]) -> tuple[AccountConfig, ...]:
    """Return the accounts that the simulated venues are to have."""
    return tuple(
        AccountConfig(
            line.venue,
            line.name,
            f"{line.name}-key",
            f"{line.name}-secret",
            dict.fromkeys(sorted({asset for symbol in line.symbols for asset in _assets(symbol)}), PLENTY),
            uid=20_000_100 + line.number,
        )
        for line in lines
        if line.side == "private"
    )


def _assets(symbol: Symbol) -> tuple[str, str]:
    return symbol.base, symbol.quote
