"""The live view on a real (pseudo) terminal: keys break the exchange, and everything is as before at the end."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

TIMEOUT = 60.0
_COLOURS = re.compile(r"\x1b\[[0-9;]*[mKH]|\r")
BOTH_LIVE = r"gateio\.spot/shard-1[^\n]*live *\nmexc\.spot/shard-1[^\n]*live"


class Terminal:
    """A terminal of 80 columns and 24 lines with a command on it."""

    def __init__(self, *arguments: str) -> None:
        self.ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        self.before = termios.tcgetattr(theirs)
        self.theirs = theirs
        self.seen = ""
        self.process = subprocess.Popen(
            [sys.executable, "-m", "feedtree.ops", *arguments], stdin=theirs, stdout=theirs, stderr=theirs
        )

    def until(self, pattern: str) -> None:
        """Read the screen until it matched a pattern since the last call."""
        deadline = time.monotonic() + TIMEOUT
        text = ""
        while not re.search(pattern, _COLOURS.sub("", text), re.DOTALL):
            ready, _, _ = select.select([self.ours], [], [], max(0.0, deadline - time.monotonic()))
            assert ready, f"{pattern!r} did not appear; the last was {text[-3000:]}"
            text += os.read(self.ours, 65536).decode(errors="replace")
        self.seen += text

    def press(self, key: str) -> None:
        os.write(self.ours, key.encode())

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self.ours)
        os.close(self.theirs)


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with tempfile.TemporaryDirectory(prefix="ft-", dir="/tmp") as folder:
        monkeypatch.setenv("XDG_RUNTIME_DIR", folder)
        monkeypatch.setenv("TERM", "xterm-256color")
        yield


@contextmanager
def showing(*arguments: str) -> Iterator[Terminal]:
    shown = Terminal(*arguments)
    try:
        yield shown
    finally:
        shown.close()


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    with showing("run", "--symbols", "BTC/USDT") as shown:
        yield shown


def test_keys_break_the_exchange_and_it_heals_before_ones_eyes(terminal: Terminal) -> None:
    """1 resets, 2 after tab black-holes the other venue, 3 kills both; q ends with exit code 0."""
    terminal.until(BOTH_LIVE)
    terminal.press("1")
    terminal.until(r"gateio\.spot: reset")
    terminal.until(r"gateio\.spot/shard-1 +\S+ +1 +\d\.\d\d s +\d\.\d\d s")
    terminal.press("\t")
    terminal.press("2")
    terminal.until(r"mexc\.spot: blackhole")
    terminal.until(r"mexc\.spot/shard-1 +\S+ +1 +\d\.\d\d s +\d\.\d\d s")
    terminal.press("3")
    terminal.until("killing the exchange")
    terminal.until("listen again")
    terminal.until(BOTH_LIVE)
    terminal.press("x")
    terminal.press("q")
    terminal.until(r"\x1b\[\?1049l.*books checked, 0 diverged")
    assert terminal.process.wait(timeout=20) == 0
    assert termios.tcgetattr(terminal.theirs) == terminal.before
    assert "Traceback" not in terminal.seen


def test_the_tree_is_drawn_in_colour_on_a_terminal(terminal: Terminal) -> None:
    """`feedtree tree` beside the view shows the connection actors live, in green."""
    terminal.until(BOTH_LIVE)
    with showing("tree") as other:
        other.until(r"gateio\.spot.*mexc\.spot.*serving")
        assert other.process.wait(timeout=20) == 0
        assert "\x1b[32mlive" in other.seen


def test_without_simulators_there_is_nothing_to_break(tmp_path: Path) -> None:
    """Over exchanges that the config names only `q` does something."""
    path = tmp_path / "feedtree.toml"
    path.write_text('[venues."mexc.spot"]\nsymbols = ["BTC/USDT"]\nws_url = "ws://127.0.0.1:1/ws"\n')
    with showing("run", str(path)) as shown:
        shown.until(r"feedtree live.*BTC/USDT mexc\.spot.* q  quit")
        shown.press("3")
        shown.press("q")
        shown.until(r"\x1b\[\?1049l")
        assert shown.process.wait(timeout=20) == 0
        assert "kill the exchange" not in shown.seen


def test_ctrl_c_gives_the_terminal_back(terminal: Terminal) -> None:
    """The interrupt character stops in order: exit code 0, the old screen, echo on."""
    terminal.until(BOTH_LIVE)
    os.kill(terminal.process.pid, 2)
    terminal.until(r"\x1b\[\?1049l")
    assert terminal.process.wait(timeout=20) == 0
    assert termios.tcgetattr(terminal.theirs) == terminal.before


def test_ctrl_z_gives_the_terminal_back_until_the_view_goes_on(terminal: Terminal) -> None:
    """While the run is stopped the shell has its screen, echo and cursor; then the view paints again."""
    terminal.until(BOTH_LIVE)
    terminal.process.send_signal(signal.SIGTSTP)
    terminal.until(r"\x1b\[\?25h\x1b\[\?1049l$")
    os.waitid(os.P_PID, terminal.process.pid, os.WSTOPPED)
    assert termios.tcgetattr(terminal.theirs) == terminal.before
    terminal.process.send_signal(signal.SIGCONT)
    terminal.until(r"\x1b\[\?1049h.*feedtree simulated")
    terminal.press("q")
    assert terminal.process.wait(timeout=20) == 0
    assert termios.tcgetattr(terminal.theirs) == terminal.before


def test_a_dumb_terminal_gets_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    """An editor's shell cannot move the cursor."""
    monkeypatch.setenv("TERM", "dumb")
    with showing("run", "--symbols", "BTC/USDT", "--duration", "3") as shown:
        shown.until("books checked, 0 diverged")
    assert "\x1b" not in shown.seen
