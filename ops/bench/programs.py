"""Runs one measured program, a process of its own."""

import subprocess
import tempfile
from typing import TypeVar

import msgspec

from feedtree.ops.bench.machine import pin

PATIENCE = 120.0  # seconds

_Result = TypeVar("_Result")


class ProgramFailed(Exception):
    """A program that ended without a result; says why in one line."""


def output(command: list[str], core: int | None = None, patience: float = PATIENCE) -> bytes:
    """Run a program to its end and return what it printed.

    Args:
        command: what to run.
        core: to be pinned to.
        patience: seconds that it may take.

    Raises:
        ProgramFailed: it ended with an error, or did not end in time.
    """
    try:
        # A file, not a pipe: what uvloop's clients wrote to a pipe at their end came cut off at times.
        with tempfile.TemporaryFile() as printed:
            subprocess.run(
                command,
                stdout=printed,
                stderr=subprocess.PIPE,
                timeout=patience,
                check=True,
                preexec_fn=lambda: pin(core),
            )
            printed.seek(0)
            return printed.read()
    except subprocess.CalledProcessError as error:
        lines = error.stderr.decode(errors="replace").strip().splitlines()
        raise ProgramFailed(f"it failed: {lines[-1] if lines else error.returncode}") from error
    except subprocess.TimeoutExpired as error:
        raise ProgramFailed(f"it did not end within {patience:.0f} s") from error


def result(printed: bytes, kind: type[_Result]) -> _Result:
    """Read what a program printed.

    Raises:
        ProgramFailed: it is no such result; says how much there was of it.
    """
    try:
        return msgspec.json.decode(printed, type=kind)
    except msgspec.MsgspecError as error:
        raise ProgramFailed(
            f"it printed {len(printed)} bytes, {printed[-60:]!r} at their end: {error}"
        ) from error
