"""``python -m feedtree.ops.bench``: the hot path beside picows, and the supervisors beside bare trio and OTP."""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from feedtree.ops.bench import report, scaling, scaling_report
from feedtree.ops.bench.client import CLIENTS
from feedtree.ops.bench.imports import import_times
from feedtree.ops.bench.machine import Cores, cores, describe
from feedtree.ops.bench.processes import TRANSPORTS, Bench, Run, open_bench
from feedtree.ops.bench.traffic import make_traffic

MESSAGES = 200_000
ROUNDS = 7


class Part(Struct):
    """What one part of the benchmark found.

    Args:
        lines: to print.
        content: to write.
        right: whether every run was right; a target that is missed is only printed as missed.
    """

    lines: list[str]
    content: dict[str, Any]
    right: bool


def main() -> int:
    """Run it all; 0 where every run was right."""
    options = _options()
    core = cores()
    if options.profile is not None:
        _profile(options, core)
        return 0
    found: list[Part] = []
    for name in PARTS if options.only is None else (options.only,):
        part = PARTS[name](options, core)
        print("\n".join([*([""] if found else []), *part.lines]), flush=True)
        found.append(part)
    if options.json is not None:
        options.json.write_bytes(_document(found))
    return 0 if all(part.right for part in found) else 1


def _messages(options: argparse.Namespace, core: Cores) -> Part:
    """Measure the hot path."""
    traffic = make_traffic(options.messages, options.seed)
    rounds = options.rounds or ROUNDS
    _say(f"{options.messages:,} messages of {traffic.mean_size:.0f} bytes, {rounds} rounds")
    runs: list[Run] = []
    with (
        tempfile.TemporaryDirectory(prefix="feedtree-bench-") as folder,
        open_bench(Path(folder), traffic, core) as bench,
    ):
        for run in _rounds(bench, rounds):
            runs.append(run)
            _say(_line(run))
    imports = import_times(core.client)
    content = {"messages": options.messages, "seed": options.seed, "bytes": traffic.mean_size}
    return Part(
        lines=list(report.table(report.rows(runs), report.verdicts(runs), imports)),
        content=report.document(content, runs, imports),
        right=all(run.counts for run in runs),
    )


def _supervision(options: argparse.Namespace, core: Cores) -> Part:
    """Measure the supervisors."""
    rounds = options.rounds or scaling.ROUNDS
    _say(f"supervisors of {' and '.join(f'{size:,}' for size in scaling.SIZES)} children, {rounds} rounds")
    runs: list[scaling.Run] = []
    for run in scaling.run_all(core.client, rounds=rounds):
        runs.append(run)
        _say(scaling_report.line(run))
    return Part(
        lines=list(scaling_report.table(runs)),
        content={"supervision": scaling_report.document(runs)},
        right=all(run.counts for run in runs),
    )


PARTS: dict[str, Callable[[argparse.Namespace, Cores], Part]] = {
    "messages": _messages,
    "supervision": _supervision,
}


def _profile(options: argparse.Namespace, core: Cores) -> None:
    traffic = make_traffic(options.messages, options.seed)
    with (
        tempfile.TemporaryDirectory(prefix="feedtree-bench-") as folder,
        open_bench(Path(folder), traffic, core) as bench,
    ):
        bench.profile(options.profile, TRANSPORTS[0])


def _rounds(bench: Bench, rounds: int) -> Iterator[Run]:
    """Run every client once a round, every other round backwards, so that nobody is always the first of a pair."""
    names = list(CLIENTS)
    for number in range(rounds):
        for transport in TRANSPORTS:
            for client in names:
                yield bench.run(client, transport, number)
        names.reverse()


def _line(run: Run) -> str:
    if run.sample is None or not run.counts:
        return f"{run.transport} {run.client:<17} WRONG: {'; '.join(run.faults[:3])}"
    sample = run.sample
    disturbed = "  disturbed" if run.disturbed else ""
    return (
        f"{run.transport} {run.client:<17} {report.us_per_message(sample):6.2f} µs"
        f"  steal {sample.stolen:.0%} others {sample.foreign:.0%} load {run.load:.1f}{disturbed}"
    )


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _document(parts: list[Part]) -> bytes:
    """Return all that was found as JSON, with the machine."""
    content: dict[str, Any] = {
        "schema": 1,
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "machine": describe(),
    }
    for part in parts:
        content |= part.content
    return msgspec.json.format(msgspec.json.encode(content), indent=1) + b"\n"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m feedtree.ops.bench", description=__doc__)
    parser.add_argument("--only", choices=PARTS, help="run this part alone")
    parser.add_argument("--messages", type=int, default=MESSAGES, help="timed messages of each run")
    parser.add_argument(
        "--rounds",
        type=int,
        help=f"runs of each program ({ROUNDS} for messages, {scaling.ROUNDS} for supervision)",
    )
    parser.add_argument("--profile", choices=CLIENTS, help="only print where this client's time goes")
    parser.add_argument("--seed", type=int, default=1, help="of the traffic")
    parser.add_argument(
        "--json",
        type=Path,
        nargs="?",
        const=Path(f"bench-{time.strftime('%Y-%m-%d')}.json"),
        metavar="FILE",
        help="write everything measured there (bench-<date>.json where no name is given)",
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
