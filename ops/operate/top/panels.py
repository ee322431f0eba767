"""The parts of the screen: the bar at its top, the tree, the table, the bars of the rates, the details, the events."""

from collections.abc import Iterable, Sequence
from typing import ClassVar

from rich.table import Table
from rich.text import Text
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Static

from feedtree.ops.inspect.protocol import Happening, Overview
from feedtree.ops.operate.events import event_line
from feedtree.ops.operate.spans import brief
from feedtree.ops.operate.top.branches import Branch
from feedtree.ops.operate.top.columns import GAP, LEFT, Column, fitting, with_content
from feedtree.ops.operate.top.grid import Grid, Lines
from feedtree.ops.operate.top.rows import Row
from feedtree.ops.operate.top.series import Series, bars
from feedtree.ops.styles import STYLES

_KIND_STYLES = {
    "crashed": "bold red",
    "gave_up": "bold red",
    "failed": "bold red",
    "stuck": "bold red",
    "flapping": "bold yellow",
    "stalled": "yellow",
    "restarting": "yellow",
    "audited": "bold",
    "ready": "green",
}
_KIND_WIDTH = 10
ABOUT = 10  # columns of what the lines of the details are about


def bar_text(overview: Overview, rate: float | None, cpu: float | None, loop: float | None) -> Text:
    """Return the line at the top: which app, and how it is on the whole.

    Args:
        overview: the last look.
        rate: messages per second, of all streams.
        cpu: share of one processor of the whole process, since the look before.
        loop: share of the time since the look before in which the event loop was busy.
    """
    streams = overview.facts.streams
    live = sum(stream.live for stream in streams)
    style = "bold green" if live == len(streams) else "bold yellow"
    parts = [
        Text.assemble((overview.app, "bold"), f" {overview.pid}"),
        Text(f"up {brief(overview.facts.process.started_s)}"),
        Text.assemble((f"{live} of {len(streams)} live", style)),
        Text(f"{0 if rate is None else rate:,.0f} msg/s"),
    ]
    if cpu is not None:
        parts.append(Text(f"cpu {cpu:.0%}"))
    if loop is not None:
        parts.append(Text(f"loop {loop:.0%} busy"))
    parts.append(Text(f"{overview.facts.process.resident_bytes / 1e6:,.0f} MB"))
    doubtful = sum(not account.consistent for account in overview.facts.accounts)
    if doubtful:
        parts.append(Text(f"{doubtful} account{'s' if doubtful > 1 else ''} in doubt", style="bold yellow"))
    return Text(" │ ", style="dim").join(parts)


