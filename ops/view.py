"""The live view: what one screen shows, and how it is drawn. Pure: a `Screen` in, lines out."""

from collections.abc import Iterable, Sequence
from typing import TypeVar

from msgspec import Struct
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from feedtree.ops.styles import STYLES

Row = TypeVar("Row")

_BLANK_AND_HEAD = 2  # lines that a table costs beside its rows
_EVENTS_AT_LEAST = 3


class QuoteRow(Struct, frozen=True):
    """One symbol at one venue.

    Args:
        between: its mid price over that of the symbol's first venue, in basis points; None for the first.
    """

    symbol: str
    venue: str
    state: str
    bid: float | None = None
    ask: float | None = None
    between: float | None = None


class RecoveryCells(Struct, frozen=True):
    """The last recovery of a stream: seconds from its last good message, and messages that passed meanwhile."""

    detected: float | None
    recovered: float | None
    missed: int | None


class StreamRow(Struct, frozen=True):
    """One connection."""

    path: str
    state: str
    restarts: int
    rate: float
    recovery: RecoveryCells | None = None


class AccountRow(Struct, frozen=True):
    """One account.

    Args:
        path: ``private/gateio.spot/main``.
        state: of its stream.
        consistent: whether it is known to equal the venue's.
        balances: the largest ones, in words.
        open_orders: how many.
        fills: how many were told, of which ``recovered`` were found by asking.
        reconciliations: how often it was compared with the venue.
    """

    path: str
    state: str
    consistent: bool
    balances: str
    open_orders: int
    fills: int
    recovered: int
    reconciliations: int

    @property
    def standing(self) -> str:
        """The state of its stream, or ``inconsistent`` where that is live and the account is in doubt all the same."""
        return self.state if self.consistent or self.state != "live" else "inconsistent"


class Screen(Struct, frozen=True):
    """Everything that a screen shows.

    Args:
        source: ``simulated`` or ``live``.
        checks: books checked against the simulators' truth, and how many diverged; None where there is none.
        events: the latest last.
        keys: (key, what it does) of those that work now.
    """

    source: str
    elapsed: float
    rate: float
    gaps: int
    quotes: Sequence[QuoteRow]
    streams: Sequence[StreamRow]
    checks: tuple[int, int] | None = None
    events: Sequence[str] = ()
    keys: Sequence[tuple[str, str]] = ()
    accounts: Sequence[AccountRow] = ()


def draw(screen: Screen, width: int, height: int) -> list[str]:
    """Return the lines of a screen, with colours, at most `height` of at most `width` columns."""
    console = Console(
        width=width, height=height, force_terminal=True, color_system="standard", highlight=False
    )
    accounts: list[RenderableType] = [Text(), _accounts(screen.accounts)] if screen.accounts else []
    taken = len(screen.accounts) + _BLANK_AND_HEAD if screen.accounts else 0
    quotes, streams, events = _shares(screen, height - 4 - taken)
    body = Group(
        _title(screen),
        Text(),
        _quotes(screen.quotes, quotes),
        Text(),
        _streams(screen.streams, streams),
        *accounts,
        Text(),
        *(Text(line, style="dim", no_wrap=True, overflow="ellipsis") for line in screen.events[-events:]),
    )
    lines = _rendered(console, body)[: height - 1]
    return lines + [""] * (height - 1 - len(lines)) + _rendered(console, _keys(screen.keys))[:1]


