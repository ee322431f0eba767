"""Runs the tree under load, every cell of the grid in a process of its own, and judges what each brings back."""

import random
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import msgspec
from msgspec import Struct

from feedtree.ops.bench.crowd import ORDER
from feedtree.ops.bench.load import Sample, Task
from feedtree.ops.bench.machine import Cores
from feedtree.ops.bench.pairs import pairs_of
from feedtree.ops.bench.processes import CA_FILE, address, certify, serving
from feedtree.ops.bench.programs import ProgramFailed, output
from feedtree.ops.bench.server import traffic_file
from feedtree.ops.bench.traffic import Traffic, make_traffic
from feedtree.ops.bench.truth import differences

TIMED = 30_000  # messages
SEED = 1


class Cell(Struct, frozen=True, order=True):
    """One size of the load.

    Args:
        connections: open at one time.
        symbols: subscribed to, over all of them.
        busy: so many of the symbols have all the traffic; all of them where it is 0.
    """

    connections: int
    symbols: int
    busy: int = 0


def spelled(cell: Cell) -> str:
    """Return a cell in words: ``100 x 1,000``."""
    busy = f" ({cell.busy} busy)" if cell.busy else ""
    return f"{cell.connections} x {cell.symbols:,}{busy}"


class Run(Struct, frozen=True):
    """One cell's run.

    Args:
        cell: which.
        sample: what it measured; None where it failed.
        faults: why it does not count; empty where it does.
    """

    cell: Cell
    sample: Sample | None
    faults: list[str]


class Grid:
    """Makes the traffic of each cell once, and runs cells.

    Args:
        folder: for the files of the processes.
        cores: where they are pinned to.
        timed: messages of each run.
    """

    def __init__(self, folder: Path, cores: Cores, timed: int = TIMED) -> None:
        self._folder = folder
        self._cores = cores
        self._timed = timed
        self._traffic = cache(self._made)
        certify(folder)

    def run(self, cell: Cell, *, profile: bool = False) -> Run:
        """Run one cell, against a server of its own."""
        traffic = self._traffic(cell.symbols, cell.busy)
        traffic_file(self._folder, ORDER.traffic).write_bytes(msgspec.msgpack.encode(traffic))
        with serving("feedtree.ops.bench.crowd", self._folder, self._cores.server) as ports:
            task = self._folder / "task.json"
            task.write_bytes(msgspec.json.encode(self._task(cell, traffic, ports["tls"], profile=profile)))
            command = [sys.executable, "-m", "feedtree.ops.bench.load", str(task)]
            try:
                sample = msgspec.json.decode(output(command, self._cores.client), type=Sample)
            except ProgramFailed as error:
                return Run(cell, None, [str(error)])
        return Run(cell, sample, faults(cell, traffic, sample))

    def _made(self, symbols: int, busy: int) -> Traffic:
        pairs = pairs_of(symbols)
        if busy:
            quiet = (msgspec.structs.replace(pair, weight=0.0) for pair in pairs[busy:])
            pairs = (*pairs[:busy], *quiet)
        return make_traffic(self._timed, SEED, pairs)

    def _task(self, cell: Cell, traffic: Traffic, port: int, *, profile: bool) -> Task:
        symbols = list(traffic.final)
        random.Random(SEED).shuffle(symbols)  # else the first connection had most of the traffic
        return Task(
            url=address("tls", port, ORDER),
            ca_file=str(self._folder / CA_FILE),
            core=self._cores.client,
            symbols=symbols,
            connections=cell.connections,
            timed=self._timed,
            total=len(traffic.frames),
            profile=profile,
        )


@contextmanager
def open_grid(cores: Cores, timed: int = TIMED) -> Iterator[Grid]:
    """Keep the files of a grid for the time of a block."""
    with tempfile.TemporaryDirectory(prefix="feedtree-bench-") as folder:
        yield Grid(Path(folder), cores, timed)


def faults(cell: Cell, traffic: Traffic, sample: Sample) -> list[str]:
    """Name everything that shows that a run was not what it should be; nothing for a right one."""
    found: list[str] = []
    if sample.connections != cell.connections:
        found.append(f"{sample.connections} connections, not {cell.connections}")
    if sample.received != len(traffic.frames):
        found.append(f"{sample.received} of {len(traffic.frames)} messages came")
    return found + differences(traffic.final, sample.books)


def samples(runs: Iterable[Run], cell: Cell) -> list[Sample]:
    """Return what the right runs of a cell measured, in the order of the rounds."""
    return [run.sample for run in runs if run.cell == cell and run.sample is not None and not run.faults]
