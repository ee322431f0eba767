"""The clients' side: what they tell and how, how they are installed, and whether others had the machine."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from feedtree.ops.bench.machine import CpuTimes, process_cpu_s
from feedtree.ops.chaos.peers import environments, strangers
from feedtree.ops.chaos.peers.clients.telling import Teller
from feedtree.ops.chaos.peers.clients.websockets_client import Books, requests, take
from feedtree.ops.chaos.peers.diary import TRADES, Diary
from feedtree.ops.chaos.peers.environments import CLIENTS, CannotInstall, Client, prepare, surroundings
from feedtree.ops.chaos.peers.strangers import Strangers

TALKER = """
from feedtree.ops.chaos.peers.clients.telling import Teller
import sys, threading
told = Teller("talker 2.0")
told.book("BTC/USDT", 7)
told.trade(3)
told.noticed("lost")
told.noticed("lost again")
told.trade(4)
told.noticed("lost")
told.serve(lambda call: call(), lambda: {"BTC/USDT": (7, [(9.0, 1.0)], [])})
threading.Event().wait()
"""


def push(channel: str, **result: object) -> dict[str, object]:
    return {"channel": channel, "event": "update", "result": result}


def test_a_client_tells_line_by_line_and_ends_with_its_stdin() -> None:
    """Trouble is told once until the next datum; the books whenever they are asked for."""
    with subprocess.Popen(
        [sys.executable, "-c", TALKER], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(b"\n")
        process.stdin.flush()
        diary = Diary()
        while diary.books is None:
            diary.feed(process.stdout.readline())
        process.stdin.close()
        assert process.wait(timeout=30) == 0
    assert diary.version == "talker 2.0"
    assert diary.last == {"BTC/USDT": 7, TRADES: 4}
    assert [text for _, text in diary.told] == ["lost", "lost"]
    assert diary.books == {"BTC/USDT": (7, [(9.0, 1.0)], [])}


def test_the_loop_keeps_a_book() -> None:
    """A whole book replaces it, changes are written over it, a size of 0 deletes a level."""
    books = Books()
    name = "ob.BTC_USDT.400"
    whole = {"s": name, "full": True, "u": 5, "b": [["9", "1"], ["8", "2"]], "a": [["10", "1"]]}
    assert books.apply(whole) == ("BTC/USDT", 5)
    assert books.apply({"s": name, "u": 6, "b": [["9", "0"], ["8.5", "3"]]}) == ("BTC/USDT", 6)
    assert books.ladders() == {"BTC/USDT": (6, [(8.5, 3.0), (8.0, 2.0)], [(10.0, 1.0)])}
    books.apply({"s": name, "full": True, "u": 9, "a": [["11", "1"], ["10", "2"]]})
    assert books.ladders() == {"BTC/USDT": (9, [], [(10.0, 2.0), (11.0, 1.0)])}


def test_the_loop_tells_books_and_trades_alone() -> None:
    """Acks say nothing of the market."""
    teller, books = Teller("websockets 1.0"), Books()
    take({"channel": "spot.trades", "event": "subscribe", "result": {"status": "success"}}, teller, books)
    take(push("spot.trades", id=3), teller, books)
    take(push("spot.obu", s="ob.BTC_USDT.400", full=True, u=5), teller, books)
    lines = [json.loads(line) for line in teller._lines]
    assert [{key: line[key] for key in line if key != "at"} for line in lines] == [
        {"version": "websockets 1.0"},
        {"trade": 3},
        {"book": "BTC/USDT", "id": 5},
    ]


def test_the_loop_asks_for_books_and_trades_of_all_symbols() -> None:
    """One request for each channel."""
    found = {each["channel"]: each["payload"] for each in map(json.loads, requests(["BTC/USDT", "ETH/USDT"]))}
    assert found == {
        "spot.obu": ["ob.BTC_USDT.400", "ob.ETH_USDT.400"],
        "spot.trades": ["BTC_USDT", "ETH_USDT"],
    }


def fake_python(folder: Path, requirements: str, script: str) -> Path:
    python = folder / f".venv-chaos-{requirements}" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f"#!/bin/sh\n{script}\n")
    python.chmod(0o755)
    return python


def test_a_client_runs_in_an_environment_of_its_own(tmp_path: Path) -> None:
    """What it needs is installed there by pip; ours runs where this runs."""
    asked = tmp_path / "asked"
    python = fake_python(tmp_path, "ccxt", f'echo "$@" > {asked}')
    ours, *_, ccxt = CLIENTS
    assert prepare(ccxt, tmp_path)[0] == str(python)
    words = asked.read_text().split()
    assert words[:3] == ["-m", "pip", "install"]
    assert Path(words[-1]).read_text().startswith("ccxt==")
    assert prepare(ours, tmp_path) == [
        sys.executable,
        "-m",
        "feedtree.ops.chaos.peers.clients.feedtree_client",
    ]


def test_what_pip_says_last_is_why_a_client_is_missing(tmp_path: Path) -> None:
    """Its errors, not its advice."""
    fake_python(tmp_path, "ccxt", "echo 'ERROR: no such thing' >&2; echo 'a new pip is out' >&2; exit 1")
    with pytest.raises(CannotInstall, match=r"^ERROR: no such thing$"):
        prepare(CLIENTS[-1], tmp_path)
    fake_python(tmp_path, "websockets", "exit 3")
    with pytest.raises(CannotInstall, match="returned non-zero exit status 3"):
        prepare(CLIENTS[1], tmp_path)


def test_an_environment_that_cannot_be_made_is_why_a_client_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder that cannot be written."""
    asked: list[Path] = []

    def refuse(folder: Path, *, with_pip: bool) -> None:
        asked.append(folder)
        raise OSError("read-only")

    monkeypatch.setattr(environments.venv, "create", refuse)
    with pytest.raises(CannotInstall, match="read-only"):
        prepare(CLIENTS[-1], tmp_path)
    assert asked == [tmp_path / ".venv-chaos-ccxt"]


