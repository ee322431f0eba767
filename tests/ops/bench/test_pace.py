import socket
from array import array
from collections.abc import Iterator
from pathlib import Path

import pytest

from feedtree.ops.bench.pace import Sent, pace, read_report, write_report
from feedtree.ops.bench.pipes import PlainPipe


@pytest.fixture
def sockets() -> Iterator[tuple[socket.socket, socket.socket]]:
    server, client = socket.socketpair()
    with server, client:
        client.settimeout(5.0)
        yield server, client


def test_every_message_is_noted_as_it_leaves(sockets: tuple[socket.socket, socket.socket]) -> None:
    """In order, none before its time, and what the client says meanwhile is attended to."""
    server, client = sockets
    said: list[bytes] = []
    client.sendall(b"ping")
    times, late = pace(PlainPipe(server), [b"a", b"b", b"c"], 1_000, said.append)
    assert client.recv(100) == b"abc"
    assert said == [b"ping"]
    assert len(times) == 3
    assert list(times) == sorted(times)
    assert times[2] - times[0] > 0
    assert 0 <= late <= 3


def test_a_client_may_leave_as_soon_as_it_has_all(sockets: tuple[socket.socket, socket.socket]) -> None:
    """The server tells what it sent, though it finds the connection reset; where more is to be sent, that fails."""

    class LeftPipe(PlainPipe):
        def receive_nowait(self) -> bytes:
            raise ConnectionResetError

    server, client = sockets
    times, _ = pace(LeftPipe(server), [b"all"], 1_000, lambda _: None)
    assert len(times) == 1
    client.close()
    with pytest.raises(ConnectionError):
        pace(LeftPipe(server), [b"more"], 1_000, lambda _: None)


def test_a_report_is_read_once(tmp_path: Path) -> None:
    """And is gone then."""
    file = tmp_path / "sent-1"
    write_report(file, Sent(array("q", [3, 5]).tobytes(), 1, {}))
    assert list(read_report(file).times_ns) == [3, 5]
    assert list(tmp_path.iterdir()) == []


def test_a_report_that_never_comes_is_missed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The benchmark does not wait for ever."""
    monkeypatch.setattr("feedtree.ops.bench.pace._PATIENCE", 0.02)
    with pytest.raises(FileNotFoundError, match="sent-2"):
        read_report(tmp_path / "sent-2")
