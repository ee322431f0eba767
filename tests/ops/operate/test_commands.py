"""The commands beside an app that runs: what they print, and how they end."""

import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from feedtree.ops.operate.printing import coloured
from tests.ops.operate.beside import Run

COMMAND = [sys.executable, "-m", "feedtree.ops"]
SHARD = "public/gateio.spot/shard-1"
ACCOUNT = "private/gateio.spot/main"


def in_terminal(*tokens: str, columns: int = 80) -> str:
    """Return what a command prints on a terminal of so many columns."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "COLUMNS": str(columns), "TERM": "xterm-256color"}
    environment.pop("NO_COLOR", None)
    process = subprocess.Popen(
        [*COMMAND, *tokens], stdin=theirs, stdout=theirs, stderr=theirs, env=environment, close_fds=True
    )
    os.close(theirs)
    said = b""
    try:
        while chunk := os.read(ours, 65536):
            said += chunk
    except OSError:  # the other end is closed
        pass
    os.close(ours)
    assert process.wait(timeout=30) == 0
    return said.decode()


def bare(text: str) -> list[str]:
    return re.sub(r"\x1b\[[0-9;]*m", "", text).replace("\r", "").splitlines()


def test_the_tree_has_a_row_for_each_child(ran: Run) -> None:
    """Both sides; streams with their state and rate."""
    code, out, _ = ran("tree")
    assert code == 0
    lines = out.splitlines()
    assert any(re.search(r"shard-1 +dynamic +live +\d+ +\S+ +\d+/\d+ +\d", line) for line in lines)
    assert any(re.search(r"main +one_for_one +live", line) for line in lines)
    assert "\x1b" not in out


def test_a_branch_alone_is_printed(ran: Run) -> None:
    """With or without a slash around it; a wrong one is named with what was meant."""
    assert ran("tree", "public/gateio.spot")[1].splitlines()[1].startswith("public/gateio.spot ")
    assert ran("tree", "/public/gateio.spot/")[0] == 0
    code, out, err = ran("tree", "public/gateo.spot")
    assert (code, out) == (2, "")
    assert err.startswith("feedtree: nothing runs at public/gateo.spot; is it public/gateio.spot or ")
    assert err.count("\n") == 1


def test_on_a_terminal_everything_fits(ran: Run) -> None:
    """80 columns, or what there is; in colours."""
    for columns in (80, 120):
        for tokens in (("tree",), ("ps",), ("gaps",), ("show", SHARD)):
            said = in_terminal(*tokens, columns=columns)
            assert max(map(len, bare(said))) <= columns, (tokens, columns)
        assert "\x1b[" in in_terminal("tree", columns=columns)


def test_the_json_of_a_tree_holds_all_of_it(ran: Run) -> None:
    """Tree, facts and rates."""
    said = ran.json("tree")
    assert isinstance(said, dict)
    assert [child["id"] for child in said["tree"]["children"]] == ["public", "private", "ops"]
    assert said["rates"][SHARD] > 0
    assert {stream["path"] for stream in said["facts"]["streams"]} >= {SHARD, ACCOUNT}


def test_apps_are_listed_with_how_they_are(ran: Run, app: subprocess.Popen[str]) -> None:
    """Name, pid, streams, health."""
    code, out, _ = ran("ps")
    assert code == 0
    assert re.search(rf"feedtree +{app.pid} +\S+ +4 of 4 live +[\d,]+ +fine", out)
    (listed,) = ran.json("ps")  # type: ignore[misc]
    assert (listed["app"], listed["pid"], listed["live"], listed["ailments"]) == ("feedtree", app.pid, 4, [])
    assert listed["per_second"] > 0


def test_health_says_what_counts(ran: Run) -> None:
    """All is well here."""
    assert ran("health")[:2] == (0, "fine: 4 streams live, every account consistent\n")
    assert ran.json("health") == {"healthy": True, "ailments": []}


def test_show_tells_of_a_stream_and_of_an_account(ran: Run) -> None:
    """In words."""
    _, out, _ = ran("show", SHARD)
    for part in ("endpoint", "topics", "3 wanted", "gateio.spot BTC/USDT", "mailbox", "backoff", "phases"):
        assert part in out, part
    _, out, _ = ran("show", ACCOUNT)
    assert "sequence" in out
    assert "root" in ran("show")[1]
    assert isinstance(ran.json("show", SHARD), dict)


def test_events_crashes_and_gaps_have_their_say(ran: Run) -> None:
    """Nothing has crashed; the starts are on record."""
    code, out, _ = ran("events", SHARD, "-n", "1000")
    assert code == 0
    assert re.search(rf"^\d\d:\d\d:\d\d\.\d\d\d  ready +{SHARD}/a", out, re.MULTILINE)
    code, out, _ = ran("events", "-n", "1", "--json")
    assert json.loads(out)["number"] > 1
    assert ran("crashes")[:2] == (0, "no crash is on record\n")
    assert ran("gaps", "public")[:2] == (0, "no gap is on record\n")
    code, _, err = ran("gaps", "--since", "soon")
    assert (code, err) == (2, 'feedtree: --since "soon" is no time: write 15m, 2h, or 2026-11-28T12:00\n')


def test_stacks_and_the_dump_show_where_tasks_wait(ran: Run) -> None:
    """Of one actor; of the whole tree."""
    code, out, _ = ran("stack", f"{SHARD}/a")
    assert code == 0
    assert out.startswith(f"{SHARD}/a\n")
    assert "receive" in out
    code, out, _ = ran("dump")
    assert code == 0
    assert "└─ ops" in out
    assert "ops/inspect\n" in out


def test_messages_are_traced(ran: Run) -> None:
    """So many, and the rest is counted; wrong limits are named."""
    code, out, err = ran("trace", SHARD, "--count", "3", "--rate", "100")
    assert code == 0
    assert len(out.splitlines()) == 3
    assert "gateio.spot BTC/USDT" in out
    assert re.fullmatch(r"3 messages shown, [\d,]+ passed unseen\n", err)
    code, out, _ = ran("trace", SHARD, "--count", "1", "--json")
    assert json.loads(out)["topic"].startswith("gateio.spot BTC/USDT")
    assert ran("trace", SHARD, "--count", "0")[0] == 2
    assert ran("trace", SHARD, "--rate", "1000")[0] == 2
    code, _, err = ran("trace", "ops")
    assert (code, err) == (2, "feedtree: no messages pass at ops; trace a stream, a venue or an account\n")


def test_a_trace_of_nothing_says_so(ran: Run) -> None:
    """A symbol that nobody trades passes never."""
    with subprocess.Popen(
        [*COMMAND, "trace", SHARD, "--symbol", "XRP/USDT"], stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        assert process.stderr.readline() == "nothing has passed for 2 s; Ctrl-C ends it\n"
        process.kill()


def test_what_is_stopped_by_hand_is_not_well(ran: Run) -> None:
    """An order desk is no stream; without it nothing is traded."""
    desk = f"{ACCOUNT}/orders/desk"
    assert ran("stop", desk)[0] == 0
    code, out, _ = ran("health")
    assert code == 1
    assert f"{desk} is stopped: " in out
    assert ran("start", desk)[0] == 0
    while ran("health")[0]:
        time.sleep(0.1)


def test_a_stream_is_steered_by_hand(ran: Run) -> None:
    """Stopped, it is not well; started, it is. Both are on record."""
    slot = "public/mexc.spot/shard-1/a"
    assert ran("restart", slot)[:2] == (0, f"{slot} was started anew, and is ready\n")
    assert ran("stop", slot)[0] == 0
    code, out, _ = ran("health")
    assert code == 1
    assert "public/mexc.spot/shard-1 is down" in out
    assert ran("start", slot)[0] == 0
    assert ran("reset-backoff", "public/mexc.spot")[0] == 0
    _, out, _ = ran("events", slot, "-n", "1000")
    assert re.search(rf"audited +{slot}  .*stop by user {os.getuid()}, process {os.getpid()}", out)
    while ran("health")[0]:
        time.sleep(0.1)
    assert "outages" in ran("show", slot)[1]
    assert "mexc.spot BTC/USDT" in ran("gaps", "public/mexc.spot")[1]
    assert ran("start", slot)[0] == 1


def test_an_app_is_chosen_by_name_or_pid(ran: Run, app: subprocess.Popen[str]) -> None:
    """A wrong one is told from none."""
    for name in ("feedtree", str(app.pid), f"feedtree-{app.pid}"):
        assert ran("health", "--app", name)[0] == 0
    code, _, err = ran("health", "--app", "other")
    assert code == 1
    assert err == f'feedtree: no running app is called "other"; there are: feedtree-{app.pid}\n'


def completed(ran: Run, *words: str) -> Sequence[str]:
    _, out, _ = ran("complete", str(len(words)), "--", "feedtree", *words)
    return out.splitlines()


def test_words_are_completed(ran: Run, app: subprocess.Popen[str]) -> None:
    """Commands, paths of the tree, apps, options."""
    assert {"tree", "top", "trace"} <= set(completed(ran, "t"))
    assert "complete" not in completed(ran, "c")
    assert completed(ran, "show", f"{SHARD}/") == [f"{SHARD}/a"]
    assert completed(ran, "tree", "--app", "feed") == ["feedtree", f"feedtree-{app.pid}"]
    assert "--follow" in completed(ran, "events", "--f")
    assert completed(ran, "sim", "pub") == []
    assert completed(ran, "show", "--app", "other", "pub") == []


def test_the_shells_complete_by_asking(ran: Run, tmp_path: Path) -> None:
    """The script for bash runs the script it is given, and finds a path."""
    code, script, _ = ran("completion", "bash")
    assert code == 0
    (tmp_path / "feedtree").write_text(f'#!/bin/sh\nexec {sys.executable} -m feedtree.ops "$@"\n')
    (tmp_path / "feedtree").chmod(0o755)
    words = f'COMP_WORDS=(feedtree show {SHARD}/); COMP_CWORD=2; _feedtree; echo "${{COMPREPLY[@]}}"'
    found = subprocess.run(
        ["bash", "-c", f"{script}\n{words}"],
        env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert found.stdout.strip() == f"{SHARD}/a"
    assert "_feedtree" in ran("completion", "zsh")[1]


def test_nothing_that_is_printed_shows_a_key(ran: Run) -> None:
    """Not in any command's output."""
    from feedtree.ops.sim.accounts.config import DEMO_KEY, DEMO_SECRET

    for tokens in (
        ("tree",),
        ("show", ACCOUNT),
        ("events",),
        ("dump",),
        ("stack",),
        ("trace", ACCOUNT, "--count", "1"),
    ):
        for said in (*ran(*tokens)[1:], *ran(*tokens, "--json")[1:]):
            assert DEMO_KEY not in said
            assert DEMO_SECRET not in said


