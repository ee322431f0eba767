"""One process of a client, with a proxy of its own before its market data, and one before its REST calls."""

import subprocess
import time
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import TypeAlias
from urllib.parse import urlsplit

import msgspec
import trio
from msgspec import Struct

from feedtree.exchanges.wire.tcp import TcpNetwork
from feedtree.ops.chaos.fault import Scope
from feedtree.ops.chaos.kinds import PROXY_FAULTS
from feedtree.ops.chaos.peers.clients.telling import Task
from feedtree.ops.chaos.peers.diary import Diary
from feedtree.ops.chaos.peers.ordeals import Ordeal
from feedtree.ops.chaos.proxy import Proxy, open_proxy
from feedtree.ops.chaos.sightings import Sighting
from feedtree.ops.chaos.spelling import make_fault, parse

END_GRACE = 1.0  # seconds between the request to end and the kill
AGAIN_AFTER = 1.0  # seconds between the end of a process and the next start
_TAIL = 5  # lines of stderr that are kept

Address: TypeAlias = tuple[str, int]


class Start(Struct, frozen=True):
    """How processes of one client are started.

    Args:
        client: its name.
        command: to be followed by the task.
        environ: its environment variables.
        ws_url: of the exchange.
        rest_url: of the exchange, without a path.
        ca_file: whom to trust.
        symbols: ``BTC/USDT``.
    """

    client: str
    command: Sequence[str]
    environ: Mapping[str, str]
    ws_url: str
    rest_url: str
    ca_file: str
    symbols: tuple[str, ...]


class Contestant:
    """A running client; made by `open_contestant`.

    Attributes:
        client: its name.
        diary: what it told; another one for each process.
        sightings: what it did at its market data's proxy; times of `time.monotonic`.
        last_end: why its last process ended, in words; empty before.
    """

    def __init__(self, start: Start, market: Proxy, rest: Proxy, sightings: list[Sighting]) -> None:
        self.client = start.client
        self.diary = Diary()
        self.sightings = sightings
        self.last_end = ""
        self._start = start
        self._market = market
        self._rest = rest
        self._process: trio.Process | None = None
        self._errors: deque[str] = deque(maxlen=_TAIL)
        self._changed = trio.Event()

    @property
    def pid(self) -> int:
        """The process id of the newest process; 0 before the first."""
        return self._process.pid if self._process else 0

    def notify(self) -> None:
        """Let who waits look anew: something about it has changed."""
        self._changed.set()
        self._changed = trio.Event()

    async def changed(self) -> None:
        """Wait until it told or did something, or ended."""
        await self._changed.wait()

    async def run(self) -> None:
        """Run processes, one after the other, each until it ends; cancelled, end it."""
        while True:
            self.diary = Diary()
            self._process = process = await self._open()
            try:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(self._drain, process.stderr)
                    await self._read(process.stdout)
                code = await process.wait()
            finally:
                await _end(process)
            self.last_end = f"it ended with {code}: {self._errors[-1] if self._errors else 'no word'}"
            self.notify()
            await trio.sleep(AGAIN_AFTER)

    async def ask(self) -> None:
        """Ask for its books; the answer goes into its diary."""
        assert self._process is not None
        assert self._process.stdin is not None
        self.diary.books = None
        with suppress(trio.BrokenResourceError, trio.ClosedResourceError):  # it may have ended
            await self._process.stdin.send_all(b"\n")

    @asynccontextmanager
    async def under(self, ordeal: Ordeal) -> AsyncIterator[None]:
        """Let a fault work on its connections for the time of a block; only the open ones of REST meet it.

        Args:
            ordeal: one that is a fault of the proxy.
        """
        fault = make_fault(PROXY_FAULTS, *parse(ordeal.fault))
        scope: Scope = "all" if ordeal.retries else "open"
        async with (
            self._rest.fault(fault, on="open"),
            self._market.fault(fault, on=scope, count=ordeal.retries),
        ):
            yield

    async def _open(self) -> trio.Process:
        start = self._start
        (ws_host, ws_port), (rest_host, rest_port) = self._market.address, self._rest.address
        task = Task(
            ws_url=urlsplit(start.ws_url)._replace(netloc=f"{ws_host}:{ws_port}").geturl(),
            rest_url=urlsplit(start.rest_url)._replace(netloc=f"{rest_host}:{rest_port}").geturl(),
            ca_file=start.ca_file,
            symbols=list(start.symbols),
        )
        return await trio.lowlevel.open_process(
            [*start.command, msgspec.json.encode(task).decode()],
            stdin=subprocess.PIPE,  # its end tells the client that this process is gone
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=dict(start.environ),
            start_new_session=True,  # Ctrl-C on the terminal is for this process: it ends in order
        )

    async def _read(self, stream: trio.abc.ReceiveStream | None) -> None:
        assert stream is not None
        async for chunk in stream:
            self.diary.feed(bytes(chunk))
            self.notify()

    async def _drain(self, stream: trio.abc.ReceiveStream | None) -> None:
        assert stream is not None
        async for chunk in stream:
            self._errors.extend(line for line in chunk.decode(errors="replace").splitlines() if line.strip())


@asynccontextmanager
async def open_contestant(start: Start) -> AsyncIterator[Contestant]:
    """Run a client behind its proxies for the time of a block."""
    offset = time.monotonic() - trio.current_time()
    sightings: list[Sighting] = []
    contestant: Contestant | None = None

    def see(sighting: Sighting) -> None:
        sightings.append(msgspec.structs.replace(sighting, at=sighting.at + offset))
        if contestant is not None:
            contestant.notify()

    network = TcpNetwork()
    market_at, rest_at = _address(start.ws_url), _address(start.rest_url)
    async with (
        open_proxy(network, to=market_at, see=see) as market,
        open_proxy(network, to=rest_at) as rest,
        trio.open_nursery() as nursery,
    ):
        contestant = Contestant(start, market, rest, sightings)
        nursery.start_soon(contestant.run)
        yield contestant
        nursery.cancel_scope.cancel()


def _address(url: str) -> Address:
    parts = urlsplit(url)
    assert parts.hostname is not None
    assert parts.port is not None
    return parts.hostname, parts.port


async def _end(process: trio.Process) -> None:
    with trio.CancelScope(shield=True):
        if process.stdin is not None:
            await process.stdin.aclose()
        with trio.move_on_after(END_GRACE):
            await process.wait()
        if process.returncode is None:
            process.kill()
            await process.wait()
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                await stream.aclose()
