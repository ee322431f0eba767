"""The command line in processes of their own: exit codes, and errors of a line or two without traceback."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

import pytest

from feedtree.ops.cli import command

COMMAND = [sys.executable, "-m", "feedtree.ops"]
TIMEOUT = 60
STREAM_KEYS = {
    "path",
    "venue",
    "state",
    "symbols",
    "generation",
    "messages",
    "bursts",
    "gaps",
    "phases",
    "address",
    "recoveries",
    "restarts",
}


@pytest.fixture(autouse=True)
def own_runtime_dir(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Apps of this machine's user are not seen by these tests, nor the tests' by them."""
    with tempfile.TemporaryDirectory(prefix="ft-", dir="/tmp") as folder:
        monkeypatch.setenv("XDG_RUNTIME_DIR", folder)
        yield


def feedtree(*arguments: str, timeout: float = TIMEOUT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments], capture_output=True, text=True, timeout=timeout, check=False
    )


def into_closed_pipe(*arguments: str) -> subprocess.CompletedProcess[str]:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        return subprocess.run(
            [*COMMAND, *arguments],
            stdout=writing,
            stderr=subprocess.PIPE,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )
    finally:
        os.close(writing)


@contextmanager
def running(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [*COMMAND, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def until(process: subprocess.Popen[str], text: str, times: int = 1) -> str:
    """Read lines until one holds a text for so many times, and return it."""
    assert process.stdout is not None
    for line in process.stdout:
        times -= text in line
        if not times:
            return line
    raise AssertionError(f"it ended without {text!r}")


def child_of(pid: int) -> int:
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in children.read_text().split():
            return int(child)
    raise AssertionError(f"{pid} has no child process")


def complaints(stderr: str) -> list[str]:
    assert "Traceback" not in stderr
    return [line for line in stderr.splitlines() if not line.startswith("{")]


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (["rnu"], ["rnu", "run"]),
        (["run", "--durration", "3"], ["--durration", "--duration"]),
        (["run", "--duration", "0"], ["--duration", "more than 0"]),
        (["run", "--duration", "x"], ["--duration", "x"]),
        (["run", "--live", "gateio.sopt"], ["--live", '"gateio.spot"?', "mexc.spot"]),
        (["run", "--live", "gateio.spot", "--simulated"], ["--live", "--simulated"]),
        (["run", "--live", "gateio.spot", "my.toml"], ["--live", "config"]),
        (["run", "--symbols", "BTCUSDT"], ["--symbols[0]", "BASE/QUOTE"]),
        (["run", "--report", "/no/such/folder/report.json"], ["--report", "folder that exists"]),
        (["run", "no-such.toml"], ["no-such.toml", "No such file"]),
        (["run", "one.toml", "two.toml"], ["two.toml"]),
        (["sim", "--port", "65536"], ["--port", "65535"]),
        (["sim", "--rate", "-1"], ["--rate", "0 or more"]),
        (["sim", "--symbols", "BTC"], ["--symbols[0]", "BASE/QUOTE"]),
        (["sim", "--replay", "/no/such"], ["--replay", "PREFIX"]),
        (["sim", "--tls", "no.pem", "no.key"], ["--tls", "PEM"]),
        (["sim", "--switch", "gateio.spot"], ["--switch", "VENUE:NAME=VALUE"]),
        (["sim", "--switch", "gateio.spot:skip=1"], ["--switch", "skip_every"]),
        (["sim", "--switch", "binance:skip_every=1"], ["--switch", "mexc.spot"]),
        (["sim", "--accounts", "/no/such.toml"], ["--accounts", "/no/such.toml", "cannot be read"]),
        (["sim", "--state", "/no/such/state"], ["--state", "folder that exists"]),
        (["sim", "--state", "pyproject.toml"], ["--state", "pyproject.toml", "line 1", "remove the file"]),
    ],
)
def test_wrong_usage_is_named_and_exits_2(
    arguments: Sequence[str], parts: Sequence[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2, one line on stderr that names the mistake and what is allowed, nothing on stdout."""
    assert command(arguments) == 2
    stdout, stderr = capsys.readouterr()
    assert stdout == ""
    assert len(complaints(stderr)) == 1
    for part in parts:
        assert part in stderr


def test_the_process_ends_with_the_exit_code() -> None:
    """What `command` returns is what the shell sees."""
    ran = feedtree("run", "--durration", "3")
    assert (ran.returncode, len(complaints(ran.stderr))) == (2, 1)
    assert feedtree("--version").stdout.strip() == version("feedtree")


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ('[venues."gateio.spot"]\nsymbols = ["BTCUSDT"]', ['venues."gateio.spot".symbols[0]', "BASE/QUOTE"]),
        ('[venues."gateio.spot"]\nsymbols = ["BTC/USDT"]\nenabled = false', ["none is enabled"]),
        ("", ["none is enabled, and no account"]),
        ('[venues."gateio.spot"]\nsymbols = ["BTC/USDT"]\nchannels = ["book:10ms"]', ["10ms", "20ms"]),
    ],
)
def test_a_wrong_config_is_named_and_exits_2(tmp_path: Path, text: str, parts: Sequence[str]) -> None:
    """A channel that the venue lacks is as wrong as a mistyped key."""
    path = tmp_path / "feedtree.toml"
    path.write_text(text)
    ran = feedtree("run", str(path), "--plain", "--duration", "5")
    assert ran.returncode == 2
    assert len(complaints(ran.stderr)) == 1
    for part in parts:
        assert part in ran.stderr


def test_an_address_that_is_taken_exits_1() -> None:
    """The simulators name the address that they cannot have."""
    with running("sim", "--symbols", "BTC/USDT") as first:
        control = json.loads(until(first, "control"))["control"]
        port = control.split(":")[2].split("/")[0]
        second = feedtree("sim", "--port", port)
    assert second.returncode == 1
    assert f"127.0.0.1:{port}" in complaints(second.stderr)[0]


def test_a_simulated_run_reports_exactly_the_schema(tmp_path: Path) -> None:
    """Both venues live, messages, no gap, books checked and equal; exit code 0."""
    path = tmp_path / "out.json"
    ran = feedtree("run", "--symbols", "BTC/USDT", "--duration", "5", "--report", str(path), "--plain")
    assert complaints(ran.stderr) == []
    assert ran.returncode == 0
    report = json.loads(path.read_text())
    assert set(report) == {
        "schema",
        "duration_s",
        "streams",
        "books",
        "totals",
        "accounts",
        "gaps",
        "gaps_dropped",
    }
    assert (report["gaps"], report["gaps_dropped"]) == ([], 0)
    assert report["schema"] == 1
    assert 5 <= report["duration_s"] < 10
    assert [set(stream) for stream in report["streams"]] == [STREAM_KEYS, STREAM_KEYS]
    assert {stream["venue"]: stream["state"] for stream in report["streams"]} == {
        "gateio.spot": "live",
        "mexc.spot": "live",
    }
    assert report["books"]["checked"] > 0
    assert report["books"]["diverged"] == 0
    assert report["totals"]["messages"] == sum(stream["messages"] for stream in report["streams"]) > 0
    assert report["totals"]["gaps"] == 0
    assert "2 of 2 streams live" in ran.stdout.splitlines()[-1]


def test_a_run_logs_each_life_from_its_start_to_its_end() -> None:
    """The first start of a stream, and its orderly stop, as lines of JSON in a pipe."""
    ran = feedtree("run", "--simulated", "--symbols", "BTC/USDT", "--duration", "3", "--plain")
    lines = [json.loads(line) for line in ran.stderr.splitlines()]
    life = [line["event"] for line in lines if line["path"] == "public/gateio.spot/shard-1/a"]
    assert life[:2] == ["starting", "ready"]
    assert life[-1] == "stopped"
    assert {line["generation"] for line in lines if line["path"].startswith("public/")} == {1}


def test_a_paper_trader_is_told_of_every_fill(tmp_path: Path) -> None:
    """An account at each venue, as many fills told as the venue says it had, no order left in doubt."""
    path = tmp_path / "out.json"
    ran = feedtree("run", "--simulated", "--trade", "--duration", "8", "--report", str(path), "--plain")
    assert complaints(ran.stderr) == []
    assert ran.returncode == 0
    accounts = json.loads(path.read_text())["accounts"]
    assert [account["path"] for account in accounts] == ["private/gateio.spot/main", "private/mexc.spot/main"]
    for account in accounts:
        assert account["fills_seen"] == account["fills_at_venue"] > 0
        assert account["orders_unknown"] == 0
        assert account["reconciliations"] >= 1
        assert account["consistent"] is True
    assert "gateio.spot/main filled: " in ran.stdout
    assert "simulated-demo-secret" not in ran.stdout + ran.stderr + path.read_text()


def test_trading_is_for_play_money() -> None:
    """A paper trader never meets a real venue."""
    refused = feedtree("run", "--live", "gateio.spot", "--trade")
    assert refused.returncode == 2
    assert "--trade: trades with play money only; allowed: with --simulated" in refused.stderr


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_in_order_and_still_reports(tmp_path: Path, stop: signal.Signals) -> None:
    """Ctrl-C and SIGTERM end a run with exit code 0, and the report is written."""
    path = tmp_path / "out.json"
    with running("run", "--symbols", "BTC/USDT", "--report", str(path), "--plain") as process:
        until(process, "book live", 2)
        process.send_signal(stop)
        _, stderr = process.communicate(timeout=20)
    assert complaints(stderr) == []
    assert process.returncode == 0
    assert json.loads(path.read_text())["totals"]["messages"] > 0


def test_the_tree_of_a_running_app_is_printed() -> None:
    """`feedtree tree` attaches over the Unix socket; the connection actors and their state are there."""
    with running("run", "--symbols", "BTC/USDT", "--plain") as process:
        until(process, "book live", 2)
        drawn = feedtree("tree")
        answer = json.loads(feedtree("tree", "--json").stdout)
        unread = into_closed_pipe("tree")
        unknown = feedtree("tree", "--app", "other")
        with running("run", "--symbols", "BTC/USDT", "--plain") as second:
            until(second, "book live", 2)
            several = feedtree("tree")
            chosen = feedtree("tree", "--app", str(second.pid))
    assert drawn.returncode == 0
    assert "gateio.spot" in drawn.stdout
    assert any(line.split()[:4] == ["│", "│", "└─", "a"] for line in drawn.stdout.splitlines())
    assert "\x1b" not in drawn.stdout
    assert (unread.returncode, unread.stderr) == (0, "")
    assert answer["app"] == "feedtree"
    assert [child["id"] for child in answer["tree"]["children"]] == ["public", "private", "ops"]
    assert (unknown.returncode, complaints(unknown.stderr)) == (
        1,
        [f'feedtree: no running app is called "other"; there are: feedtree-{answer["pid"]}'],
    )
    assert several.returncode == 2
    assert "--app" in several.stderr
    assert f"pid {second.pid}" in chosen.stdout


def test_without_a_running_app_the_tree_says_what_to_do() -> None:
    """One line, exit code 1."""
    ran = feedtree("tree")
    assert (ran.returncode, ran.stdout) == (1, "")
    assert "feedtree run" in complaints(ran.stderr)[0]


def test_an_exchange_that_cannot_be_reached_fails_the_run(tmp_path: Path) -> None:
    """A run whose streams never came up exits 1 and says why."""
    path = tmp_path / "feedtree.toml"
    path.write_text('[venues."mexc.spot"]\nsymbols = ["BTC/USDT"]\nws_url = "ws://127.0.0.1:1/ws"\n')
    ran = feedtree("run", str(path), "--duration", "1", "--plain")
    assert ran.returncode == 1
    assert len(complaints(ran.stderr)) == 1
    assert "mexc.spot" in ran.stderr
    assert "refused" in ran.stderr


def test_a_reader_that_goes_away_ends_the_run() -> None:
    """`feedtree run | head -1` does not go on for ever."""
    with running("run", "--symbols", "BTC/USDT", "--plain") as process:
        until(process, "live")
        assert process.stdout is not None
        process.stdout.close()
        assert process.wait(timeout=30) == 0


def test_closed_standard_files_are_no_error() -> None:
    """A supervisor of processes may start us without them; no connection gets their numbers."""
    line = f"{' '.join(COMMAND)} run --plain --duration 3 --symbols BTC/USDT <&- >&- 2>&-"
    assert subprocess.run(["/bin/sh", "-c", line], timeout=TIMEOUT, check=False).returncode == 0
    line = f"{' '.join(COMMAND)} tree >&-"
    ended = subprocess.run(
        ["/bin/sh", "-c", line], stderr=subprocess.PIPE, text=True, timeout=TIMEOUT, check=False
    )
    assert (ended.returncode, len(complaints(ended.stderr))) == (1, 1)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
def test_a_full_disk_is_told_in_a_line() -> None:
    """What could not be printed did not succeed."""
    with open("/dev/full", "w") as full:
        ended = subprocess.run(
            [*COMMAND, "--version"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )
    assert ended.returncode == 1
    assert complaints(ended.stderr) == ["feedtree: cannot write: [Errno 28] No space left on device"]


def test_the_run_against_a_foreign_simulator_checks_its_books(tmp_path: Path) -> None:
    """A config with a simulator's addresses is checked against its truth; kill -9 of it is healed."""
    path, report = tmp_path / "feedtree.toml", tmp_path / "out.json"
    with running("sim", "--symbols", "BTC/USDT") as sim:
        urls = json.loads(until(sim, "control"))
        gate, port = urls["gateio.spot"], urls["control"].split(":")[2].split("/")[0]
        path.write_text(
            f'[venues."gateio.spot"]\nsymbols = ["BTC/USDT"]\n'
            f'ws_url = "{gate["ws"]}"\nrest_url = "{gate["rest"]}"\n'
        )
        with running("run", str(path), "--report", str(report), "--plain") as process:
            until(process, "book live")
            os.kill(sim.pid, signal.SIGKILL)
            sim.wait()
            until(process, "lost")
            with running("sim", "--symbols", "BTC/USDT", "--port", port) as again:
                until(again, "control")
                until(process, "book live after")
                time.sleep(1.5)  # two rounds of checks
                process.send_signal(signal.SIGINT)
                _, stderr = process.communicate(timeout=20)
    assert complaints(stderr) == []
    assert process.returncode == 0
    told = json.loads(report.read_text())
    assert told["books"]["checked"] > 0
    assert told["books"]["diverged"] == 0
    assert {gap["closed"] for gap in told["gaps"]} <= {"snapshot", "replayed", "lost"}
    assert all(set(gap) == {"key", "venue", "cause", "begin_ns", "end_ns", "closed"} for gap in told["gaps"])
    assert {gap["venue"] for gap in told["gaps"]} == {"gateio.spot"}
    recovery = told["streams"][0]["recoveries"][0]
    assert set(recovery) == {
        "cause",
        "lost_ns",
        "detected_ms",
        "attempts",
        "endpoint_back_ns",
        "live_ns",
        "after_return_ms",
    }
    assert 0 < recovery["after_return_ms"] < 3000


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="finds the child process in /proc")
def test_simulators_that_are_gone_fail_the_run() -> None:
    """The embedded simulators' death from outside is no success."""
    with running("run", "--symbols", "BTC/USDT", "--plain") as process:
        until(process, "book live", 2)
        os.kill(child_of(process.pid), signal.SIGKILL)
        until(process, "simulated exchanges ended")
        until(process, "lost", 2)
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=20)
    assert process.returncode == 1
    assert complaints(stderr) == ["feedtree: the simulated exchanges are gone"]


def test_the_command_starts_without_what_it_does_not_need() -> None:
    """`feedtree tree` imports no HTTP client, no live view and no codec."""
    code = (
        "import sys; from feedtree.ops.cli import command; command(['tree']);"
        "print([name for name in ('httpx', 'rich.live', 'google.protobuf') if name in sys.modules])"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=TIMEOUT, check=True
    )
    assert ran.stdout.strip() == "[]"
