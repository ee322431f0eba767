"""The proxies of a campaign in a process of their own: ``python -m feedtree.ops.chaos.campaign.fleet_process``.

It is told by lines of JSON on stdin, and answers each by a line on stdout. It ends when stdin ends.
"""

import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import msgspec
import trio
from msgspec import Struct

from feedtree.exchanges.wire.tcp import TcpNetwork
from feedtree.ops.beside import beside
from feedtree.ops.chaos.campaign.fleet import FaultOrder, LocalFleet, open_fleet
from feedtree.ops.chaos.spelling import WrongFault

_HOST = "127.0.0.1"
_START_WITHIN = 20.0  # seconds
_STOP_WITHIN = 0.5


class FleetFailed(Exception):
    """The process did not start, or is gone."""


class Begin(Struct, frozen=True, tag=True):
    """Let a fault work."""

    number: int
    order: FaultOrder


class End(Struct, frozen=True, tag=True):
    """Let it work no more."""

    number: int
    handle: int


class Answer(Struct, frozen=True):
    """What a request came to: a handle, or what is wrong with it."""

    number: int
    handle: int = 0
    wrong: str = ""


class _Start(Struct, frozen=True):
    lines: int
    to: tuple[str, int]
    seed: int


class RemoteFleet:
    """The other end of the pipes.

    Args:
        process: which.
        ports: where each proxy listens.
    """

    def __init__(self, process: trio.Process, ports: Sequence[int]) -> None:
        self._process = process
        self._ports = ports
        self._numbers = 0
        self._sending = trio.Lock()
        self._waiting: dict[int, trio.Event] = {}
        self._answers: dict[int, Answer] = {}
        self._gone = False

    @property
    def ports(self) -> Sequence[int]:
        """See `Fleet.ports`."""
        return self._ports

    async def begin(self, order: FaultOrder) -> int:
        """See `Fleet.begin`.

        Raises:
            WrongFault: there is no such fault, parameter or value.
            FleetFailed: the process is gone.
        """
        self._numbers += 1
        answer = await self._ask(Begin(self._numbers, order))
        if answer.wrong:
            raise WrongFault(answer.wrong)
        return answer.handle

    async def end(self, handle: int) -> None:
        """See `Fleet.end`.

        Raises:
            FleetFailed: the process is gone.
        """
        self._numbers += 1
        await self._ask(End(self._numbers, handle))

    async def listen(self, lines: AsyncIterator[bytes]) -> None:
        """Take the answers, until the process ends."""
        async for line in lines:
            answer = msgspec.json.decode(line, type=Answer)
            if (waiting := self._waiting.pop(answer.number, None)) is not None:
                self._answers[answer.number] = answer
                waiting.set()
        self._gone = True
        for waiting in self._waiting.values():
            waiting.set()

    async def _ask(self, request: Begin | End) -> Answer:
        assert self._process.stdin is not None
        waiting = self._waiting[request.number] = trio.Event()
        try:
            async with self._sending:
                await self._process.stdin.send_all(msgspec.json.encode(request) + b"\n")
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            self._gone = True
        if not self._gone:
            await waiting.wait()
        if request.number not in self._answers:
            raise FleetFailed("the proxies' process is gone")
        return self._answers.pop(request.number)


@asynccontextmanager
async def open_remote_fleet(lines: int, to: tuple[str, int], seed: int) -> AsyncIterator[RemoteFleet]:
    """Run the proxies beside a block, in a process of their own that ends with it; arguments as `open_fleet`.

    Raises:
        FleetFailed: it did not start.
    """
    process = await trio.lowlevel.open_process(
        [sys.executable, "-m", "feedtree.ops.chaos.campaign.fleet_process"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,  # Ctrl-C on the terminal is for us
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        answers = _lines(process.stdout)
        ports = None
        with trio.move_on_after(_START_WITHIN):
            await process.stdin.send_all(msgspec.json.encode(_Start(lines, to, seed)) + b"\n")
            ports = msgspec.json.decode(await anext(answers, b"null"), type=list[int] | None)
        if ports is None:
            raise FleetFailed("the proxies' process did not say where it listens")
        fleet = RemoteFleet(process, ports)
        async with beside() as nursery:
            nursery.start_soon(fleet.listen, answers)
            yield fleet
    finally:
        with trio.CancelScope(shield=True):
            await process.stdin.aclose()
            with trio.move_on_after(_STOP_WITHIN):
                await process.wait()
            if process.returncode is None:
                process.kill()
                await process.wait()
            await process.stdout.aclose()


async def serve(stdin: trio.abc.ReceiveStream, stdout: trio.abc.SendStream) -> None:
    """Be that process."""
    requests = _lines(stdin)
    start = msgspec.json.decode(await anext(requests), type=_Start)
    async with open_fleet(TcpNetwork(), [_HOST] * start.lines, start.to, start.seed) as fleet:
        sending = trio.Lock()
        await stdout.send_all(msgspec.json.encode(list(fleet.ports)) + b"\n")
        async with trio.open_nursery() as nursery:
            async for line in requests:
                request = msgspec.json.decode(line, type=Begin | End)
                nursery.start_soon(_do, fleet, request, stdout, sending)
            nursery.cancel_scope.cancel()


async def _do(
    fleet: LocalFleet, request: Begin | End, stdout: trio.abc.SendStream, sending: trio.Lock
) -> None:
    answer = Answer(request.number)
    try:
        if isinstance(request, Begin):
            answer = Answer(request.number, await fleet.begin(request.order))
        else:
            await fleet.end(request.handle)
    except WrongFault as error:
        answer = Answer(request.number, wrong=str(error))
    async with sending:
        await stdout.send_all(msgspec.json.encode(answer) + b"\n")


async def _lines(stream: trio.abc.ReceiveStream) -> AsyncIterator[bytes]:
    buffer = b""
    async for chunk in stream:
        buffer += chunk
        *whole, buffer = buffer.split(b"\n")
        for line in whole:
            yield line


async def _main() -> None:
    stdin, stdout = (trio.lowlevel.FdStream(file.fileno()) for file in (sys.stdin, sys.stdout))
    await serve(stdin, stdout)


if __name__ == "__main__":
    trio.run(_main)