def test_every_client_has_its_program_and_its_requirements() -> None:
    """The packages are pinned, and none of them is a dependency of feedtree."""
    folder = Path(str(environments.package.__file__)).parent
    for client in CLIENTS:
        assert (folder / "clients" / f"{client.program}.py").is_file()
        if client.requirements:
            assert "==" in (folder / "requirements" / f"{client.requirements}.txt").read_text()
    assert [client.package for client in CLIENTS] == ["feedtree", "websockets", "cryptofeed", "ccxt"]


def test_programs_of_others_import_nothing_of_feedtree_but_what_tells() -> None:
    """Their environments have nothing that feedtree needs."""
    program = "feedtree.ops.chaos.peers.clients.telling"
    code = (
        f"import {program}, sys; print([name for name in sys.modules if 'msgspec' in name or 'trio' in name])"
    )
    environ = surroundings("ca.pem")
    done = subprocess.run(
        [sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"
    assert environ["SSL_CERT_FILE"] == environ["REQUESTS_CA_BUNDLE"] == "ca.pem"


@pytest.mark.parametrize(
    ("busy", "stolen", "were_here"), [(2.0, 0.0, False), (2.4, 0.0, True), (2.0, 0.2, True)]
)
def test_others_are_noticed(
    busy: float, stolen: float, were_here: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of two cores over two seconds, ours had one each; a twentieth more is too much, or a fiftieth for the host."""
    clock, times, own = [10.0], [CpuTimes(100.0, 5.0)], {1: 7.0, 2: 3.0}
    monkeypatch.setattr(strangers.time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(strangers.os, "cpu_count", lambda: 2)
    monkeypatch.setattr(strangers.os, "getpid", lambda: 1)
    monkeypatch.setattr(strangers, "cpu_times", lambda core: times[0])
    monkeypatch.setattr(strangers, "process_cpu_s", lambda pid: own[pid])
    watch = Strangers(lambda: [2])
    clock[0] += 2.0
    times[0] = CpuTimes(100.0 + busy, 5.0 + stolen)
    own.update({1: 8.0, 2: 4.0})
    assert watch.were_here() is were_here


def test_where_the_system_does_not_say_nobody_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Linux says it, other systems do not."""
    monkeypatch.setattr(strangers, "cpu_times", lambda core: None)
    assert Strangers(lambda: [2**30]).were_here() is False
    assert process_cpu_s(2**30) == 0.0


def test_a_client_is_ours_or_has_requirements() -> None:
    """The table marks ours."""
    assert [client.name for client in CLIENTS if not client.requirements] == ["feedtree"]
    assert Client("other", "program", "some", "").package == "some"
