"""The live view on a real (pseudo) terminal: keys break the exchange, and everything is as before at the end."""

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Iterator

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
        while not re.search(pattern, _COLOURS.sub("", text)):
            ready, _, _ = select.select([self.ours], [], [], max(0.0, deadline - time.monotonic()))
            assert ready, f"{pattern!r} did not appear; the last was {text[-3000:]}"
            text += os.read(self.ours, 65536).decode(errors="replace")
        self.seen += text

    def press(self, key: str) -> None:
        os.write(self.ours, key.encode())


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    with tempfile.TemporaryDirectory(prefix="ft-", dir="/tmp") as folder:
        monkeypatch.setenv("XDG_RUNTIME_DIR", folder)
        monkeypatch.setenv("TERM", "xterm-256color")
        shown = Terminal("run", "--symbols", "BTC/USDT")
        yield shown
        shown.process.kill()
        shown.process.wait()
        os.close(shown.ours)
        os.close(shown.theirs)


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
    terminal.until(r"\x1b\[\?1049l(.|\s)*books checked, 0 diverged")
    assert terminal.process.wait(timeout=20) == 0
    assert termios.tcgetattr(terminal.theirs) == terminal.before
    assert "Traceback" not in terminal.seen


def test_ctrl_c_gives_the_terminal_back(terminal: Terminal) -> None:
    """The interrupt character stops in order: exit code 0, the old screen, echo on."""
    terminal.until(BOTH_LIVE)
    os.kill(terminal.process.pid, 2)
    terminal.until(r"\x1b\[\?1049l")
    assert terminal.process.wait(timeout=20) == 0
    assert termios.tcgetattr(terminal.theirs) == terminal.before