class TreePane(Grid):
    """The tree, which folds."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,h", "fold(True)", "fold", show=False),
        Binding("right,l", "fold(False)", "unfold", show=False),
        Binding("enter,space", "toggle_fold", "fold", show=False),
    ]

    class Folded(Message):
        """The user folded or unfolded a node."""

        def __init__(self, path: str, folded: bool) -> None:
            self.path = path
            self.folded = folded
            super().__init__()

    def __init__(self, *, id: str) -> None:  # noqa: A002 - textual's name
        super().__init__(id=id)
        self._branches: Sequence[Branch] = ()

    def show(self, branches: Sequence[Branch]) -> None:
        """Show these lines."""
        self._branches = branches
        self.fill([branch.path for branch in branches])

    def draw_line(self, place: int, width: int) -> Text:
        """Draw a node: its fold, its id, and its state at the right."""
        branch = self._branches[place]
        sign = "  " if branch.folded is None else "▸ " if branch.folded else "▾ "
        name = Text(f"{'  ' * branch.depth}{sign}{branch.name}", style="bold" if branch.depth == 0 else "")
        state = f"{branch.below} {branch.state}" if branch.below > 1 else branch.state
        name.truncate(max(1, width - len(state) - 1), overflow="ellipsis", pad=True)
        plain = branch.state == "running"
        return Text.assemble(name, " ", (state, "dim" if plain else STYLES.get(branch.state, "")))

    def clicked_line(self, place: int, x: int) -> None:
        """Fold or unfold, where the sign was clicked."""
        if 0 <= x - 2 * self._branches[place].depth < 2:
            self.action_toggle_fold()

    def action_toggle_fold(self) -> None:
        """Fold the node at the cursor, or unfold it."""
        branch = self._at_cursor()
        if branch is not None and branch.folded is not None:
            self.post_message(self.Folded(branch.path, not branch.folded))

    def action_fold(self, folded: bool) -> None:
        """Fold or unfold the node at the cursor; where that is done, go up or down one line instead."""
        branch = self._at_cursor()
        if branch is None:
            return
        if branch.folded is not None and branch.folded is not folded:
            self.post_message(self.Folded(branch.path, folded))
        elif folded:
            self._go_up(branch)
        elif branch.folded is not None:
            self.action_move(1)

    def _at_cursor(self) -> Branch | None:
        return self._branches[self.cursor] if self.cursor < len(self._branches) else None

    def _go_up(self, branch: Branch) -> None:
        above = (place for place in range(self.cursor, -1, -1) if self._branches[place].depth < branch.depth)
        place = next(above, None)
        if place is not None:
            self.action_move(place - self.cursor)


class TablePane(Grid):
    """The table; its head sorts it."""

    HEAD = 1

    class Sorted(Message):
        """The user chose a column to sort by."""

        def __init__(self, key: str) -> None:
            self.key = key
            super().__init__()

    def __init__(self, *, id: str) -> None:  # noqa: A002 - textual's name
        super().__init__(id=id)
        self._rows: Sequence[Row] = ()
        self._sort = ("", False)
        self._columns: Sequence[Column] = with_content(())

    def show(self, rows: Sequence[Row], sort: str, *, falling: bool) -> None:
        """Show these rows, which are sorted by a column."""
        self._rows = rows
        self._sort = (sort, falling)
        self._columns = with_content(rows) if rows else self._columns
        self.fill([row.path for row in rows])

    def columns(self) -> list[tuple[Column, int]]:
        """Return the columns that have room, each with its width."""
        return fitting(max(1, self.scrollable_content_region.width - 1), self._columns)

    def draw_head(self, width: int) -> Text:
        """Draw the names of the columns, with an arrow at the one that is sorted by."""
        key, falling = self._sort
        cells = []
        for column, room in self.columns():
            arrow = ("▼" if falling else "▲") if column.key == key else ""
            name = f"{column.title}{arrow}" if column.key in LEFT else f"{arrow}{column.title}"
            cells.append(Text(_cell(name, room, column.key), style="bold" if arrow else ""))
        return Text.assemble(" ", Text(" " * GAP).join(cells))

    def draw_line(self, place: int, width: int) -> Text:
        """Draw a row."""
        row = self._rows[place]
        cells = []
        for column, room in self.columns():
            style = STYLES.get(row.state, "") if column.key == "state" else ""
            if column.key in ("drops", "restarts"):
                style = "yellow" if getattr(row, column.key) else "dim"
            cells.append(Text(_cell(column.text(row), room, column.key), style=style))
        return Text(" " * GAP).join(cells)

    def clicked_head(self, x: int) -> None:
        """Sort by the column that was clicked."""
        left = 0
        for column, room in self.columns():
            if left <= x < left + room + GAP:
                self.post_message(self.Sorted(column.key))
                return
            left += room + GAP


class RatesPane(Widget):
    """The messages per second of the last minutes: of everything, and of what is selected."""

    def __init__(self, *, id: str) -> None:  # noqa: A002 - textual's name
        super().__init__(id=id)
        self._series = Series()
        self._path = ""

    def show(self, series: Series, path: str) -> None:
        """Show these series, of everything and of a path."""
        self._series = series
        self._path = path
        self.refresh()

    def render(self) -> Text:
        """Draw the bars."""
        width, height = self.content_size
        paths = ["", self._path] if self._path else [""]
        each = max(1, height // len(paths) - 1)
        lines = [line for path in paths for line in self._bars(path, path or "all streams", width, each)]
        return Text("\n", no_wrap=True).join(lines)

    def _bars(self, path: str, title: str, width: int, height: int) -> Iterable[Text]:
        values = self._series.binned(path, width)
        known = [value for value in self._series.of(path) if value == value]
        now, most = (f"{known[-1]:,.0f}", f"{max(known):,.0f}") if known else ("-", "-")
        figures = f" {now} msg/s, at most {most}"
        room = max(1, width - len(figures))
        name = title if len(title) <= room else _end_of_path(title, room)
        yield Text.assemble((name, "bold"), (figures, "dim"))
        for line in bars(values, height):
            yield Text(line, style="cyan")


class DetailsPane(VerticalScroll, can_focus=True):
    """All that is known of the selected node."""

    def __init__(self, *, id: str) -> None:  # noqa: A002 - textual's name
        self._lines = Static(id="detail-lines")
        super().__init__(self._lines, id=id)

    def show(self, lines: Sequence[tuple[str, Text]]) -> None:
        """Show these lines: what each is about, and what it says."""
        table = Table.grid(padding=(0, 2, 0, 0))
        table.add_column(style="dim", no_wrap=True, min_width=ABOUT)
        table.add_column()
        for about, text in lines:
            table.add_row(about, text)
        self._lines.update(table)


class EventsPane(Lines):
    """What has happened, the newest at the bottom."""

    def __init__(self, *, id: str) -> None:  # noqa: A002 - textual's name
        super().__init__(id=id)
        self._shown: Sequence[Happening] = ()

    def show(self, events: Iterable[Happening]) -> None:
        """Show these events; the view stays at the bottom, where it was there."""
        at_bottom = self.scroll_offset.y >= self.max_scroll_y
        self._shown = list(events)
        self.show_count(len(self._shown) or 1)
        if at_bottom:
            self.scroll_end(animate=False, force=True)

    def draw_line(self, place: int, width: int) -> Text:
        """Draw an event."""
        return _event(self._shown[place]) if self._shown else Text("nothing has happened yet", style="dim")


def _event(event: Happening) -> Text:
    line = event_line(event)
    kind = (f"{line.kind:<{_KIND_WIDTH}}", _KIND_STYLES.get(line.kind, ""))
    return Text.assemble((line.at, "dim"), "  ", kind, "  ", line.path, "  ", (line.rest, "dim"))


def _cell(text: str, width: int, key: str) -> str:
    """Return a cell in its width: a path that is too long loses its beginning, all else its end."""
    if len(text) > width:
        text = _end_of_path(text, width) if key == "path" else f"{text[: width - 1]}…"
    return text.ljust(width) if key in LEFT else text.rjust(width)


def _end_of_path(path: str, width: int) -> str:
    """Return the end of a path that is too long: whole ids, where those fill most of the room."""
    first = len(path) - width + 1
    start = path.find("/", first)
    return f"…{path[start:]}" if 0 <= start < first + width // 3 else f"…{path[first:]}"
