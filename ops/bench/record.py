"""What a run of the benchmark found, as a JSON file (schema 2)."""

import time
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from feedtree.ops.bench.machine import describe
from feedtree.ops.bench.parts import Part

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


class UnreadableRecord(Exception):
    """A file is no record of this schema; says why in one line."""


def recorded(parts: list[Part], *, full: bool) -> Record:
    """Return what was found just now, with the machine."""
    return Record(SCHEMA, time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), full, describe(), parts)


def write_record(record: Record, file: Path) -> None:
    """Write a record for people and programs."""
    file.write_bytes(msgspec.json.format(msgspec.json.encode(record), indent=1) + b"\n")


def read_record(file: Path) -> Record:
    """Read what `write_record` wrote.

    Raises:
        UnreadableRecord: there is no such file, or it is something else.
    """
    try:
        record = msgspec.json.decode(file.read_bytes(), type=Record)
    except (OSError, msgspec.MsgspecError) as error:
        raise UnreadableRecord(f"{file}: {error}") from error
    if record.schema != SCHEMA:
        raise UnreadableRecord(f"{file}: schema {record.schema}, not {SCHEMA}")
    return record
