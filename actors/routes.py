"""How a mailbox treats each class of message: a policy for data, a rule for events.

Both are data. A mailbox is made of one `Route` for each class of data that its consumer wants and one
`EventRule` for each class of event; a message of any other class is none of its business.
"""

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import Any, Generic, TypeVar

Spec = TypeVar("Spec", "Route", "EventRule")


class Policy(StrEnum):
    """What happens to data that the consumer is too slow for."""

    CONFLATE = "conflate"  # a key stands in the queue once, its newest message is delivered
    DROP_OLDEST = "drop_oldest"  # the oldest bursts go, `Overflow` tells how many messages that cost
    BLOCK = "block"  # the publisher waits
    FAIL = "fail"  # the queue is discarded and iteration raises `MailboxOverflow`


class Role(Enum):
    """What an event says about the data of its key."""

    LOST = "lost"  # nothing of this key is true until it is up again
    UP = "up"  # data of this key flow (again)
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Route:
    """How a mailbox treats one class of data.

    Args:
        kind: the class; a message belongs to it only by its exact class, never by a base.
        policy: what happens when the consumer is slow.
        key: to what a message belongs. Conflation keeps one message a key, whatever its class, so that
            two classes of one key replace each other; events name the same keys. None: no key, and then
            no conflation, no resuming, and no event ever concerns these data.
        render: makes what is delivered when the consumer takes a conflated message, of the newest
            message and the number skipped since the last that was taken; None delivers the newest
            itself. Where it returns None there is nothing to deliver. It must not raise: the consumer
            gets the exception, and what `Mailbox.take` had opened before it in the same burst is gone.
        resume: makes a snapshot of a key after an overflow lost data of it, when the consumer comes to
            the gap (``drop_oldest`` only); None from it means that there is none now: data of the key
            are dropped, and it is asked again at each, until it has one or the key is lost.
        resumed_past: whether the resumed snapshot already holds a message, which is then dropped; the
            first that it does not hold ends the asking. None: it never does.
    """

    kind: type
    policy: Policy
    key: Callable[[Any], Hashable] | None = None
    render: Callable[[Any, int], Any] | None = None
    resume: Callable[[Any], Any] | None = None
    resumed_past: Callable[[Any, Any], bool] | None = None

    def __post_init__(self) -> None:
        if self.key is None and (self.policy is Policy.CONFLATE or self.resume is not None):
            raise ValueError(f"{self.kind.__name__}: conflating and resuming need a key")
        if self.render is not None and self.policy is not Policy.CONFLATE:
            raise ValueError(f"{self.kind.__name__}: only conflated messages are rendered, not {self.policy}")
        if self.resume is not None and self.policy is not Policy.DROP_OLDEST:
            raise ValueError(
                f"{self.kind.__name__}: only drop_oldest leaves gaps to resume, not {self.policy}"
            )


@dataclass(frozen=True, slots=True)
class EventRule:
    """How a mailbox treats one class of event. No policy ever drops an event.

    Args:
        kind: the exact class.
        key: to which data the event belongs.
        role: what it says about them.
        merge: (``UP`` only) makes one event of the up-event of an unread lost/up pair and that of the
            next pair of the same key, where no datum of the key is queued between; None keeps both.
    """

    kind: type
    key: Callable[[Any], Hashable]
    role: Role = Role.OTHER
    merge: Callable[[Any, Any], Any] | None = None

    def __post_init__(self) -> None:
        if self.merge is not None and self.role is not Role.UP:
            raise ValueError(f"{self.kind.__name__}: only up-events are merged")


class Table(Generic[Spec]):
    """Routes or rules by class.

    Raises:
        ValueError: two are for one class.
    """

    __slots__ = ("by_kind",)

    def __init__(self, specs: Iterable[Spec]) -> None:
        self.by_kind: dict[type, Spec] = {}
        for spec in specs:
            if spec.kind in self.by_kind:
                raise ValueError(f"two routes or rules for {spec.kind.__name__}")
            self.by_kind[spec.kind] = spec
