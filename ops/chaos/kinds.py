"""The faults of connections, by name: what the proxy can do to what passes it."""

from collections.abc import Mapping
from random import Random
from typing import Annotated, ClassVar, Literal

from msgspec import Meta

from feedtree.ops.chaos import effects
from feedtree.ops.chaos.certificates import context_of
from feedtree.ops.chaos.effects import Effect, Ending, Pace, Places, Report
from feedtree.ops.chaos.fault import (
    Bytes,
    Fault,
    Rate,
    Scope,
    Seconds,
    Side,
    SomeBytes,
    Struck,
    Way,
    says,
    unit,
)

_WRITES_PER_S = 50  # under a bandwidth cap: what makes it smooth

Direction = Annotated[Side, says("up: from the client to the server; down; or both")]
OneWay = Annotated[Way, says("up: from the client to the server; or down")]
How = Annotated[Literal["reset", "close"], says("how connections end")]


class Refuse(Fault, frozen=True, kw_only=True):
    """New connections are refused: nothing listens. Open ones go on."""

    on: ClassVar[Scope] = "new"
    shuts: ClassVar[bool] = True


class Away(Fault, frozen=True, kw_only=True):
    """The server is away: open connections end, and nothing listens."""

    on: ClassVar[Scope] = "open"
    shuts: ClassVar[bool] = True

    how: How = "reset"

    def begins(self, connection: Struck) -> None:
        """See `Fault.begins`."""
        connection.strike(Ending(self.how), "down")


class Flap(Fault, frozen=True, kw_only=True):
    """New connections are accepted, and ended a moment later."""

    on: ClassVar[Scope] = "new"

    life: Annotated[Seconds, says("how long each one lasts, also where the fault is over by then")] = 0.05
    how: How = "close"

    def begins(self, connection: Struck) -> None:
        """See `Fault.begins`."""
        connection.strike(Ending(self.how), "down", self.life)


class Cutting(Fault, frozen=True, kw_only=True):
    """What ends a connection, or a direction of it, at once or behind a byte."""

    on: ClassVar[Scope] = "open"
    ending: ClassVar[Ending]

    after: Annotated[Bytes, says("so many pass in this direction before; 0: at once")] = 0
    direction: OneWay = "down"

    def effect(self, rng: Random, report: Report) -> Effect | None:
        """See `Fault.effect`."""
        return effects.Cut(self.after, self.ending, report) if self.after else None

    def begins(self, connection: Struck) -> None:
        """See `Fault.begins`."""
        if not self.after:
            connection.strike(self.ending, self.direction)


class Reset(Cutting, frozen=True, kw_only=True):
    """Connections are reset on both sides (TCP RST), at once or behind a byte."""

    ending: ClassVar[Ending] = Ending.RESET


class Close(Cutting, frozen=True, kw_only=True):
    """Connections are closed in order on both sides (TCP FIN), at once or behind a byte."""

    ending: ClassVar[Ending] = Ending.CLOSE


class HalfClose(Cutting, frozen=True, kw_only=True):
    """One direction ends in order, and what still comes in it is swallowed. The other goes on."""

    ending: ClassVar[Ending] = Ending.HALF_CLOSE


class BlackHole(Fault, frozen=True, kw_only=True):
    """Nothing gets through, no end either, and TCP stays up. Those that lost something are reset afterwards."""

    direction: Direction = "both"

    def effect(self, rng: Random, report: Report) -> Effect | None:
        """See `Fault.effect`."""
        return effects.Swallow()


class Stall(Fault, frozen=True, kw_only=True):
    """Everything waits, and the sender is held up. Afterwards it goes on where it stood, nothing lost."""

    direction: Direction = "both"

    def effect(self, rng: Random, report: Report) -> Effect | None:
        """See `Fault.effect`."""
        return effects.Hold()


class Latency(Fault, frozen=True, kw_only=True):
    """Everything is late, in order. In both directions it costs a round trip twice as much."""

    delay: Annotated[Seconds, says("at least")] = 0.1
    jitter: Annotated[Seconds, says("up to so much more, by chance")] = 0.0
    direction: Direction = "both"

    def effect(self, rng: Random, report: Report) -> Effect | None:
        """See `Fault.effect`."""
        return effects.Delay(self.delay, self.jitter, rng)


