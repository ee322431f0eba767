"""Names to addresses: one look-up per host at a time, two in all, and the last good answer kept.

An abandoned ``getaddrinfo`` holds its thread for seconds after DNS has healed, so look-ups are never abandoned: a
second caller waits for the first one's, and a late one is replaced by what was true before.
"""

import socket
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache
from threading import Lock, Thread
from typing import TypeAlias

import trio
from trio.lowlevel import TrioToken, current_trio_token

from feedtree.exchanges.errors import ResolveFailed

Address: TypeAlias = tuple[socket.AddressFamily, str]  # the family, and the numeric address
Lookup: TypeAlias = Callable[[str], Sequence[Address]]

_THREADS = 2


def system_lookup(host: str) -> list[Address]:
    """Ask the operating system, in the order in which it recommends the addresses.

    Raises:
        OSError: no answer, or no address.
    """
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys((family, str(where[0])) for family, _, _, _, where in found))


class _Flight:
    """One look-up under way, and who waits for it."""

    def __init__(self) -> None:
        self.waiters: list[tuple[TrioToken, trio.Event]] = []
        self.found: tuple[Address, ...] = ()
        self.error: OSError | None = None


class Resolver:
    """Looks names up in at most two threads of its own.

    It belongs to a process, not to a `trio.run`: a look-up that outlives one still teaches the next.

    Args:
        lookup: blocking; runs in a thread.
        patience: seconds for which a look-up is awaited where an earlier answer is known.
    """

    def __init__(self, lookup: Lookup = system_lookup, *, patience: float = 0.3) -> None:
        self._lookup = lookup
        self._patience = patience
        self._lock = Lock()
        self._flights: dict[str, _Flight] = {}
        self._queue: deque[str] = deque()
        self._threads = 0
        self._good: dict[str, tuple[Address, ...]] = {}

    async def resolve(self, host: str) -> tuple[Address, ...]:
        """Return the addresses of a name: new ones, or the last good ones where the look-up fails or is late.

        Raises:
            ResolveFailed: the name has no address, and had none before.
        """
        literal = literal_address(host)
        if literal is not None:
            await trio.lowlevel.checkpoint()
            return (literal,)
        flight, landed = self._join(host)
        known = self._good.get(host)
        if known is None:
            await landed.wait()
        else:
            with trio.move_on_after(self._patience):
                await landed.wait()
        answer = flight.found or self._good.get(host)
        if not answer:
            raise ResolveFailed(host, "dns", str(flight.error)) from flight.error
        return answer

    def _join(self, host: str) -> tuple[_Flight, trio.Event]:
        landed = trio.Event()
        with self._lock:
            flight = self._flights.get(host)
            if flight is None:
                flight = self._flights[host] = _Flight()
                self._queue.append(host)
                if self._threads < _THREADS:
                    self._threads += 1
                    Thread(target=self._work, name="feedtree-dns", daemon=True).start()
            flight.waiters.append((current_trio_token(), landed))
        return flight, landed

    def _work(self) -> None:
        while True:
            with self._lock:
                if not self._queue:
                    self._threads -= 1
                    return
                host = self._queue.popleft()
            self._land(host)

    def _land(self, host: str) -> None:
        found: tuple[Address, ...] = ()
        error: OSError | None = None
        try:
            found = tuple(self._lookup(host))
        except (OSError, UnicodeError) as failure:  # UnicodeError: a name that cannot be spelled in IDNA
            error = failure if isinstance(failure, OSError) else OSError(str(failure))
        with self._lock:
            flight = self._flights.pop(host)
            flight.found, flight.error = found, error
            if found:
                self._good[host] = found
            waiters = flight.waiters
        for token, landed in waiters:
            with suppress(trio.RunFinishedError):
                token.run_sync_soon(landed.set)


@cache
def shared_resolver() -> Resolver:
    """Return the process's one resolver."""
    return Resolver()


def literal_address(host: str) -> Address | None:
    """Return what a host names by itself: an IP address; None for a name."""
    for family in (socket.AF_INET, socket.AF_INET6):
        with suppress(OSError):
            socket.inet_pton(family, host)
            return family, host
    return None