def _shares(screen: Screen, lines: int) -> tuple[int, int, int]:
    """Split the lines between quotes, streams and events: events get three, and what the tables leave."""
    tables = max(2, lines - 2 * _BLANK_AND_HEAD - _EVENTS_AT_LEAST)
    streams = min(len(screen.streams), max(tables // 2, tables - len(screen.quotes)))
    quotes = min(len(screen.quotes), tables - streams)
    return quotes, streams, max(1, _EVENTS_AT_LEAST + tables - streams - quotes)


def _rendered(console: Console, what: RenderableType) -> list[str]:
    with console.capture() as capture:
        console.print(what)
    return capture.get().splitlines()


def _title(screen: Screen) -> Text:
    minutes, seconds = divmod(int(screen.elapsed), 60)
    text = Text(no_wrap=True, overflow="ellipsis")
    text.append("feedtree", style="bold")
    text.append(
        f" {screen.source}  {minutes}:{seconds:02}  {screen.rate:,.0f} messages/s  {screen.gaps} gaps"
    )
    if screen.checks is not None:
        checked, diverged = screen.checks
        text.append(f"  {checked:,} checked  ")
        text.append(f"{diverged} diverged", style="bold red" if diverged else "green")
    return text


def _quotes(rows: Sequence[QuoteRow], limit: int) -> Table:
    table = _table(("symbol", "left"), ("venue", "left"), "bid", "ask", "spread bp", "between bp", "state")
    shown = _cut(rows, limit)
    previous = ""
    for row in shown:
        table.add_row(
            "" if row.symbol == previous else row.symbol,
            row.venue,
            price(row.bid),
            price(row.ask),
            _points(_spread(row)),
            _points(row.between, sign="+"),
            state(row.state),
        )
        previous = row.symbol
    return _with_rest(table, len(rows) - len(shown))


def _streams(rows: Sequence[StreamRow], limit: int) -> Table:
    table = _table(("stream", "left"), "messages/s", "restarts", "detected", "recovered", "missed", "state")
    shown = _cut(rows, limit)
    for row in shown:
        recovery = row.recovery or RecoveryCells(None, None, None)
        table.add_row(
            row.path.removeprefix("public/"),
            f"{row.rate:,.0f}",
            str(row.restarts),
            _seconds(recovery.detected),
            _seconds(recovery.recovered),
            "" if recovery.missed is None else f"{recovery.missed:,}",
            state(row.state),
        )
    return _with_rest(table, len(rows) - len(shown))


def _accounts(rows: Sequence[AccountRow]) -> Table:
    table = _table(("account", "left"), "open", "fills", "recovered", "reconciled", "state")
    table.add_column("balances", overflow="ellipsis")  # the one that gives way, since it may be wrapped
    for row in rows:
        table.add_row(
            row.path.removeprefix("private/"),
            str(row.open_orders),
            f"{row.fills:,}",
            f"{row.recovered:,}",
            f"{row.reconciliations:,}",
            state(row.standing),
            Text(row.balances, no_wrap=True, overflow="ellipsis"),
        )
    return table


def _table(*columns: str | tuple[str, str]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold", expand=False)
    for column in columns:
        name, side = (column, "right") if isinstance(column, str) else column
        table.add_column(name, justify="left" if side == "left" or name == "state" else "right", no_wrap=True)
    return table


def _cut(rows: Sequence[Row], limit: int) -> Sequence[Row]:
    """Return the rows that fit, leaving one line to say how many do not."""
    return rows if len(rows) <= limit else rows[: max(0, limit - 1)]


def _with_rest(table: Table, rest: int) -> Table:
    if rest:
        table.add_row(Text(f"and {rest} more", style="dim"))
    return table


def _keys(keys: Iterable[tuple[str, str]]) -> Text:
    text = Text(no_wrap=True, overflow="ellipsis")
    for key, action in keys:
        text.append(f" {key} ", style="reverse")
        text.append(f" {action}  ")
    return text


def state(name: str) -> Text:
    """Return a state in its colour."""
    return Text(name, style=STYLES.get(name, ""))


def price(value: float | None) -> str:
    """Return a price with eight digits in all, and eight after the point below 1; no padding but cents."""
    if value is None:
        return "-"
    decimals = 8 if abs(value) < 1 else max(2, 8 - len(str(int(abs(value)))))
    whole, _, cents = f"{value:,.{decimals}f}".partition(".")
    return f"{whole}.{cents.rstrip('0'):0<2}"


def _spread(row: QuoteRow) -> float | None:
    if row.bid is None or row.ask is None:
        return None
    return (row.ask - row.bid) / row.ask * 1e4


def _points(value: float | None, sign: str = "-") -> str:
    return "" if value is None else f"{value:{sign}.2f}"


def _seconds(value: float | None) -> str:
    return "" if value is None else f"{value:.2f} s"
