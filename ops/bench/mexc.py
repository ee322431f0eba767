"""MEXC's protobuf pushes against the floor: parsing them and reading every field, with nothing done about it.

``python -m feedtree.ops.bench.mexc`` runs this part alone.
"""

import argparse
import sys
from collections.abc import Iterator
from statistics import median

import msgspec

from feedtree.ops.bench.machine import cores
from feedtree.ops.bench.mexc_paths import CASES, Found
from feedtree.ops.bench.parts import Cell, Figure, Part, Table
from feedtree.ops.bench.programs import ProgramFailed, output

NAME = "mexc"
ROUNDS = 15
MOST = 1.3  # times the floor, for the whole pipeline
_PROGRAM = [sys.executable, "-m", "feedtree.ops.bench.mexc_paths"]
_PATHS = {
    "parse": "protobuf parses",
    "floor": "floor: and every field is read",
    "codec": "our codec: typed messages",
    "whole": "whole: and books, mailbox",
}


def run_part(core: int | None, rounds: int) -> Part:
    """Measure it.

    Args:
        core: to pin the measured process to.
        rounds: how often each way is gone.
    """
    try:
        found = msgspec.json.decode(output([*_PROGRAM, str(rounds)], core), type=dict[str, Found])
    except ProgramFailed as error:
        return Part(NAME, [], [], [f"mexc: {error}"])
    figures = [figure for case, each in found.items() for figure in _figures(case, each)]
    return Part(
        NAME,
        [_table(found)],
        figures,
        faults=[f"mexc, {case}: {fault}" for case, each in found.items() for fault in each.faults],
        profiles={figure.name: _profile(core, figure.name) for figure in figures if figure.held is False},
    )


def _figures(case: str, found: Found) -> list[Figure]:
    note = f"{found.levels:.0f} levels in a change of a book, {found.size:.0f} bytes in a push"
    return [
        _figure(f"mexc whole / floor, {case}", found, "whole", note, None if case == "mix" else MOST),
        _figure(f"mexc codec / floor, {case}", found, "codec", note),
    ]


def _figure(name: str, found: Found, path: str, note: str, most: float | None = None) -> Figure:
    pairs = zip(found.us[path], found.us["floor"], strict=True)
    return Figure(name, median(ours / floor for ours, floor in pairs), "x", "cpu", most=most, note=note)


def _table(found: dict[str, Found]) -> Table:
    rows: list[tuple[Cell, ...]] = [
        (what, *(median(each.us[path]) for each in found.values())) for path, what in _PATHS.items()
    ]
    return Table("MEXC, CPU of a push in µs", ("from bytes", *found), rows)


def _profile(core: int | None, figure: str) -> str:
    """Return what takes the time of the whole way in this figure's case."""
    case = figure.rpartition(", ")[2]
    try:
        return output([*_PROGRAM, "profile", case], core).decode()
    except ProgramFailed as error:
        return str(error)


def main() -> int:
    """Run this part alone; 0 where every run was right."""
    parser = argparse.ArgumentParser(prog="python -m feedtree.ops.bench.mexc", description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="how often each way is gone")
    parser.add_argument("--profile", choices=CASES, help="only print where the time of the whole way goes")
    options = parser.parse_args()
    core = cores().client
    if options.profile is not None:
        print(_profile(core, options.profile))
        return 0
    part = run_part(core, options.rounds)
    print("\n".join(_lines(part)))
    return 1 if part.faults else 0


def _lines(part: Part) -> Iterator[str]:
    for table in part.tables:
        yield table.title
        for name, *cells in (table.columns, *table.rows):
            yield f"{name:<34}" + "".join(
                f"{cell:>12.3g}" if isinstance(cell, float) else f"{cell:>12}" for cell in cells
            )
    for figure in part.figures:
        verdict = "" if figure.held is None else f"  <= {figure.most}: {'yes' if figure.held else 'NO'}"
        yield f"{figure.name:<34}{figure.value:>12.3g}{verdict}  ({figure.note})"
    for name, text in part.profiles.items():
        yield f"\n{name}: what takes the time\n{text}"
    for fault in part.faults:
        yield f"WRONG: {fault}"


if __name__ == "__main__":
    sys.exit(main())
