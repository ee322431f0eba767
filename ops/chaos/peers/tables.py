"""What a run found, as tables: for a terminal and for the page."""

from collections.abc import Callable, Iterator

from feedtree.ops.bench.parts import Cell, Table
from feedtree.ops.chaos.peers.environments import CLIENTS
from feedtree.ops.chaos.peers.findings import Summary, grouped
from feedtree.ops.chaos.peers.ordeals import ORDEALS, Ordeal
from feedtree.ops.chaos.peers.record import Record

NEVER = "never"


def tables(record: Record) -> list[Table]:
    """Return the tables: when it was found out and healed, how long it took at most, and what was lost."""
    never = f"{NEVER}: not within {record.cap:g} s"
    return [
        _table(record, f"found out -> back, median seconds from the fault's begin ({never})", _times),
        _table(record, f"the slowest return, seconds ({never})", lambda cell: seconds(cell.slowest)),
        _table(
            record, "trades that the user never got, median; whether the user was told of the loss", _lost
        ),
    ]


def ordeals(record: Record) -> list[Ordeal]:
    """Return the faults that were tried, in order."""
    tried = {trial.ordeal for trial in record.trials}
    return [ordeal for ordeal in ORDEALS if ordeal.name in tried]


def remarks(record: Record) -> Iterator[str]:
    """Yield what must be said beside the tables, a line each."""
    disturbed = sum(trial.disturbed for trial in record.trials)
    count = len(record.trials)
    told = f"{disturbed} of {count} trials were disturbed: others had the machine for a noticeable time"
    yield f"**{told}**" if 2 * disturbed > count else told
    for client, why in record.missing.items():
        yield f"{client} could not be installed: {why}"
    wrong = [(trial, text) for trial in record.trials for text in trial.wrong]
    if not wrong:
        yield f"all books of all clients were the exchange's after each of the {count} trials"
    for trial, text in wrong:
        yield f"WRONG after {trial.ordeal}: {trial.client}, {text}"


def seconds(value: float | None) -> str:
    """Write a time with as many digits as say something."""
    if value is None:
        return NEVER
    decimals = next((digits for least, digits in ((100, 0), (10, 1), (1, 2)) if value >= least), 3)
    return f"{value:.{decimals}f}"


def _table(record: Record, title: str, shown: Callable[[Summary], str]) -> Table:
    tried, cells = ordeals(record), grouped(record.trials)
    columns = ("client", *(ordeal.title for ordeal in tried))
    return Table(title, columns, list(_rows(record, tried, cells, shown)))


def _rows(
    record: Record,
    tried: list[Ordeal],
    cells: dict[tuple[str, str], Summary],
    shown: Callable[[Summary], str],
) -> Iterator[tuple[Cell, ...]]:
    for client in CLIENTS:
        if client.name in record.missing:
            yield client.name, *["not installed" for _ in tried]
        elif any(name == client.name for name, _ in cells):
            found = [cells.get((client.name, ordeal.name)) for ordeal in tried]
            version = record.versions.get(client.package, "")
            yield (
                f"{client.name} {version}".rstrip(),
                *["-" if cell is None else shown(cell) for cell in found],
            )


def _times(cell: Summary) -> str:
    return f"{seconds(cell.detected)} -> {seconds(cell.recovered)}"


def _lost(cell: Summary) -> str:
    told = {0: "not told", cell.trials: "told"}.get(cell.told, f"told {cell.told} of {cell.trials} times")
    return f"{cell.lost:g}, {told}" if cell.lost or cell.told else "0"
