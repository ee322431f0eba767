"""The dialogs over the screen: the question before anything is done to the app, and the help."""

from typing import ClassVar

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Button, Static

from feedtree.ops.inspect.protocol import Action

CONSEQUENCES: dict[Action, str] = {
    "restart": "It is stopped, and started anew at once.",
    "stop": "It stays stopped until it is started by hand.",
    "start": "It is started, if it does not run.",
    "reset-backoff": "Its failures are forgotten, and what waits for its restart is started now.",
}

KEYS = (
    ("↑ ↓ PgUp PgDn Home End", "move in the tree or the table; what is selected is in the details"),
    ("Tab", "go to the next part of the screen"),
    ("← → Enter", "fold and unfold in the tree"),
    ("- +", "fold all, unfold all"),
    ("< >", "sort by the column to the left, to the right"),
    ("1 .. 9", "sort by that column"),
    ("r", "the other way round"),
    ("/", "filter: words that stand in the path or the state"),
    ("Esc", "no filter any more"),
    ("p", "pause: nothing is asked, and the picture stands still"),
    ("q", "quit"),
)
CONTROL_KEYS = (
    ("R", "restart what is selected"),
    ("D", "stop it (down)"),
    ("U", "start it (up)"),
    ("B", "forget its failures, and start now what waits"),
)
NO_CONTROL = "This app allows no control: start it with feedtree run --control, or open_tree(control=True)."
NOTES = (
    "msg/s and cpu are those since the look before. p50 and p99 are of everything since the start: from the venue's "
    "sending to our reading, or, where the venue stamps nothing, from the reading to the hand-over. queue is the depth "
    "of the fullest mailbox that listens to the venue or account, drops what all of those dropped. loop is the share "
    "of the time in which the event loop was busy."
)


class Confirm(ModalScreen[bool]):
    """Asks before something is done to the app; names it. No answer is no.

    Args:
        action: what is to be done.
        path: to which child.
        app: of which app.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "answer(True)", "yes"),
        Binding("n,escape,q", "answer(False)", "no"),
        Binding("left,right", "other", "the other button", show=False),
    ]

    def __init__(self, action: Action, path: str, app: str) -> None:
        super().__init__()
        self._action = action
        self._path = path
        self._app_name = app

    def compose(self) -> ComposeResult:
        """Compose the question, with no as the answer that is at hand."""
        with Vertical(id="dialog"):
            yield Static(
                Text.assemble((f"{self._action} ", "bold"), (self._path, "bold"), f" of {self._app_name}?"),
                id="question",
            )
            yield Static(CONSEQUENCES[self._action], id="consequence")
            with Horizontal(id="buttons"):
                yield Button("no (n)", id="no")
                yield Button("yes (y)", id="yes", variant="error")

    def on_mount(self) -> None:
        """Put "no" at hand."""
        self.query_one("#no", Button).focus()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Take the answer."""
        self.dismiss(event.button.id == "yes")

    def action_answer(self, answer: bool) -> None:
        """Take the answer."""
        self.dismiss(answer)

    def action_other(self) -> None:
        """Go to the other button."""
        self.focus_next()


class Help(ModalScreen[None]):
    """Says what the keys do.

    Args:
        control: whether the app allows control.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,question_mark,h,enter,f1", "dismiss", "back")]

    def __init__(self, *, control: bool) -> None:
        super().__init__()
        self._control = control

    def compose(self) -> ComposeResult:
        """Compose the page."""
        table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
        table.add_column(no_wrap=True, style="bold")
        table.add_column()
        for key, effect in (*KEYS, *(CONTROL_KEYS if self._control else ())):
            table.add_row(key, effect)
        with VerticalScroll(id="help"):
            yield Static(table)
            if not self._control:
                yield Static(NO_CONTROL, classes="note")
            yield Static(NOTES, classes="note")
