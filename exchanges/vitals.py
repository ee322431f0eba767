"""The vital signs of one stream, summed up over all its connections: bytes, times, outages, restarts."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from feedtree.actors.meters import Meters
from feedtree.exchanges.uptime import Uptime


class Carrier(Protocol):
    """What carries a stream for a time: see `Wire`."""

    @property
    def bytes_in(self) -> int:
        """Bytes that came so far."""
        ...

    @property
    def bytes_out(self) -> int:
        """Bytes that were sent so far."""
        ...


class Vitals:
    """What the connections of one stream came to. It outlives them.

    Attributes:
        meters: histograms in nanoseconds: ``<phase>_ns`` for the phases of connecting, ``latency_ns`` from the venue's
            sending to the read, ``processing_ns`` from there until every tap and mailbox has it, ``rtt_ns`` of pings,
            ``outage_ns`` of the outages that are over.
        uptime: how much of its life the stream was live.
        restarts: how many incarnations have failed.
        rtt_s: how long the last ping that was answered took, in seconds; None before the first.
    """

    def __init__(self) -> None:
        self.meters = Meters()
        self.uptime = Uptime(self.meters)
        self.restarts = 0
        self.rtt_s: float | None = None
        self._open: dict[Carrier, int] = {}  # -> when it was opened, UTC nanoseconds
        self._past_in = 0
        self._past_out = 0

    @contextmanager
    def carried(self, wire: Carrier, now_ns: int) -> Iterator[None]:
        """Count what a connection carries while the body runs.

        Args:
            wire: the connection.
            now_ns: UTC nanoseconds.
        """
        self._open[wire] = now_ns
        try:
            yield
        finally:
            del self._open[wire]
            self._past_in += wire.bytes_in
            self._past_out += wire.bytes_out

    def pinged(self, took: float | None) -> None:
        """Note how long the answer to a ping took, in seconds; None where none was waited for."""
        if took is not None:
            self.rtt_s = took
            self.meters.histogram("rtt_ns").record(int(took * 1e9))

    @property
    def connections(self) -> int:
        """How many connections carry the stream now."""
        return len(self._open)

    def connected_s(self, now_ns: int) -> float | None:
        """Return how old the oldest of them is, in seconds; None where there is none."""
        return max(now_ns - min(self._open.values()), 0) / 1e9 if self._open else None

    @property
    def bytes_in(self) -> int:
        """Bytes that came, over all connections, those that are open among them."""
        return self._past_in + sum(wire.bytes_in for wire in self._open)

    @property
    def bytes_out(self) -> int:
        """Bytes that were sent, over all connections."""
        return self._past_out + sum(wire.bytes_out for wire in self._open)
