"""A small market of messages, so that the tests of mailboxes speak of something."""

from operator import attrgetter
from types import SimpleNamespace
from typing import Any

import pytest
import trio
from msgspec import Struct

from feedtree.actors.mailbox import Mailbox
from feedtree.actors.routes import EventRule, Policy, Role, Route


class Message(Struct, frozen=True):
    key: str
    number: int = 0


class Delta(Message, frozen=True):
    """A change of a book."""


class Snapshot(Message, frozen=True):
    """A whole book."""


class Trade(Message, frozen=True):
    """A trade."""


class Lost(Message, frozen=True):
    """The stream of a key is down."""


class Up(Message, frozen=True):
    """The stream of a key is up; ``numbers`` names the up-events collapsed into this one."""

    numbers: tuple[int, ...] = ()

    def plus(self, later: "Up") -> "Up":
        mine = self.numbers or (self.number,)
        theirs = later.numbers or (later.number,)
        return Up(self.key, self.number, mine + theirs)


class Refused(Message, frozen=True):
    """The venue refuses a key."""


class Rendered(Struct, frozen=True):
    """What a conflated message became when it was taken."""

    message: Message
    skipped: int


KEY = attrgetter("key")
EVENTS = (
    EventRule(Lost, KEY, Role.LOST),
    EventRule(Up, KEY, Role.UP, merge=Up.plus),
    EventRule(Refused, KEY),
)


def conflate(*kinds: type, render: Any = Rendered) -> list[Route]:
    return [Route(kind, Policy.CONFLATE, KEY, render=render) for kind in kinds]


def mailbox(*routes: Route, events: Any = EVENTS, **options: Any) -> Mailbox:
    return Mailbox(routes, events, **options)


def drain(box: Mailbox) -> list[Any]:
    """Take all that waits in a mailbox now."""
    messages = []
    while True:
        try:
            messages += box.take_nowait()
        except (trio.WouldBlock, trio.EndOfChannel):
            return messages


def accounted(box: Mailbox) -> int:
    """Count the messages that a mailbox's statistics speak of."""
    figures = box.statistics()
    return figures.delivered + sum(figures.dropped.values()) + figures.skipped + figures.depth


@pytest.fixture(scope="session")
def market() -> SimpleNamespace:
    return SimpleNamespace(
        Delta=Delta,
        Snapshot=Snapshot,
        Trade=Trade,
        Lost=Lost,
        Up=Up,
        Refused=Refused,
        Rendered=Rendered,
        key=KEY,
        events=EVENTS,
        conflate=conflate,
        oldest=lambda *kinds, **more: [Route(kind, Policy.DROP_OLDEST, KEY, **more) for kind in kinds],
        block=lambda *kinds: [Route(kind, Policy.BLOCK, KEY) for kind in kinds],
        fail=lambda *kinds: [Route(kind, Policy.FAIL, KEY) for kind in kinds],
        mailbox=mailbox,
        drain=drain,
        accounted=accounted,
    )
