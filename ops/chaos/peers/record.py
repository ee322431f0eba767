"""What a run found, as data: for the tables, the page, and a JSON file."""

import time
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from feedtree.ops.bench.machine import describe
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


class UnreadableRecord(Exception):
    """A file is no record; says why in one line."""


def recorded(
    cap: float, each: int, versions: dict[str, str], missing: dict[str, str], trials: list[Trial]
) -> Record:
    """Return what was found just now, with the machine."""
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    return Record(at, cap, each, describe(MEASURED), versions, missing, trials)


def write_record(record: Record, file: Path) -> None:
    """Write a record for people and programs."""
    file.write_bytes(msgspec.json.format(msgspec.json.encode(record), indent=1) + b"\n")


def read_record(file: Path) -> Record:
    """Read what `write_record` wrote.

    Raises:
        UnreadableRecord: there is no such file, or it is something else.
    """
    try:
        return msgspec.json.decode(file.read_bytes(), type=Record)
    except (OSError, msgspec.MsgspecError) as error:
        raise UnreadableRecord(f"{file}: {error}") from error
