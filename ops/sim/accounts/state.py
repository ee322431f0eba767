"""What simulated accounts did, in a file that outlives the process however it ends.

Every line is one change as JSON, written by a single call before anything is answered or pushed: a process that is
killed has told nobody what the file does not know. At a start the file is read, and replaced whole by a shorter one.
"""

import os
from collections.abc import Iterable
from pathlib import Path

import msgspec
from msgspec import Struct

from feedtree.ops.sim.accounts.entries import Entry
from feedtree.ops.sim.accounts.orders import Told


class BadState(ValueError):
    """A state file cannot be used; the message names file, line, and what to do."""

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(f"{path}: {problem}; remove the file to start anew")


class KeyTold(Struct, frozen=True, kw_only=True, tag="key"):
    """A listen key was made or renewed; at 0 it is over."""

    text: str
    renewed_ns: int


Item = Told | KeyTold | Entry


class Record(Struct, frozen=True, kw_only=True):
    """What happened at once.

    Args:
        venue: where.
        account: whose; empty where a request named no key that is known.
        items: in order.
    """

    venue: str
    account: str
    items: list[Item]


class StateFile:
    """The file, open for more until it is closed.

    Args:
        path: where it is; made where it is missing.

    Raises:
        BadState: it is no state file.
        OSError: it cannot be read or written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.records = _read(path)
        self._file = -1

    def bad(self, problem: str) -> BadState:
        """Return that the file cannot be used."""
        return BadState(self._path, problem)

    def begin(self, records: Iterable[Record]) -> None:
        """Replace the file by one that holds these, at once, and go on behind them."""
        fresh = self._path.with_name(self._path.name + ".new")
        fresh.write_bytes(b"".join(_line(record) for record in records))
        os.replace(fresh, self._path)
        self._file = os.open(self._path, os.O_WRONLY | os.O_APPEND)
        self.records = []

    def add(self, record: Record) -> None:
        """Write one more; it is there for a later start when this returns."""
        if self._file >= 0:
            os.write(self._file, _line(record))

    def close(self) -> None:
        """Close the file; nothing is written any more."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


def _line(record: Record) -> bytes:
    return msgspec.json.encode(record) + b"\n"


def _read(path: Path) -> list[Record]:
    """Return what a file holds; a last line without its end was never told to anybody, and is left out."""
    if not path.exists():
        return []
    lines = path.read_bytes().split(b"\n")[:-1]
    decode = msgspec.json.Decoder(Record).decode
    records = []
    for number, line in enumerate(lines, 1):
        try:
            records.append(decode(line))
        except msgspec.MsgspecError as error:
            raise BadState(path, f"line {number} is no record of accounts ({error})") from error
    return records
