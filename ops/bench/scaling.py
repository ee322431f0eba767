"""Runs the programs of the supervision table, one at a time, and judges what each brings back."""

import sys
import tempfile
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from msgspec import Struct

from feedtree.ops.bench.otp import Command, otp_commands
from feedtree.ops.bench.programs import ProgramFailed, output, result
from feedtree.ops.bench.supervision import PROGRAMS, Sample

SIZES = (1_000, 10_000)  # children of one supervisor
CRASHES = 1_000  # one at a time, and again as many at once
WAITED = 0.1  # share of a run without CPU from which on it counts as disturbed


class Run(Struct, frozen=True):
    """One run of one program.

    Args:
        program: its name.
        children: how many it supervised.
        sample: what it measured; None where it failed.
        faults: why it does not count; empty where it does.
        round: runs of one round are compared with each other: machines change their pace over minutes.
    """

    program: str
    children: int
    sample: Sample | None
    faults: list[str]
    round: int = 0

    @property
    def counts(self) -> bool:
        """Whether every child was started, restarted and stopped as it should be."""
        return not self.faults

    @property
    def disturbed(self) -> bool:
        """Whether it waited, or others had its core, for a noticeable time."""
        if self.sample is None:
            return False
        laps = self.sample.laps.values()
        return sum(lap.whole_s for lap in laps) < (1 - WAITED) * sum(lap.wall_s for lap in laps)


def run_all(
    core: int | None,
    *,
    rounds: int,
    sizes: Sequence[int] = SIZES,
    crashes: int = CRASHES,
    programs: Sequence[str] | None = None,
) -> Iterator[Run]:
    """Run programs at every size once a round, every other round backwards.

    Args:
        core: to pin each of them to.
        rounds: how often.
        sizes: how many children.
        crashes: how many of them crash, one at a time, and again at once.
        programs: by name, those that are there; None for all.

    Yields:
        Each run when it has ended.
    """
    with tempfile.TemporaryDirectory(prefix="feedtree-bench-") as folder:
        commands = {**_python_commands(), **otp_commands(Path(folder))}
        pairs = [
            (name, children)
            for children in sizes
            for name in commands
            if programs is None or name in programs
        ]
        for number in range(rounds):
            for name, children in pairs:
                yield _run(name, commands[name], children, crashes, core, number)
            pairs.reverse()


def _python_commands() -> dict[str, Command]:
    return {name: partial(_python_command, name) for name in PROGRAMS}


def _python_command(name: str, children: int, crashes: int) -> list[str]:
    return [sys.executable, "-m", "feedtree.ops.bench.supervision", name, str(children), str(crashes)]


def _run(name: str, command: Command, children: int, crashes: int, core: int | None, number: int) -> Run:
    try:
        sample = result(output(command(children, crashes), core), Sample)
    except ProgramFailed as error:
        return Run(name, children, None, [str(error)], number)
    return Run(name, children, sample, faults(sample, children, crashes), number)


def faults(sample: Sample, children: int, crashes: int) -> list[str]:
    """Name everything that shows that a program did not do the whole work; nothing for one that did."""
    due = children + 2 * crashes
    found: list[str] = []
    if sample.starts != due:
        found.append(f"children were ready {sample.starts} times, not {due}")
    if sample.census.generations not in (None, due):
        found.append(f"the supervisor counts {sample.census.generations} generations, not {due}")
    if sample.census.active != children:
        found.append(f"{sample.census.active} of {children} children ran before the stop")
    if sample.left:
        found.append(f"{sample.left} children ran on after the stop")
    if sample.in_reverse is False:
        found.append("children were not stopped in reverse start order")
    return found
