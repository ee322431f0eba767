"""What is measured of the process, its event loop, and the tree as a whole."""

import sys
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, version

from feedtree.ops.metrics.metric import AnyMetric, Labels, Metric, Read
from feedtree.ops.metrics.sight import Sight
from feedtree.supervisors import LoopFacts


def _one(value: Callable[[Sight], float | None]) -> Read:
    """Read one value; None is left out."""

    def read(sight: Sight) -> Iterator[tuple[Labels, float]]:
        found = value(sight)
        if found is not None:
            yield (), found

    return read


def _loop(value: Callable[[LoopFacts], float]) -> Read:
    """Read a value of the loop, where it is watched."""
    return _one(lambda sight: None if sight.facts.loop is None else value(sight.facts.loop))


def _memory_per_connection(sight: Sight) -> float | None:
    process = sight.facts.process
    return process.resident_bytes / process.connections if process.connections else None


def _ends(sight: Sight) -> Iterator[tuple[Labels, float]]:
    yield from sight.ends.verdicts.items()


def _parked(sight: Sight) -> Iterator[tuple[Labels, float]]:
    for node in sight.tree.parked():
        yield (node.path,), 1


def _flapping(sight: Sight) -> Iterator[tuple[Labels, float]]:
    for node in sight.nodes():
        if node.report == "flapping":
            yield (node.path,), 1


def _build(_: Sight) -> Iterator[tuple[Labels, float]]:
    try:
        found = version("feedtree")
    except PackageNotFoundError:  # it runs from a folder that was never installed
        found = "unknown"
    yield (found, sys.version.split()[0]), 1


PROCESS: tuple[AnyMetric, ...] = (
    Metric("build_info", "1; the labels tell which version runs.", ("version", "python"), _build),
    Metric("tree_uptime_seconds", "Seconds since the tree was opened.", (),
           _one(lambda sight: sight.facts.process.started_s)),
    Metric("cpu_seconds_total", "Processor time of the process, all threads.", (),
           _one(lambda sight: sight.facts.process.cpu_s)),
    Metric("resident_memory_bytes", "Resident memory of the process.", (),
           _one(lambda sight: sight.facts.process.resident_bytes)),
    Metric("memory_baseline_bytes", "Resident memory ten minutes after the start; absent before.", (),
           _one(lambda sight: sight.baseline_bytes)),
    Metric("memory_per_connection_bytes", "Resident memory for each open connection; absent while there is none.",
           (), _one(_memory_per_connection)),
    Metric("open_descriptors", "Descriptors that are open; absent where the system does not say.", (),
           _one(lambda sight: sight.facts.process.descriptors)),
    Metric("connections", "Connections of streams that are open.", (),
           _one(lambda sight: sight.facts.process.connections)),
    Metric("loop_busy_seconds_total", "Seconds in which the event loop did something; its rate is its utilisation.",
           (), _loop(lambda loop: max(loop.since_s - loop.waited_s, 0.0))),
    Metric("loop_passes_total", "Passes of the event loop through its tasks.", (), _loop(lambda loop: loop.passes)),
    Metric("loop_stalls_total", "How often an actor blocked the event loop.", (),
           _one(lambda sight: sight.ends.stalls)),
    Metric("loop_longest_stall_seconds", "For how long it was blocked at most.", (),
           _one(lambda sight: sight.ends.longest_stall_s)),
    Metric("ends_total", "Incarnations of actors and supervisors that ended, by verdict.",
           ("side", "venue", "verdict"), _ends),
    Metric("events_missed_total", "Lifecycle events that were not counted, since they came too fast.", (),
           _one(lambda sight: sight.missed)),
    Metric("branch_parked", "1 for each branch that is parked as failed until somebody restarts it.", ("branch",),
           _parked),
    Metric("branch_flapping", "1 for each actor that gets connections, and no useful data, again and again.",
           ("branch",), _flapping),
)  # fmt: skip
