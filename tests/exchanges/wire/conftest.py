"""Every wire on every transport, against a server that says exactly what a test tells it to."""

import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import trio
import trustme
from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, CloseConnection, Event, Request

from feedtree.exchanges.errors import ConnectionLost
from feedtree.exchanges.wire.burst import open_burst
from feedtree.exchanges.wire.connection import Wire
from feedtree.exchanges.wire.frames import Payload
from feedtree.exchanges.wire.memory import MemoryNetwork
from feedtree.exchanges.wire.target import Target
from feedtree.exchanges.wire.tcp import TcpNetwork
from feedtree.exchanges.wire.transport import Network, Transport, receive
from feedtree.exchanges.wire.trio_ws import open_trio_websocket

Opener = Callable[[Target, Network], AbstractAsyncContextManager[Wire]]


class Certificates:
    """An authority, a server's context, and the file that makes clients trust it."""

    def __init__(self, folder: Path) -> None:
        self.authority = trustme.CA()
        self.server = self.context("localhost", "127.0.0.1", "venue.test")
        self.ca_file = str(folder / "ca.pem")
        self.authority.cert_pem.write_to_path(self.ca_file)

    def context(self, *names: str) -> ssl.SSLContext:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self.authority.issue_cert(*names).configure_cert(context)
        return context


class Peer:
    """The server's end of one connection."""

    def __init__(self, transport: Transport) -> None:
        self.transport = transport
        self.address = ("", 0)  # that the client dialled
        self.request: Request | None = None
        self.heard: list[Event] = []
        self._proto = WSConnection(ConnectionType.SERVER)

    async def upgrade(self, behind: bytes = b"") -> None:
        """Accept the upgrade; ``behind`` goes out in the same write as the answer."""
        await self.ask()
        await self.send(self._proto.send(AcceptConnection()) + behind)

    async def ask(self) -> Request:
        """Read the upgrade request."""
        while self.request is None:
            self._proto.receive_data(await receive(self.transport) or None)
            for event in self._proto.events():
                assert isinstance(event, Request)
                self.request = event
        return self.request

    async def send(self, *writes: bytes) -> None:
        """Write; each argument is a TLS record (or more) of its own, and all may be read at once."""
        for data in writes[:-1]:
            self.transport.send_nowait(data)
        await self.transport.send_all(writes[-1])

    async def listen(self) -> Event:
        """Return the next thing that the client said, a `CloseConnection` where it has gone."""
        while not self.heard:
            data = await receive(self.transport)
            if not data:
                return CloseConnection(code=1006)
            self._proto.receive_data(data)
            self.heard += self._proto.events()
        return self.heard.pop(0)


Script = Callable[[Peer], Awaitable[None]]


class Say:
    """What conformance tests say and hear."""

    @staticmethod
    async def collect(wire: Wire, count: int) -> list[Payload]:
        got: list[Payload] = []
        while len(got) < count:
            got += await wire.receive()
        return got

    @staticmethod
    async def until_fault(wire: Wire) -> tuple[list[Payload], ConnectionLost]:
        got: list[Payload] = []
        while True:
            try:
                got += await wire.receive()
            except ConnectionLost as error:
                return got, error

    @staticmethod
    async def send_for_ever(wire: Wire) -> None:
        while True:
            await wire.send("anybody there")

    @staticmethod
    def saying(*writes: bytes) -> Script:
        async def script(peer: Any) -> None:
            await peer.send(*writes)

        return script

    @staticmethod
    async def silence(peer: Any) -> None:
        """Say nothing."""

    class Listening:
        """A script that notes what the client says."""

        def __init__(self, *writes: bytes) -> None:
            self._writes = writes
            self._send, self._receive = trio.open_memory_channel[Event](100)

        async def __call__(self, peer: Any) -> None:
            if self._writes:
                await peer.send(*self._writes)
            while True:
                event = await peer.listen()
                await self._send.send(event)
                if isinstance(event, CloseConnection):
                    return

        async def next(self) -> Event:
            return await self._receive.receive()


class Rig:
    """One wire on one transport."""

    peer = Peer
    say = Say

    def __init__(self, opener: Opener, network: Network, certificates: Certificates | None) -> None:
        self.opener = opener
        self.network = network
        self.certificates = certificates
        self.address = ("", 0)

    @asynccontextmanager
    async def serving(
        self, serve: Callable[[Transport], Awaitable[None]]
    ) -> AsyncIterator[Callable[..., Target]]:
        """Serve connections; yields what makes their target."""
        tls = self.certificates.server if self.certificates else None
        listener = await self.network.listen("127.0.0.1", 0, tls=tls)
        host, port = self.address = listener.address

        def target(**options: Any) -> Target:
            options.setdefault("ca_file", self.certificates.ca_file if self.certificates else None)
            return Target(f"{'wss' if tls else 'ws'}://{host}:{port}/ws?v=4", **options)

        try:
            async with trio.open_nursery() as nursery:

                async def handle(transport: Transport) -> None:
                    try:
                        with suppress(ConnectionLost):
                            await serve(transport)
                    finally:
                        transport.close()

                async def accept() -> None:
                    while True:
                        nursery.start_soon(handle, await listener.accept())

                nursery.start_soon(accept)
                yield target
                nursery.cancel_scope.cancel()
        finally:
            listener.close()

    @asynccontextmanager
    async def session(self, script: Script, **options: Any) -> AsyncIterator[Wire]:
        """Open a wire to a peer that upgrades, then does what the script says, then stays silent."""
        opened = trio.Event()

        async def serve(transport: Transport) -> None:
            peer = Peer(transport)
            peer.address = self.address
            await peer.upgrade()
            await opened.wait()
            await script(peer)
            await trio.sleep_forever()

        with trio.fail_after(20):
            async with self.serving(serve) as target, self.opener(target(**options), self.network) as wire:
                opened.set()
                yield wire


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("certificates"))


WIRES: dict[str, Opener] = {"burst": open_burst, "trio-websocket": open_trio_websocket}


@pytest.fixture(params=list(WIRES))
def opener(request: pytest.FixtureRequest) -> Opener:
    return WIRES[request.param]


@pytest.fixture
def rig_type() -> type[Rig]:
    return Rig


@pytest.fixture(params=["tcp", "tls", "memory", "tls-memory"])
def rig(request: pytest.FixtureRequest, opener: Opener, certificates: Certificates) -> Rig:
    network = MemoryNetwork() if "memory" in request.param else TcpNetwork()
    return Rig(opener, network, certificates if "tls" in request.param else None)


def frame(first: int, payload: bytes | str = b"", *, mask: bool = False, form: int | None = None) -> bytes:
    """Spell a server's frame; ``form`` 2 or 8 forces a longer length than needed."""
    payload = payload.encode() if isinstance(payload, str) else payload
    length = len(payload)
    if form is None:
        form = 0 if length < 126 else 2 if length < 65_536 else 8
    bit = 0x80 if mask else 0
    if form == 0:
        head = bytes([first, bit | length & 0x7F])
    elif form == 2:
        head = bytes([first, bit | 126]) + struct.pack("!H", length & 0xFFFF)
    else:
        head = bytes([first, bit | 127]) + struct.pack("!Q", length)
    return head + (b"\0\0\0\0" if mask else b"") + payload


@pytest.fixture(name="frame")
def frame_speller() -> Callable[..., bytes]:
    return frame
