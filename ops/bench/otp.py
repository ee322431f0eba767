"""OTP's supervisor as a program of the supervision table, where Erlang is installed."""

import shutil
import subprocess
from collections.abc import Callable
from functools import partial
from pathlib import Path

Command = Callable[[int, int], list[str]]  # (children, crashes) -> what to run

MISSING = "OTP's supervisor was not measured: there is no erl here (Debian: apt install erlang-base)"
SOURCE = Path(__file__).with_name("otp_supervisor.erl")

# as the table calls it -> OTP's strategy
STRATEGIES = {"OTP dynamic": "simple_one_for_one", "OTP": "one_for_one"}


def otp_commands(folder: Path) -> dict[str, Command]:
    """Compile the program into a folder and return how to run it; nothing where Erlang is not installed."""
    if shutil.which("erl") is None or shutil.which("erlc") is None:
        return {}
    subprocess.run(["erlc", "-o", str(folder), str(SOURCE)], check=True)
    return {name: partial(_command, folder, strategy) for name, strategy in STRATEGIES.items()}


def _command(folder: Path, strategy: str, children: int, crashes: int) -> list[str]:
    """One scheduler, since Python has one core, too."""
    machine = ["erl", "-noshell", "-noinput", "+S", "1:1", "-pa", str(folder)]
    return [*machine, "-run", SOURCE.stem, "main", strategy, str(children), str(crashes)]
