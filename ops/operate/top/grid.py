"""Lines, with a cursor or without, of which only those in view are drawn: thousands cost what a screenful does."""

from collections.abc import Sequence
from typing import ClassVar

from rich.style import Style
from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

MARK = "▌"  # stands before the line at the cursor: colours alone are not for everybody


class Lines(ScrollView, can_focus=True):
    """Shows lines, none wrapped; a subclass draws them: `draw_line`, and `draw_head` where it has a head."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"grid--head", "grid--cursor", "grid--cursor-blurred"}
    HEAD = 0  # lines that do not scroll

    def __init__(self, *, id: str) -> None:  # noqa: A002 - textual's name
        super().__init__(id=id)
        self._count = 0

    def draw_line(self, place: int, width: int) -> Text:
        """Return a line."""
        raise NotImplementedError

    def draw_head(self, width: int) -> Text:
        """Return the head."""
        return Text()

    def mark(self, place: int) -> tuple[str, Style]:
        """Return what stands before a line, of the width of `MARK`, and the style that is all of the line's."""
        return " " * len(MARK), Style()

    def show_count(self, count: int) -> None:
        """Show so many lines, drawn anew."""
        self._count = count
        size = Size(0, count + self.HEAD)
        if size != self.virtual_size:
            self.virtual_size = size
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """Draw one line of what is in view."""
        width = self.scrollable_content_region.width
        base = self.rich_style
        if y < self.HEAD:
            return self._strip(
                self.draw_head(width), width, base + self.get_component_rich_style("grid--head")
            )
        place = y - self.HEAD + self.scroll_offset.y
        if place >= self._count:
            return Strip.blank(width, base)
        mark, style = self.mark(place)
        line = self.draw_line(place, max(0, width - len(MARK)))
        return self._strip(Text.assemble(mark, line), width, base + style)

    def _strip(self, text: Text, width: int, style: Style) -> Strip:
        text.truncate(width, overflow="ellipsis", pad=True)
        return Strip(text.render(self.app.console), width).apply_style(style)


class Grid(Lines):
    """Shows lines, each of which has a key; the cursor stays with its key when lines come, go, or change places."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "up", show=False),
        Binding("down,j", "move(1)", "down", show=False),
        Binding("pageup", "page(-1)", "page up", show=False),
        Binding("pagedown", "page(1)", "page down", show=False),
        Binding("home", "edge(False)", "first", show=False),
        Binding("end", "edge(True)", "last", show=False),
    ]

    class Moved(Message):
        """The user moved the cursor.

        Args:
            grid: on which.
            key: where it is now.
        """

        def __init__(self, grid: "Grid", key: str) -> None:
            self.grid = grid
            self.key = key
            super().__init__()

        @property
        def control(self) -> "Grid":
            """The grid."""
            return self.grid

    def __init__(self, *, id: str) -> None:  # noqa: A002 - textual's name
        super().__init__(id=id)
        self.keys: Sequence[str] = ()
        self.cursor = 0
        self._places: dict[str, int] = {}

    @property
    def key(self) -> str | None:
        """The key at the cursor; None where there is no line."""
        return self.keys[self.cursor] if self.cursor < len(self.keys) else None

    def mark(self, place: int) -> tuple[str, Style]:
        """Mark the line at the cursor."""
        if place != self.cursor:
            return super().mark(place)
        name = "grid--cursor" if self.has_focus else "grid--cursor-blurred"
        return MARK, self.get_component_rich_style(name)

    def fill(self, keys: Sequence[str]) -> None:
        """Show other lines, or the same ones anew; the cursor stays at its key, and in view where it was in view."""
        key, seen = self.key, self._in_view(self.cursor)
        self.keys = keys
        self._places = {each: place for place, each in enumerate(keys)}
        place = self._places.get(key, self.cursor) if key is not None else 0
        self.cursor = max(0, min(place, len(keys) - 1))
        self.show_count(len(keys))
        if seen:
            self._bring_into_view()

    def go_to(self, key: str) -> bool:
        """Move the cursor to a key, quietly; return whether there is a line with it."""
        place = self._places.get(key)
        if place is None:
            return False
        if place != self.cursor:
            self.cursor = place
            self._bring_into_view()
            self.refresh()
        return True

    def action_move(self, step: int) -> None:
        """Move the cursor by so many lines."""
        self._move_to(self.cursor + step)

    def action_page(self, step: int) -> None:
        """Move the cursor by so many screenfuls."""
        self._move_to(self.cursor + step * max(1, self._height - 1))

    def action_edge(self, last: bool) -> None:
        """Move the cursor to the first or the last line."""
        self._move_to(len(self.keys) - 1 if last else 0)

    def clicked_line(self, place: int, x: int) -> None:
        """Take note that a line was clicked, at which column."""

    def clicked_head(self, x: int) -> None:
        """Take note that the head was clicked, at which column."""

    def on_click(self, event: events.Click) -> None:
        """Move the cursor to what was clicked."""
        at = event.get_content_offset(self)
        if at is None:
            return
        if at.y < self.HEAD:
            self.clicked_head(at.x - len(MARK))
            return
        place = at.y - self.HEAD + self.scroll_offset.y
        if place < len(self.keys):
            self._move_to(place)
            self.clicked_line(place, at.x - len(MARK))

    def on_focus(self) -> None:
        """Have the cursor's line be the one that is selected."""
        if self.key is not None:
            self.post_message(self.Moved(self, self.key))

    @property
    def _height(self) -> int:
        return max(1, self.scrollable_content_region.height - self.HEAD)

    def _move_to(self, place: int) -> None:
        if not self.keys:
            return
        self.cursor = max(0, min(place, len(self.keys) - 1))
        self._bring_into_view()
        self.refresh()
        self.post_message(self.Moved(self, self.keys[self.cursor]))

    def _in_view(self, place: int) -> bool:
        return 0 <= place - self.scroll_offset.y < self._height

    def _bring_into_view(self) -> None:
        region = Region(0, self.cursor, 1, 1 + self.HEAD)
        self.scroll_to_region(region, animate=False, force=True, x_axis=False)
