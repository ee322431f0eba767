"""docs/performance.md."""

from pathlib import Path

from feedtree.ops.bench.record import Record


def write_document(record: Record, folder: Path) -> None:
    """Write."""
