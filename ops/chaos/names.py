"""Names that do not resolve, or late, and then do again: for clients in the same process."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from threading import Condition
from time import monotonic
from typing import Annotated, Any, ClassVar

import trio

from feedtree.exchanges.errors import ConnectTimeout, ResolveFailed
from feedtree.exchanges.wire.resolver import Address, Lookup, literal_address, system_lookup
from feedtree.exchanges.wire.transport import DEFAULT_TIMEOUTS, Listener, Network, Timeouts, Transport
from feedtree.ops.chaos.fault import Fault, Scope, Seconds, says
from feedtree.ops.chaos.spelling import make_fault

Host = Annotated[str, says("the name that is met; empty: every name")]


class NameFault(Fault, frozen=True, kw_only=True):
    """What happens to look-ups."""

    on: ClassVar[Scope] = "new"

    host: Host = ""

    def meets(self, host: str) -> bool:
        """Return whether it meets a name."""
        return self.host in ("", host)


class DnsFail(NameFault, frozen=True, kw_only=True):
    """Look-ups fail at once: no such name."""


class DnsSlow(NameFault, frozen=True, kw_only=True):
    """Look-ups are answered late; what waits is answered at once when it is over."""

    delay: Annotated[Seconds, says("so late")] = 5.0


NAME_FAULTS: Mapping[str, type[Fault]] = {"dns_fail": DnsFail, "dns_slow": DnsSlow}


class Names:
    """A name service that can be broken. It is a `Lookup`: ``TcpNetwork(Resolver(names))``.

    Args:
        lookup: who knows the names.
    """

    def __init__(self, lookup: Lookup = system_lookup) -> None:
        self._lookup = lookup
        self._faults: list[NameFault] = []
        self._healed = Condition()  # for look-ups, which run in threads
        self._changed = trio.Event()

    def __call__(self, host: str) -> Sequence[Address]:
        """Look a name up; blocks, in a thread of the resolver.

        Raises:
            OSError: no answer.
        """
        asked = monotonic()
        with self._healed:
            while (left := asked + self._delay(host) - monotonic()) > 0:
                self._healed.wait(left)
            failing = self._fails(host)
        if failing:
            raise OSError("no such name (chaos)")
        return self._lookup(host)

    @asynccontextmanager
    async def fault(self, name: str, **parameters: object) -> AsyncIterator[None]:
        """Break look-ups for the time of a block.

        Args:
            name: ``dns_fail`` or ``dns_slow``.
            parameters: of the fault, by name.

        Raises:
            WrongFault: there is no such fault, parameter or value.
        """
        fault = make_fault(NAME_FAULTS, name, parameters)
        assert isinstance(fault, NameFault)
        with self._healed:
            self._faults.append(fault)
        try:
            yield
        finally:
            with self._healed:
                self._faults.remove(fault)
                self._healed.notify_all()
            self._changed.set()
            self._changed = trio.Event()

    def over(self, network: Network) -> Network:
        """Return a network that asks these names before it dials: for the memory network, which knows no names.

        It keeps no earlier answers, as a process that has just started.
        """
        return _Asking(self, network)

    async def ask(self, host: str, port: int, patience: float) -> None:
        """Wait as a look-up of that name would, and fail as it would.

        Args:
            host: the name; an address is not looked up.
            port: for the error.
            patience: seconds.

        Raises:
            ResolveFailed: there is no such name now.
            ConnectTimeout: no answer in time.
        """
        asked = trio.current_time()
        while literal_address(host) is None and (delay := self._delay(host)):
            end = min(asked + delay, asked + patience)
            if trio.current_time() >= end:
                if delay > patience:
                    raise ConnectTimeout(f"{host}:{port}", "dns", f"no answer in {patience:.3g} s")
                break
            with trio.CancelScope(deadline=end):
                await self._changed.wait()
        if literal_address(host) is None and self._fails(host):
            raise ResolveFailed(f"{host}:{port}", "dns", "no such name (chaos)")

    def _delay(self, host: str) -> float:
        return max(
            (fault.delay for fault in self._faults if isinstance(fault, DnsSlow) and fault.meets(host)),
            default=0.0,
        )

    def _fails(self, host: str) -> bool:
        return any(isinstance(fault, DnsFail) and fault.meets(host) for fault in self._faults)


class _Asking:
    """A network whose names can be broken."""

    def __init__(self, names: Names, network: Network) -> None:
        self._names = names
        self._network = network

    async def dial(
        self, host: str, port: int, *, timeouts: Timeouts = DEFAULT_TIMEOUTS, **options: Any
    ) -> Transport:
        """See `Network.dial`."""
        await self._names.ask(host, port, timeouts.dns)
        return await self._network.dial(host, port, timeouts=timeouts, **options)

    async def listen(self, *args: Any, **options: Any) -> Listener:
        """See `Network.listen`."""
        return await self._network.listen(*args, **options)
