"""``python -m feedtree.ops.bench``: feedtree and picows side by side in one run."""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from feedtree.ops.bench import report
from feedtree.ops.bench.client import CLIENTS
from feedtree.ops.bench.imports import import_times
from feedtree.ops.bench.machine import cores, describe
from feedtree.ops.bench.processes import TRANSPORTS, Bench, Run, open_bench
from feedtree.ops.bench.traffic import make_traffic

MESSAGES = 200_000
ROUNDS = 7


def main() -> int:
    """Run it all; 0 where every run was right (a target that is missed is printed as missed)."""
    options = _options()
    core = cores()
    traffic = make_traffic(options.messages, options.seed)
    _say(f"{options.messages:,} messages of {traffic.mean_size:.0f} bytes, {options.rounds} rounds")
    runs: list[Run] = []
    with (
        tempfile.TemporaryDirectory(prefix="feedtree-bench-") as folder,
        open_bench(Path(folder), traffic, core) as bench,
    ):
        if options.profile is not None:
            bench.profile(options.profile, TRANSPORTS[0])
            return 0
        for run in _rounds(bench, options.rounds):
            runs.append(run)
            _say(_line(run))
    imports = import_times(core.client)
    found = report.rows(runs)
    print("\n".join(report.table(found, report.verdicts(runs), imports)))
    if options.json is not None:
        content = {"messages": options.messages, "seed": options.seed, "bytes": traffic.mean_size}
        options.json.write_bytes(report.document(describe(), content, runs, imports))
    return 0 if all(run.counts for run in runs) else 1


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


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m feedtree.ops.bench", description=__doc__)
    parser.add_argument("--messages", type=int, default=MESSAGES, help="timed messages of each run")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="runs of each client and transport")
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
