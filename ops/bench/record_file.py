"""A record as a JSON file, and the time it is of."""

import time
from pathlib import Path
from typing import TypeVar

import msgspec
from msgspec import Struct

S = TypeVar("S", bound=Struct)


class UnreadableRecord(Exception):
    """A file is no record of its kind; says why in one line."""


def now() -> str:
    """Return the time, UTC, to the second."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def write_record(record: Struct, file: Path) -> None:
    """Write a record for people and programs."""
    file.write_bytes(msgspec.json.format(msgspec.json.encode(record), indent=1) + b"\n")


def read_file(file: Path, kind: type[S]) -> S:
    """Read what `write_record` wrote.

    Raises:
        UnreadableRecord: there is no such file, or it is something else.
    """
    try:
        return msgspec.json.decode(file.read_bytes(), type=kind)
    except (OSError, msgspec.MsgspecError) as error:
        raise UnreadableRecord(f"{file}: {error}") from error
