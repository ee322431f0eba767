"""An app in a process of its own, for the commands that look at it."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator

import pytest

from feedtree.ops.cli import command
from tests.ops.operate.beside import Run


@pytest.fixture(scope="module")
def app() -> Iterator[subprocess.Popen[str]]:
    """An app over simulated exchanges, with accounts, that may be steered; healthy."""
    arguments = ["run", "--simulated", "--trade", "--plain", "--control", "--symbols", "BTC/USDT"]
    with (
        tempfile.TemporaryDirectory(prefix="ft-", dir="/tmp") as folder,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("XDG_RUNTIME_DIR", folder)
        process = subprocess.Popen(
            [sys.executable, "-m", "feedtree.ops", *arguments],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        try:
            while command(["health"]) != 0:
                assert process.poll() is None
                time.sleep(0.1)
            yield process
        finally:
            process.terminate()
            process.wait(timeout=30)


@pytest.fixture
def ran(app: subprocess.Popen[str], capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command line beside it."""
    capsys.readouterr()
    return Run(capsys)
