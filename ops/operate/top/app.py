"""The screen of ``feedtree top``: shows what the poller tells, and passes on what the user wants."""

from collections.abc import Callable
from typing import ClassVar, Protocol

from rich.text import Text
from textual import events
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Footer, Input, Static

from feedtree.ops.inspect.protocol import Action, Overview
from feedtree.ops.operate.top.board import Board
from feedtree.ops.operate.top.columns import BY_KEY
from feedtree.ops.operate.top.details import detail_lines
from feedtree.ops.operate.top.dialogs import Confirm, Help
from feedtree.ops.operate.top.grid import Grid
from feedtree.ops.operate.top.panels import DetailsPane, EventsPane, RatesPane, TablePane, TreePane, bar_text
from feedtree.ops.operate.top.said import Acted, Attached, Happened, Looked, Lost, Said, Shown
from feedtree.ops.operate.top.sheet import SHEET

LEAST = (60, 16)  # columns and lines of a terminal that the screen fits into
NARROW = 100  # columns below which something is left out ...
SHORT = 30  # ... and lines below which all is lower
SLOW = 2.0  # s after which it is said that there is no answer ...
STUCK = 5.0  # ... and after which it is said what to do
BEAT = 0.25  # s between two looks at what the poller waits for, and at most one drawing of the events


class Source(Protocol):
    """What the app is asked by: a `Poller`."""

    @property
    def waiting(self) -> float:
        """For how many seconds an answer is due; 0 where none is."""
        ...

    def start(self) -> None:
        """Begin to tell."""
        ...

    def stop(self) -> None:
        """End."""
        ...

    def pause(self, paused: bool) -> None:
        """Ask nothing any more, or go on."""
        ...

    def show(self, path: str) -> None:
        """Ask for the details of a path."""
        ...

    def act(self, action: Action, path: str) -> None:
        """Have something done."""
        ...


class Heard(Message):
    """A thread tells something."""

    def __init__(self, said: Said) -> None:
        self.said = said
        super().__init__()


