"""What ``feedtree top`` asks of an app, without its screen: ``python -m feedtree.ops.bench.attached_top SOCKET CORE``.

It attaches and detaches when it is told to on its stdin, a byte each. Attached, it does what ``top`` does at its pace
of one look a second: it looks, on one connection; it follows the events, on another; and it asks once for the details
of what is selected, the root. Answers are kept and read at the end, for a reader at work would take the core
that the server sends from. At the end of its stdin it prints one JSON line: a `Visit` for each time.
"""

import sys
import time

import msgspec
import trio
from msgspec import Struct

from feedtree.ops.bench.machine import pin
from feedtree.ops.inspect.protocol import Answer, Look, Past, Request, Show
from feedtree.ops.operate.top.poller import REMEMBERED

ATTACH, DETACH = b"a", b"d"
READY = b"ready\n"
EVERY = 1.0  # seconds from one look to the next
CHUNK = 65_536


class Visit(Struct):
    """What was asked and answered from an attaching to the detaching.

    Args:
        looks_ms: how long each look took, from the question to the end of the answer.
        looks_bytes: how long each answer was.
        streams: that the last look told of.
        faults: what was not as it should be.
    """

    looks_ms: list[float] = []
    looks_bytes: list[int] = []
    streams: int = 0
    faults: list[str] = []


class _Facts(Struct):
    streams: list[msgspec.Raw]


class _Seen(Struct):
    facts: _Facts


class Connection:
    """Asks, and returns answers as they come, unread."""

    def __init__(self, stream: trio.SocketStream) -> None:
        self._stream = stream
        self._received = bytearray()

    async def ask(self, request: Request) -> bytes:
        """Ask, and return the first line of the answer."""
        await self._stream.send_all(msgspec.json.encode(request) + b"\n")
        return await self.line()

    async def line(self) -> bytes:
        """Return the next line.

        Raises:
            EOFError: there is none.
        """
        received = self._received
        while (end := received.find(b"\n")) < 0:
            chunk = await self._stream.receive_some(CHUNK)
            if not chunk:
                raise EOFError("the app has hung up")
            received += chunk
        said = bytes(received[:end])
        del received[: end + 1]
        return said


class Top:
    """Attaches to an app again and again.

    Args:
        path: of its socket.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._visits: list[tuple[Visit, list[bytes]]] = []

    async def obey(self, orders: trio.abc.ReceiveStream) -> None:
        """Attach and detach as ordered, until there are no more orders."""
        scope = trio.CancelScope()
        async with trio.open_nursery() as nursery:
            async for chunk in orders:
                for order in chunk:
                    scope.cancel()
                    if order == ord(ATTACH):
                        scope = trio.CancelScope()
                        nursery.start_soon(self._attach, scope)
            scope.cancel()

    async def _attach(self, scope: trio.CancelScope) -> None:
        visit = Visit()
        answers: list[bytes] = []
        self._visits.append((visit, answers))
        with scope:
            try:
                await self._watch(visit, answers)
            except* (OSError, EOFError, trio.BrokenResourceError) as errors:
                visit.faults += [repr(error) for error in errors.exceptions]

    async def _watch(self, visit: Visit, answers: list[bytes]) -> None:
        async with trio.open_nursery() as nursery, await trio.open_unix_socket(self._path) as stream:
            asked, due = Connection(stream), trio.current_time()
            while True:
                began = time.perf_counter()
                answers.append(await asked.ask(Look()))
                visit.looks_ms.append((time.perf_counter() - began) * 1e3)
                if len(answers) == 1:
                    nursery.start_soon(self._follow)
                    await asked.ask(Show(path=""))
                due += EVERY
                await trio.sleep_until(due)

    async def _follow(self) -> None:
        async with await trio.open_unix_socket(self._path) as stream:
            followed = Connection(stream)
            await followed.ask(Past(last=REMEMBERED, follow=True))
            while True:
                await followed.line()

    def visits(self) -> list[Visit]:
        """Read all answers, and return what there was."""
        for visit, answers in self._visits:
            for said in answers:
                visit.looks_bytes.append(len(said) + 1)
                try:
                    visit.streams = streams_in(said)
                except msgspec.MsgspecError as error:
                    visit.faults.append(str(error))
        return [visit for visit, _ in self._visits]


def streams_in(said: bytes) -> int:
    """Return how many streams the answer to a look tells of.

    Raises:
        msgspec.MsgspecError: it is no such answer.
    """
    answer = msgspec.json.decode(said, type=Answer)
    if answer.error is not None:
        raise msgspec.ValidationError(answer.error.text)
    return len(msgspec.json.decode(answer.body, type=_Seen).facts.streams)


def main(path: str, core: int | None) -> None:
    """Be this program."""
    pin(core)
    top = Top(path)
    printed = sys.stdout.buffer
    printed.write(READY)
    printed.flush()

    async def run() -> None:
        async with trio.lowlevel.FdStream(0) as orders:
            await top.obey(orders)

    trio.run(run)
    printed.write(msgspec.json.encode(top.visits()) + b"\n")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]) if sys.argv[2:] else None)
