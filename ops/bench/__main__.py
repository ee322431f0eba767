"""``python -m feedtree.ops.bench``: every part of the benchmark, or those that are asked for."""

import argparse
import sys
import time
from pathlib import Path

from feedtree.ops.bench.guard import guard_lines, worse
from feedtree.ops.bench.machine import cores
from feedtree.ops.bench.parts import Part
from feedtree.ops.bench.performance import write_document
from feedtree.ops.bench.printing import part_lines
from feedtree.ops.bench.progress import say
from feedtree.ops.bench.record import Record, read_record, recorded
from feedtree.ops.bench.record_file import UnreadableRecord, write_record
from feedtree.ops.bench.registry import PARTS

DOCS = Path("docs")


def main() -> int:
    """Run it; 0 where every run was right and nothing is worse than the base: a missed target is only printed."""
    options = _options()
    try:
        base = None if options.compare is None else read_record(options.compare)
        record = _measured(options) if options.read is None else read_record(options.read)
    except UnreadableRecord as error:
        say(str(error))
        return 2
    if options.json is not None:
        write_record(record, options.json)
    if options.write:
        write_document(record, DOCS)
    right = not any(part.faults for part in record.parts)
    return int(not (_held(record, base) and right))


def _measured(options: argparse.Namespace) -> Record:
    core = cores()
    found: list[Part] = []
    for name in options.only or PARTS:
        entry, began = PARTS[name], time.monotonic()
        run = (entry.grid or entry.run) if options.full else entry.run
        part = run(core, options.rounds or entry.rounds)
        say(f"{name}: {time.monotonic() - began:.0f} s")
        print("\n".join(["", f"== {name} ==", "", *part_lines(part)]), flush=True)
        found.append(part)
    return recorded(found, full=options.full)


def _held(record: Record, base: Record | None) -> bool:
    if base is None:
        return True
    found = worse(record, base)
    print("\n".join(["", *guard_lines(record, base, found)]))
    return not found


def _names(text: str) -> list[str]:
    names = text.split(",")
    for name in names:
        if name not in PARTS:
            raise argparse.ArgumentTypeError(f"{name!r} is no part; there are {', '.join(PARTS)}")
    return names


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m feedtree.ops.bench", description=__doc__)
    parser.add_argument("--only", type=_names, metavar="A,B", help=f"of {', '.join(PARTS)}")
    parser.add_argument("--full", action="store_true", help="the whole grid: minutes more")
    parser.add_argument("--rounds", type=int, help="runs of each program; each part has a number of its own")
    parser.add_argument(
        "--json",
        type=Path,
        nargs="?",
        const=Path(f"bench-{time.strftime('%Y-%m-%d')}.json"),
        metavar="FILE",
        help="write everything measured there (bench-<date>.json where no name is given)",
    )
    parser.add_argument(
        "--read", type=Path, metavar="FILE", help="measure nothing: take the run of that file"
    )
    parser.add_argument("--write", action="store_true", help="write docs/performance.md and its charts")
    parser.add_argument(
        "--compare", type=Path, metavar="FILE", help="fail where figures are worse than in that file"
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
