"""The parts of the benchmark: a line each."""

from collections.abc import Callable

from msgspec import Struct

from feedtree.ops.bench import (
    attached,
    extras_part,
    imports,
    latency,
    memory,
    messages,
    mexc,
    promises,
    scaling_report,
)
from feedtree.ops.bench.machine import Cores
from feedtree.ops.bench.parts import Part

RunPart = Callable[[Cores, int], Part]  # gets the cores and the number of rounds


class Entry(Struct, frozen=True):
    """One part.

    Args:
        run: measures what matters, in a minute or two.
        rounds: so often.
        grid: measures everything; None where that is the same.
    """

    run: RunPart
    rounds: int = 5
    grid: RunPart | None = None


PARTS: dict[str, Entry] = {
    "messages": Entry(messages.run_part, grid=messages.run_grid),
    "latency": Entry(latency.run_part, grid=latency.run_grid),
    "promises": Entry(promises.run_part, grid=promises.run_grid),
    "attached": Entry(attached.run_part, rounds=15),
    "mexc": Entry(lambda cores, rounds: mexc.run_part(cores.client, rounds), rounds=15),
    "supervision": Entry(scaling_report.run_part, grid=scaling_report.run_grid),
    "memory": Entry(memory.run_part, rounds=2, grid=memory.run_grid),
    "imports": Entry(imports.run_part, rounds=11),
    "extras": Entry(extras_part.run_part),
}