class Bandwidth(Fault, frozen=True, kw_only=True):
    """No more than so many bytes a second get through, and the sender is held up."""

    rate: Annotated[Rate, says("for each direction of each connection")] = 100_000.0
    direction: Direction = "both"

    def effect(self, rng: Random, report: Report) -> Effect | None:
        """See `Fault.effect`."""
        return effects.Slow(Pace(max(1, int(self.rate / _WRITES_PER_S)), self.rate))


class SlowLoris(Fault, frozen=True, kw_only=True):
    """The first bytes of new connections come one by one: a handshake that neither ends nor rests."""

    on: ClassVar[Scope] = "new"

    interval: Annotated[float, Meta(gt=0, le=1e9), unit("s"), says("between two bytes")] = 0.2
    first: Annotated[SomeBytes, says("so many come that slowly")] = 4096
    direction: Direction = "down"

    def effect(self, rng: Random, report: Report) -> Effect | None:
        """See `Fault.effect`."""
        return effects.Slow(Pace(1, 1 / self.interval), self.first)


class Mangling(Fault, frozen=True, kw_only=True):
    """What changes the bytes of a place, or of one place after the other."""

    after: Annotated[Bytes, says("so many pass untouched before")] = 0
    every: Annotated[Bytes, says("and again, so many apart on average; 0: once")] = 0
    direction: Direction = "down"

    def places(self, length: int, rng: Random, report: Report) -> Places:
        """Return the places."""
        return Places(self.after, length, self.every, rng, report)


class Truncate(Mangling, frozen=True, kw_only=True):
    """A read is cut short: the rest of it is left out. What comes later is not."""

    def effect(self, rng: Random, report: Report) -> Effect | None:
        """See `Fault.effect`."""
        return effects.Truncate(self.places(1, rng, report))


class Corrupt(Mangling, frozen=True, kw_only=True):
    """Bytes become others, by chance."""

    length: Annotated[SomeBytes, says("how many")] = 1

    def effect(self, rng: Random, report: Report) -> Effect | None:
        """See `Fault.effect`."""
        return effects.Corrupt(self.places(self.length, rng, report), rng)


class Duplicate(Mangling, frozen=True, kw_only=True):
    """Bytes come twice: a run of them, and behind it the same once more."""

    length: Annotated[SomeBytes, says("of the run")] = 1

    def effect(self, rng: Random, report: Report) -> Effect | None:
        """See `Fault.effect`."""
        return effects.Duplicate(self.places(self.length, rng, report))


class Drop(Mangling, frozen=True, kw_only=True):
    """Bytes are left out, and what follows closes up."""

    length: Annotated[SomeBytes, says("how many")] = 1

    def effect(self, rng: Random, report: Report) -> Effect | None:
        """See `Fault.effect`."""
        return effects.Drop(self.places(self.length, rng, report))


class TlsExpired(Fault, frozen=True, kw_only=True):
    """New connections meet a certificate that is out of date. A client that goes on all the same is reset."""

    on: ClassVar[Scope] = "new"

    certificate: Annotated[str, says("PEM file of it; empty: a self-signed one, expired in 2020")] = ""
    key: Annotated[str, says("PEM file of its key")] = ""

    def __post_init__(self) -> None:
        """Read the files.

        Raises:
            ValueError: they are no certificate and its key.
        """
        context_of(self.certificate, self.key)

    def begins(self, connection: Struck) -> None:
        """See `Fault.begins`."""
        connection.disguise(context_of(self.certificate, self.key))


PROXY_FAULTS: Mapping[str, type[Fault]] = {
    "refuse": Refuse,
    "away": Away,
    "flap": Flap,
    "reset": Reset,
    "close": Close,
    "half_close": HalfClose,
    "black_hole": BlackHole,
    "stall": Stall,
    "latency": Latency,
    "bandwidth": Bandwidth,
    "slow_loris": SlowLoris,
    "corrupt": Corrupt,
    "truncate": Truncate,
    "duplicate": Duplicate,
    "drop": Drop,
    "tls_expired": TlsExpired,
}