class TopApp(App[None]):
    """The live screen.

    Args:
        name: the app that is looked at, ``name-pid``.
        branch: the path that is looked at; empty for the whole tree.
        every: seconds from one look to the next.
        source: makes what asks the app, from what it is to tell.
    """

    CSS = SHEET
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q", "quit", "quit"),
        Binding("ctrl+c,ctrl+q", "quit", "quit", show=False, priority=True),
        Binding("question_mark,h,f1", "help", "help", key_display="?"),
        Binding("p", "pause", "pause"),
        Binding("slash", "filter", "filter", key_display="/"),
        Binding("escape", "clear", "no filter", show=False),
        Binding("less_than_sign,comma", "sort_next(-1)", "sort", key_display="<", show=False),
        Binding("greater_than_sign,full_stop", "sort_next(1)", "sort", key_display="< >"),
        Binding("r", "reverse", "reverse"),
        Binding("minus", "fold_all(True)", "fold", key_display="- +"),
        Binding("plus,equals_sign", "fold_all(False)", "unfold all", show=False),
        *(Binding(str(number), f"sort({number})", "sort", show=False) for number in range(1, 10)),
        Binding("R", "act('restart')", "restart"),
        Binding("D", "act('stop')", "stop"),
        Binding("U", "act('start')", "start"),
        Binding("B", "act('reset-backoff')", "reset backoff", show=False),
    ]

    def __init__(
        self, name: str, branch: str, every: float, source: Callable[[Callable[[Said], None]], Source]
    ) -> None:
        super().__init__()
        self._every = every
        self.board = Board(branch)
        self.paused = False
        self._source = source(self._tell)
        self._attached = name
        self._lost = ""
        self._asked: tuple[object, ...] | None = None
        self._problem = ""
        self._events_changed = True
        self._noted = ""
        self._make_parts()

    def _make_parts(self) -> None:
        """Make the parts; they are held here, since something may be told while the screen is being closed."""
        self._bar = Static(f"{self._attached} …", id="bar")
        self._notice = Static("", id="notice")
        self._tree_pane = TreePane(id="tree")
        self._table_pane = TablePane(id="table")
        self._details_pane = DetailsPane(id="details")
        self._rates_pane = RatesPane(id="rates")
        self._events_pane = EventsPane(id="events")
        self._filter = Input(placeholder="words in the path or the state", id="filter")
        self._small = Static("", id="small")

    def compose(self) -> ComposeResult:
        """Compose the parts."""
        with Horizontal(id="bar-row"):
            yield self._bar
            yield self._notice
        with Horizontal(id="upper"):
            yield self._tree_pane
            yield self._table_pane
        with Horizontal(id="middle"):
            yield self._details_pane
            yield self._rates_pane
        yield self._events_pane
        yield self._filter
        yield Footer(show_command_palette=False)
        yield self._small

    def on_mount(self) -> None:
        """Begin to ask."""
        self._tree_pane.border_title = "tree"
        self._rates_pane.border_title = f"messages/s, last {_span(self.board.series.kept * self._every)}"
        self._events_pane.border_title = "events"
        self._table_pane.focus()
        self.set_interval(BEAT, self._beat)
        self._source.start()

    def on_unmount(self) -> None:
        """Ask no more."""
        self._source.stop()

    def on_resize(self, event: events.Resize) -> None:
        """Fit the screen into the terminal, or say that it does not."""
        width, height = event.size
        small = width < LEAST[0] or height < LEAST[1]
        screen = self.screen_stack[0]
        screen.set_class(width < NARROW, "narrow")
        screen.set_class(height < SHORT, "short")
        screen.set_class(small, "small")
        text = f"{width} x {height} is too small: make this {LEAST[0]} x {LEAST[1]}, or use feedtree tree"
        self._small.update(text)

    # What is heard of the app

    def on_heard(self, message: Heard) -> None:
        """Take in what a thread tells."""
        said = message.said
        match said:
            case Looked(overview=overview):
                self._lost = ""
                self._looked(overview)
            case Shown():
                self._shown(said)
            case Happened(events=happenings, anew=anew):
                self._events_changed |= self.board.hear(happenings, anew=anew)
            case Attached(app=app):
                self._attached = str(app)
                self._asked = None
            case Lost(text=text):
                self._lost = text
                self.board.interrupt()
                self._note()
            case Acted(text=text, failed=failed):
                self.notify(text, severity="error" if failed else "information", markup=False)

    def _looked(self, overview: Overview) -> None:
        first, allowed = self.board.now is None, self._control
        self.board.look(overview)
        self._draw()
        if allowed != self._control:
            self.refresh_bindings()
        if first and not self.board.branch:
            self._table_pane.action_edge(False)

    def _shown(self, said: Shown) -> None:
        if said.path == self.board.selected:
            self.board.details, self._problem = said.details, said.problem
            self._draw_details()

    def _tell(self, said: Said) -> None:
        self.post_message(Heard(said))

    # What the user wants

    def on_grid_moved(self, event: Grid.Moved) -> None:
        """Select what the cursor is at, in the other part too where it has that."""
        self.board.select(event.key)
        for grid in (self._tree_pane, self._table_pane):
            if grid is not event.grid:
                grid.go_to(event.key)
        self._ask_details()
        self._draw_rates()
        self._draw_details()

    def on_tree_pane_folded(self, event: TreePane.Folded) -> None:
        """Fold or unfold a node."""
        self.board.folding.set(event.path, event.folded)
        self._draw_tree()

    def on_table_pane_sorted(self, event: TablePane.Sorted) -> None:
        """Sort by a column, or the other way round."""
        self.board.sort_by(event.key)
        self._draw_table()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Filter while it is typed."""
        self.board.wanted = event.value
        self._draw_tree()
        self._draw_table()

    def on_input_submitted(self) -> None:
        """Go back to the table, filtered."""
        self._table_pane.focus()
        self._show_filter()

    def action_filter(self) -> None:
        """Have a filter typed."""
        self._filter.add_class("open")
        self._filter.focus()

    def action_clear(self) -> None:
        """Filter no more."""
        self._filter.value = ""
        if self._filter.has_focus:
            self._table_pane.focus()
        self._show_filter()

    def _show_filter(self) -> None:
        """Leave the filter's line where it says something."""
        self._filter.set_class(bool(self._filter.value.strip()), "open")

    def action_sort(self, number: int) -> None:
        """Sort by a column that is shown, counted from 1."""
        shown = self._table_pane.columns()
        if number <= len(shown):
            self.board.sort_by(shown[number - 1][0].key)
            self._draw_table()

    def action_sort_next(self, step: int) -> None:
        """Sort by the next column that is shown, or the one before."""
        shown = [column.key for column, _ in self._table_pane.columns()]
        place = shown.index(self.board.sort) if self.board.sort in shown else 0
        self.board.sort_by(shown[(place + step) % len(shown)])
        self._draw_table()

    def action_reverse(self) -> None:
        """Turn the order round."""
        self.board.reverse = not self.board.reverse
        self._draw_table()

    def action_fold_all(self, folded: bool) -> None:
        """Fold or unfold everything."""
        self.board.folding.set_all(folded)
        self._draw_tree()

    def action_pause(self) -> None:
        """Ask nothing any more, or go on."""
        self.paused = not self.paused
        if self.paused:
            self.board.interrupt()
        self._source.pause(self.paused)
        self._ask_details()
        self._note()

    def action_help(self) -> None:
        """Say what the keys do."""
        self.push_screen(Help(control=self._control))

    def action_act(self, action: Action) -> None:
        """Do something to the selected child, once the user has said yes."""
        path = self.board.selected
        if not path:
            self.notify("select a child: the whole tree is stopped by stopping its app", severity="warning")
            return

        def act(sure: bool | None) -> None:
            if sure:
                self._source.act(action, path)

        self.push_screen(Confirm(action, path, self._attached), act)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Tell whether a key does something: control only where the app allows it."""
        return self._control if action == "act" else True

    # What is drawn

    @property
    def _control(self) -> bool:
        return self.board.now is not None and self.board.now.control

    def _draw(self) -> None:
        """Draw the last look."""
        now = self.board.now
        if now is None:
            return
        total = self.board.series.last("")
        self._bar.update(bar_text(now, total, self.board.cpu, self.board.busy), layout=False)
        self._draw_tree()
        self._draw_table()
        self._draw_rates()
        self._draw_details()
        self._ask_details()
        self._note()

    def _draw_tree(self) -> None:
        pane = self._tree_pane
        pane.show(self.board.tree())
        path = self.board.selected
        while (
            not pane.go_to(path) and path
        ):  # what is folded, or filtered out, is below something that is not
            path = path.rpartition("/")[0]

    def _draw_table(self) -> None:
        board = self.board
        rows = board.table()
        pane = self._table_pane
        pane.show(rows, board.sort, falling=board.falling)
        pane.go_to(board.selected)
        parts = [f"{len(rows)} streams and actors", f"by {BY_KEY[board.sort].title}"]
        if board.wanted.strip():
            parts[0] = f"{len(rows)} of {len(board.rows)} streams and actors"
            parts.append(f'filter "{board.wanted.strip()}"')
        pane.border_title = Text(", ".join(parts)).markup

    def _draw_rates(self) -> None:
        self._rates_pane.show(self.board.series, self.board.selected)

    def _draw_details(self) -> None:
        board, pane = self.board, self._details_pane
        pane.border_title = Text(board.selected or "the whole tree").markup
        node = board.node
        if node is None:
            pane.show([("", Text(f"nothing runs at {board.selected or 'the root'} now", style="dim"))])
            return
        lines = detail_lines(node, board.stream, board.mailboxes(), board.details)
        if self._problem:
            lines.append(("", Text(self._problem, style="yellow")))
        pane.show(lines)

    def _ask_details(self) -> None:
        """Ask for the details, where those that are here, or on their way, are not of what is seen now."""
        marks = self.board.marks()
        if marks == self._asked or self.paused or self.board.node is None:
            return
        self._asked = marks
        self._problem = ""
        self._source.show(self.board.selected)

    def _beat(self) -> None:
        """Draw what came meanwhile, and what did not come."""
        if self.paused:
            return
        if self._events_changed:
            self._events_changed = False
            pane = self._events_pane
            pane.show(self.board.events)
            missed = self.board.missed
            pane.border_title = f"events ({missed} not shown: too many at once)" if missed else "events"
        self._note()

    def _note(self) -> None:
        """Say what is not as usual, at the right of the first line."""
        text = self._trouble()
        if text == self._noted:
            return
        self._noted = text
        for screen in self.screen_stack[:1]:  # none while it is being closed
            screen.set_class(bool(self._lost) or self._source.waiting > SLOW, "lost")
        self._notice.update(Text(text))

    def _trouble(self) -> str:
        if self.paused:
            return "paused: p goes on"
        if self._lost:
            return f"{self._lost}; tried again every second"
        waiting = self._source.waiting
        if waiting > STUCK:
            return f"no answer for {waiting:.0f} s: see feedtree dump --app {self._attached}"
        if waiting > SLOW:
            return f"no answer for {waiting:.0f} s"
        if self.board.now is not None and self.board.top is None:
            return f"nothing runs at {self.board.branch} now"
        return ""


def _span(seconds: float) -> str:
    return f"{seconds / 60:g} min" if seconds >= 60 else f"{seconds:g} s"
