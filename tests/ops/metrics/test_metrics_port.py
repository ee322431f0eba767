"""``feedtree run --metrics-port``, in a process of its own."""

import re
import signal
import subprocess
import sys
from pathlib import Path
from urllib.request import urlopen

import pytest

COMMAND = [sys.executable, "-m", "feedtree.ops", "run", "--symbols", "BTC/USDT", "--plain"]
TIMEOUT = 60


@pytest.fixture(autouse=True)
def own_runtime_dir(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Apps of this machine's user are not seen by these tests, nor the tests' by them."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))


def url_of(process: subprocess.Popen[str]) -> str:
    """Return where the actor says that it serves, by its line in the log."""
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith("{") and (found := re.search(r"http://127\.0\.0\.1:\d+", line)):
            return found[0]
    raise AssertionError("it ended without an address")


def get(url: str) -> str:
    with urlopen(url, timeout=TIMEOUT) as answer:
        text: bytes = answer.read()
    return text.decode()


def test_a_run_serves_its_metrics() -> None:
    """On a free port that the log tells; with a client that is not ours."""
    process = subprocess.Popen(
        [*COMMAND, "--metrics-port", "0"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        url = url_of(process)
        assert process.stdout is not None
        lives = (line for line in process.stdout if "book live" in line)
        assert next(lives)
        assert next(lives)
        assert get(f"{url}/healthz") == "ok\n"
        text = get(f"{url}/metrics")
        assert re.search(
            r'^feedtree_stream_live{side="public",stream="public/mexc.spot/shard-1",.*} 1\.0$', text, re.M
        )
        assert re.search(r"^feedtree_loop_busy_seconds_total [0-9.e-]+$", text, re.M)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=TIMEOUT)
        assert process.returncode == 0
    finally:
        process.kill()
        process.communicate()


def test_a_port_that_is_none_is_refused() -> None:
    """The line names the option and what is allowed."""
    ran = subprocess.run(
        [*COMMAND, "--metrics-port", "65536"], capture_output=True, text=True, timeout=TIMEOUT, check=False
    )
    assert ran.returncode == 2
    assert "--metrics-port: 65536 is not a port; allowed: 1 to 65535, 0 for a free one" in ran.stderr
    assert "Traceback" not in ran.stderr
