"""What a run of the benchmark found, as a JSON file (schema 2)."""

from pathlib import Path
from typing import Any

from msgspec import Struct

from feedtree.ops.bench.machine import describe
from feedtree.ops.bench.parts import Part
from feedtree.ops.bench.record_file import UnreadableRecord, now, read_file

SCHEMA = 2


class Record(Struct, frozen=True):
    """One run of the benchmark.

    Args:
        schema: of this file.
        at: when it ended, UTC.
        full: whether it had the whole grid.
        machine: what it ran on.
        parts: what was found.
    """

    schema: int
    at: str
    full: bool
    machine: dict[str, Any]
    parts: list[Part]


def recorded(parts: list[Part], *, full: bool) -> Record:
    """Return what was found just now, with the machine."""
    return Record(SCHEMA, now(), full, describe(), parts)


def read_record(file: Path) -> Record:
    """Read what `write_record` wrote.

    Raises:
        UnreadableRecord: there is no such file, or it is something else, or of another schema.
    """
    record = read_file(file, Record)
    if record.schema != SCHEMA:
        raise UnreadableRecord(f"{file}: schema {record.schema}, not {SCHEMA}")
    return record
