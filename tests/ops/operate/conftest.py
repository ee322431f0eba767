"""An app in a process of its own, for the commands that look at it."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator

import pytest

from feedtree.ops.health import ailments
from feedtree.ops.inspect.client import Client, InspectFailed, running_apps
from feedtree.ops.operate.looks import look
from tests.ops.operate.beside import Run

pytest.register_assert_rewrite("tests.ops.operate.screens")


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
            while not _is_well():
                assert process.poll() is None
                time.sleep(0.1)
            yield process
        finally:
            process.terminate()
            process.wait(timeout=30)


def _is_well() -> bool:
    """Tell whether all four streams are there, and well."""
    try:
        (app,) = running_apps()
        with Client(app) as client:
            overview = look(client)
    except (InspectFailed, ValueError):  # it is starting
        return False
    return len(overview.facts.streams) == 4 and not ailments(overview.facts, overview.tree)


@pytest.fixture
def ran(app: subprocess.Popen[str], capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command line beside it."""
    capsys.readouterr()
    return Run(capsys)
