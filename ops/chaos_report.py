"""The files that campaigns and soaks leave: whether they can be written is known before hours have passed."""

import sys
from collections.abc import Mapping
from pathlib import Path

from feedtree.ops.config import ConfigError
from feedtree.ops.config_rules import shown


def check_writable(path: Path, *, charts: str = "") -> None:
    """Make sure that a report can be written; what is there stays as it is.

    Args:
        path: of the report.
        charts: the suffix of another file that is written beside it; empty for none.

    Raises:
        ConfigError: it cannot.
    """
    if charts and path.suffix == charts:
        raise ConfigError(
            "--report",
            f"{shown(str(path))} is where the charts go; allowed: a file that does not end in {charts}",
        )
    _check(path)
    if charts:
        _check(path.with_suffix(charts))


def write_all(contents: Mapping[Path, bytes]) -> bool:
    """Write files; return whether that worked, and say on stderr why where it did not."""
    try:
        for path, content in contents.items():
            path.write_bytes(content)
    except OSError as error:
        reason = f"{shown(str(error.filename))} was not written: {error.strerror}"
        print(f"feedtree: the report {reason}", file=sys.stderr, flush=True)
        return False
    return True


def _check(path: Path) -> None:
    try:
        is_new = not path.exists()
        path.open("ab").close()
    except OSError as error:
        raise ConfigError(
            "--report",
            f"{shown(str(path))} cannot be written: {error.strerror}; allowed: a file in a folder that exists",
        ) from error
    if is_new:
        path.unlink()
