"""Serving a simulation on one port: HTTP, websockets and the control paths told apart by their path."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count
from typing import Any

import trio
from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection
from wsproto.events import Request as Upgrade
from wsproto.utilities import RemoteProtocolError

from feedtree.exchanges.errors import ConnectionLost, TlsFailed
from feedtree.exchanges.wire.transport import Listener, Network, Transport
from feedtree.ops.http import HttpConnection, Request, Response, json_response
from feedtree.ops.sim.config import SimConfig
from feedtree.ops.sim.control import PREFIX as CONTROL_PREFIX
from feedtree.ops.sim.control import Control
from feedtree.ops.sim.peer import Peer
from feedtree.ops.sim.simulation import Simulation
from feedtree.ops.sim.venue import Venue

_KEEP_ALIVE_S = 75.0  # an HTTP connection without a request is closed after so long


@dataclass(frozen=True)
class RunningSim:
    """A simulation that listens.

    Args:
        simulation: its venues and switches, for tests in the same process.
        host: where it listens.
        port: where it listens.
        secure: whether it speaks TLS.
    """

    simulation: Simulation
    host: str
    port: int
    secure: bool

    @property
    def urls(self) -> dict[str, Any]:
        """The URLs by venue, and that of the control paths: what ``feedtree sim`` prints."""
        tail, base = ("s" if self.secure else ""), f"://{self.host}:{self.port}"
        urls: dict[str, Any] = {
            venue.name: {
                "ws": f"ws{tail}{base}{venue.ws_path}",
                "rest": f"http{tail}{base}{venue.rest_prefix if venue.ws_path != '/ws' else ''}",
            }
            for venue in self.simulation.venues.values()
        }
        return {**urls, "control": f"http{tail}{base}{CONTROL_PREFIX}"}


@asynccontextmanager
async def open_sim(
    config: SimConfig,
    network: Network,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[RunningSim]:
    """Serve simulated exchanges within a block; at its end all connections get a close frame and are closed.

    Args:
        config: what is simulated.
        network: TCP, or memory under a virtual clock.
        host: where to listen.
        port: 0 takes a free one.
        tls: the server's context; None serves plain.

    Raises:
        OSError: the address is taken.
        NoRecording: ``config.replay`` names no recording.
        UnknownSwitch: ``config.switches`` names what there is not.
        BadState: ``config.state`` is a file that cannot be used.
    """
    simulation = Simulation(config)
    try:
        listener = await network.listen(host, port, tls=tls)
    except BaseException:
        simulation.close()
        raise
    try:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(simulation.pulse)
            nursery.start_soon(_Door(simulation).accept, listener, nursery)
            try:
                yield RunningSim(simulation, host, listener.address[1], tls is not None)
            finally:
                for venue in simulation.venues.values():
                    venue.farewell()
                nursery.cancel_scope.cancel()
    finally:
        listener.close()
        simulation.close()


async def serve_sim(
    config: SimConfig,
    network: Network,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    tls: ssl.SSLContext | None = None,
    task_status: trio.TaskStatus[RunningSim] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Serve until cancelled: `open_sim` as a task, for ``nursery.start``."""
    async with open_sim(config, network, host=host, port=port, tls=tls) as running:
        task_status.started(running)
        await trio.sleep_forever()


class _Door:
    """Takes connections and leads each to what its path names."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation
        self._control = Control(simulation)
        self._numbers = count(1)

    async def accept(self, listener: Listener, nursery: trio.Nursery) -> None:
        while True:
            nursery.start_soon(self._serve, await listener.accept())

    async def _serve(self, transport: Transport) -> None:
        try:
            await self._talk(transport, HttpConnection(transport))
        except (ConnectionLost, TlsFailed, trio.ClosedResourceError):
            pass  # the client vanished
        finally:
            transport.close()

    async def _talk(self, transport: Transport, http: HttpConnection) -> None:
        while True:
            request = None
            with trio.move_on_after(_KEEP_ALIVE_S):
                request = await http.next_request()
            if request is None or not await self._handle(request, transport, http):
                return

    async def _handle(self, request: Request, transport: Transport, http: HttpConnection) -> bool:
        """Handle one request; return whether another can follow."""
        if request.path.startswith(CONTROL_PREFIX + "/"):
            return await http.answer(self._control.answer(request))
        venue = self._of(request)
        if venue is None:
            return await http.answer(json_response({"error": "not found"}, 404))
        if venue.refusing_until_ns > venue.clock.now_ns():
            transport.abort()
            return False
        if not request.upgrades:
            answer = await self._rest(venue, request)
            if answer is None:
                transport.abort()
                return False
            return await http.answer(answer)
        switches = self._simulation.board.of(venue.name)
        status = switches.upgrade_status
        if status:
            return await http.answer(venue.throttled(status, switches.retry_after(status)))
        await self._websocket(venue, request, transport, http)
        return False

    def _of(self, request: Request) -> Venue | None:
        for venue in self._simulation.venues.values():
            if request.upgrades and request.path == venue.ws_path:
                return venue
            if not request.upgrades and request.path.startswith(venue.rest_prefix + "/"):
                return venue
        return None

    async def _rest(self, venue: Venue, request: Request) -> Response | None:
        switches = self._simulation.board.of(venue.name)
        entries = venue.arrived(request)
        venue.journal.add(venue.clock.now_ns(), request.peer, "request", _shown(request))
        await trio.sleep(switches.rest_delay_s)
        status = switches.rest_status
        answer = (
            venue.throttled(status, switches.retry_after(status))
            if status
            else await venue.rest(request, entries)
        )
        venue.journal.counts["rest"] += 1
        if answer is None:
            venue.journal.add(venue.clock.now_ns(), request.peer, "answer", "none: the connection was ended")
            return None
        body = answer.body.decode("utf-8", "replace")
        venue.journal.add(venue.clock.now_ns(), request.peer, "answer", f"{answer.status} {body[:500]}")
        return answer

    async def _websocket(
        self, venue: Venue, request: Request, transport: Transport, http: HttpConnection
    ) -> None:
        websocket = WSConnection(ConnectionType.SERVER)
        try:
            websocket.initiate_upgrade_connection(list(request.headers), request.target)
            upgrades = any(isinstance(event, Upgrade) for event in websocket.events())
        except RemoteProtocolError:
            upgrades = False
        if not upgrades:
            await http.answer(json_response({"error": "bad handshake"}, 400))
            return
        await transport.send_all(websocket.send(AcceptConnection()))
        await self._attend(venue, request, transport, websocket, http.trailing)

    async def _attend(
        self, venue: Venue, request: Request, transport: Transport, websocket: WSConnection, first: bytes
    ) -> None:
        peer = Peer(
            next(self._numbers),
            request.target,
            transport,
            websocket,
            buffer=self._simulation.config.buffer,
            now_ns=venue.clock.now_ns,
            journal=venue.journal,
        )
        venue.journal.add(venue.clock.now_ns(), str(peer.number), "open", f"{request.peer} {request.target}")
        peer.session = venue.session(peer)
        venue.peers[peer] = None
        try:
            await peer.run(first)
        finally:
            del venue.peers[peer]


def _shown(request: Request) -> str:
    body = request.body.decode("utf-8", "replace")
    return f"{request.method} {request.target} {body}".rstrip()
