"""``python -m feedtree.ops.chaos.peers``: feedtree and other clients under the same faults, and docs/recovery.md."""

import argparse
import math
import sys
import tempfile
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TypeVar

import trio

from feedtree.ops.bench.printing import table_lines
from feedtree.ops.bench.progress import say
from feedtree.ops.bench.record_file import UnreadableRecord, read_file, write_record
from feedtree.ops.chaos.peers.contest import Entrant, Rules, run_contest
from feedtree.ops.chaos.peers.environments import CLIENTS, CannotInstall, prepare, surroundings
from feedtree.ops.chaos.peers.findings import Trial
from feedtree.ops.chaos.peers.ordeals import ORDEALS
from feedtree.ops.chaos.peers.page import PAGE, write_page
from feedtree.ops.chaos.peers.record import Record, recorded
from feedtree.ops.chaos.peers.tables import remarks, tables
from feedtree.ops.sim_process import SimulatorFailed

DOCS = Path("docs")
CAP_S = 200.0
EACH = 3

Named = TypeVar("Named")


def main(arguments: list[str] | None = None) -> int:
    """Run it; 0 where it ran to its end, 1 where it could not, 2 for a file that is no record, 130 after Ctrl-C."""
    options = _options(arguments)
    code = 0
    try:
        record = read_file(options.read, Record) if options.read else None
    except UnreadableRecord as error:
        say(str(error))
        return 2
    if record is None:
        record, code = _held(options)
    print("\n".join(shown(record)), flush=True)
    if options.json is not None:
        write_record(record, options.json)
    if options.write and code == 0:
        write_page(record, DOCS)
        say(f"wrote {DOCS / PAGE}")
    return code


def shown(record: Record) -> list[str]:
    """Return a record as lines for a terminal."""
    if not record.trials:
        return ["nothing was measured", *(f"{name}: {why}" for name, why in record.missing.items())]
    lines = [line for table in tables(record) for line in (*table_lines(table), "")]
    return [*lines, *remarks(record)]


def _held(options: argparse.Namespace) -> tuple[Record, int]:
    """Hold a contest; return what it found, also where it was broken off, and the exit code."""
    trials: list[Trial] = []
    versions: dict[str, str] = {}
    missing: dict[str, str] = {}
    code = 0
    rules = Rules(options.cap, options.each, tuple(options.only))
    try:
        entrants = _entrants(options.clients, missing)
        say(f"about {rules.longest_s / 60:.0f} minutes at most")
        with tempfile.TemporaryDirectory(prefix="feedtree-peers-") as folder:
            trio.run(run_contest, entrants, rules, Path(folder), trials, versions, say)
    except* KeyboardInterrupt:
        say("broken off")
        code = 130
    except* SimulatorFailed as group:
        say(f"the simulated exchange did not start: {group.exceptions[0]}")
        code = 1
    return recorded(options.cap, options.each, versions, missing, trials), code


def _entrants(names: list[str], missing: dict[str, str]) -> list[Entrant]:
    """Return the clients that can be started; those that cannot be installed are noted."""
    found = []
    for client in CLIENTS:
        if client.name in names:
            try:
                command = prepare(client)
            except CannotInstall as error:
                missing[client.name] = str(error)
                say(f"{client.name} cannot be installed: {error}")
            else:
                found.append(Entrant(client.name, command, surroundings))
    return found


def _options(arguments: list[str] | None) -> argparse.Namespace:
    ordeals = {ordeal.name: ordeal for ordeal in ORDEALS}
    clients = {client.name: client.name for client in CLIENTS}
    parser = argparse.ArgumentParser(prog="python -m feedtree.ops.chaos.peers", description=__doc__)
    parser.add_argument(
        "--only",
        type=partial(_listed, ordeals, "fault"),
        default=list(ORDEALS),
        metavar="A,B",
        help=f"of {', '.join(ordeals)}",
    )
    parser.add_argument(
        "--clients",
        type=partial(_listed, clients, "client"),
        default=list(clients),
        metavar="A,B",
        help=f"of {', '.join(clients)}",
    )
    parser.add_argument(
        "--cap", type=_number(float, 1, 3_600), default=CAP_S, metavar="S", help="seconds, then it is never"
    )
    parser.add_argument(
        "--each", type=_number(int, 1, 20), default=EACH, metavar="N", help="processes of each client"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything that was found there")
    parser.add_argument("--read", type=Path, metavar="FILE", help="run nothing: take what such a file says")
    parser.add_argument("--write", action="store_true", help="write docs/recovery.md and its chart")
    return parser.parse_args(arguments)


def _listed(known: Mapping[str, Named], what: str, text: str) -> list[Named]:
    names = [name.strip() for name in text.split(",")]
    for name in names:
        if name not in known:
            raise argparse.ArgumentTypeError(f"{name!r} is no {what}; there are {', '.join(known)}")
    return [known[name] for name in names]


def _number(kind: Callable[[str], float], least: float, most: float) -> Callable[[str], float]:
    def read(text: str) -> float:
        try:
            value = kind(text)
        except ValueError:
            value = math.nan
        if not least <= value <= most:
            raise argparse.ArgumentTypeError(f"{text!r} is not allowed; allowed: {least:g} to {most:g}")
        return value

    return read


if __name__ == "__main__":
    sys.exit(main())
