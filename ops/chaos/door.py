"""Where a proxy listens: a door that can be shut, so that clients are refused, and opens at the same address."""

from collections.abc import Callable

import trio

from feedtree.exchanges.wire.transport import Listener, Network, Transport
from feedtree.ops.chaos.addresses import spelled

_AGAIN_EVERY = 0.05  # seconds between two tries to listen again
_AGAIN_FOR = 2.0  # seconds, then the address counts as lost


class CannotListen(OSError):
    """An address cannot be had: it is taken, or not ours.

    Args:
        address: host and port.
        error: why.
    """

    def __init__(self, address: tuple[str, int], error: OSError) -> None:
        super().__init__(f"cannot listen on {spelled(address)}: {error.strerror or error}")


async def listen(network: Network, address: tuple[str, int]) -> Listener:
    """Listen on an address; port 0 takes a free one.

    Raises:
        CannotListen: it cannot be had.
    """
    try:
        return await network.listen(*address)
    except OSError as error:
        raise CannotListen(address, error) from error


class Door:
    """Accepts connections while it is not shut.

    Args:
        network: where it listens.
        listener: already listening.
    """

    def __init__(self, network: Network, listener: Listener) -> None:
        self._network = network
        self._listener = listener
        self._shut = 0  # faults that keep it shut
        self._changed = trio.Event()
        self._listening = trio.Event()
        self._listening.set()
        self.address = listener.address

    async def run(self, take: Callable[[Transport], None]) -> None:
        """Accept until cancelled.

        Raises:
            CannotListen: the address was taken by somebody else while the door was shut.
        """
        try:
            while True:
                await self._accept(take)
                while self._shut:
                    await self._changed.wait()
                listener = await self._listen_again()
                if self._shut:
                    listener.close()
                    continue
                self._listener = listener
                self._listening.set()
        finally:
            self._listener.close()

    def shut(self) -> None:
        """Refuse connections from now on; those in the queue are reset. Several may shut it, and all must unshut."""
        self._shut += 1
        self._listening = trio.Event()
        self._listener.close()

    def unshut(self) -> None:
        """Take one shut back."""
        self._shut -= 1
        if not self._shut:
            self._changed.set()
            self._changed = trio.Event()

    async def opened(self) -> None:
        """Wait until connections are accepted, unless something keeps the door shut."""
        if not self._shut:
            await self._listening.wait()

    async def _accept(self, take: Callable[[Transport], None]) -> None:
        while not self._shut:
            try:
                take(await self._listener.accept())
            except trio.ClosedResourceError:
                return

    async def _listen_again(self) -> Listener:
        end = trio.current_time() + _AGAIN_FOR
        while True:
            try:
                return await listen(self._network, self.address)
            except CannotListen:
                if trio.current_time() >= end:
                    raise
            await trio.sleep(_AGAIN_EVERY)
