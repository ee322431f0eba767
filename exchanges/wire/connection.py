"""One websocket connection as its reader sees it: bursts of data frames, and the signs of life around them."""

from math import inf
from typing import Protocol

from msgspec import Struct

from feedtree.exchanges.wire.frames import Payload


class ReadMode(Struct, frozen=True):
    """How a wire waits for bytes.

    Args:
        kind: ``wait`` for the operating system's word; ``spin``, reading again and again, for a process with a core
            of its own (one reader per process, none under a virtual clock: others wait); or ``coalesce``, leaving
            time between reads so that bursts grow.
        coalesce_s: that time, in seconds.

    Raises:
        ValueError: an unknown kind, or a time that does not fit it.
    """

    kind: str = "wait"
    coalesce_s: float = 0.0

    def __post_init__(self) -> None:
        if self.kind not in ("wait", "spin", "coalesce"):
            raise ValueError(f"a read mode is wait, spin or coalesce, got {self.kind!r}")
        if (self.kind == "coalesce") != (self.coalesce_s > 0):
            raise ValueError(
                "coalesce_s is the time between reads of the mode coalesce, and over 0 there only"
            )


WAIT = ReadMode()
SPIN = ReadMode("spin")


class Wire(Protocol):
    """An open websocket connection, whatever carries it.

    One task receives; any number may send. Pings of the peer are answered while it receives.
    """

    @property
    def peer(self) -> str:
        """The target, ``host:port``, for messages."""
        ...

    @property
    def last_frame_at(self) -> float:
        """The trio time at which bytes of a frame, data or control, last came (at first: of the upgrade)."""
        ...

    @property
    def pongs(self) -> int:
        """How many pongs came; a wire may count only those that answer a ping of its own."""
        ...

    @property
    def bytes_in(self) -> int:
        """Payload bytes of the transport that came since the upgrade."""
        ...

    @property
    def bytes_out(self) -> int:
        """Bytes of frames handed to the transport since the upgrade."""
        ...

    async def receive(self, deadline: float = inf) -> list[Payload]:
        """Wait for a burst: the messages that one read completed, in order; a text is str, a binary bytes.

        Always a checkpoint. Cancelled, nothing is lost.

        Args:
            deadline: trio time.

        Returns:
            The messages. Empty where only control frames or a part of a message came, or where the deadline is
            over and a read attempted after it found nothing.

        Raises:
            ClosedByPeer: the peer sent a close frame.
            ConnectionLost: reset, or the stream ended.
            ProtocolViolation: the peer broke the protocol; `FrameTooLarge` a message over the cap.
                All of these come after the messages before them, and again at each further call.
            trio.ClosedResourceError: this side closed it.
        """
        ...

    async def send(self, data: Payload) -> None:
        """Send a message, and wait until the network took it. Cancelled, it goes out whole or not at all.

        Raises:
            ConnectionLost: the connection ended, or the peer took nothing for the target's ``send_timeout``.
            trio.ClosedResourceError: this side closed it.
        """
        ...

    async def ping(self, payload: bytes = b"") -> None:
        """Send a ping, of at most 125 bytes, and wait for nothing, neither the pong nor the network.

        Raises:
            ConnectionLost: the connection ended.
            trio.ClosedResourceError: this side closed it.
        """
        ...

    def close(self) -> None:
        """Close at once, without a word."""
        ...

    async def aclose(self) -> None:
        """Send a close frame where it goes out at once, and close without waiting for the peer."""
        ...
