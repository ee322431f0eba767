"""What the threads that ask the running app tell the screen."""

from msgspec import Struct

from feedtree.ops.inspect.client import RunningApp
from feedtree.ops.inspect.protocol import Details, Happening, Overview


class Attached(Struct, frozen=True):
    """A connection to an app is there: to the first one, or to one that took its place."""

    app: RunningApp


class Looked(Struct, frozen=True):
    """The app, as it was a moment ago."""

    overview: Overview


class Shown(Struct, frozen=True):
    """All that is known of a path; or why it is not."""

    path: str
    details: Details | None
    problem: str = ""


class Happened(Struct, frozen=True):
    """Lifecycle events, oldest first.

    Args:
        anew: those before them are to be forgotten: they are told again.
    """

    events: list[Happening]
    anew: bool = False


class Lost(Struct, frozen=True):
    """There is no answer, and why; it is tried again every second."""

    text: str


class Acted(Struct, frozen=True):
    """What became of an action, in words."""

    text: str
    failed: bool = False


Said = Attached | Looked | Shown | Happened | Lost | Acted
