"""``feedtree chaos proxy``: a proxy in a process of its own."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from feedtree.ops.cli import command

COMMAND = [sys.executable, "-m", "feedtree.ops", "chaos", "proxy"]


@contextmanager
def server() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(20)
        yield listening


@contextmanager
def proxy(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], tuple[str, int]]]:
    process = subprocess.Popen(
        [*COMMAND, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        host, _, port = json.loads(process.stdout.readline())["listen"].rpartition(":")
        yield process, (host, int(port))
    finally:
        process.kill()
        process.communicate()


def test_it_runs_its_faults_and_says_so() -> None:
    """Where it listens on stdout; what begins and ends, and the totals at SIGINT, on stderr."""
    with server() as listening:
        host, port = listening.getsockname()
        faults = ["--fault", "latency:delay=0.1,direction=up", "--fault", "drop:after=1", "--for", "0.9"]
        with proxy("--to", f"{host}:{port}", "--seed", "3", *faults) as (process, where):
            with socket.create_connection(where, timeout=20) as client:
                accepted, _ = listening.accept()
                with accepted:
                    began = time.monotonic()
                    client.sendall(b"ping")
                    assert accepted.recv(10) == b"ping"
                    assert time.monotonic() - began >= 0.1
                    accepted.sendall(b"pong")
                    client.settimeout(20)
                    got = b""
                    while len(got) < 3:
                        got += client.recv(10)
                    assert got == b"png"
            time.sleep(1)
            process.send_signal(signal.SIGINT)
            _, told = process.communicate(timeout=20)
            assert process.returncode == 0
    lines = told.splitlines()
    assert [line.split("s  ")[1] for line in lines[:2]] == ["latency met 0 so far", "drop met 0 so far"]
    assert sorted(line.split("s  ")[1] for line in lines[2:4]) == ["drop ends, met 1", "latency ends, met 1"]
    assert lines[4] == "1 connections, 4 bytes up, 3 bytes down, 1 bytes swallowed"


def test_a_script_is_read_from_a_file(tmp_path: Path) -> None:
    """Each table of it is a fault."""
    path = tmp_path / "night.toml"
    path.write_text('[[fault]]\nname = "reset"\non = "new"\n')
    with server() as listening:
        host, port = listening.getsockname()
        with proxy("--to", f"{host}:{port}", "--script", str(path)) as (_, where):
            with pytest.raises(ConnectionResetError), socket.create_connection(where, timeout=20) as client:
                client.recv(10)  # the reset may have come already while it was connecting


def test_a_port_in_use_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 1."""
    with server() as listening:
        host, port = listening.getsockname()
        assert command(["chaos", "proxy", "--to", "venue:1", "--listen", f"{host}:{port}"]) == 1
        assert f"cannot listen on {host}:{port}: Address already in use" in capsys.readouterr().err


def test_a_port_that_was_lost_is_named_as_it_was() -> None:
    """The one that was had, not the one that was asked for. While it is shut nobody can be counted."""
    with server() as listening:
        host, port = listening.getsockname()
        with proxy("--to", f"{host}:{port}", "--fault", "refuse:at=0.3,for=0.5") as (process, where):
            deadline = time.monotonic() + 20
            while True:
                try:
                    thief = socket.create_server(where)
                    break
                except OSError:
                    assert time.monotonic() < deadline
                    time.sleep(0.01)
            with thief:
                _, told = process.communicate(timeout=20)
    assert process.returncode == 1
    assert [line.split("s  ")[-1] for line in told.splitlines()] == [
        "refuse begins",
        "refuse ends",
        f"feedtree: cannot listen on {where[0]}:{where[1]}: Address already in use",
    ]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="has no full device")
def test_a_full_stdout_is_told_as_what_it_is() -> None:
    """It is no address that cannot be had."""
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(
            [*COMMAND, "--to", "127.0.0.1:1"], stdout=full, stderr=subprocess.PIPE, text=True, timeout=20
        )
    assert (ended.returncode, ended.stderr) == (
        1,
        "feedtree: cannot write: [Errno 28] No space left on device\n",
    )


def test_a_stdout_that_nobody_reads_ends_it() -> None:
    """As with every other command."""
    reading, writing = os.pipe()
    os.close(reading)
    ended = subprocess.run(
        [*COMMAND, "--to", "127.0.0.1:1"], stdout=writing, stderr=subprocess.PIPE, text=True, timeout=20
    )
    os.close(writing)
    assert (ended.returncode, ended.stderr) == (0, "")


def test_the_times_of_the_command_hold_for_the_script(tmp_path: Path) -> None:
    """Where the file says nothing itself."""
    path = tmp_path / "night.toml"
    path.write_text('[[fault]]\nname = "stall"\n\n[[fault]]\nname = "latency"\nat = 0\n')
    with (
        server() as listening,
        proxy(
            "--to",
            f"127.0.0.1:{listening.getsockname()[1]}",
            "--script",
            str(path),
            "--at",
            "0.5",
            "--for",
            "0.2",
        ) as (process, _),
    ):
        time.sleep(1.5)
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=20)
    seen = [(round(float(line.split(" s  ")[0]), 1), line.split()[2]) for line in told.splitlines()[:4]]
    assert [name for _, name in seen] == ["latency", "latency", "stall", "stall"]
    assert seen[2][0] >= 0.5