def test_a_tree_is_redrawn_until_it_is_stopped(ran: Run) -> None:
    """Each second the whole screen; Ctrl-C ends it without a word."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [*COMMAND, "tree", "--watch"], stdin=theirs, stdout=theirs, stderr=theirs, close_fds=True
    ) as process:
        os.close(theirs)
        said = b""
        try:
            while said.count(b"\x1b[H\x1b[2J") < 2:
                said += os.read(ours, 65536)
            process.send_signal(signal.SIGINT)
            process.wait(timeout=30)
        finally:
            process.kill()
            os.close(ours)
    assert b"shard-1" in said
    assert b"Traceback" not in said


def test_a_tree_is_printed_again_in_a_pipe(ran: Run) -> None:
    """Plain, as everything there."""
    with subprocess.Popen([*COMMAND, "tree", "--watch"], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(20)]
        process.stdout.close()
        process.send_signal(signal.SIGINT)
    assert any("shard-1" in line for line in lines)
    assert not any("\x1b" in line for line in lines)


def test_what_a_locale_cannot_write_is_replaced(ran: Run) -> None:
    """A tree has lines that ASCII does not know."""
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run([*COMMAND, "tree"], capture_output=True, env=environment, timeout=60)
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"?? public" in done.stdout


def test_colours_are_left_out_where_nobody_wants_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """`NO_COLOR`, and a terminal that has none."""
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert coloured("live", "green") == "\x1b[32mlive\x1b[0m"
    monkeypatch.setenv("NO_COLOR", "1")
    assert coloured("live", "green") == "live"
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("TERM", "dumb")
    assert coloured("live", "green") == "live"


def test_events_are_followed_in_a_pipe(ran: Run) -> None:
    """A line comes as soon as it happens; where its reader goes away, that is no failure."""
    with subprocess.Popen(
        [*COMMAND, "events", SHARD, "-f", "-n", "1000", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert ran("reset-backoff", SHARD)[0] == 0
        while json.loads(process.stdout.readline())["kind"] != "audited":
            pass
        process.stdout.close()
        assert process.stderr is not None
        while process.poll() is None:
            assert ran("reset-backoff", SHARD)[0] == 0
            time.sleep(0.1)
        assert (process.returncode, process.stderr.read()) == (0, "")
