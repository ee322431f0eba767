"""What a run found, as data: for the tables, the page, and a JSON file."""

from typing import Any

from msgspec import Struct

from feedtree.ops.bench.machine import describe
from feedtree.ops.bench.record_file import now
from feedtree.ops.chaos.peers.findings import Trial

MEASURED = ("trio", "wsproto", "msgspec")  # packages whose versions matter to what is ours


class Record(Struct, frozen=True):
    """One run.

    Args:
        at: when it ended, UTC.
        cap: seconds after which what has not come is called never.
        each: processes of each client.
        machine: what it ran on.
        versions: of the clients, by the name of their package.
        missing: clients that could not be installed, and why.
        trials: what was found.
    """

    at: str
    cap: float
    each: int
    machine: dict[str, Any]
    versions: dict[str, str]
    missing: dict[str, str]
    trials: list[Trial]


def recorded(
    cap: float, each: int, versions: dict[str, str], missing: dict[str, str], trials: list[Trial]
) -> Record:
    """Return what was found just now, with the machine."""
    return Record(now(), cap, each, describe(MEASURED), versions, missing, trials)
