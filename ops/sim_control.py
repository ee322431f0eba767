"""The simulators' control paths, as a client sees them: the truth about books, and faults on request."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Literal, TypeAlias
from urllib.parse import urlsplit

import httpx
import msgspec
from msgspec import Struct

from feedtree.ops.config import Venue

_THIS_MACHINE = ("127.0.0.1", "::1", "localhost")
TIMEOUT = 1.0  # s for an answer; the simulators are on this machine
HELD = 30.0  # s that a fault lasts, unless its client goes away before

Fault: TypeAlias = Literal["reset", "blackhole", "mute"]


class ControlFailed(Exception):
    """The simulators did not answer, or not as simulators do."""


class TrueBook(Struct, frozen=True):
    """A book as the simulated exchange had it at one id; levels best first."""

    id: int
    bids: list[tuple[float, float]]
    asks: list[tuple[float, float]]


class SimControl:
    """A client of the control paths; made by `open_control`."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    async def book(self, venue: str, symbol: str, sequence: int) -> TrueBook | None:
        """Return the truth at an id; None where the simulator does not have that id (any more).

        Raises:
            ControlFailed: no answer, or none of a simulator.
        """
        answer = await self._ask("GET", "book", venue=venue, symbol=symbol, id=str(sequence))
        if answer.status_code == 404:
            return None
        if answer.status_code != 200:
            raise ControlFailed(f"HTTP {answer.status_code}: {answer.text[:200]}")
        try:
            return msgspec.json.decode(answer.content, type=TrueBook, strict=False)
        except msgspec.DecodeError as error:
            raise ControlFailed(f"no book: {error}") from error

    async def fault(self, venue: str, kind: Fault, seconds: float = HELD) -> None:
        """Break a venue's websocket connections.

        Args:
            venue: whose.
            kind: how.
            seconds: how long, for the kinds that last.

        Raises:
            ControlFailed: no answer, or a refusal.
        """
        answer = await self._ask("POST", "fault", venue=venue, kind=kind, seconds=f"{seconds:g}")
        if answer.status_code != 200:
            raise ControlFailed(f"HTTP {answer.status_code}: {answer.text[:200]}")

    async def answers(self) -> bool:
        """Return whether a simulator answers there now."""
        try:
            return (await self._ask("GET", "symbols")).status_code == 200
        except ControlFailed:
            return False

    async def _ask(self, method: str, path: str, **query: str) -> httpx.Response:
        try:
            return await self._http.request(method, path, params=query)
        except httpx.HTTPError as error:
            raise ControlFailed(f"{type(error).__name__}: {error}") from error


@asynccontextmanager
async def open_control(url: str, *, ca_file: str | None = None) -> AsyncIterator[SimControl]:
    """Open a client of the control paths below an address, closed with the block.

    Args:
        url: the ``control`` of the simulators' first line.
        ca_file: a PEM file to verify a simulator with that serves over TLS.
    """
    async with httpx.AsyncClient(
        base_url=url, timeout=TIMEOUT, trust_env=False, verify=_trust(url, ca_file)
    ) as http:
        yield SimControl(http)


def control_url(venue: Venue) -> str | None:
    """Return where the control paths would be if a simulator on this machine served a venue; None if it cannot."""
    parts = urlsplit(venue.ws_url or "")
    if parts.hostname not in _THIS_MACHINE:
        return None
    return f"{parts.scheme.replace('ws', 'http')}://{parts.netloc}/_sim"


def _trust(url: str, ca_file: str | None) -> bool | ssl.SSLContext:
    if urlsplit(url).scheme == "http":  # the loop need not stand still while certificates are read
        return False
    return True if ca_file is None else ssl.create_default_context(cafile=ca_file)
