"""The simulated exchanges in a process of their own: started, killed, started again on the same port."""

import subprocess
import sys
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import msgspec
import trio
from msgspec import Struct

from feedtree.ops.beside import beside

START_TIMEOUT = 20.0  # s until the simulators must listen
REVIVAL_DELAY = 3.0  # s between a kill and the next start
STOP_GRACE = 0.5  # s between the request to end and the kill
_TAIL = 20  # lines of stderr that are kept


class SimulatorFailed(Exception):
    """The simulators did not start, or ended by themselves; the message says why."""


class SimAddresses(Struct, frozen=True):
    """Where the simulators listen.

    Args:
        venues: by venue, its websocket and REST addresses.
        control: the address of the control paths.
    """

    venues: dict[str, "VenueAddresses"]
    control: str


class VenueAddresses(Struct, frozen=True):
    """The addresses of one venue."""

    ws: str
    rest: str


class SimProcess:
    """The simulators' process. It ends with this one, however this one ends.

    Args:
        arguments: options of ``feedtree sim`` beside host and port.
        notice: gets a sentence about each end and start.

    Attributes:
        addresses: where they listen; the same after a kill.
        starts: how often they have started.
        alive: False between an end and the next start.
    """

    def __init__(self, arguments: Sequence[str] = (), notice: Callable[[str], None] = lambda _: None) -> None:
        self._arguments = list(arguments)
        self._notice = notice
        self._port = 0
        self._process: trio.Process | None = None
        self._revive = trio.Event()
        self._reviving = False
        self._errors: deque[str] = deque(maxlen=_TAIL)
        self.addresses = SimAddresses({}, "")
        self.starts = 0

    @property
    def alive(self) -> bool:
        """True while the process runs."""
        return self._process is not None and self._process.returncode is None

    @property
    def pid(self) -> int:
        """The process id of the latest start; 0 before the first."""
        return self._process.pid if self._process else 0

    @property
    def gone(self) -> bool:
        """True when the process ended, and nothing will start it again."""
        return self.starts > 0 and not self.alive and not self._revive.is_set() and not self._reviving

    def kill(self) -> None:
        """Kill -9 the simulators; they start again on the same port after `REVIVAL_DELAY`."""
        self._revive.set()
        if self.alive and self._process:
            self._process.kill()

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Keep the simulators until cancelled; `started` once they listen for the first time.

        One that ends by itself stays down until `kill` asks for the next.

        Raises:
            SimulatorFailed: the first start did not succeed.
        """
        try:
            await self._start()
            task_status.started()
            while True:
                await self._until_end()
                await self._until_revival()
        finally:
            await self._stop()

    async def _until_end(self) -> None:
        assert self._process is not None
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._drain, self._process.stdout)
            nursery.start_soon(self._drain, self._process.stderr)
            code = await self._process.wait()
        await self._stop()  # closes the pipes
        self._notice(f"the simulated exchanges ended ({_how(code)})")

    async def _until_revival(self) -> None:
        """Wait for a kill by `kill` (which may have come already), then until the next start succeeded."""
        while not self.alive:
            await self._revive.wait()
            self._revive = trio.Event()
            self._reviving = True
            await trio.sleep(REVIVAL_DELAY)
            try:
                await self._start()
            except SimulatorFailed as error:
                self._notice(f"the simulated exchanges did not start again: {error}")
            else:
                self._notice("the simulated exchanges listen again")
            finally:
                self._reviving = False

    async def _start(self) -> None:
        command = [
            sys.executable,
            "-m",
            "feedtree.ops",
            "sim",
            "--port",
            str(self._port),
            "--end-with-parent",
        ]
        process = await trio.lowlevel.open_process(
            [*command, *self._arguments],
            stdin=subprocess.PIPE,  # its end tells the simulators that this process is gone
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C on the terminal is for this process: it stops in order
        )
        self._process = process
        try:
            self.addresses = await self._announced(process)
        except BaseException:
            await self._stop()
            raise
        self._port = int(self.addresses.control.split(":")[2].split("/")[0])
        self._revive = trio.Event()
        self.starts += 1

    async def _announced(self, process: trio.Process) -> SimAddresses:
        """Return what the first line on stdout says."""
        assert process.stdout is not None
        line = b""
        with trio.move_on_after(START_TIMEOUT):
            while b"\n" not in line and (chunk := await process.stdout.receive_some()):
                line += chunk
        try:
            said = msgspec.json.decode(line.partition(b"\n")[0], type=dict[str, msgspec.Raw])
            control = msgspec.json.decode(said.pop("control"), type=str)
            venues = {name: msgspec.json.decode(raw, type=VenueAddresses) for name, raw in said.items()}
        except (msgspec.DecodeError, KeyError) as error:
            raise SimulatorFailed(await self._last_words(process)) from error
        return SimAddresses(venues, control)

    async def _last_words(self, process: trio.Process) -> str:
        with trio.move_on_after(STOP_GRACE):
            await self._drain(process.stderr)
        return self._errors[-1] if self._errors else "they did not say where they listen"

    async def _drain(self, stream: trio.abc.ReceiveStream | None) -> None:
        """Read what the process says, so that it never waits for us, and keep the last lines."""
        assert stream is not None
        async for chunk in stream:
            self._errors.extend(line for line in chunk.decode(errors="replace").splitlines() if line.strip())

    async def _stop(self) -> None:
        process = self._process
        if process is None:
            return
        with trio.CancelScope(shield=True):
            if process.returncode is None:
                process.terminate()
                with trio.move_on_after(STOP_GRACE):
                    await process.wait()
            if process.returncode is None:
                process.kill()
                await process.wait()
            for stream in (process.stdin, process.stdout, process.stderr):
                if stream is not None:
                    await stream.aclose()


@asynccontextmanager
async def open_simulators(
    arguments: Sequence[str], notice: Callable[[str], None]
) -> AsyncIterator[SimProcess]:
    """Run the simulators beside the body. They end after it, also where it is cancelled.

    Args:
        arguments: options of ``feedtree sim`` beside host and port.
        notice: gets a sentence about each end and start.

    Raises:
        SimulatorFailed: they did not start.
    """
    simulators = SimProcess(arguments, notice)
    scope = trio.CancelScope()
    async with beside() as nursery:
        try:
            await _started(nursery, simulators, scope)
            yield simulators
        finally:
            scope.cancel()


async def _started(nursery: trio.Nursery, simulators: SimProcess, scope: trio.CancelScope) -> None:
    """Start the simulators, where a cancellation may end it; from then on only their own scope ends them."""

    async def keep(*, task_status: trio.TaskStatus[None]) -> None:
        with scope:
            await simulators.run(task_status=task_status)

    await nursery.start(keep)
    scope.shield = True


def _how(code: int) -> str:
    return f"killed by signal {-code}" if code < 0 else f"exit code {code}"
